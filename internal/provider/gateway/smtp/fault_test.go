package smtp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/provider/gateway"
	"github.com/postrider/postrider/internal/provider/gateway/smtp"
	"github.com/postrider/postrider/internal/testkit/smtpserver"
)

// phase is a step of the server's, what we call it, and whether a mail has
// been mentioned by then.
type phase struct {
	step   smtpserver.Step
	name   string
	ofMail bool
}

func phases() []phase {
	return []phase{
		{smtpserver.Greeting, "greeting", false},
		{smtpserver.EHLO, "EHLO", false},
		{smtpserver.STARTTLS, "STARTTLS", false},
		{smtpserver.AUTH, "AUTH PLAIN", false},
		{smtpserver.MAIL, "MAIL FROM", true},
		{smtpserver.RCPT, "RCPT TO", true},
		{smtpserver.DATA, "DATA", true},
		{smtpserver.Body, "final dot", true},
	}
}

// eachPhase runs a test in every phase of a first mail, with and without
// pipelining, on a server that is then well again: the next mail must pass.
func eachPhase(t *testing.T, test func(t *testing.T, p phase, srv *smtpserver.Server, g *smtp.Gateway)) {
	for _, p := range phases() {
		for _, pipelining := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/pipelining=%v", p.step, pipelining), func(t *testing.T) {
				t.Parallel()
				srv := smtpserver.New(t, smtpserver.Config{
					TLS: smtpserver.StartTLS, Username: "user", Password: "pass", NoPipelining: !pipelining,
				})
				g := newGateway(t, srv, "pool=1", trusting(srv))
				test(t, p, srv, g)
				srv.Behave()
				mustSend(t, g, mail(content))
			})
		}
	}
}

func TestReplyInEachPhase(t *testing.T) {
	t.Parallel()
	for code, fault := range map[int]gateway.Fault{
		421: gateway.FaultTemporary, // but to MAIL FROM
		450: gateway.FaultTemporary,
		451: gateway.FaultTemporary,
		452: gateway.FaultTemporary,
		454: gateway.FaultTemporary,
		500: gateway.FaultPermanent,
		530: gateway.FaultGateway,
		534: gateway.FaultGateway,
		535: gateway.FaultGateway,
		538: gateway.FaultGateway,
		550: gateway.FaultPermanent,
		552: gateway.FaultPermanent,
		554: gateway.FaultPermanent,
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			eachPhase(t, func(t *testing.T, p phase, srv *smtpserver.Server, g *smtp.Gateway) {
				fault, name := fault, p.name
				if !p.ofMail || code == 421 && p.step == smtpserver.MAIL {
					fault = gateway.FaultGateway
				}
				if p.step == smtpserver.EHLO && code/100 == 5 {
					name = "HELO" // tried next
					srv.Always(smtpserver.HELO, smtpserver.Reply(code, "5.0.0 no"))
				}
				srv.Always(p.step, smtpserver.Reply(code, "5.0.0 no"))
				failure := wantFault(t, g, mail(content), fault, name, code)
				if failure.Text != "5.0.0 no" {
					t.Errorf("the reply's text is %q", failure.Text)
				}
				if n := srv.Counts().Mails; n != 0 {
					t.Errorf("%d mails were taken", n)
				}
			})
		})
	}
}

func TestHangUpInEachPhase(t *testing.T) {
	t.Parallel()
	eachPhase(t, func(t *testing.T, p phase, srv *smtpserver.Server, g *smtp.Gateway) {
		srv.Next(p.step, smtpserver.HangUp())
		fault := gateway.FaultGateway
		if p.ofMail {
			fault = gateway.FaultTemporary
		}
		failure := wantFault(t, g, mail(content), fault, p.name, 0)
		if !errors.Is(failure, io.EOF) || !strings.Contains(failure.Error(), "the server closed the connection") {
			t.Errorf("the error is %v", failure)
		}
	})
}

