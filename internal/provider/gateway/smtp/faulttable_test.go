package smtp_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/provider/gateway"
	"github.com/postrider/postrider/internal/provider/gateway/smtp"
	"github.com/postrider/postrider/internal/testkit/smtpserver"
)

// What must become of a mail, by the fault that it meets and the command that
// the fault is the answer to. Each word stands for an account of the attempt,
// of what follows, and of what the server has in the end:
//
//	sent      taken at once; one copy
//	wait      the gateway's fault: no attempt of the mail; sent when the server is well; one copy
//	retry     an attempt of the mail; sent when the server is well; one copy
//	twice     the same, but the server had taken it without saying so; two copies
//	failed    for good; no copy
//
// No word stands for a mail that is lost, or for one that is sent again after
// the server said 250.
const (
	// Over a new connection.
	tableFresh = `
                         | greeting | EHLO | STARTTLS | AUTH | MAIL   | RCPT   | content command | body
    4xx                  | wait     | wait | wait     | wait | retry  | retry  | retry           | retry
    5xx                  | wait     | wait | wait     | wait | failed | failed | failed          | failed
    421                  | wait     | wait | wait     | wait | wait   | retry  | retry           | retry
    421, hangs up        | wait     | wait | wait     | wait | wait   | retry  | retry           | retry
    5xx login wanted     | wait     | wait | wait     | wait | wait   | wait   | wait            | wait
    greylisted           | wait     | wait | wait     | wait | retry  | retry  | retry           | retry
    hangs up             | wait     | wait | wait     | wait | retry  | retry  | retry           | retry
    obeys, hangs up mute | wait     | wait | wait     | wait | retry  | retry  | retry/twice     | twice
    obeys, hangs up      | wait     | wait | wait     | retry| retry  | retry  | retry/sent      | sent
    says nothing         | wait     | wait | wait     | wait | retry  | retry  | retry           | retry
    nonsense             | wait     | wait | wait     | wait | retry  | retry  | retry           | retry
    an octet at a time   | sent     | sent | sent     | sent | sent   | sent   | sent            | sent`

	// Over one that has carried a mail before: as long as the server cannot
	// have all of the mail, a new connection takes it at once. Of two words the
	// second is for BDAT, whose answer is that to the content too.
	tableReused = `
                         | MAIL   | RCPT       | content command | body
    4xx                  | retry  | retry      | retry           | retry
    5xx                  | failed | failed     | failed          | failed
    421                  | sent   | retry      | retry           | retry
    421, hangs up        | sent   | retry      | retry           | retry
    5xx login wanted     | wait   | wait       | wait            | wait
    greylisted           | retry  | retry      | retry           | retry
    hangs up             | sent   | sent       | sent/retry      | retry
    obeys, hangs up mute | sent   | sent       | sent/twice      | twice
    obeys, hangs up      | sent   | sent/retry | retry/sent      | sent
    says nothing         | sent   | sent       | sent/retry      | retry
    nonsense             | sent   | sent       | sent/retry      | retry
    an octet at a time   | sent   | sent       | sent            | sent`

	// The same where all of the mail goes out at once: from the first command
	// on the server may have it.
	tableReusedInOneGo = `
                         | MAIL   | RCPT   | content command | body
    4xx                  | retry  | retry  | retry           | retry
    5xx                  | failed | failed | failed          | failed
    421                  | sent   | retry  | retry           | retry
    421, hangs up        | sent   | retry  | retry           | retry
    5xx login wanted     | wait   | wait   | wait            | wait
    greylisted           | retry  | retry  | retry           | retry
    hangs up             | retry  | retry  | retry           | retry
    obeys, hangs up mute | retry  | retry  | twice           | twice
    obeys, hangs up      | retry  | retry  | sent            | sent
    says nothing         | retry  | retry  | retry           | retry
    nonsense             | retry  | retry  | retry           | retry
    an octet at a time   | sent   | sent   | sent            | sent`
)

func faultNamed(t *testing.T, name string) smtpserver.Action {
	action, ok := map[string]smtpserver.Action{
		"4xx":                  smtpserver.Reply(451, "4.3.0 not now"),
		"5xx":                  smtpserver.Reply(550, "5.0.0 never"),
		"421":                  smtpserver.Reply(421, "4.3.2 shutting down"),
		"421, hangs up":        smtpserver.Reply(421, "4.3.2 shutting down").AndHangUp(),
		"5xx login wanted":     smtpserver.Reply(550, "5.7.8 log in first"),
		"greylisted":           smtpserver.Reply(450, "4.7.1 greylisted, come again in 5 minutes"),
		"hangs up":             smtpserver.HangUp(),
		"obeys, hangs up mute": smtpserver.TakeAndHangUp(),
		"obeys, hangs up":      smtpserver.ObeyAndHangUp(),
		"says nothing":         smtpserver.Stall(),
		"nonsense":             smtpserver.Raw("HTTP/1.1 400 Bad Request\r\n"),
		"an octet at a time":   smtpserver.Obey().Dripping(time.Millisecond),
	}[name]
	if !ok {
		t.Fatalf("the table has a fault that is none: %q", name)
	}
	return action
}

