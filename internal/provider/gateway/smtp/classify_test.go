package smtp_test

import (
	"testing"

	"github.com/postrider/postrider/internal/provider/gateway"
	"github.com/postrider/postrider/internal/testkit/smtpserver"
)

// What a refusal is about, and so whose fault it is, by what real servers say.
func TestKindsOfRefusals(t *testing.T) {
	t.Parallel()
	names := map[smtpserver.Step]string{smtpserver.MAIL: "MAIL FROM", smtpserver.RCPT: "RCPT TO", smtpserver.DATA: "DATA", smtpserver.Body: "final dot"}
	for _, test := range []struct {
		step     smtpserver.Step
		code     int
		text     string
		enhanced string
		kind     gateway.Kind
		fault    gateway.Fault
	}{
		{smtpserver.RCPT, 550, "5.1.1 The email account that you tried to reach does not exist", "5.1.1", gateway.KindMailbox, gateway.FaultPermanent},
		{smtpserver.RCPT, 550, "5.1.10 RESOLVER.ADR.RecipientNotFound", "5.1.10", gateway.KindMailbox, gateway.FaultPermanent},
		{smtpserver.RCPT, 556, "5.1.10 Domain does not accept mail", "5.1.10", gateway.KindMailbox, gateway.FaultPermanent},
		{smtpserver.RCPT, 550, "no such user", "", gateway.KindMailbox, gateway.FaultPermanent},
		{smtpserver.RCPT, 550, "5.2.1 The account is disabled", "5.2.1", gateway.KindMailboxOff, gateway.FaultPermanent},
		{smtpserver.RCPT, 452, "4.2.2 The recipient's inbox is out of storage space", "4.2.2", gateway.KindMailboxFull, gateway.FaultTemporary},
		{smtpserver.RCPT, 552, "5.2.2 Mailbox full", "5.2.2", gateway.KindMailboxFull, gateway.FaultPermanent},
		{smtpserver.RCPT, 552, "over quota", "", gateway.KindMailboxFull, gateway.FaultPermanent},
		{smtpserver.RCPT, 450, "4.7.1 greylisted", "4.7.1", gateway.KindPolicy, gateway.FaultTemporary},
		{smtpserver.RCPT, 450, "4.2.0 Greylisted", "4.2.0", gateway.KindUnknown, gateway.FaultTemporary},
		{smtpserver.RCPT, 550, "5.7.1 Service unavailable; client host blocked", "5.7.1", gateway.KindPolicy, gateway.FaultPermanent},
		{smtpserver.RCPT, 450, "4.1.8 Sender address rejected: Domain not found", "4.1.8", gateway.KindSender, gateway.FaultTemporary},
		{smtpserver.RCPT, 451, "4.4.3 Temporary lookup failure", "4.4.3", gateway.KindNetwork, gateway.FaultTemporary},
		{smtpserver.MAIL, 550, "you are not known here", "", gateway.KindSender, gateway.FaultPermanent},
		{smtpserver.MAIL, 552, "5.3.4 Message size exceeds fixed limit", "5.3.4", gateway.KindTooLarge, gateway.FaultPermanent},
		{smtpserver.MAIL, 452, "4.3.1 Insufficient system storage", "4.3.1", gateway.KindSystem, gateway.FaultTemporary},
		{smtpserver.MAIL, 501, "5.5.4 Unsupported option", "5.5.4", gateway.KindProtocol, gateway.FaultPermanent},
		{smtpserver.Body, 552, "too much", "", gateway.KindTooLarge, gateway.FaultPermanent},
		{smtpserver.Body, 554, "5.6.0 Message has a broken header", "5.6.0", gateway.KindContent, gateway.FaultPermanent},
		{smtpserver.Body, 550, "spam", "", gateway.KindPolicy, gateway.FaultPermanent},
		{smtpserver.Body, 421, "4.7.0 Try again later, closing connection", "4.7.0", gateway.KindPolicy, gateway.FaultTemporary},
		{smtpserver.DATA, 421, "too busy", "", gateway.KindSystem, gateway.FaultTemporary},
		{smtpserver.MAIL, 421, "4.7.0 Too many mails", "4.7.0", gateway.KindPolicy, gateway.FaultGateway},
		// No mail could do better than these: the login is at fault.
		{smtpserver.MAIL, 530, "5.7.0 Authentication Required", "5.7.0", gateway.KindLogin, gateway.FaultGateway},
		{smtpserver.MAIL, 530, "5.7.57 Client not authenticated to send mail", "5.7.57", gateway.KindLogin, gateway.FaultGateway},
		{smtpserver.MAIL, 550, "5.7.8 Credentials expired", "5.7.8", gateway.KindLogin, gateway.FaultGateway},
		{smtpserver.MAIL, 525, "5.7.13 User Account Disabled", "5.7.13", gateway.KindLogin, gateway.FaultGateway},
		{smtpserver.MAIL, 454, "4.7.12 A password transition is needed", "4.7.12", gateway.KindLogin, gateway.FaultGateway},
		{smtpserver.MAIL, 554, "5.7.10 Encryption needed", "5.7.10", gateway.KindEncryption, gateway.FaultGateway},
		// Of a recipient the same may be said.
		{smtpserver.RCPT, 550, "5.7.12 Only people of the organisation may write here", "5.7.12", gateway.KindPolicy, gateway.FaultPermanent},
		{smtpserver.RCPT, 550, "5.7.9 A stronger login is needed", "5.7.9", gateway.KindLogin, gateway.FaultGateway},
		// A status that contradicts the code, or is none, says nothing.
		{smtpserver.RCPT, 550, "4.2.2 Mailbox full", "", gateway.KindMailbox, gateway.FaultPermanent},
		{smtpserver.RCPT, 450, "5.7.8 try later", "", gateway.KindUnknown, gateway.FaultTemporary},
		{smtpserver.RCPT, 550, "5.1 no", "", gateway.KindMailbox, gateway.FaultPermanent},
		{smtpserver.RCPT, 550, "5.1.1.1 no", "", gateway.KindMailbox, gateway.FaultPermanent},
		{smtpserver.RCPT, 550, "5.7.8000 no", "", gateway.KindMailbox, gateway.FaultPermanent},
		{smtpserver.RCPT, 550, "5.7.8: no", "", gateway.KindMailbox, gateway.FaultPermanent},
		{smtpserver.RCPT, 550, "192.0.2.1 is blocked", "", gateway.KindMailbox, gateway.FaultPermanent},
		{smtpserver.RCPT, 599, "5.9.9 what", "5.9.9", gateway.KindUnknown, gateway.FaultPermanent},
	} {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()
			srv := smtpserver.New(t, smtpserver.Config{})
			srv.Next(test.step, smtpserver.Reply(test.code, test.text))
			failure := wantFault(t, newGateway(t, srv, "pool=1"), mail(content), test.fault, names[test.step], test.code)
			if failure.Enhanced != test.enhanced || failure.Kind != test.kind || failure.Text != test.text {
				t.Errorf("enhanced code %q, kind %q, text %q; want %q, %q, %q",
					failure.Enhanced, failure.Kind, failure.Text, test.enhanced, test.kind, test.text)
			}
			wantRecipient := test.kind == gateway.KindMailbox || test.kind == gateway.KindMailboxOff || test.kind == gateway.KindMailboxFull
			if failure.Kind.OfRecipient() != wantRecipient {
				t.Errorf("%q is of the recipient: %v", failure.Kind, !wantRecipient)
			}
		})
	}
}
