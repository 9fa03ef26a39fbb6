//go:build linux

package smtp_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/postrider/postrider/internal/provider/gateway"
	"github.com/postrider/postrider/internal/provider/gateway/smtp"
	"github.com/postrider/postrider/internal/testkit/mta"
)

func TestPostfix(t *testing.T) {
	t.Parallel()
	realServer(t, mta.Postfix(t))
}

func TestExim(t *testing.T) {
	t.Parallel()
	realServer(t, mta.Exim(t))
}

// realServer is what must work with servers that nobody here wrote. The mails
// arrive unchanged, once each, over few connections.
func realServer(t *testing.T, srv *mta.Server) {
	newGateway := func(t *testing.T, change func(*smtp.Config)) *smtp.Gateway {
		cfg := smtp.Config{
			Host: "127.0.0.1", Port: srv.Port, Security: smtp.Required, Username: mta.Username, Password: mta.Password,
			TLS: &tls.Config{RootCAs: srv.Roots}, Pool: 1,
		}
		if change != nil {
			change(&cfg)
		}
		g := smtp.New(cfg)
		t.Cleanup(g.Close)
		return g
	}
	number := 0
	sent := map[string]string{} // Message-ID: body
	compose := func(body string) gateway.Mail {
		number++
		id := fmt.Sprintf("<mail-%d@example.com>", number)
		sent[id] = body
		return gateway.Mail{ID: id, From: "from@example.com", To: "to@example.com", Data: []byte("Subject: hello\r\nMessage-ID: " + id + "\r\n\r\n" + body)}
	}
	mustSend := func(t *testing.T, g *smtp.Gateway, m gateway.Mail) {
		t.Helper()
		if _, err := g.Send(patience(t), m); err != nil {
			delete(sent, m.ID)
			t.Errorf("send: %v", err)
		}
	}
	refused := func(t *testing.T, g *smtp.Gateway, m gateway.Mail, fault gateway.Fault, step string, kind gateway.Kind) *gateway.Error {
		t.Helper()
		delete(sent, m.ID)
		_, err := g.Send(patience(t), m)
		failure := checkFault(t, err, fault, step, func() int {
			if failure, ok := err.(*gateway.Error); ok { //nolint:errorlint // just for its code
				return failure.Code
			}
			return 0
		}())
		if failure.Kind != kind {
			t.Errorf("%v is of the kind %q, want %q", failure, failure.Kind, kind)
		}
		return failure
	}

	for _, mechanism := range srv.Mechanisms {
		t.Run(mechanism, func(t *testing.T) {
			parameter := strings.ToLower(mechanism)
			if strings.HasPrefix(mechanism, "SCRAM") {
				parameter = "scram"
			}
			g := newGateway(t, func(c *smtp.Config) { c.Auth = parameter })
			mustSend(t, g, compose("by "+mechanism+"\r\n"))
			g = newGateway(t, func(c *smtp.Config) { c.Auth, c.Password = parameter, "wrong" })
			_, err := g.Send(patience(t), compose("never\r\n"))
			delete(sent, fmt.Sprintf("<mail-%d@example.com>", number))
			if failure := checkFault(t, err, gateway.FaultGateway, "AUTH "+mechanism, 535); failure.Kind != gateway.KindLogin {
				t.Errorf("%v is of the kind %q", failure, failure.Kind)
			}
		})
	}
	t.Run("by itself", func(t *testing.T) { mustSend(t, newGateway(t, nil), compose("by itself\r\n")) })

	g := newGateway(t, nil)
	t.Run("dots and lines", func(t *testing.T) {
		mustSend(t, g, compose(".\r\n..\r\n.a\r\n\r\nMAIL FROM:<x@example.com>\r\n.\r\n"))
		mustSend(t, g, compose(strings.Repeat(strings.Repeat("x", 76)+"\r\n", 1000)))
		mustSend(t, g, compose("größer\r\n"))
	})
	t.Run("no such recipient", func(t *testing.T) {
		for range 3 {
			m := compose("RCPT TO:<to@example.com>\r\nDATA\r\nSubject: smuggled\r\n\r\n.\r\n")
			m.To = "nobody@example.com"
			failure := refused(t, g, m, gateway.FaultPermanent, "RCPT TO", gateway.KindMailbox)
			if failure.Code != 550 {
				t.Errorf("the reply is %v", failure)
			}
			mustSend(t, g, compose("after a refusal\r\n"))
		}
	})
	t.Run("too large", func(t *testing.T) {
		failure := refused(t, g, compose(strings.Repeat(strings.Repeat("x", 76)+"\r\n", mta.MaxSize/70)), gateway.FaultPermanent, "MAIL FROM", gateway.KindTooLarge)
		if failure.Code != 0 {
			t.Errorf("it was offered: %v", failure)
		}
	})
	t.Run("another script", func(t *testing.T) {
		m := compose("größer\r\n")
		m.To = "tö@example.com"
		mustSend(t, g, m)
	})
	if s := g.Stats(); s.Dialled != 1 {
		t.Errorf("%d connections for a gateway that may have one: something went out of step", s.Dialled)
	}
	t.Run("many at one time", func(t *testing.T) {
		g := newGateway(t, func(c *smtp.Config) { c.Pool, c.MaxMails = 4, 5 })
		var mails []gateway.Mail
		for i := range 40 {
			mails = append(mails, compose(fmt.Sprintf("number %d\r\n", i)))
		}
		var all sync.WaitGroup
		for _, m := range mails {
			all.Go(func() {
				if _, err := g.Send(patience(t), m); err != nil {
					t.Errorf("send: %v", err)
				}
			})
		}
		all.Wait()
	})

	mails, err := srv.Mails(patience(t), len(sent))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, text := range mails {
		head, body, _ := strings.Cut(string(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))), "\n\n")
		_, id, _ := strings.Cut(head, "Message-ID: ")
		id, _, _ = strings.Cut(id, "\n")
		if id == "" {
			_, id, _ = strings.Cut(head, "Message-Id: ")
			id, _, _ = strings.Cut(id, "\n")
		}
		seen[id]++
		if want := strings.ReplaceAll(sent[id], "\r\n", "\n"); body != want {
			t.Errorf("the mail %q arrived as %.200q, want %.200q", id, body, want)
		}
	}
	for id := range sent {
		if seen[id] != 1 {
			t.Errorf("the mail %q arrived %d times", id, seen[id])
		}
	}
	if len(seen) != len(sent) {
		t.Errorf("%d mails arrived, %d were sent", len(seen), len(sent))
	}
}
