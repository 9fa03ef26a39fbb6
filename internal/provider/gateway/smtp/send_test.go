package smtp_test

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/provider/gateway"
	"github.com/postrider/postrider/internal/provider/gateway/smtp"
	"github.com/postrider/postrider/internal/testkit/smtpserver"
)

func TestSend(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]smtpserver.Config{
		"everything offered": {},
		"no pipelining":      {NoPipelining: true},
		"nothing offered":    {NoPipelining: true, No8BitMIME: true, NoSize: true},
		"HELO only":          {NoEHLO: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := smtpserver.New(t, cfg)
			g := newGateway(t, srv, "", func(c *smtp.Config) { c.Hello = "client.example.com" })
			mustSend(t, g, mail(content))
			mustSend(t, g, mail(content+"größer\r\n"))
			sizes := [...]string{fmt.Sprintf("SIZE=%d", len(content)), fmt.Sprintf("SIZE=%d BODY=8BITMIME", len(content+"größer\r\n"))}
			if cfg.NoEHLO || cfg.NoSize {
				sizes = [...]string{"", ""}
			}
			want := []smtpserver.Mail{
				{Connection: 1, Hello: "client.example.com", From: "from@example.com", To: []string{"to@example.com"}, Params: sizes[0], Data: []byte(content)},
				{Connection: 1, Hello: "client.example.com", From: "from@example.com", To: []string{"to@example.com"}, Params: sizes[1], Data: []byte(content + "größer\r\n")},
			}
			if diff := cmp.Diff(want, srv.Mails()); diff != "" {
				t.Error(diff)
			}
			g.Close()
			wantCounts(t, srv, 1, 2, map[smtpserver.Step]int{smtpserver.RSET: 0, smtpserver.QUIT: 1})
		})
	}
}

// What goes out is what was given, but that every line ends in CR LF.
func TestContentArrivesUnchanged(t *testing.T) {
	t.Parallel()
	for _, cfg := range []smtpserver.Config{{}, {Chunking: true}, {Chunking: true, NoPipelining: true}} {
		t.Run(fmt.Sprintf("chunking=%v, pipelining=%v", cfg.Chunking, !cfg.NoPipelining), func(t *testing.T) {
			t.Parallel()
			contentArrivesUnchanged(t, cfg)
		})
	}
}

func contentArrivesUnchanged(t *testing.T, cfg smtpserver.Config) {
	srv := smtpserver.New(t, cfg)
	g := newGateway(t, srv, "pool=1&max=1000000")
	ctx := patience(t)
	lineEnd := regexp.MustCompile(`\r\n|\r|\n`)
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{".", "..", "\r\n", "\r", "\n", "\r\n.\r\n", "\n.\n", "\r.\r", "\x00", "é", strings.Repeat("x", 5000)}),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
	)
	rapid.Check(t, func(t *rapid.T) {
		data := strings.Join(rapid.SliceOf(piece).Draw(t, "data"), "")
		want := lineEnd.ReplaceAllString(data, "\r\n")
		if want != "" && !strings.HasSuffix(want, "\r\n") {
			want += "\r\n"
		}
		if _, err := g.Send(ctx, mail(data)); err != nil {
			t.Fatal(err)
		}
		mails := srv.Mails()
		got := mails[len(mails)-1]
		if diff := cmp.Diff(want, string(got.Data)); diff != "" {
			t.Fatal(diff)
		}
		if size := fmt.Sprintf("SIZE=%d", len(want)); !strings.HasPrefix(got.Params, size) {
			t.Fatalf("MAIL FROM says %q, want %s", got.Params, size)
		}
	})
	if n := srv.Counts().Connections; n != 1 {
		t.Errorf("%d connections, want one: something desynchronised the conversation", n)
	}
}

func TestLargeMail(t *testing.T) {
	t.Parallel()
	srv := smtpserver.New(t, smtpserver.Config{TLS: smtpserver.Implicit})
	g := newGateway(t, srv, "", trusting(srv))
	data := strings.Repeat(strings.Repeat(".", 76)+"\r\n", 10_000)
	for range 2 {
		mustSend(t, g, mail(data))
	}
	for _, m := range srv.Mails() {
		if string(m.Data) != data {
			t.Error("the mail arrived changed")
		}
	}
}

