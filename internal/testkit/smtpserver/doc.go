// Package smtpserver is a real SMTP server for tests, on a port of its own on
// loopback, with faults on demand:
//
//	srv := smtpserver.New(t, smtpserver.Config{TLS: smtpserver.StartTLS})
//	srv.Next(smtpserver.RCPT, smtpserver.Reply(450, "4.2.1 try later"))
//	... send to srv.URL("") ...
//	mails, err := srv.Wait(ctx, 1)
//
// The protocol is spoken by github.com/emersion/go-smtp, so that a client is
// not judged by its own author's reading of the RFCs. Faults, TLS and the
// account of what happened are ours: they live in the net.Conn below it
// (conn.go), which sees every command and every reply in the clear.
//
// It is for tests only; nothing that is shipped imports it.
package smtpserver