// What is said of one recipient must not stop everybody's mail, though the
// same enhanced code would be about us at an earlier command.
func TestEnhancedCodesAboutRecipients(t *testing.T) {
	t.Parallel()
	for reply, fault := range map[string]gateway.Fault{
		"550 5.7.12 only people of the organisation may write here": gateway.FaultPermanent,
		"550 5.7.13 user disabled":                                  gateway.FaultPermanent,
		"550 5.7.14 no trust":                                       gateway.FaultPermanent,
		"550 5.7.10 encryption needed":                              gateway.FaultPermanent,
		"451 4.7.12 later":                                          gateway.FaultTemporary,
		"550 5.7.8 log in first":                                    gateway.FaultGateway,
		"530 5.7.0 log in first":                                    gateway.FaultGateway,
	} {
		srv := smtpserver.New(t, smtpserver.Config{})
		g := newGateway(t, srv, "pool=1")
		srv.Next(smtpserver.RCPT, smtpserver.Raw(reply+"\r\n"))
		code, err := strconv.Atoi(reply[:3])
		if err != nil {
			t.Fatal(err)
		}
		wantFault(t, g, mail(content), fault, "RCPT TO", code)
		srv.Next(smtpserver.MAIL, smtpserver.Raw(reply+"\r\n"))
		wantFault(t, g, mail(content), gateway.FaultGateway, "MAIL FROM", code)
	}
}

// 421 is also said by servers that close the connection with it.
func TestLeaveInEachPhase(t *testing.T) {
	t.Parallel()
	eachPhase(t, func(t *testing.T, p phase, srv *smtpserver.Server, g *smtp.Gateway) {
		srv.Next(p.step, smtpserver.Reply(421, "4.3.2 shutting down").AndHangUp())
		fault := gateway.FaultGateway
		if p.ofMail && p.step != smtpserver.MAIL {
			fault = gateway.FaultTemporary // it may be this mail that it does not bear
		}
		wantFault(t, g, mail(content), fault, p.name, 421)
		if s := g.Stats(); s.Open != 0 {
			t.Errorf("the connection is kept: %+v", s)
		}
	})
}

// The first refusal is the mail's verdict, whatever becomes of the commands
// that were sent behind it.
func TestHangUpAfterRefusal(t *testing.T) {
	t.Parallel()
	srv := smtpserver.New(t, smtpserver.Config{})
	g := newGateway(t, srv, "pool=1")
	srv.Next(smtpserver.MAIL, smtpserver.Reply(550, "5.7.1 not you"))
	srv.Next(smtpserver.RCPT, smtpserver.HangUp())
	wantFault(t, g, mail(content), gateway.FaultPermanent, "MAIL FROM", 550)
	srv.Next(smtpserver.RCPT, smtpserver.Reply(450, "4.2.1 not now"))
	srv.Next(smtpserver.DATA, smtpserver.Reply(421, "4.3.2 bye").AndHangUp())
	wantFault(t, g, mail(content), gateway.FaultTemporary, "RCPT TO", 450)
	mustSend(t, g, mail(content))
	wantCounts(t, srv, 3, 1, nil)
}

// A time limit is for a whole reply, so that single octets do not extend it.
func TestTimeoutInEachPhase(t *testing.T) {
	t.Parallel()
	const limit = 3 * time.Second
	type attempt struct {
		phase
		srv    *smtpserver.Server
		g      *smtp.Gateway
		result chan error
	}
	var attempts []attempt
	for _, p := range phases() {
		for _, action := range []smtpserver.Action{
			smtpserver.Stall(),
			smtpserver.Reply(250, strings.Repeat("x", 2000)).Dripping(50 * time.Millisecond), // 100 s in all
		} {
			srv := smtpserver.New(t, smtpserver.Config{TLS: smtpserver.StartTLS, Username: "user", Password: "pass"})
			srv.Next(p.step, action)
			g := newGateway(t, srv, "pool=1", trusting(srv), func(c *smtp.Config) { c.Timeouts.Command, c.Timeouts.Final = limit, limit })
			attempts = append(attempts, attempt{p, srv, g, make(chan error, 1)})
		}
	}
	for _, a := range attempts { // all at one time: most of it is waiting
		go func() { _, err := a.g.Send(patience(t), mail(content)); a.result <- err }()
	}
	for _, a := range attempts {
		fault := gateway.FaultGateway
		if a.ofMail {
			fault = gateway.FaultTemporary
		}
		failure := checkFault(t, <-a.result, fault, a.name, 0)
		if !errors.Is(failure, os.ErrDeadlineExceeded) || !strings.Contains(failure.Error(), "took longer than 3s") {
			t.Errorf("the error is %v", failure)
		}
		mustSend(t, a.g, mail(content))
	}
}