func TestConcurrentMails(t *testing.T) {
	t.Parallel()
	const senders, each, pool = 32, 20, 4
	srv := smtpserver.New(t, smtpserver.Config{TLS: smtpserver.StartTLS})
	g := newGateway(t, srv, fmt.Sprintf("pool=%d&max=25", pool), trusting(srv))
	ctx := patience(t)
	var all sync.WaitGroup
	for s := range senders {
		all.Go(func() {
			for i := range each {
				m := mail(fmt.Sprintf("mail %d of %d\r\n", i, s))
				m.To = fmt.Sprintf("to-%d-%d@example.com", s, i)
				if _, err := g.Send(ctx, m); err != nil {
					t.Errorf("send: %v", err)
				}
				if s := g.Stats(); s.Open > pool || s.Idle+s.InUse != s.Open {
					t.Errorf("impossible: %+v", s)
				}
			}
		})
	}
	all.Wait()
	got := map[string]string{}
	for _, m := range srv.Mails() {
		got[m.To[0]] = string(m.Data)
	}
	if len(got) != senders*each || srv.Counts().Mails != senders*each {
		t.Errorf("%d different mails of %d, want %d", len(got), srv.Counts().Mails, senders*each)
	}
	for to, data := range got {
		var s, i int
		if _, err := fmt.Sscanf(to, "to-%d-%d@", &s, &i); err != nil || data != fmt.Sprintf("mail %d of %d\r\n", i, s) {
			t.Errorf("%s was sent %q", to, data)
		}
	}
	// 640 mails are 25.6 full connections; every slot may hold one unfinished.
	if n := srv.Counts().Connections; n < senders*each/25 || n > senders*each/25+pool {
		t.Errorf("%d connections for %d mails at 25 each", n, senders*each)
	}
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	const limit = 1000
	srv := smtpserver.New(t, smtpserver.Config{MaxSize: limit})
	g := newGateway(t, srv, "pool=1")
	ofSize := func(n int) gateway.Mail { return mail(strings.Repeat(".", n-2) + "\r\n") }

	failure := wantFault(t, g, ofSize(limit+1), gateway.FaultPermanent, "MAIL FROM", 0)
	if want := "has 1001 octets, the server takes 1000"; !strings.Contains(failure.Error(), want) {
		t.Errorf("the error %q does not say %q", failure, want)
	}
	wantCounts(t, srv, 1, 0, map[smtpserver.Step]int{smtpserver.MAIL: 0, smtpserver.RSET: 0})

	// This one fits, so it is sent; that go-smtp is off by one is its affair.
	wantFault(t, g, ofSize(limit), gateway.FaultPermanent, "final dot", 552)
	mustSend(t, g, ofSize(limit-1))
	wantCounts(t, srv, 1, 1, map[smtpserver.Step]int{smtpserver.MAIL: 2, smtpserver.RSET: 1})
}

func TestAddressesThatCannotBeSent(t *testing.T) {
	t.Parallel()
	srv := smtpserver.New(t, smtpserver.Config{})
	g := newGateway(t, srv, "")
	bad := []string{
		"to@example.com>\r\nRCPT TO:<other@example.com", "to@example.com\rDATA", "to@example.com\nDATA", "to@example.com> SIZE=1",
		"<to@example.com", "to@example.com>", "to @example.com", "\"a b\"@example.com", "to\x00@example.com", "to\x7f@example.com", "to\xff@example.com",
		"to@ex\u00admple.com", "to@-ä.com", "to@example.com\u2028", "t\u202eo@example.com", "tö\u00a0@example.com", strings.Repeat("a", 255),
	}
	for _, address := range bad {
		from, to := mail(content), mail(content)
		from.From, to.To = address, address
		wantFault(t, g, from, gateway.FaultPermanent, "MAIL FROM", 0)
		wantFault(t, g, to, gateway.FaultPermanent, "RCPT TO", 0)
	}
	nobody := mail(content)
	nobody.To = ""
	wantFault(t, g, nobody, gateway.FaultPermanent, "RCPT TO", 0)
	wantCounts(t, srv, 0, 0, nil)

	// The empty sender is that of mails that want no answer (RFC 5321, 4.5.5).
	m := mail(content)
	m.From, m.To = "", strings.Repeat("a", 64)+"@"+strings.Repeat("b", 63)+".example"
	mustSend(t, g, m)
}

func TestHello(t *testing.T) {
	t.Parallel()
	for configured, want := range map[string]string{
		"mx.example.com":    "mx.example.com",
		"mx.example.com.":   "mx.example.com",
		"host_1":            "host-1",
		"-x":                "localhost",
		"a..b":              "localhost",
		"x\r\nMAIL FROM:<>": "localhost",
		"bücher.example":    "localhost",

		strings.Repeat("a", 63) + ".example": strings.Repeat("a", 63) + ".example",
		strings.Repeat("a", 64) + ".example": "localhost",
	} {
		srv := smtpserver.New(t, smtpserver.Config{})
		g := newGateway(t, srv, "", func(c *smtp.Config) { c.Hello = configured })
		mustSend(t, g, mail(content))
		if got := srv.Mails()[0].Hello; got != want {
			t.Errorf("%q became %q, want %q", configured, got, want)
		}
	}
}
