package smtp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/postrider/postrider/internal/provider/gateway"
	"github.com/postrider/postrider/internal/provider/gateway/smtp"
	"github.com/postrider/postrider/internal/testkit/smtpserver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const content = "Subject: hello\r\n\r\nA line.\r\n"

func mail(data string) gateway.Mail {
	return gateway.Mail{ID: "d1", From: "from@example.com", To: "to@example.com", Data: []byte(data)}
}

// patience is a context for what has to happen soon.
func patience(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// newGateway returns a gateway for the server that trusts its certificate.
func newGateway(t testing.TB, srv *smtpserver.Server, query string, changes ...func(*smtp.Config)) *smtp.Gateway {
	t.Helper()
	cfg, err := smtp.Parse(srv.URL(query))
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range changes {
		change(&cfg)
	}
	g := smtp.New(cfg)
	t.Cleanup(g.Close)
	return g
}

func trusting(srv *smtpserver.Server) func(*smtp.Config) {
	return func(c *smtp.Config) { c.TLS = &tls.Config{RootCAs: srv.Roots()} }
}

func mustSend(t testing.TB, g *smtp.Gateway, m gateway.Mail) {
	t.Helper()
	reply, err := g.Send(patience(t), m)
	if err != nil {
		t.Fatalf("send: %v", err)
	}
	if reply.Code != 250 || !strings.Contains(reply.Text, "queued") {
		t.Errorf("reply is %+v, want the server's", reply)
	}
}

// wantFault sends a mail that must fail, and returns the error.
func wantFault(t testing.TB, g *smtp.Gateway, m gateway.Mail, fault gateway.Fault, step string, code int) *gateway.Error {
	t.Helper()
	_, err := g.Send(patience(t), m)
	return checkFault(t, err, fault, step, code)
}

func checkFault(t testing.TB, err error, fault gateway.Fault, step string, code int) *gateway.Error {
	t.Helper()
	var failure *gateway.Error
	if !errors.As(err, &failure) {
		t.Fatalf("error is %v, want a *gateway.Error", err)
	}
	if failure.Fault != fault || failure.Step != step || failure.Code != code {
		t.Errorf("fault %d at %q with code %d (%v), want fault %d at %q with code %d",
			failure.Fault, failure.Step, failure.Code, failure, fault, step, code)
	}
	if code == 0 && failure.Err == nil {
		t.Errorf("%v has neither code nor cause", failure)
	}
	return failure
}

func wantCounts(t testing.TB, srv *smtpserver.Server, connections, mails int, steps map[smtpserver.Step]int) {
	t.Helper()
	c := srv.Counts()
	if c.Connections != connections || c.Mails != mails {
		t.Errorf("%d connections and %d mails, want %d and %d", c.Connections, c.Mails, connections, mails)
	}
	for step, n := range steps {
		if c.Steps[step] != n {
			t.Errorf("the server saw %d times %s, want %d", c.Steps[step], step, n)
		}
	}
}

func await(t testing.TB, srv *smtpserver.Server, condition func(smtpserver.Counts) bool) {
	t.Helper()
	if err := srv.Await(patience(t), condition); err != nil {
		t.Fatal(err)
	}
}

// until waits for a state of the gateway, which announces none.
func until(t testing.TB, g *smtp.Gateway, condition func(smtp.Stats) bool) {
	t.Helper()
	ctx := patience(t)
	for !condition(g.Stats()) {
		if ctx.Err() != nil {
			t.Fatalf("the gateway stays at %+v", g.Stats())
		}
		runtime.Gosched()
	}
}
