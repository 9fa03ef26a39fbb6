package e2e_test

import (
	"strings"
	"testing"

	"github.com/postrider/postrider/internal/outbox"
)

// TestOneServerPerFile: a second server on the same SQLite file refuses to
// start and says why; commands work beside the first, which notices nothing.
func TestOneServerPerFile(t *testing.T) {
	t.Parallel()
	inbox := newInbox(t, smtpConfig)
	site := newSite(t, map[string]string{"POSTRIDER_SMTP_URL": inbox.URL("")})
	server := site.serve()
	subjects := server.postMany("alone", 50)
	for range 3 {
		r := site.run("serve")
		if r.code != 1 || !strings.Contains(r.errOut, "another postrider is serving from this database file") ||
			!strings.Contains(r.errOut, site.settings["POSTRIDER_DATA_DIR"]) {
			t.Errorf("a second server: %+v", r)
		}
		site.command("contacts", "set", "andrew", "andrew@example.com")
		site.command("credentials")
	}
	inbox.awaitSubjects(t, len(subjects))
	site.awaitStates(map[outbox.State]int{outbox.Sent: len(subjects)})
	inbox.wantEachOnce(t, subjects)
	server.stop()

	// The file is free at once: after a stop, and after a crash.
	site.serve().kill()
	site.serve().stop()
}
