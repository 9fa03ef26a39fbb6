package smtp_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/provider/gateway"
	"github.com/postrider/postrider/internal/provider/gateway/smtp"
	"github.com/postrider/postrider/internal/testkit/smtpserver"
)

func TestConnectionIsReused(t *testing.T) {
	t.Parallel()
	srv := smtpserver.New(t, smtpserver.Config{TLS: smtpserver.StartTLS, Username: "user", Password: "pass"})
	g := newGateway(t, srv, "", trusting(srv))
	for range 10 {
		mustSend(t, g, mail(content))
	}
	if diff := cmp.Diff(smtp.Stats{Limit: 16, Open: 1, Idle: 1, Dialled: 1, Mails: 10}, g.Stats()); diff != "" {
		t.Error(diff)
	}
	g.Close()
	if diff := cmp.Diff(smtp.Stats{Limit: 16, Dialled: 1, Mails: 10}, g.Stats()); diff != "" {
		t.Error(diff)
	}
	wantCounts(t, srv, 1, 10, map[smtpserver.Step]int{smtpserver.EHLO: 2, smtpserver.AUTH: 1, smtpserver.QUIT: 1})
}

func TestMailsPerConnection(t *testing.T) {
	t.Parallel()
	srv := smtpserver.New(t, smtpserver.Config{})
	g := newGateway(t, srv, "pool=1&max=2")
	srv.Next(smtpserver.RCPT, smtpserver.Obey(), smtpserver.Reply(550, "5.1.1 no")) // a refused mail counts too
	mustSend(t, g, mail(content))
	wantFault(t, g, mail(content), gateway.FaultPermanent, "RCPT TO", 550)
	for range 3 {
		mustSend(t, g, mail(content))
	}
	g.Close()
	wantCounts(t, srv, 3, 4, map[smtpserver.Step]int{smtpserver.QUIT: 3})
}

func TestAgeOfConnection(t *testing.T) {
	t.Parallel()
	srv := smtpserver.New(t, smtpserver.Config{})
	g := newGateway(t, srv, "pool=1&maxAge=1ns")
	for range 3 {
		mustSend(t, g, mail(content))
	}
	g.Close()
	wantCounts(t, srv, 3, 3, map[smtpserver.Step]int{smtpserver.QUIT: 3})
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	srv := smtpserver.New(t, smtpserver.Config{})
	g := newGateway(t, srv, "pool=2", func(c *smtp.Config) { c.MaxIdle = 10 * time.Millisecond })
	for n := 1; n <= 3; n++ {
		mustSend(t, g, mail(content))
		await(t, srv, func(c smtpserver.Counts) bool { return c.Open == 0 })
		until(t, g, func(s smtp.Stats) bool { return s.Open == 0 })
		wantCounts(t, srv, n, n, map[smtpserver.Step]int{smtpserver.QUIT: n})
	}
}

func TestDeadPooledConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	const farewell = "421 4.4.2 idle for too long\r\n"
	for _, pipelining := range []bool{true, false} {
		for name, kill := range map[string]func(*smtpserver.Server){
			"closed":                   func(s *smtpserver.Server) { s.CloseIdle("") },
			"closed with a word":       func(s *smtpserver.Server) { s.CloseIdle(farewell) },
			"421 to MAIL":              func(s *smtpserver.Server) { s.Next(smtpserver.MAIL, smtpserver.Raw(farewell)) },
			"421 to MAIL, closed":      func(s *smtpserver.Server) { s.Next(smtpserver.MAIL, smtpserver.Raw(farewell).AndHangUp()) },
			"closed at MAIL":           func(s *smtpserver.Server) { s.Next(smtpserver.MAIL, smtpserver.HangUp()) },
			"closed at RCPT":           func(s *smtpserver.Server) { s.Next(smtpserver.RCPT, smtpserver.HangUp()) },
			"closed at DATA":           func(s *smtpserver.Server) { s.Next(smtpserver.DATA, smtpserver.HangUp()) },
			"closed after DATA":        func(s *smtpserver.Server) { s.Next(smtpserver.DATA, smtpserver.TakeAndHangUp()) },
			"out of step":              func(s *smtpserver.Server) { s.Next(smtpserver.MAIL, smtpserver.Raw("354 what?\r\n")) },
			"nonsense in the meantime": func(s *smtpserver.Server) { s.Next(smtpserver.MAIL, smtpserver.Raw("\x16\x03\x01\r\n")) },
		} {
			t.Run(fmt.Sprintf("%s/pipelining=%v", name, pipelining), func(t *testing.T) {
				t.Parallel()
				srv := smtpserver.New(t, smtpserver.Config{TLS: smtpserver.StartTLS, NoPipelining: !pipelining})
				g := newGateway(t, srv, "pool=1", trusting(srv))
				mustSend(t, g, mail(content))
				kill(srv)
				mustSend(t, g, mail(content))
				mustSend(t, g, mail(content))
				wantCounts(t, srv, 2, 3, nil)
				if s := g.Stats(); s.Open != 1 || s.Dialled != 2 || s.Mails != 3 {
					t.Errorf("%+v", s)
				}
			})
		}
	}
}

