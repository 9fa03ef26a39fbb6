package dashboard_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/engine/sendgrid"
	"github.com/postrider/postrider/internal/engine/webhook"
	"github.com/postrider/postrider/internal/outbox"
)

// fill gives a site something to show.
func (s *site) fill(t *testing.T) {
	t.Helper()
	err := s.vault.AddCustom(t.Context(), "default", &webhook.Config{
		IsEnabled: true, WebhookURL: "https://hooks.example.com/email", UseBasicAuth: true, BasicAuthUsername: "mailer", BasicAuthPassword: "tiger-tiger",
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.vault.AddSendGrid(t.Context(), "default", &sendgrid.Config{
		APIKey: "SG.x", TemplateID: "d-0123456789abcdef0123456789abcdef", UnsubscribeGroupID: 42, SenderName: "Acme Chat", SenderEmail: "chat@example.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.accounts.Invite(t.Context(), s.actor(), "ada", access.RoleOperator); err != nil {
		t.Fatal(err)
	}
}

// What the pages are, to the letter. Run with -update after a change that is
// meant, and look at the difference.
func TestPages(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	mira := s.as(t, "mira")
	compare(t, s, "signin", s.stranger().get(t, "/dashboard/sign-in?next=/mailbox"))
	compare(t, s, "signin-wrong", s.stranger().want(t, http.StatusUnauthorized, http.MethodPost, "/dashboard/sign-in", login("mira", "wrong", "/mailbox")))
	compare(t, s, "overview-empty", mira.get(t, "/dashboard"))
	compare(t, s, "credentials-empty", mira.get(t, "/dashboard/credentials"))
	compare(t, s, "custom-new", mira.get(t, customPath))
	compare(t, s, "custom-wrong", mira.want(t, http.StatusUnprocessableEntity, http.MethodPost, customPath, custom("ftp://hooks.example.com", with("basicAuthUsername", ""))))
	compare(t, s, "sendgrid-new", mira.get(t, gridPath))
	s.fill(t)
	compare(t, s, "overview", mira.get(t, "/dashboard"))
	compare(t, s, "credentials", mira.get(t, "/dashboard/credentials?done=saved"))
	compare(t, s, "credentials-viewer", s.as(t, "vera").get(t, "/dashboard/credentials"))
	compare(t, s, "custom", mira.get(t, customPath))
	compare(t, s, "custom-test", mira.get(t, customPath+"/test"))
	compare(t, s, "custom-delete", mira.get(t, customPath+"/delete"))
	compare(t, s, "preferences", mira.get(t, "/dashboard/preferences"))
	compare(t, s, "preferences-viewer", s.as(t, "vera").get(t, "/dashboard/preferences"))
	compare(t, s, "templates", mira.get(t, templatesPath))
	compare(t, s, "templates-viewer", s.as(t, "vera").get(t, templatesPath))
	compare(t, s, "people-empty", mira.get(t, "/dashboard/people"))
	compare(t, s, "import", mira.get(t, "/dashboard/people-import"))
	s.community(t)
	compare(t, s, "people", mira.get(t, "/dashboard/people"))
	compare(t, s, "person", mira.get(t, "/dashboard/people/andrew-joseph"))
	compare(t, s, "keys", mira.get(t, "/dashboard/keys"))
	compare(t, s, "accounts", mira.get(t, "/dashboard/accounts"))
	compare(t, s, "account", mira.get(t, "/dashboard/accounts/otto"))
	compare(t, s, "invite", mira.get(t, "/dashboard/invite"))
	compare(t, s, "own", mira.get(t, "/dashboard/account"))
	compare(t, s, "audit", mira.get(t, "/dashboard/audit"))
	s.converse(t)
	compare(t, s, "overview-numbers", mira.get(t, "/dashboard?by=day"))
	compare(t, s, "log", mira.get(t, "/dashboard/log?status=skipped"))
	compare(t, s, "log-mails", mira.get(t, "/dashboard/log?channel=mail"))
	compare(t, s, "entry", mira.get(t, "/dashboard/log/"+s.first(t, outbox.Filter{Lane: outbox.LaneCall, Recipient: "vic"}).ID))
	compare(t, s, "log-replay", mira.get(t, "/dashboard/log/replay?status=skipped"))
	compare(t, s, "missing", mira.want(t, http.StatusNotFound, http.MethodGet, "/dashboard/nothing", nil))
	compare(t, s, "forbidden", s.as(t, "vera").want(t, http.StatusForbidden, http.MethodGet, "/dashboard/invite", nil))
}

var (
	// hashes change with every edit of an asset, the pages do not.
	hashes = regexp.MustCompile(`\.[0-9a-f]{10}\.(css|js|svg)`)
	// random are the ids of sessions.
	random = regexp.MustCompile(`[0-9a-f]{32}`)
	// made are the ids of deliveries, which begin with a time.
	made = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)
)

// compare holds a page against testdata/pages/NAME.html.
func compare(t *testing.T, s *site, name string, page reply) {
	t.Helper()
	const contentType = "text/html; charset=utf-8"
	if got := page.header.Get("Content-Type"); got != contentType {
		t.Errorf("%s: Content-Type is %q, want %q", name, got, contentType)
	}
	got := hashes.ReplaceAllString(strings.ReplaceAll(page.body, s.URL, "http://SITE"), ".HASH.$1")
	if !strings.Contains(name, "sendgrid") && !strings.HasPrefix(name, "credentials") {
		got = random.ReplaceAllString(got, "RANDOM")
	}
	got = made.ReplaceAllString(got, "DELIVERY")
	path := filepath.Join("testdata", "pages", name+".html")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is not %s (-want +got):\n%s", name, path, diff)
	}
}

// crawl asks for all that is linked from the overview, and from there on. root is
// nil where the answer is no page.
func (v *visitor) crawl(t *testing.T, visit func(path string, page reply, root *html.Node)) {
	t.Helper()
	queue, seen := []string{"/dashboard"}, map[string]bool{"/dashboard": true}
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		page := v.ask(t, http.MethodGet, path, nil)
		if page.status != http.StatusOK && page.status != http.StatusSeeOther && path != "/docs" {
			t.Errorf("%s: %d", path, page.status)
		}
		if !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") {
			visit(path, page, nil)
			continue
		}
		root, err := html.Parse(strings.NewReader(page.body))
		if err != nil {
			t.Fatal(err)
		}
		visit(path, page, root)
		for node := range root.Descendants() {
			for _, a := range node.Attr {
				if (a.Key == "href" || a.Key == "src") && strings.HasPrefix(a.Val, "/") {
					link, _, _ := strings.Cut(a.Val, "#")
					if !seen[link] {
						seen[link], queue = true, append(queue, link)
					}
				}
			}
		}
	}
	if len(seen) < 25 {
		t.Errorf("only %d addresses: %v", len(seen), seen)
	}
}

