package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/notification"
)

func withoutEmail(n *notification.Notification) { n.Data.To.Email = "" }

// TestMissingAddress: a notification without an address is accepted, skipped,
// and goes out once there is one, beside the running server.
func TestMissingAddress(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, settings map[string]string) {
		inbox := newInbox(t, smtpConfig)
		settings["POSTRIDER_SMTP_URL"] = inbox.URL("")
		site := newSite(t, settings)
		server := site.serve()
		for _, subject := range []string{"set", "imported", "forgotten", "invalid"} {
			server.mustPost(payload(t, subject, func(n *notification.Notification) {
				withoutEmail(n)
				if subject == "invalid" {
					n.Data.To.Email = "not an address"
				}
			}))
		}
		states := func() map[string]string {
			all := make(map[string]string)
			for _, d := range site.deliveries() {
				all[d.Recipient] = strings.TrimSpace(string(d.State) + " " + d.Reason)
			}
			return all
		}
		await := func(want map[string]string) {
			t.Helper()
			eventually(t, func() error { return different(want, states()) })
		}
		await(map[string]string{
			"uid-set": "skipped MISSING_EMAIL", "uid-imported": "skipped MISSING_EMAIL", "uid-forgotten": "skipped MISSING_EMAIL",
			"uid-invalid": "skipped INVALID_EMAIL",
		})
		for _, d := range site.deliveries() {
			if d.Attempts != 0 || d.Detail == "" {
				t.Errorf("skipped with %d attempts and the detail %q", d.Attempts, d.Detail)
			}
		}

		// User ids are the same in upper and lower case.
		site.command("contacts", "set", "UID-Set", "set@example.com")
		site.command("contacts", "import", csvFile(t, "uid,email\nuid-imported,imported@example.com\n"))
		site.command("deliveries", "replay", "--all", "--reason", "missing_email")
		await(map[string]string{
			"uid-set": "sent", "uid-imported": "sent", "uid-forgotten": "skipped MISSING_EMAIL", "uid-invalid": "skipped INVALID_EMAIL",
		})
		inbox.wantEachOnce(t, []string{"set", "imported"})

		// From now on the contacts are known; an address in the notification
		// comes first.
		server.mustPost(payload(t, "again", withoutEmail, func(n *notification.Notification) { n.Data.To.UID = "uid-set" }))
		server.mustPost(payload(t, "own", func(n *notification.Notification) { n.Data.To.UID = "uid-imported" }))
		inbox.awaitSubjects(t, 4)
		eventually(t, func() error { return different(2, len(site.deliveries("--recipient", "UID-SET", "--state", "sent"))) })
		target := func(recipient string) string {
			newest := site.deliveries("--recipient", recipient)[0]
			var log []outbox.Attempt
			eventually(t, func() error { log = site.show(newest.ID).AttemptLog; return different(1, len(log)) })
			return log[0].Target
		}
		if got := target("uid-set"); got != "set@example.com" {
			t.Errorf("sent to %s, which is not the contact's address", got)
		}
		if got := target("uid-imported"); got != "own@"+domain {
			t.Errorf("sent to %s, which is not the notification's address", got)
		}
		server.stop()
	})
}

func csvFile(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "contacts.csv")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// contact is one of what `contacts list --json` prints.
type contact struct {
	UID   string `json:"uid"`
	Email string `json:"email"`
}

