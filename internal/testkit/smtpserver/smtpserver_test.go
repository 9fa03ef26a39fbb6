package smtpserver_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/postrider/postrider/internal/testkit/smtpserver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func patience(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// dial opens a conversation with the standard library's client, which shares
// nothing with ours.
func dial(t *testing.T, srv *smtpserver.Server) *smtp.Client {
	t.Helper()
	client, err := smtp.Dial(srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func send(client *smtp.Client, to, data string) error {
	if err := client.Mail("from@example.com"); err != nil {
		return err
	}
	if err := client.Rcpt(to); err != nil {
		return err
	}
	w, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, data); err != nil {
		return err
	}
	return w.Close()
}

func wantCode(t *testing.T, err error, code int) {
	t.Helper()
	var reply *textproto.Error
	if !errors.As(err, &reply) || reply.Code != code {
		t.Errorf("error is %v, want a reply with code %d", err, code)
	}
}

func TestTakesMails(t *testing.T) {
	srv := smtpserver.New(t, smtpserver.Config{TLS: smtpserver.StartTLS, Username: "user", Password: "pass"})
	client := dial(t, srv)
	if offered, _ := client.Extension("AUTH"); offered {
		t.Error("AUTH is offered before STARTTLS")
	}
	if err := client.StartTLS(&tls.Config{ServerName: "localhost", RootCAs: srv.Roots()}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, client.Mail("from@example.com"), 530)
	if err := client.Auth(smtp.PlainAuth("", "user", "pass", "127.0.0.1")); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"one@example.com", "two@example.com"} {
		if err := send(client, to, "Subject: "+to+"\r\n\r\n.dot\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	mails, err := srv.Wait(patience(t), 2)
	if err != nil {
		t.Fatal(err)
	}
	want := []smtpserver.Mail{
		{
			Connection: 1, TLS: true, Hello: "localhost", User: "user", From: "from@example.com",
			To: []string{"one@example.com"}, Params: "BODY=8BITMIME", Data: []byte("Subject: one@example.com\r\n\r\n.dot\r\n"),
		},
		{
			Connection: 1, TLS: true, Hello: "localhost", User: "user", From: "from@example.com",
			To: []string{"two@example.com"}, Params: "BODY=8BITMIME", Data: []byte("Subject: two@example.com\r\n\r\n.dot\r\n"),
		},
	}
	if diff := cmp.Diff(want, mails); diff != "" {
		t.Error(diff)
	}
	if err := client.Quit(); err != nil {
		t.Error(err)
	}
	if err := srv.Await(patience(t), func(c smtpserver.Counts) bool { return c.Open == 0 }); err != nil {
		t.Error(err)
	}
	steps := map[smtpserver.Step]int{
		smtpserver.Greeting: 1, smtpserver.EHLO: 2, smtpserver.STARTTLS: 1, smtpserver.AUTH: 1,
		smtpserver.MAIL: 3, smtpserver.RCPT: 2, smtpserver.DATA: 2, smtpserver.Body: 2, smtpserver.QUIT: 1,
	}
	if diff := cmp.Diff(steps, srv.Counts().Steps); diff != "" {
		t.Error(diff)
	}
}

func TestFollowsTheScript(t *testing.T) {
	srv := smtpserver.New(t, smtpserver.Config{})
	client := dial(t, srv)
	srv.Next(smtpserver.MAIL, smtpserver.Reply(451, "4.3.0 one\n4.3.0 two"), smtpserver.Obey())
	wantCode(t, client.Mail("from@example.com"), 451)

	srv.Next(smtpserver.Body, smtpserver.Reply(554, "5.0.0 no"))
	wantCode(t, send(client, "to@example.com", "x"), 554)
	if n := srv.Counts().Mails; n != 0 {
		t.Errorf("%d mails taken, want none", n)
	}
	srv.Always(smtpserver.RCPT, smtpserver.Reply(550, "5.1.1 no"))
	for range 2 {
		wantCode(t, send(client, "to@example.com", "x"), 550)
	}
	srv.Behave()
	srv.Next(smtpserver.RCPT, smtpserver.Obey().Dripping(time.Microsecond))
	srv.Next(smtpserver.Body, smtpserver.TakeAndHangUp())
	if err := send(client, "to@example.com", "x"); !errors.Is(err, io.EOF) {
		t.Errorf("error is %v, want EOF", err)
	}
	if n := srv.Counts().Mails; n != 1 {
		t.Errorf("%d mails taken, want one", n)
	}
}

func TestClosesIdleConnections(t *testing.T) {
	srv := smtpserver.New(t, smtpserver.Config{})
	client := dial(t, srv)
	if err := send(client, "to@example.com", "x"); err != nil {
		t.Fatal(err)
	}
	if n := srv.CloseIdle("421 4.4.2 idle\r\n"); n != 1 {
		t.Errorf("closed %d connections, want one", n)
	}
	wantCode(t, client.Noop(), 421)
}

func TestRefusesImproperPipelining(t *testing.T) {
	tests := map[string]struct {
		cfg   smtpserver.Config
		lines string
		want  []string
	}{
		"offered":          {smtpserver.Config{}, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", []string{"250", "250", "354"}},
		"not offered":      {smtpserver.Config{NoPipelining: true}, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n", []string{"554"}},
		"content too soon": {smtpserver.Config{}, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\n", []string{"250", "250", "554"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			srv := smtpserver.New(t, test.cfg)
			client := dial(t, srv)
			if err := client.Hello("test"); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(client.Text.W, test.lines); err != nil {
				t.Fatal(err)
			}
			if err := client.Text.W.Flush(); err != nil {
				t.Fatal(err)
			}
			for _, want := range test.want {
				line, err := client.Text.ReadLine()
				if err != nil || !strings.HasPrefix(line, want) {
					t.Errorf("reply is %q, %v; want %s", line, err, want)
				}
			}
		})
	}
}

func TestTakesThePlaceOfAClosedServer(t *testing.T) {
	first := smtpserver.New(t, smtpserver.Config{})
	first.Close()
	if _, err := net.Dial("tcp", first.Addr()); err == nil {
		t.Fatal("the closed server still accepts connections")
	}
	second := smtpserver.New(t, smtpserver.Config{Addr: first.Addr()})
	if err := send(dial(t, second), "to@example.com", "x"); err != nil {
		t.Error(err)
	}
}