// What a server says unasked, behind the reply to a mail, is not the reply to
// the next.
func TestUnaskedReply(t *testing.T) {
	t.Parallel()
	srv := smtpserver.New(t, smtpserver.Config{})
	g := newGateway(t, srv, "pool=1")
	srv.Next(smtpserver.Body, smtpserver.Raw("250 2.0.0 queued\r\n250 2.0.0 and more\r\n"))
	mustSend(t, g, mail(content))
	until(t, g, func(s smtp.Stats) bool { return s.Open == 0 })
	mustSend(t, g, mail(content))
	wantCounts(t, srv, 2, 1, nil)
}

// Later than in answer to the first command a pooled connection is as good as
// a new one, and so is what the server says on it.
func TestLeaveInTheMiddleOfAMailOnAPooledConnection(t *testing.T) {
	t.Parallel()
	for step, name := range map[smtpserver.Step]string{smtpserver.RCPT: "RCPT TO", smtpserver.DATA: "DATA", smtpserver.Body: "final dot"} {
		srv := smtpserver.New(t, smtpserver.Config{})
		g := newGateway(t, srv, "pool=1")
		mustSend(t, g, mail(content))
		srv.Next(step, smtpserver.Reply(421, "4.3.2 bye").AndHangUp())
		wantFault(t, g, mail(content), gateway.FaultTemporary, name, 421)
		wantCounts(t, srv, 1, 1, nil)
	}
}

// Not every server says 421 when it leaves. With pipelining it shows that it
// has left: no reply to the next command.
func TestServerThatLeftWithAnotherCode(t *testing.T) {
	t.Parallel()
	srv := smtpserver.New(t, smtpserver.Config{})
	g := newGateway(t, srv, "pool=1")
	mustSend(t, g, mail(content))
	srv.CloseIdle("451 4.4.2 timeout\r\n")
	mustSend(t, g, mail(content))
	wantCounts(t, srv, 2, 2, nil)
}

func TestSilentPooledConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	srv := smtpserver.New(t, smtpserver.Config{})
	g := newGateway(t, srv, "pool=1", func(c *smtp.Config) { c.Timeouts.Command = time.Second })
	mustSend(t, g, mail(content))
	srv.Next(smtpserver.MAIL, smtpserver.Stall())
	mustSend(t, g, mail(content))
	wantCounts(t, srv, 2, 2, nil)
}

func TestRestartedServer(t *testing.T) {
	t.Parallel()
	old := smtpserver.New(t, smtpserver.Config{})
	g := newGateway(t, old, "pool=1")
	mustSend(t, g, mail(content))
	old.Close()
	wantFault(t, g, mail(content), gateway.FaultGateway, "connect", 0)
	wantFault(t, g, mail(content), gateway.FaultGateway, "connect", 0)
	if s := g.Stats(); s.Open != 0 || s.Dialled != 3 {
		t.Errorf("%+v", s)
	}
	srv := smtpserver.New(t, smtpserver.Config{Addr: old.Addr()})
	mustSend(t, g, mail(content))
	wantCounts(t, srv, 1, 1, nil)
}

// The one replacement is all there is: its verdict counts.
func TestReplacementIsNotReplaced(t *testing.T) {
	t.Parallel()
	srv := smtpserver.New(t, smtpserver.Config{})
	g := newGateway(t, srv, "pool=1")
	mustSend(t, g, mail(content))
	srv.Next(smtpserver.MAIL, smtpserver.HangUp(), smtpserver.HangUp())
	wantFault(t, g, mail(content), gateway.FaultTemporary, "MAIL FROM", 0)
	wantCounts(t, srv, 2, 1, nil)
	mustSend(t, g, mail(content))
	wantCounts(t, srv, 3, 2, nil)
}