// cells calls each with every cell of a table.
func cells(t *testing.T, table string, each func(fault, step, want string)) {
	lines := strings.Split(strings.Trim(table, "\n"), "\n")
	split := func(line string) []string {
		fields := strings.Split(line, "|")
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		return fields
	}
	head := split(lines[0])
	for _, line := range lines[1:] {
		row := split(line)
		if len(row) != len(head) {
			t.Fatalf("%q has %d fields, want %d", line, len(row), len(head))
		}
		for i, want := range row[1:] {
			each(row[0], head[i+1], want)
		}
	}
}

// Every fault in answer to every command, over every way that a mail can take,
// on new connections and on those that have been used.
func TestEveryFaultAtEveryCommand(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	defer all.Wait()
	some := make(chan struct{}, 16)
	for _, cfg := range everyWay() {
		for _, reused := range []bool{false, true} {
			table := tableFresh
			switch {
			case reused && cfg.Chunking && !cfg.NoPipelining:
				table = tableReusedInOneGo
			case reused:
				table = tableReused
			}
			cells(t, table, func(fault, step, want string) {
				at := smtpserver.Step(step)
				if step == "content command" {
					at = smtpserver.DATA
					if cfg.Chunking {
						at = smtpserver.BDAT
					}
				}
				if data, bdat, two := strings.Cut(want, "/"); two {
					want = data
					if cfg.Chunking {
						want = bdat
					}
				}
				name := fmt.Sprintf("chunking=%v,pipelining=%v,reused=%v/%s/%s", cfg.Chunking, !cfg.NoPipelining, reused, step, fault)
				all.Go(func() {
					some <- struct{}{}
					defer func() { <-some }()
					t.Run(name, func(t *testing.T) { meetFault(t, cfg, reused, at, fault, want) })
				})
			})
		}
	}
}

func meetFault(t *testing.T, cfg smtpserver.Config, reused bool, at smtpserver.Step, fault, want string) {
	cfg.TLS, cfg.Username, cfg.Password = smtpserver.StartTLS, "user", "pass"
	srv := smtpserver.New(t, cfg)
	g := newGateway(t, srv, "pool=1", trusting(srv), func(c *smtp.Config) {
		if fault == "says nothing" {
			c.Timeouts.Command, c.Timeouts.Final = time.Second, time.Second
		}
	})
	first := mail("the first\r\n")
	if reused {
		mustSend(t, g, first)
	}
	if at == smtpserver.EHLO && strings.HasPrefix(fault, "5xx") {
		srv.Always(smtpserver.HELO, faultNamed(t, fault)) // which is tried next
	}
	srv.Next(at, faultNamed(t, fault))

	m := mail("the mail\r\n")
	_, err := g.Send(patience(t), m)
	if got := accountOf(err); got != map[string]string{"twice": "retry"}[want] && got != want {
		t.Errorf("%s (%v), want %s", got, err, want)
	}
	srv.Behave()
	if strings.Contains(fault, "hangs up") { // so that the next mail can see it
		await(t, srv, func(c smtpserver.Counts) bool { return c.Open < c.Connections })
	}
	if err != nil && want != "failed" {
		mustSend(t, g, m) // as the queue does
	}
	mustSend(t, g, mail("another\r\n"))

	copies := map[string]int{}
	for _, m := range srv.Mails() {
		copies[string(m.Data)]++
	}
	if got, want := copies["the mail\r\n"], map[string]int{"sent": 1, "wait": 1, "retry": 1, "twice": 2, "failed": 0}[want]; got != want {
		t.Errorf("the server has %d copies, want %d", got, want)
	}
	if copies["another\r\n"] != 1 || reused && copies["the first\r\n"] != 1 {
		t.Errorf("other mails suffered: %v", copies)
	}
}

// accountOf is the word for what became of an attempt.
func accountOf(err error) string {
	var failure *gateway.Error
	switch {
	case err == nil:
		return "sent"
	case !errors.As(err, &failure):
		return "not a gateway's error"
	case failure.Fault == gateway.FaultGateway:
		return "wait"
	case failure.Fault == gateway.FaultTemporary:
		return "retry"
	default:
		return "failed"
	}
}
