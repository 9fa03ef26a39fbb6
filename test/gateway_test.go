package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/testkit/smtpserver"
)

// postMany posts n notifications from several connections at a time, and
// returns their subjects.
func (s *server) postMany(prefix string, n int) []string {
	s.t.Helper()
	subjects := make([]string, n)
	next := make(chan int, n)
	for i := range n {
		subjects[i] = fmt.Sprintf("%s-%04d", prefix, i)
		next <- i
	}
	close(next)
	var clients sync.WaitGroup
	for range 16 {
		clients.Go(func() {
			for i := range next {
				a, err := s.post(payload(s.t, subjects[i]))
				if err == nil {
					err = a.want(http.StatusOK)
				}
				if err != nil {
					s.t.Errorf("post %s: %v", subjects[i], err)
				}
			}
		})
	}
	clients.Wait()
	if s.t.Failed() {
		s.t.FailNow()
	}
	return subjects
}

// awaitStates waits until so many deliveries are in each state, and none in
// any other.
func (s *site) awaitStates(want map[outbox.State]int) {
	s.t.Helper()
	eventually(s.t, func() error {
		got := make(map[outbox.State]int)
		for _, d := range s.deliveries() {
			got[d.State]++
		}
		return different(want, got)
	})
}

// wantNoAttempts complains about deliveries that were tried.
func (s *site) wantNoAttempts() {
	s.t.Helper()
	for _, d := range s.deliveries() {
		if d.Attempts != 0 || d.Tries != 0 {
			s.t.Errorf("%s has %d attempts; the gateway was down", d.ID, d.Attempts)
		}
	}
}

// TestGatewayDown: while no mail can leave, whatever the reason, everything is
// accepted and nothing is held against the mails. Then all of them leave, once.
func TestGatewayDown(t *testing.T) {
	t.Parallel()
	const mails = 300
	for _, c := range []struct {
		name string
		// down makes the server unusable and returns how it comes back.
		down func(t *testing.T, address string, account *ledger) (up func() *inbox)
	}{
		{"nobody listens", func(t *testing.T, address string, account *ledger) func() *inbox {
			return func() *inbox { return openInbox(t, smtpserver.Config{Addr: address}, account) }
		}},
		{"421 instead of a greeting", func(t *testing.T, address string, account *ledger) func() *inbox {
			box := openInbox(t, smtpserver.Config{Addr: address}, account)
			box.Always(smtpserver.Greeting, smtpserver.Reply(421, "4.3.2 not now").AndHangUp())
			return func() *inbox { box.Behave(); return box }
		}},
		{"421 after MAIL", func(t *testing.T, address string, account *ledger) func() *inbox {
			box := openInbox(t, smtpserver.Config{Addr: address}, account)
			box.Always(smtpserver.MAIL, smtpserver.Reply(421, "4.7.0 too many of them").AndHangUp())
			return func() *inbox { box.Behave(); return box }
		}},
		{"it hangs up", func(t *testing.T, address string, account *ledger) func() *inbox {
			box := openInbox(t, smtpserver.Config{Addr: address}, account)
			box.Always(smtpserver.EHLO, smtpserver.HangUp())
			return func() *inbox { box.Behave(); return box }
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address, account := freeAddress(t), newLedger()
			site := newSite(t, map[string]string{"POSTRIDER_SMTP_URL": "smtp://" + address})
			up := c.down(t, address, account)
			server := site.serve()
			subjects := server.postMany("down", mails)
			server.awaitLog("gateway paused")
			if err := server.get("/readyz").want(http.StatusOK); err != nil {
				t.Errorf("a gateway that is down is no reason to be not ready: %v", err)
			}
			// What was in hand when the trouble was noticed is given back.
			eventually(t, func() error {
				if n := len(site.deliveries("--state", "pending")); n < mails-1 { // but for a probe
					return fmt.Errorf("%d of %d are pending", n, mails)
				}
				return nil
			})
			site.wantNoAttempts()
			// Over a restart too.
			server.stop()
			server = site.serve()
			server.awaitLog("gateway paused")

			inbox := up()
			inbox.awaitSubjects(t, mails)
			site.awaitStates(map[outbox.State]int{outbox.Sent: mails})
			inbox.wantEachOnce(t, subjects)
			for _, d := range site.deliveries() {
				if d.Attempts != 1 {
					t.Errorf("%s has %d attempts, want 1", d.ID, d.Attempts)
				}
			}
			server.awaitLog("gateway works again")
			server.stop()
		})
	}
}

