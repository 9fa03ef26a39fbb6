// Package chat holds the words of chat that both halves of Postrider speak:
// ids, the reasons why somebody was not notified, errors with a code.
//
// It does no I/O and imports none of our packages.
package chat
