package e2e_test

import (
	"fmt"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/testkit/smtpserver"
)

// stopGrace is how long a stop may take when the gateway does not answer: 20 s
// for what is in hand, and a little for the rest.
const stopGrace = 26 * time.Second

// TestStopFinishes: SIGTERM lets the mails that are under way finish, begins no
// more, and loses and doubles none.
func TestStopFinishes(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, settings map[string]string) {
		const posted = 200
		begun, finish := make(chan struct{}), make(chan struct{})
		inbox := newInbox(t, smtpserver.Config{OnMail: func(smtpserver.Mail) {
			select { // between the final dot and its reply
			case begun <- struct{}{}:
				<-finish
			case <-finish:
			}
		}})
		settings["POSTRIDER_SMTP_URL"] = inbox.URL("pool=4")
		site := newSite(t, settings)
		server := site.serve()
		subjects := server.postMany("stopped", posted)
		for range 4 {
			select {
			case <-begun:
			case <-within(t).Done():
				t.Fatal("no mails are under way")
			}
		}
		server.expected.Store(true)
		server.signal(syscall.SIGTERM)
		server.awaitLog("stopping")
		// Until its sockets are closed the server still accepts, and keeps.
		eventually(t, func() error {
			late := fmt.Sprintf("late-%04d", len(subjects))
			a, err := server.post(payload(t, late))
			if err != nil {
				return nil //nolint:nilerr // nothing listens any more
			}
			if a.status == http.StatusOK {
				subjects = append(subjects, late)
			}
			return a.want(http.StatusServiceUnavailable)
		})
		mails := len(subjects)
		close(finish)
		server.awaitExit(0)

		sent := len(site.deliveries("--state", "sent"))
		arrived, err := inbox.taken.arrivals()
		if err != nil {
			t.Fatal(err)
		}
		if sent != len(arrived) || sent < 4 || sent == mails {
			t.Errorf("%d are marked as sent, %d arrived of %d; want the same number, and neither none nor all", sent, len(arrived), mails)
		}
		site.awaitStates(map[outbox.State]int{outbox.Sent: sent, outbox.Pending: mails - sent})

		server = site.serve()
		inbox.awaitSubjects(t, mails)
		site.awaitStates(map[outbox.State]int{outbox.Sent: mails})
		inbox.wantEachOnce(t, subjects)
		server.stop()
	})
}

// hanging starts a server with mails in hand that the gateway never answers.
func hanging(t *testing.T) (*site, *server, *inbox, []string) {
	t.Helper()
	const mails = 40
	inbox := newInbox(t, smtpConfig)
	inbox.Always(smtpserver.Body, smtpserver.Stall())
	site := newSite(t, map[string]string{"POSTRIDER_SMTP_URL": inbox.URL("pool=4")})
	server := site.serve()
	subjects := server.postMany("hanging", mails)
	if err := inbox.Await(within(t), func(c smtpserver.Counts) bool { return c.Steps[smtpserver.Body] >= 4 }); err != nil {
		t.Fatal(err)
	}
	return site, server, inbox, subjects
}

// TestSecondSignal: who does not want to wait for a gateway that hangs asks
// twice, and loses nothing by it.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	site, server, inbox, subjects := hanging(t)
	server.expected.Store(true)
	server.signal(syscall.SIGTERM)
	server.awaitLog("stopping")
	// From now on the signal has its default effect; when exactly is not said.
	eventually(t, func() error {
		server.signal(syscall.SIGTERM)
		select {
		case <-server.ended:
			return nil
		default:
			return different("ended", "running")
		}
	})
	inbox.Behave()
	server = site.serve()
	inbox.awaitSubjects(t, len(subjects))
	site.awaitStates(map[outbox.State]int{outbox.Sent: len(subjects)})
	inbox.wantEachOnce(t, subjects)
	server.stop()
}

// TestStopGivesUp: a gateway that hangs does not keep the process; its mails
// are given back, and not tried.
func TestStopGivesUp(t *testing.T) {
	if !soak {
		t.Skip("takes 20 s; set POSTRIDER_TEST_SOAK=1")
	}
	t.Parallel()
	site, server, inbox, subjects := hanging(t)
	asked := time.Now()
	server.stop()
	if took := time.Since(asked); took > stopGrace {
		t.Errorf("the stop took %v, want at most %v", took, stopGrace)
	}
	site.awaitStates(map[outbox.State]int{outbox.Pending: len(subjects)})
	site.wantNoAttempts()
	inbox.Behave()
	server = site.serve()
	inbox.awaitSubjects(t, len(subjects))
	site.awaitStates(map[outbox.State]int{outbox.Sent: len(subjects)})
	inbox.wantEachOnce(t, subjects)
	server.stop()
}
