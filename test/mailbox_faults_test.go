package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/postrider/postrider/internal/outbox"
)

// setFaults sets what the mailbox plays.
func (s *server) setFaults(body string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPut, s.url+"/mailbox/api/v1/faults", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.SetBasicAuth(adminUser, adminPassword)
	a, err := s.do(r)
	if err == nil {
		err = a.want(http.StatusOK)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// TestFaultsOnDemand: what the mailbox refuses for good has failed with its
// reason, what it refuses for now is kept when it works again, and every
// attempt can be seen.
func TestFaultsOnDemand(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, settings map[string]string) {
		settings["POSTRIDER_EMAIL_RETRY_SCHEDULE"] = "1s,1s,1s,1s,1s,1s,1s,1s,1s"
		site := newSite(t, settings)
		server := site.serve()
		server.setFaults(`{"permanent": 100}`)
		server.postMany("refused", 1)
		site.awaitStates(map[outbox.State]int{outbox.Failed: 1})
		failed := site.deliveries()[0]
		if shown := site.command("deliveries", "show", failed.ID); !strings.Contains(shown, "REJECTED") || !strings.Contains(shown, "554 5.7.1 mail refused") {
			t.Errorf("deliveries show:\n%s", shown)
		}

		server.setFaults(`{"temporary": 100}`)
		server.postMany("delayed", 1)
		eventually(t, func() error {
			for _, d := range site.deliveries("--state", "pending") {
				if d.Attempts > 0 {
					return nil
				}
			}
			return fmt.Errorf("the mail has not been refused")
		})
		server.setFaults(`{"slow": 100, "delayMs": 20}`)
		wait := server.get("/mailbox/api/v1/messages/wait?q=subject:delayed&timeout=60s")
		if err := wait.want(http.StatusOK); err != nil {
			t.Fatal(err)
		}
		site.awaitStates(map[outbox.State]int{outbox.Failed: 1, outbox.Sent: 1})
		sent := site.deliveries("--state", "sent")[0]
		if shown := site.command("deliveries", "show", sent.ID); !strings.Contains(shown, "451 4.3.0 try again later") {
			t.Errorf("deliveries show:\n%s", shown)
		}
		server.stop()
	})
}
