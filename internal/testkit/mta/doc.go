// Package mta runs mail servers that nobody here wrote, for tests: Postfix and
// Exim, as Debian has them, each on a port of its own on loopback, with its
// configuration, queue and mailboxes in a directory of the test's.
//
// They have one account, take mails only from whoever has logged in, and only
// for the recipients in [Recipients]. What they take is found by
// [Server.Mails].
//
// It is for tests only; nothing that is shipped imports it.
package mta
