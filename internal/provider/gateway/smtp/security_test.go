package smtp_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"testing"

	"github.com/postrider/postrider/internal/provider/gateway"
	"github.com/postrider/postrider/internal/provider/gateway/smtp"
	"github.com/postrider/postrider/internal/testkit/smtpserver"
)

func TestEncryption(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		server smtpserver.TLS
		query  string
		tls    bool   // the mail arrives over TLS
		fails  string // or not at all, at this step
	}{
		"required, offered":          {smtpserver.StartTLS, "tls=required", true, ""},
		"required, not offered":      {smtpserver.Plain, "tls=required", false, "STARTTLS"},
		"opportunistic, offered":     {smtpserver.StartTLS, "tls=opportunistic", true, ""},
		"opportunistic, not offered": {smtpserver.Plain, "tls=opportunistic", false, ""},
		"none, offered":              {smtpserver.StartTLS, "tls=none", false, ""},
		"by default":                 {smtpserver.StartTLS, "", true, ""},
		"by default, not offered":    {smtpserver.Plain, "", false, ""},
		"implicit":                   {smtpserver.Implicit, "", true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := smtpserver.New(t, smtpserver.Config{TLS: test.server})
			g := newGateway(t, srv, test.query, func(c *smtp.Config) {
				if test.server != smtpserver.Plain {
					trusting(srv)(c)
				}
			})
			if test.fails != "" {
				wantFault(t, g, mail(content), gateway.FaultGateway, test.fails, 0)
				wantCounts(t, srv, 1, 0, map[smtpserver.Step]int{smtpserver.MAIL: 0})
				return
			}
			mustSend(t, g, mail(content))
			if got := srv.Mails()[0].TLS; got != test.tls {
				t.Errorf("over TLS: %v, want %v", got, test.tls)
			}
		})
	}
}

// Without saying so nobody's password goes out in plain text.
func TestPasswordIsEncrypted(t *testing.T) {
	t.Parallel()
	srv := smtpserver.New(t, smtpserver.Config{Username: "user", Password: "pass"})
	g := newGateway(t, srv, "")
	wantFault(t, g, mail(content), gateway.FaultGateway, "STARTTLS", 0)
	wantCounts(t, srv, 1, 0, map[smtpserver.Step]int{smtpserver.AUTH: 0})
	for _, query := range []string{"tls=none", "tls=opportunistic"} {
		mustSend(t, newGateway(t, srv, query), mail(content))
	}
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	for _, mode := range []smtpserver.TLS{smtpserver.StartTLS, smtpserver.Implicit} {
		unknown := smtpserver.New(t, smtpserver.Config{TLS: mode})
		failure := wantFault(t, newGateway(t, unknown, ""), mail(content), gateway.FaultGateway, "TLS handshake", 0)
		if !errors.As(failure, new(x509.UnknownAuthorityError)) {
			t.Errorf("the error is %v", failure)
		}
		other := smtpserver.New(t, smtpserver.Config{TLS: mode, Names: []string{"other.example.com"}})
		failure = wantFault(t, newGateway(t, other, "", trusting(other)), mail(content), gateway.FaultGateway, "TLS handshake", 0)
		if !errors.As(failure, new(x509.HostnameError)) {
			t.Errorf("the error is %v", failure)
		}
		wantCounts(t, other, 1, 0, map[smtpserver.Step]int{smtpserver.MAIL: 0})
		expired := smtpserver.New(t, smtpserver.Config{TLS: mode, Expired: true})
		failure = wantFault(t, newGateway(t, expired, "", trusting(expired)), mail(content), gateway.FaultGateway, "TLS handshake", 0)
		if invalid := new(x509.CertificateInvalidError); !errors.As(failure, invalid) || invalid.Reason != x509.Expired {
			t.Errorf("the error is %v", failure)
		}
		wantCounts(t, expired, 1, 0, map[smtpserver.Step]int{smtpserver.MAIL: 0})
		mustSend(t, newGateway(t, other, "", func(c *smtp.Config) {
			c.TLS = &tls.Config{RootCAs: other.Roots(), ServerName: "other.example.com"}
		}), mail(content))
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	srv := smtpserver.New(t, smtpserver.Config{TLS: smtpserver.Implicit})
	g := newGateway(t, srv, "", func(c *smtp.Config) {
		// Even if the configuration would take it.
		c.TLS = &tls.Config{RootCAs: srv.Roots(), MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	})
	failure := wantFault(t, g, mail(content), gateway.FaultGateway, "TLS handshake", 0)
	if !strings.Contains(failure.Error(), "no supported versions") {
		t.Errorf("the error is %v", failure)
	}
}

func TestTemporarilyNoTLS(t *testing.T) {
	t.Parallel()
	srv := smtpserver.New(t, smtpserver.Config{TLS: smtpserver.StartTLS})
	srv.Always(smtpserver.STARTTLS, smtpserver.Reply(454, "4.7.0 TLS not available"))
	wantFault(t, newGateway(t, srv, "tls=required", trusting(srv)), mail(content), gateway.FaultGateway, "STARTTLS", 454)
	mustSend(t, newGateway(t, srv, "tls=opportunistic", trusting(srv)), mail(content))
}

// A handshake that comes to nothing is the gateway's fault, whichever side
// gives up; nothing goes out in plain text instead.
func TestHandshakeThatFails(t *testing.T) {
	t.Parallel()
	for name, action := range map[string]smtpserver.Action{
		"hangs up":           smtpserver.Reply(220, "2.0.0 go").AndHangUp(),
		"does not know how":  smtpserver.Reply(220, "2.0.0 go"), // takes the handshake for a command
		"stops in the midst": smtpserver.TakeAndHangUp(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := smtpserver.New(t, smtpserver.Config{TLS: smtpserver.StartTLS})
			for _, query := range []string{"tls=required", "tls=opportunistic"} {
				g := newGateway(t, srv, query, trusting(srv))
				srv.Next(smtpserver.STARTTLS, action)
				_, err := g.Send(patience(t), mail(content))
				var failure *gateway.Error
				if !errors.As(err, &failure) || failure.Fault != gateway.FaultGateway || failure.Kind != gateway.KindDisconnected {
					t.Errorf("%s: the error is %v", query, err)
				}
				mustSend(t, g, mail(content))
			}
			for _, m := range srv.Mails() {
				if !m.TLS {
					t.Error("a mail went out in plain text")
				}
			}
			wantCounts(t, srv, 4, 2, nil)
		})
	}
}

// What somebody else puts behind the reply to STARTTLS must not pass for what
// the server says after it.
func TestPlainTextBehindSTARTTLS(t *testing.T) {
	t.Parallel()
	srv := smtpserver.New(t, smtpserver.Config{TLS: smtpserver.StartTLS})
	for _, query := range []string{"tls=required", "tls=opportunistic"} {
		srv.Next(smtpserver.STARTTLS, smtpserver.Raw("220 ready\r\n250 SIZE 1\r\n"))
		wantFault(t, newGateway(t, srv, query, trusting(srv)), mail(content), gateway.FaultGateway, "STARTTLS", 0)
	}
	wantCounts(t, srv, 2, 0, map[smtpserver.Step]int{smtpserver.MAIL: 0})
}