// TestReplies: what a server says to one mail decides about that mail.
func TestReplies(t *testing.T) {
	t.Parallel()
	later, never := smtpserver.Reply(450, "4.2.1 try later"), smtpserver.Reply(550, "5.1.1 no such user")
	type attempt struct {
		Number int
		Result outbox.Result
		Code   int
	}
	for _, c := range []struct {
		name    string
		step    smtpserver.Step
		actions []smtpserver.Action
		state   outbox.State
		reason  string
		want    []attempt
	}{
		{"taken", smtpserver.RCPT, nil, outbox.Sent, "", []attempt{{1, "sent", 250}}},
		{"taken at the third attempt", smtpserver.RCPT, []smtpserver.Action{later, later}, outbox.Sent, "", []attempt{{1, "temporary", 450}, {2, "temporary", 450}, {3, "sent", 250}}},
		{"never taken", smtpserver.RCPT, []smtpserver.Action{later, later, later, later}, outbox.Failed, "RETRIES_EXHAUSTED", []attempt{{1, "temporary", 450}, {2, "temporary", 450}, {3, "temporary", 450}, {4, "temporary", 450}}},
		{"refused", smtpserver.RCPT, []smtpserver.Action{never}, outbox.Failed, "REJECTED", []attempt{{1, "refused", 550}}},
		{"the sender refused", smtpserver.MAIL, []smtpserver.Action{never}, outbox.Failed, "REJECTED", []attempt{{1, "refused", 550}}},
		{"the content refused", smtpserver.Body, []smtpserver.Action{smtpserver.Reply(554, "5.7.1 spam")}, outbox.Failed, "REJECTED", []attempt{{1, "refused", 554}}},
		{"the content refused for now", smtpserver.Body, []smtpserver.Action{smtpserver.Reply(451, "4.7.1 greylisted")}, outbox.Sent, "", []attempt{{1, "temporary", 451}, {2, "sent", 250}}},
		{"the connection lost", smtpserver.Body, []smtpserver.Action{smtpserver.HangUp()}, outbox.Sent, "", []attempt{{1, "temporary", 0}, {2, "sent", 250}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inbox := newInbox(t, smtpConfig)
			site := newSite(t, map[string]string{
				"POSTRIDER_SMTP_URL": inbox.URL(""), "POSTRIDER_EMAIL_RETRY_SCHEDULE": "50ms,50ms,50ms",
			})
			server := site.serve()
			inbox.Next(c.step, c.actions...)
			server.mustPost(payload(t, "replied"))
			eventually(t, func() error {
				return different(1, len(site.deliveries("--state", "sent,failed")))
			})
			settled := site.show(site.deliveries()[0].ID)
			if settled.State != c.state || settled.Reason != c.reason || settled.Attempts != len(c.want) {
				t.Errorf("it is %s %s after %d attempts, want %s %s", settled.State, settled.Reason, settled.Attempts, c.state, c.reason)
			}
			var got []attempt
			for _, a := range settled.AttemptLog {
				got = append(got, attempt{a.Number, a.Result, a.Code})
				if a.Target != "replied@"+domain || a.Gateway != "smtp:"+inbox.Addr() || a.Reply == "" {
					t.Errorf("attempt: %+v", a)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("attempts (-want +got):\n%s", diff)
			}
			if c.state == outbox.Sent {
				inbox.wantEachOnce(t, []string{"replied"})
			} else {
				inbox.wantEachOnce(t, nil)
			}
			server.stop()
		})
	}
}

// TestManyRefusedForNow: a server that puts off whoever comes is paused, and no
// mail is lost by it. What it says about people is not repeated in the log.
func TestManyRefusedForNow(t *testing.T) {
	t.Parallel()
	inbox := newInbox(t, smtpConfig)
	inbox.Always(smtpserver.RCPT, smtpserver.Reply(450, "4.2.1 <somebody@"+domain+">: try later"))
	site := newSite(t, map[string]string{
		"POSTRIDER_SMTP_URL": inbox.URL(""), "POSTRIDER_EMAIL_RETRY_SCHEDULE": strings.TrimSuffix(strings.Repeat("10ms,", 100), ","),
	})
	server := site.serve()
	subjects := server.postMany("greylisted", 40)
	server.awaitLog("gateway paused")
	inbox.Behave()
	inbox.awaitSubjects(t, len(subjects))
	site.awaitStates(map[outbox.State]int{outbox.Sent: len(subjects)})
	inbox.wantEachOnce(t, subjects)
	server.stop()
}

// TestEncryptedGateway: TLS with a certificate that is checked, and a login.
func TestEncryptedGateway(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		tls  smtpserver.TLS
		auth []string
	}{
		{"STARTTLS and PLAIN", smtpserver.StartTLS, []string{"PLAIN"}},
		{"TLS and LOGIN", smtpserver.Implicit, []string{"LOGIN"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var taken []smtpserver.Mail
			inbox := newInbox(t, smtpserver.Config{
				TLS: c.tls, Auth: c.auth, Username: "mailer", Password: "p@ss/w%rd",
				OnMail: func(m smtpserver.Mail) { mu.Lock(); defer mu.Unlock(); taken = append(taken, m) },
			})
			site := newSite(t, map[string]string{"POSTRIDER_SMTP_URL": inbox.URL("")})
			server := site.serve()
			subjects := server.postMany("encrypted", 5)
			server.awaitLog("gateway paused") // nobody we trust vouches for it
			inbox.wantEachOnce(t, nil)
			site.wantNoAttempts()
			if strings.Contains(server.log.String(), "w%rd") {
				t.Error("the log has the password")
			}
			server.stop()

			roots := filepath.Join(t.TempDir(), "roots.pem")
			if err := os.WriteFile(roots, inbox.RootsPEM(), 0o600); err != nil {
				t.Fatal(err)
			}
			site.settings["SSL_CERT_FILE"] = roots
			server = site.serve()
			inbox.awaitSubjects(t, len(subjects))
			site.awaitStates(map[outbox.State]int{outbox.Sent: len(subjects)})
			inbox.wantEachOnce(t, subjects)
			for _, m := range taken {
				if !m.TLS || m.User != "mailer" {
					t.Errorf("a mail came with TLS %v from the user %q", m.TLS, m.User)
				}
			}
			server.stop()
		})
	}
}

