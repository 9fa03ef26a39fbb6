package e2e_test

import (
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// credential is one of what `postrider credentials --json` prints.
type credential struct {
	Name      string `json:"name"`
	Username  string `json:"username"`
	Password  string `json:"password"`
	Generated bool   `json:"generated"`
}

// credentials are those of the site, in the order in which they are shown.
func (s *site) credentials() (webhook, events, apiKey, admin credential) {
	s.t.Helper()
	var all []credential
	s.ask(&all, "credentials")
	var names []string
	for _, c := range all {
		names = append(names, c.Name)
	}
	if err := different([]string{"webhook", "events", "apikey", "admin"}, names); err != nil {
		s.t.Fatalf("credentials %v", err)
	}
	return all[0], all[1], all[2], all[3]
}

// newFreshSite returns a site where nothing was ever configured or started.
func newFreshSite(t *testing.T) *site {
	t.Helper()
	site := newSite(t, map[string]string{"POSTRIDER_DATA_DIR": filepath.Join(t.TempDir(), "data")})
	for _, name := range []string{"WEBHOOK_USERNAME", "WEBHOOK_PASSWORD", "EVENTS_USERNAME", "EVENTS_PASSWORD", "API_KEY", "ADMIN_PASSWORD"} {
		delete(site.settings, "POSTRIDER_"+name)
	}
	return site
}

const generatedSaid = "credentials were generated; `postrider credentials` shows them"

// TestFirstStart: without a terminal the credentials that the first start
// makes are not printed anywhere, and a command shows them.
func TestFirstStart(t *testing.T) {
	t.Parallel()
	site := newFreshSite(t)
	server := site.serve()
	server.awaitLog(generatedSaid)
	if out := server.out.String(); out != "" {
		t.Errorf("standard output is no terminal, and says %q", out)
	}
	webhook, events, apiKey, admin := site.credentials()
	all := []credential{webhook, events, apiKey, admin}
	for _, c := range all {
		if !c.Generated || len(c.Password) < 20 {
			t.Errorf("not generated, or easy to guess: %+v", c)
		}
		if strings.Contains(server.log.String(), c.Password) {
			t.Errorf("the log has the password of %s", c.Name)
		}
		if table := site.command("credentials"); !strings.Contains(table, c.Password) {
			t.Errorf("credentials without --json lacks the password of %s:\n%s", c.Name, table)
		}
	}
	server.mustPost(payload(t, "first"), signedIn(webhook.Username, webhook.Password))
	server.mustPostEvents(batch(event{"trigger": "not_known"}), signedIn(events.Username, events.Password))
	if err := server.callAPI(http.MethodGet, "/apikeys", "", withKey(apiKey.Password)).want(http.StatusOK); err != nil {
		t.Errorf("the API with the generated key: %v", err)
	}
	asAdmin, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.url+"/mailbox/api/v1/messages", nil)
	if err != nil {
		t.Fatal(err)
	}
	asAdmin.SetBasicAuth(admin.Username, admin.Password)
	if a, err := server.do(asAdmin); err != nil || a.status != http.StatusOK {
		t.Errorf("the mailbox with the admin's credentials: %d %v", a.status, err)
	}
	wantPrivate(t, site.settings["POSTRIDER_DATA_DIR"])
	server.stop()

	again := site.serve()
	sameWebhook, sameEvents, sameKey, sameAdmin := site.credentials()
	if diff := cmp.Diff(all, []credential{sameWebhook, sameEvents, sameKey, sameAdmin}); diff != "" {
		t.Errorf("a second start changed the credentials (-first +second):\n%s", diff)
	}
	if strings.Contains(again.log.String(), generatedSaid) {
		t.Error("a second start says again that credentials were generated")
	}
	again.stop()
}

// wantPrivate complains unless the data directory and all in it are only the
// owner's.
func wantPrivate(t *testing.T, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if entry.IsDir() {
			want = 0o700
		} else {
			files++
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %v, want %v", path, got, want)
		}
		return nil
	})
	if err != nil || files < 2 {
		t.Errorf("%d files: %v", files, err)
	}
}