// All pages, by all their links: no link leads nowhere, no id is there twice, and
// nothing is in a page that its policy refuses.
func TestPagesAreSound(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	s.fill(t)
	s.as(t, "mira").crawl(t, func(path string, page reply, root *html.Node) {
		policy := page.header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe-eval") || strings.Contains(policy, "script-src 'unsafe-inline'") {
			t.Errorf("%s: its policy is %q", path, policy)
		}
		if root == nil || page.status != http.StatusOK || strings.HasPrefix(path, templatesPath+"/preview") {
			return // a document for a frame has a policy of its own: see TestPreview
		}
		if !strings.Contains(policy, "script-src 'self'; ") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe-inline") {
			t.Errorf("%s: its policy is %q", path, policy)
		}
		ids := make(map[string]bool)
		for node := range root.Descendants() {
			for _, a := range node.Attr {
				switch {
				case a.Key == "style", strings.HasPrefix(a.Key, "on"):
					t.Errorf("%s: the attribute %s, which the policy refuses", path, a.Key)
				case a.Key == "id":
					if ids[a.Val] {
						t.Errorf("%s: the id %s twice", path, a.Val)
					}
					ids[a.Val] = true
				}
			}
			if node.Data == "style" || node.Data == "script" && node.FirstChild != nil {
				t.Errorf("%s: a %s written into the page", path, node.Data)
			}
		}
	})
}

// The database is gone: people are told, and nothing is made up.
func TestWithoutDatabase(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	mira := s.as(t, "mira")
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	mira.want(t, http.StatusServiceUnavailable, http.MethodGet, "/dashboard", nil).contains(t, "try again later")
	s.stranger().want(t, http.StatusServiceUnavailable, http.MethodPost, "/dashboard/sign-in", login("mira", password, "")).lacks(t, "sql")
	mira.want(t, http.StatusServiceUnavailable, http.MethodPost, customPath, url.Values{})
}