// Once the final dot is out nobody knows whether the mail was taken, so it
// must not go out again behind the caller's back.
func TestLostAfterFinalDot(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		action smtpserver.Action
		taken  int
	}{
		"taken":     {smtpserver.TakeAndHangUp(), 1},
		"not taken": {smtpserver.HangUp(), 0},
		"nonsense":  {smtpserver.Raw("yes\r\n"), 0},
		"354 again": {smtpserver.Reply(354, "more"), 0},
	} {
		for _, reused := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/reused=%v", name, reused), func(t *testing.T) {
				t.Parallel()
				srv := smtpserver.New(t, smtpserver.Config{})
				g := newGateway(t, srv, "pool=1")
				before := 0
				if reused {
					mustSend(t, g, mail(content))
					before = 1
				}
				srv.Next(smtpserver.Body, test.action)
				wantFault(t, g, mail(content), gateway.FaultTemporary, "final dot", 0)
				wantCounts(t, srv, 1, before+test.taken, nil)
				mustSend(t, g, mail(content))
				wantCounts(t, srv, 2, before+test.taken+1, nil)
			})
		}
	}
}

func TestResetAfterRefusal(t *testing.T) {
	t.Parallel()
	for _, pipelining := range []bool{true, false} {
		for step, name := range map[smtpserver.Step]string{
			smtpserver.MAIL: "MAIL FROM", smtpserver.RCPT: "RCPT TO", smtpserver.DATA: "DATA", smtpserver.Body: "final dot",
		} {
			for code, fault := range map[int]gateway.Fault{450: gateway.FaultTemporary, 550: gateway.FaultPermanent} {
				t.Run(fmt.Sprintf("%d to %s/pipelining=%v", code, step, pipelining), func(t *testing.T) {
					t.Parallel()
					srv := smtpserver.New(t, smtpserver.Config{NoPipelining: !pipelining})
					g := newGateway(t, srv, "pool=1")
					srv.Next(step, smtpserver.Reply(code, "5.0.0 not\nthis one"))
					failure := wantFault(t, g, mail(content), fault, name, code)
					if failure.Text != "5.0.0 not this one" {
						t.Errorf("the reply's text is %q", failure.Text)
					}
					mustSend(t, g, mail(content))
					wantCounts(t, srv, 1, 1, map[smtpserver.Step]int{smtpserver.RSET: 1})
				})
			}
		}
	}
}

func TestConnectionThatCannotBeResetIsClosed(t *testing.T) {
	t.Parallel()
	for name, action := range map[string]smtpserver.Action{
		"refused":  smtpserver.Reply(502, "5.5.1 no"),
		"leaving":  smtpserver.Reply(421, "4.7.0 too many errors").AndHangUp(),
		"hung up":  smtpserver.HangUp(),
		"silent":   smtpserver.Stall(),
		"nonsense": smtpserver.Raw("?\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := smtpserver.New(t, smtpserver.Config{})
			g := newGateway(t, srv, "pool=1", func(c *smtp.Config) { c.Timeouts.Parting = time.Second })
			srv.Next(smtpserver.RCPT, smtpserver.Reply(550, "5.1.1 no"))
			srv.Next(smtpserver.RSET, action)
			wantFault(t, g, mail(content), gateway.FaultPermanent, "RCPT TO", 550)
			mustSend(t, g, mail(content))
			wantCounts(t, srv, 2, 1, nil)
		})
	}
}

// A server may ask for content although it refused the recipient (RFC 2920,
// section 3.1). It gets none, and whatever it says to that counts for nothing.
func TestContentWantedForNobody(t *testing.T) {
	t.Parallel()
	for _, code := range []int{250, 554} {
		for step, name := range map[smtpserver.Step]string{smtpserver.MAIL: "MAIL FROM", smtpserver.RCPT: "RCPT TO"} {
			t.Run(fmt.Sprintf("%s/%d", step, code), func(t *testing.T) {
				t.Parallel()
				srv := smtpserver.New(t, smtpserver.Config{})
				g := newGateway(t, srv, "pool=1")
				srv.Next(step, smtpserver.Reply(450, "4.2.0 later"))
				srv.Next(smtpserver.DATA, smtpserver.Swallow(code, "2.0.0 whatever"))
				wantFault(t, g, mail(content), gateway.FaultTemporary, name, 450)
				mustSend(t, g, mail(content))
				wantCounts(t, srv, 1, 1, map[smtpserver.Step]int{smtpserver.DATA: 2, smtpserver.RSET: 1})
			})
		}
	}
}