// TestContacts: the commands that manage addresses, with no server running.
func TestContacts(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, settings map[string]string) {
		site := newSite(t, settings)
		list := func(arguments ...string) []contact {
			var all []contact
			site.ask(&all, append([]string{"contacts", "list"}, arguments...)...)
			return all
		}
		if out := site.command("contacts", "list"); out != "No contacts.\n" {
			t.Errorf("an empty list is %q", out)
		}

		imported := site.run("contacts", "import", csvFile(t, strings.Join([]string{
			"\ufeffname;UID;Email",
			"Andrew;andrew;andrew@example.com",
			"Susan;SUSAN;susan@bücher.example",
			"John;john;not an address",
			"Nobody;;nobody@example.com",
			"Short;short",
			`Broken;"bro"ken;broken@example.com`,
			"Two;two;two@example.com, three@example.com",
			"Zoe;zoe;zoe@example.com",
		}, "\r\n")))
		if imported.code != 0 || !strings.Contains(imported.out, "3 imported, 5 refused") {
			t.Errorf("import: exit code %d\n%s%s", imported.code, imported.out, imported.errOut)
		}
		for _, line := range []string{"line 4: email: not an email address", "line 5: uid: is empty", "line 6: has too few columns", "line 7: ", "line 8: email: "} {
			if !strings.Contains(imported.errOut, line) {
				t.Errorf("import does not say %q:\n%s", line, imported.errOut)
			}
		}
		want := []contact{{"andrew", "andrew@example.com"}, {"susan", "susan@xn--bcher-kva.example"}, {"zoe", "zoe@example.com"}}
		if diff := cmp.Diff(want, list()); diff != "" {
			t.Errorf("after the import (-want +got):\n%s", diff)
		}
		var counted struct {
			Imported int `json:"imported"`
			Refused  int `json:"refused"`
			Refusals []struct {
				Line    int    `json:"line"`
				Problem string `json:"problem"`
			} `json:"refusals"`
		}
		site.ask(&counted, "contacts", "import", csvFile(t, "uid,email\nandrew,andrew@example.org\nx,y\n"))
		if counted.Imported != 1 || counted.Refused != 1 || len(counted.Refusals) != 1 || counted.Refusals[0].Line != 3 {
			t.Errorf("import --json: %+v", counted)
		}

		if r := site.run("contacts", "set", "andrew", "Andrew <andrew@example.com>"); r.code != 1 || !strings.Contains(r.errOut, "not an email address") {
			t.Errorf("set to what is no address: %+v", r)
		}
		site.command("contacts", "set", "john", "john@example.com")
		site.command("contacts", "delete", "Zoe")
		if r := site.run("contacts", "delete", "zoe"); r.code != 1 || !strings.Contains(r.errOut, "zoe") {
			t.Errorf("delete of nobody: %+v", r)
		}
		want = []contact{{"andrew", "andrew@example.org"}, {"john", "john@example.com"}, {"susan", "susan@xn--bcher-kva.example"}}
		if diff := cmp.Diff(want, list()); diff != "" {
			t.Errorf("in the end (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want[1:2], list("--search", "JOHN")); diff != "" {
			t.Errorf("--search (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want[1:2], list("--after", "andrew", "--limit", "1")); diff != "" {
			t.Errorf("--after and --limit (-want +got):\n%s", diff)
		}
		if page := site.command("contacts", "list", "--limit", "2"); !strings.Contains(page, "More with --after john") {
			t.Errorf("a page does not say how the list goes on:\n%s", page)
		}

		const exported = "uid,email\nandrew,andrew@example.org\njohn,john@example.com\nsusan,susan@xn--bcher-kva.example\n"
		if out := site.command("contacts", "export"); out != exported {
			t.Errorf("export:\n%s", out)
		}
		file := filepath.Join(t.TempDir(), "export.csv")
		site.command("contacts", "export", file)
		if content, err := os.ReadFile(file); err != nil || string(content) != exported {
			t.Errorf("export to a file: %v\n%s", err, content)
		}
		var everybody []contact
		site.ask(&everybody, "contacts", "export")
		if diff := cmp.Diff(want, everybody); diff != "" {
			t.Errorf("export --json (-want +got):\n%s", diff)
		}
		var exportedFile []contact
		site.command("contacts", "export", "--json", file)
		if content, err := os.ReadFile(file); err != nil || json.Unmarshal(content, &exportedFile) != nil || !slices.Equal(exportedFile, want) {
			t.Errorf("export --json to a file: %v\n%s", err, content)
		}

		if r := site.run("contacts", "import", csvFile(t, "andrew,andrew@example.com\n")); r.code != 1 || !strings.Contains(r.errOut, "uid and email") {
			t.Errorf("import without column names: %+v", r)
		}
	})
}

// TestImportOfMany: a whole community at once.
func TestImportOfMany(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, settings map[string]string) {
		site := newSite(t, settings)
		var file strings.Builder
		file.WriteString("uid,email\n")
		const people, wrong = 20_000, 150
		for i := range people {
			file.WriteString("member-" + itoa(i) + ",member-" + itoa(i) + "@example.com\n")
		}
		for range wrong {
			file.WriteString("nobody,nowhere\n")
		}
		r := site.run("contacts", "import", csvFile(t, file.String()))
		if r.code != 0 || r.out != "20000 imported, 150 refused\n" || !strings.Contains(r.errOut, "… and 50 more") {
			t.Errorf("import: exit code %d %s%s", r.code, r.out, r.errOut)
		}
		if lines := strings.Count(site.command("contacts", "export"), "\n"); lines != people+1 {
			t.Errorf("%d lines are exported, want %d", lines, people+1)
		}
	})
}
