// Package mailbox shows what the built-in gateway kept instead of sending:
// pages for people (list.go, mail.go, frame.go) and an API for tests (api.go).
//
// Mails are foreign content. They are parsed here (content.go) and shown
// escaped, or in a sandboxed frame under a policy of its own. Who may see them
// is decided before; keeping them is the store's business.
package mailbox
