package gateway

// Kind says what a refusal is about, as far as the reply tells: by its
// enhanced status code (RFC 3463) where there is one, else by the reply's own
// code and the command that was refused. It explains; what to do next is
// decided by [Fault].
type Kind string

// The kinds of refusals.
const (
	KindUnknown      Kind = ""
	KindMailbox      Kind = "bad-mailbox"      // there is no such recipient (x.1.1 and the like)
	KindMailboxOff   Kind = "mailbox-disabled" // x.2.1
	KindMailboxFull  Kind = "mailbox-full"     // x.2.2
	KindSender       Kind = "bad-sender"       // x.1.7, x.1.8
	KindTooLarge     Kind = "too-large"        // x.2.3, x.3.4
	KindContent      Kind = "content"          // the mail's form: x.6
	KindPolicy       Kind = "policy"           // not wanted: spam, blocklists, rates, greylisting (x.7)
	KindLogin        Kind = "login"            // ours is missing or wrong: x.7.8, x.7.9, x.7.12 to x.7.14
	KindEncryption   Kind = "encryption"       // x.7.10, x.7.11
	KindSystem       Kind = "system"           // the server's own troubles: x.3
	KindNetwork      Kind = "network"          // those of servers behind it: x.4
	KindProtocol     Kind = "protocol"         // it did not understand: x.5
	KindUnsupported  Kind = "unsupported"      // it does not offer what the mail needs, so that nothing was sent
	KindDisconnected Kind = "disconnected"     // no reply, or none that is SMTP
)

// OfRecipient reports whether other mails to the same recipient will fare no
// better, and mails to others may.
func (k Kind) OfRecipient() bool {
	return k == KindMailbox || k == KindMailboxOff || k == KindMailboxFull
}