func TestCancelInEachPhase(t *testing.T) {
	t.Parallel()
	eachPhase(t, func(t *testing.T, p phase, srv *smtpserver.Server, g *smtp.Gateway) {
		srv.Next(p.step, smtpserver.Stall())
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		result := make(chan error, 1)
		go func() { _, err := g.Send(ctx, mail(content)); result <- err }()
		await(t, srv, func(c smtpserver.Counts) bool { return c.Steps[p.step] == 1 })
		cancel()
		select {
		case err := <-result:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("the error is %v", err)
			}
		case <-patience(t).Done(): // long before any timeout of the gateway
			t.Fatal("Send does not see that its context ended")
		}
		// With a context that is over nothing is begun.
		connections := srv.Counts().Connections
		if _, err := g.Send(ctx, mail(content)); !errors.Is(err, context.Canceled) {
			t.Errorf("the error is %v", err)
		}
		wantCounts(t, srv, connections, 0, nil)
	})
}

// listen runs serve for each connection to a server that is none.
func listen(t *testing.T, serve func(net.Conn)) *net.TCPAddr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serve(c)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().(*net.TCPAddr)
}

func TestSilenceInsteadOfTLS(t *testing.T) {
	t.Parallel()
	addr := listen(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	cfg := smtp.Config{Host: "127.0.0.1", Port: addr.Port, Security: smtp.Implicit, Timeouts: smtp.Timeouts{TLS: 50 * time.Millisecond}}
	g := smtp.New(cfg)
	defer g.Close()
	failure := wantFault(t, g, mail(content), gateway.FaultGateway, "TLS handshake", 0)
	if !errors.Is(failure, os.ErrDeadlineExceeded) {
		t.Errorf("the error is %v", failure)
	}
}

// A server that refuses in the middle of the content and hangs up, so that
// writing fails, has still said why.
func TestRefusalInTheMiddleOfContent(t *testing.T) {
	t.Parallel()
	for code, fault := range map[int]gateway.Fault{421: gateway.FaultTemporary, 452: gateway.FaultTemporary, 552: gateway.FaultPermanent} {
		addr := listen(t, func(c net.Conn) {
			say := func(s string) { _, _ = io.WriteString(c, s) }
			hear := func(end string) {
				var got strings.Builder
				for b := make([]byte, 1); !strings.HasSuffix(got.String(), end); got.Write(b) {
					if _, err := c.Read(b); err != nil {
						return
					}
				}
			}
			say("220 hi\r\n")
			hear("\r\n")
			say("250-hi\r\n250 PIPELINING\r\n")
			hear("DATA\r\n")
			say("250 ok\r\n250 ok\r\n354 go\r\n")
			hear("begin\r\n")
			say(fmt.Sprintf("%d enough\r\n", code))
		})
		g := smtp.New(smtp.Config{Host: "127.0.0.1", Port: addr.Port, Security: smtp.None})
		data := "begin\r\n" + strings.Repeat(strings.Repeat("x", 70)+"\r\n", 100_000)
		failure := wantFault(t, g, mail(data), fault, "content", code)
		if failure.Text != "enough" {
			t.Errorf("the reply's text is %q", failure.Text)
		}
		g.Close()
	}
}

func TestConversationsThatAreNone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		reply, want string
	}{
		"HTTP":                 {"HTTP/1.1 400 Bad Request\r\n\r\n", "not an SMTP reply"},
		"codes differ":         {"250-a\r\n251 b\r\n", "not an SMTP reply"},
		"code out of range":    {"600 a\r\n", "not an SMTP reply"},
		"code too small":       {"100 a\r\n", "not an SMTP reply"},
		"no separator":         {"250a\r\n", "not an SMTP reply"},
		"short":                {"25\r\n", "not an SMTP reply"},
		"endless line":         {"250 " + strings.Repeat("x", 5000) + "\r\n", "more than 4096 octets"},
		"endless reply":        {strings.Repeat("250-x\r\n", 1000), "more than 128 lines"},
		"control characters":   {"\x1b[31m\x00\r\n", `"?[31m?"`},
		"a line without a end": {"250-x\r\n", "closed the connection"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := smtpserver.New(t, smtpserver.Config{})
			g := newGateway(t, srv, "pool=1")
			srv.Next(smtpserver.RCPT, smtpserver.Raw(test.reply).AndHangUp())
			failure := wantFault(t, g, mail(content), gateway.FaultTemporary, "RCPT TO", 0)
			if !strings.Contains(failure.Error(), test.want) {
				t.Errorf("the error %q does not say %q", failure, test.want)
			}
			mustSend(t, g, mail(content))
			wantCounts(t, srv, 2, 1, nil)
		})
	}
}