func TestPipeliningOnlyWhereOffered(t *testing.T) {
	t.Parallel()
	for _, offered := range []bool{true, false} {
		srv := smtpserver.New(t, smtpserver.Config{NoPipelining: !offered})
		g := newGateway(t, srv, "")
		srv.Next(smtpserver.MAIL, smtpserver.Reply(550, "5.0.0 no"))
		wantFault(t, g, mail(content), gateway.FaultPermanent, "MAIL FROM", 550)
		ahead := 0
		if offered {
			ahead = 1 // was on its way before MAIL had its answer
		}
		wantCounts(t, srv, 1, 0, map[smtpserver.Step]int{smtpserver.RCPT: ahead, smtpserver.DATA: ahead})
	}
}

func TestWaitingForAConnection(t *testing.T) {
	t.Parallel()
	srv := smtpserver.New(t, smtpserver.Config{})
	g := newGateway(t, srv, "pool=1")
	srv.Next(smtpserver.DATA, smtpserver.Stall())
	busy, release := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() { _, err := g.Send(busy, mail(content)); first <- err }()
	await(t, srv, func(c smtpserver.Counts) bool { return c.Steps[smtpserver.DATA] == 1 })

	// One gives up waiting, ...
	impatient, cancel := context.WithCancel(t.Context())
	second := make(chan error, 1)
	go func() { _, err := g.Send(impatient, mail(content)); second <- err }()
	until(t, g, func(s smtp.Stats) bool { return s.Waiting == 1 && s.InUse == 1 })
	cancel()
	err := <-second
	checkFault(t, err, gateway.FaultGateway, "wait for a connection", 0)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v does not unwrap to the cause", err)
	}
	// ... one has its turn.
	third := make(chan error, 1)
	go func() { _, err := g.Send(patience(t), mail(content)); third <- err }()
	until(t, g, func(s smtp.Stats) bool { return s.Waiting == 1 })
	release()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("%v does not unwrap to the cause", err)
	}
	if err := <-third; err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(smtp.Stats{Limit: 1, Open: 1, Idle: 1, Dialled: 2, Mails: 1}, g.Stats()); diff != "" {
		t.Error(diff)
	}
}

func TestClosedGateway(t *testing.T) {
	t.Parallel()
	srv := smtpserver.New(t, smtpserver.Config{})
	g := newGateway(t, srv, "pool=2")
	mustSend(t, g, mail(content))
	mustSend(t, g, mail(content))
	// A mail that is under way at Close is finished.
	srv.Next(smtpserver.Body, smtpserver.Obey().Dripping(time.Millisecond))
	under := make(chan error, 1)
	go func() { _, err := g.Send(patience(t), mail(content)); under <- err }()
	await(t, srv, func(c smtpserver.Counts) bool { return c.Steps[smtpserver.MAIL] == 3 })
	g.Close()
	if err := <-under; err != nil {
		t.Error(err)
	}
	for range g.Stats().Limit + 1 {
		failure := wantFault(t, g, mail(content), gateway.FaultGateway, "wait for a connection", 0)
		if !strings.Contains(failure.Error(), "the gateway is closed") {
			t.Errorf("the error is %v", failure)
		}
	}
	g.Close()
	await(t, srv, func(c smtpserver.Counts) bool { return c.Open == 0 })
	if s := g.Stats(); s.Open != 0 || s.Mails != 3 {
		t.Errorf("%+v", s)
	}
}

// Close must not hang on a server that does not say goodbye.
func TestCloseIsBounded(t *testing.T) {
	t.Parallel()
	srv := smtpserver.New(t, smtpserver.Config{})
	g := newGateway(t, srv, "", func(c *smtp.Config) { c.Timeouts.Parting = 50 * time.Millisecond })
	mustSend(t, g, mail(content))
	srv.Always(smtpserver.QUIT, smtpserver.Stall())
	done := make(chan struct{})
	go func() { defer close(done); g.Close() }()
	select {
	case <-done:
	case <-patience(t).Done():
		t.Fatal("Close hangs")
	}
	await(t, srv, func(c smtpserver.Counts) bool { return c.Open == 0 })
}
