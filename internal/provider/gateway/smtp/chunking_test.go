package smtp_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/provider/gateway"
	"github.com/postrider/postrider/internal/provider/gateway/smtp"
	"github.com/postrider/postrider/internal/testkit/smtpserver"
)

// everyWay are servers to which a mail goes in every way there is.
func everyWay() []smtpserver.Config {
	return []smtpserver.Config{
		{},
		{NoPipelining: true},
		{Chunking: true},
		{Chunking: true, NoPipelining: true},
	}
}

func TestChunkingWhereItSavesTurns(t *testing.T) {
	t.Parallel()
	const large = 300_000
	for name, test := range map[string]struct {
		server smtpserver.Config
		size   int
		data   int
		bdat   int
	}{
		"not offered":           {smtpserver.Config{}, 1000, 2, 0},
		"with pipelining":       {smtpserver.Config{Chunking: true}, 1000, 0, 2},
		"without":               {smtpserver.Config{Chunking: true, NoPipelining: true}, 1000, 0, 2},
		"with it, a large mail": {smtpserver.Config{Chunking: true}, large, 2, 0},
		"without, a large mail": {smtpserver.Config{Chunking: true, NoPipelining: true}, large, 0, 2},
		"over TLS":              {smtpserver.Config{Chunking: true, TLS: smtpserver.Implicit}, 1000, 0, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := smtpserver.New(t, test.server)
			g := newGateway(t, srv, "pool=1", func(c *smtp.Config) {
				if test.server.TLS != smtpserver.Plain {
					trusting(srv)(c)
				}
			})
			data := strings.Repeat(".\r\n..\r\nMAIL FROM:<a@example.com>\r\n", 1+test.size/36)
			for range 2 {
				mustSend(t, g, mail(data))
			}
			wantCounts(t, srv, 1, 2, map[smtpserver.Step]int{
				smtpserver.DATA: test.data, smtpserver.BDAT: test.bdat, smtpserver.MAIL: 2, smtpserver.OTHER: 0, smtpserver.RSET: 0,
			})
			for _, m := range srv.Mails() {
				if diff := cmp.Diff(data, string(m.Data)); diff != "" {
					t.Error(diff)
				}
				if want := fmt.Sprintf("SIZE=%d", len(data)); m.Params != want {
					t.Errorf("MAIL FROM says %q, want %s", m.Params, want)
				}
			}
		})
	}
}

// A mail that is refused before its content is asked for leaves nothing
// behind: the next one is taken on the same connection.
func TestRefusedInOneGo(t *testing.T) {
	t.Parallel()
	for step, name := range map[smtpserver.Step]string{
		smtpserver.MAIL: "MAIL FROM", smtpserver.RCPT: "RCPT TO", smtpserver.BDAT: "BDAT", smtpserver.Body: "BDAT",
	} {
		for code, fault := range map[int]gateway.Fault{450: gateway.FaultTemporary, 550: gateway.FaultPermanent} {
			for _, pipelining := range []bool{true, false} {
				t.Run(fmt.Sprintf("%d to %s, pipelining=%v", code, step, pipelining), func(t *testing.T) {
					t.Parallel()
					srv := smtpserver.New(t, smtpserver.Config{Chunking: true, NoPipelining: !pipelining})
					g := newGateway(t, srv, "pool=1")
					for range 2 {
						srv.Next(step, smtpserver.Reply(code, "5.0.0 not this one"))
						wantFault(t, g, mail("RCPT TO:<other@example.com>\r\n"), fault, name, code)
						mustSend(t, g, mail(content))
					}
					wantCounts(t, srv, 1, 2, map[smtpserver.Step]int{smtpserver.RSET: 2, smtpserver.OTHER: 0})
				})
			}
		}
	}
}

// Sent in one go a mail may have been taken by a server that then left without
// a word, so it is not sent again behind the caller's back. From then on this
// server is asked first.
func TestLostInOneGo(t *testing.T) {
	t.Parallel()
	srv := smtpserver.New(t, smtpserver.Config{Chunking: true})
	g := newGateway(t, srv, "pool=1")
	mustSend(t, g, mail(content))
	srv.Next(smtpserver.Body, smtpserver.TakeAndHangUp())
	wantFault(t, g, mail(content), gateway.FaultTemporary, "BDAT", 0)
	wantCounts(t, srv, 1, 2, nil)
	mustSend(t, g, mail(content))
	wantCounts(t, srv, 2, 3, map[smtpserver.Step]int{smtpserver.DATA: 0})

	srv.Next(smtpserver.MAIL, smtpserver.HangUp())
	wantFault(t, g, mail(content), gateway.FaultTemporary, "BDAT", 0)
	mustSend(t, g, mail(content))
	wantCounts(t, srv, 3, 4, map[smtpserver.Step]int{smtpserver.DATA: 1})
	srv.Next(smtpserver.MAIL, smtpserver.HangUp())
	mustSend(t, g, mail(content)) // by another connection, at once
	wantCounts(t, srv, 4, 5, map[smtpserver.Step]int{smtpserver.DATA: 2})
}

// A server that closed the connection after the last mail shows it, so that
// the next is not sent into the void.
func TestClosedConnectionIsSeenBeforeSendingInOneGo(t *testing.T) {
	t.Parallel()
	for name, farewell := range map[string]string{"closed": "", "closed with a word": "421 4.4.2 enough for now\r\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := smtpserver.New(t, smtpserver.Config{Chunking: true})
			g := newGateway(t, srv, "pool=1")
			for n := 1; n <= 5; n++ {
				mustSend(t, g, mail(content))
				wantCounts(t, srv, n, n, map[smtpserver.Step]int{smtpserver.DATA: 0})
				until(t, g, func(s smtp.Stats) bool { return s.Idle == 1 })
				for srv.CloseIdle(farewell) == 0 { // once the server knows that it is idle
					if patience(t).Err() != nil {
						t.Fatal("the connection is not idle")
					}
				}
			}
		})
	}
}
