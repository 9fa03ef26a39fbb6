// Package smtp is the gateway that hands mails to an SMTP server (RFC 5321)
// over pooled connections. The client is our own: delivering is what this
// program is for, and it wants pipelining (RFC 2920), a deadline for every
// step, and an exact account of what became of each mail.
//
// The way of a mail: [Gateway.Send] takes a connection (pool.go, open.go,
// auth.go), gives it sender, recipient and content (transaction.go, body.go),
// reads the replies (reply.go) and says whose fault a failure was (fault.go).
//
// It sends one mail to one recipient and reports. Queueing, retrying after a
// pause, rendering and signing live elsewhere.
package smtp