// TestCopies: with POSTRIDER_MAILBOX=true mails leave and are kept too.
func TestCopies(t *testing.T) {
	t.Parallel()
	inbox := newInbox(t, smtpConfig)
	site := newSite(t, map[string]string{"POSTRIDER_SMTP_URL": inbox.URL(""), "POSTRIDER_MAILBOX": "true"})
	server := site.serve()
	subjects := server.postMany("copied", 3)
	if mails := server.awaitKept(3); len(mails) != 3 {
		t.Errorf("%d mails are kept, want 3", len(mails))
	}
	inbox.awaitSubjects(t, 3)
	inbox.wantEachOnce(t, subjects)
	server.stop()

	site.settings["POSTRIDER_MAILBOX"] = "false"
	server = site.serve()
	if err := server.get("/mailbox").want(http.StatusNotFound); err != nil {
		t.Errorf("with the mailbox off: %v", err)
	}
	server.stop()
}

// TestConnections: connections are kept and used again, for as many mails as
// they may have; one that died meanwhile costs the mail nothing.
func TestConnections(t *testing.T) {
	t.Parallel()
	inbox := newInbox(t, smtpConfig)
	site := newSite(t, map[string]string{"POSTRIDER_SMTP_URL": inbox.URL("pool=1&max=10")})
	server := site.serve()
	subjects := server.postMany("pooled", 25)
	inbox.awaitSubjects(t, 25)
	if n := inbox.Counts().Connections; n != 3 {
		t.Errorf("25 mails came over %d connections, want 3 for 10 each", n)
	}
	eventually(t, func() error { // once the last mail has its reply
		return different(1, inbox.CloseIdle("421 4.4.2 idle for too long\r\n"))
	})
	server.mustPost(payload(t, "over-a-dead-one"))
	inbox.awaitSubjects(t, 26)
	site.awaitStates(map[outbox.State]int{outbox.Sent: 26})
	inbox.wantEachOnce(t, append(subjects, "over-a-dead-one"))
	for _, d := range site.deliveries() {
		if d.Attempts != 1 {
			t.Errorf("%s has %d attempts", d.ID, d.Attempts)
		}
	}
	server.stop()
}

// TestExpired: what has become too old is not sent any more, unless somebody
// wants it to be.
func TestExpired(t *testing.T) {
	t.Parallel()
	inbox := newInbox(t, smtpConfig)
	inbox.Always(smtpserver.Greeting, smtpserver.Reply(421, "4.3.2 not now").AndHangUp())
	site := newSite(t, map[string]string{"POSTRIDER_SMTP_URL": inbox.URL(""), "POSTRIDER_MAX_AGE": "500ms"})
	server := site.serve()
	server.mustPost(payload(t, "old"))
	eventually(t, func() error {
		var got []string
		for _, d := range site.deliveries() {
			got = append(got, string(d.State)+" "+d.Reason)
		}
		return different([]string{"skipped EXPIRED"}, got)
	})
	site.wantNoAttempts()
	inbox.Behave()
	server.stop()
	site.settings["POSTRIDER_MAX_AGE"] = "1h"
	server = site.serve()
	site.command("deliveries", "replay", "--all", "--reason", "EXPIRED")
	inbox.awaitSubjects(t, 1)
	inbox.wantEachOnce(t, []string{"old"})
	server.stop()
}