func TestReplyTextIsFitToShow(t *testing.T) {
	t.Parallel()
	srv := smtpserver.New(t, smtpserver.Config{})
	g := newGateway(t, srv, "pool=1")
	for said, want := range map[string]string{
		"550 one\ttwo\x1b[0m\x00\r\n": "one?two?[0m?",
		"550 größer\r\n":              "größer",
		"550 gr\xf6\xdfer\r\n":        "gr??er",
		"550 \u202egnp.exe\r\n":       "?gnp.exe",
		"550\r\n":                     "",
		"550 \r\n":                    "",
		"550 only LF\n":               "only LF",
		"550-5.1.1 one\r\n550-\r\n550 5.1.1 two\r\n":                             "5.1.1 one 5.1.1 two",
		"550 " + strings.Repeat("x", 4000) + "\r\n":                              strings.Repeat("x", 500),
		"550 " + strings.Repeat("ö", 400) + "\r\n":                               strings.Repeat("ö", 250),
		strings.Repeat("550-"+strings.Repeat("y", 99)+"\r\n", 127) + "550 z\r\n": strings.Repeat(strings.Repeat("y", 99)+" ", 5),
	} {
		srv.Next(smtpserver.RCPT, smtpserver.Raw(said))
		failure := wantFault(t, g, mail(content), gateway.FaultPermanent, "RCPT TO", 550)
		if failure.Text != want {
			t.Errorf("%.40q: the text is %q, want %q", said, failure.Text, want)
		}
	}
	wantCounts(t, srv, 1, 0, nil)
}

// Whatever the server does: what Send says and what the server took agree,
// and afterwards the gateway works.
func TestVerdictAgreesWithTheServer(t *testing.T) {
	t.Parallel()
	const text = "3.0.0 script"
	replies := func(codes ...int) *rapid.Generator[smtpserver.Action] {
		return rapid.Map(rapid.SampledFrom(codes), func(code int) smtpserver.Action { return smtpserver.Reply(code, text) })
	}
	fault := rapid.OneOf(
		rapid.SampledFrom([]smtpserver.Action{smtpserver.HangUp(), smtpserver.TakeAndHangUp(), smtpserver.ObeyAndHangUp()}),
		replies(421, 451, 503, 530, 550),
		rapid.Map(replies(421, 451, 550), smtpserver.Action.AndHangUp),
	)
	nonsense := replies(250, 354)
	obey := rapid.Just(smtpserver.Obey())
	honest := rapid.SliceOfN(rapid.OneOf(obey, obey, obey, fault), 0, 4)
	script := rapid.SliceOfN(rapid.OneOf(obey, obey, obey, fault, nonsense), 0, 4)
	var servers []*smtpserver.Server
	for _, cfg := range everyWay() {
		servers = append(servers, smtpserver.New(t, cfg))
	}
	rapid.Check(t, func(t *rapid.T) {
		srv := servers[rapid.IntRange(0, len(servers)-1).Draw(t, "server")]
		cfg, err := smtp.Parse(srv.URL("pool=1"))
		if err != nil {
			t.Fatal(err)
		}
		g := smtp.New(cfg)
		defer g.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		srv.Behave()
		for _, step := range []smtpserver.Step{smtpserver.Greeting, smtpserver.EHLO, smtpserver.HELO, smtpserver.BDAT, smtpserver.Body, smtpserver.RSET} {
			srv.Next(step, honest.Draw(t, string(step))...)
		}
		for _, step := range []smtpserver.Step{smtpserver.MAIL, smtpserver.RCPT, smtpserver.DATA} {
			srv.Next(step, script.Draw(t, string(step))...)
		}
		for i := range rapid.IntRange(1, 6).Draw(t, "mails") {
			before := srv.Counts().Mails
			_, err := g.Send(ctx, mail(content))
			taken := srv.Counts().Mails - before
			var failure *gateway.Error
			switch {
			case err == nil:
				if taken != 1 {
					t.Fatalf("mail %d was taken %d times", i, taken)
				}
			case !errors.As(err, &failure):
				t.Fatalf("error is %v, want a *gateway.Error", err)
			case failure.Code != 0 || failure.Step != "final dot" && failure.Step != "BDAT":
				if taken > 0 {
					t.Fatalf("mail %d was taken, but: %v", i, err)
				}
			case failure.Fault != gateway.FaultTemporary:
				t.Fatalf("mail %d may have been taken, but has fault %d: %v", i, failure.Fault, err)
			}
			if s := g.Stats(); s.Open > 1 {
				t.Fatalf("%+v", s)
			}
		}
		srv.Behave()
		before := srv.Counts().Mails
		if _, err := g.Send(ctx, mail(content)); err != nil {
			t.Fatalf("on a server that is well again: %v", err)
		}
		if srv.Counts().Mails != before+1 {
			t.Fatal("the server has no mail of it")
		}
	})
}
