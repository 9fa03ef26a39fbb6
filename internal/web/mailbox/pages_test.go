package mailbox_test

import (
	"html"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	gateway "github.com/postrider/postrider/internal/provider/gateway/mailbox"
	"github.com/postrider/postrider/notification"
)

// What the pages are, to the letter. Run with -update after a change that is
// meant, and look at the difference.
func TestPages(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://postrider.example.com", func(s *site) { s.targets = scripted })
	compare(t, "empty", s.want(t, http.StatusOK, "GET", "/mailbox"))

	oneOnOne := s.keep(t, 1, "andrew-joseph@example.com", strings.ReplaceAll(file(t, "one-on-one.eml"), "PUBLIC_URL", "https://postrider.example.com"))
	hostile := s.keep(t, 2, "andrew-joseph@example.com", file(t, "hostile.eml"))
	broken := s.keep(t, 3, "mira@example.com", file(t, "broken.eml"))
	unreadable := s.keep(t, 4, "mira@example.com", "this is no header\n\nand no mail\n")

	for name, path := range map[string]string{
		"list":       "/mailbox",
		"filtered":   "/mailbox?to=mira@example.com",
		"nobody":     "/mailbox?to=<nobody>@example.com",
		"searched":   "/mailbox?q=hiking+-draft",
		"delete":     "/mailbox/delete",
		"faults":     "/mailbox/faults",
		"links":      "/mailbox/" + oneOnOne + "?view=links",
		"check":      "/mailbox/" + oneOnOne + "?view=check",
		"breaks":     "/mailbox/" + hostile + "?view=check",
		"badlinks":   "/mailbox/" + hostile + "?view=links",
		"html":       "/mailbox/" + oneOnOne,
		"text":       "/mailbox/" + oneOnOne + "?view=text",
		"headers":    "/mailbox/" + oneOnOne + "?view=headers",
		"source":     "/mailbox/" + oneOnOne + "?view=source",
		"hostile":    "/mailbox/" + hostile,
		"images":     "/mailbox/" + hostile + "?view=html&images=1",
		"broken":     "/mailbox/" + broken,
		"unreadable": "/mailbox/" + unreadable,
	} {
		compare(t, name, s.want(t, http.StatusOK, "GET", path))
	}
	compare(t, "checked", s.want(t, http.StatusOK, "POST", "/mailbox/"+oneOnOne+"/links"))
	if err := s.store.SetFaults(t.Context(), gateway.Faults{Temporary: 30, Permanent: 5, Slow: 50, Delay: 1500 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	compare(t, "faults-on", s.want(t, http.StatusOK, "GET", "/mailbox/faults"))
	compare(t, "list-faults", s.want(t, http.StatusOK, "GET", "/mailbox"))
	compare(t, "missing", s.want(t, http.StatusNotFound, "GET", "/mailbox/"+id(99)))
}

// scripted has all images and no pages.
var scripted = roundTrip(func(r *http.Request) (*http.Response, error) {
	status := http.StatusNotFound
	if strings.HasSuffix(r.URL.Path, ".png") {
		status = http.StatusOK
	}
	return &http.Response{StatusCode: status, Header: make(http.Header), Body: http.NoBody, Request: r}, nil
})

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// hashes change with every edit of an asset, the pages do not.
var hashes = regexp.MustCompile(`\.[0-9a-f]{10}\.(css|js|svg)`)

// compare holds a page against testdata/pages/NAME.html.
func compare(t *testing.T, name string, page reply) {
	t.Helper()
	const contentType = "text/html; charset=utf-8"
	if got := page.header.Get("Content-Type"); got != contentType {
		t.Errorf("%s: Content-Type is %q, want %q", name, got, contentType)
	}
	path := filepath.Join("testdata", "pages", name+".html")
	got := hashes.ReplaceAllString(page.body, ".HASH.$1")
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

// Every address that a page refers to exists.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	for n := range 60 {
		s.keep(t, n, "andrew@example.com", simple("Hello"))
	}
	hostile := s.keep(t, 60, "andrew@example.com", file(t, "hostile.eml"))
	links := regexp.MustCompile(`(?:href|src)="([^"#]+)"`)
	seen := make(map[string]bool)
	for _, start := range []string{"/mailbox", "/mailbox/delete", "/mailbox/" + hostile, "/mailbox/" + hostile + "?images=1"} {
		for _, link := range links.FindAllStringSubmatch(s.want(t, http.StatusOK, "GET", start).body, -1) {
			seen[html.UnescapeString(link[1])] = true
		}
	}
	if len(seen) < 60 {
		t.Fatalf("only %d links found", len(seen))
	}
	for link := range seen {
		answer := s.ask(t, "GET", link)
		if answer.status != http.StatusOK && link != "/" {
			t.Errorf("GET %s: status %d", link, answer.status)
		}
	}
}

func TestListPages(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	const mails = 120
	for n := range mails {
		to := "andrew@example.com"
		if n%2 == 1 {
			to = "mira@example.com"
		}
		s.keep(t, n, to, simple("Hello"))
	}
	for path, want := range map[string][]int{
		"/mailbox":                     {50, 50, 20},
		"/mailbox?to=MIRA@example.com": {50, 10}, // people type addresses as they like
	} {
		var got []int
		seen := make(map[string]bool)
		for path != "" {
			body := s.want(t, http.StatusOK, "GET", path).body
			rows := regexp.MustCompile(`<a class="mail" href="([^"]+)"`).FindAllStringSubmatch(body, -1)
			got = append(got, len(rows))
			for _, row := range rows {
				if seen[row[1]] {
					t.Errorf("%s: %s is listed twice", path, row[1])
				}
				seen[row[1]] = true
			}
			older := regexp.MustCompile(`href="([^"]+)" rel="next"`).FindStringSubmatch(body)
			path = ""
			if older != nil {
				path = html.UnescapeString(older[1])
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("mails on the pages (-want +got):\n%s", diff)
		}
	}
}

// The example that an empty mailbox shows is accepted as it stands.
func TestExampleIsANotification(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	body := s.want(t, http.StatusOK, "GET", "/mailbox").body
	_, after, found := strings.Cut(html.UnescapeString(body), "--data '")
	example, _, ended := strings.Cut(after, "'</code>")
	if !found || !ended {
		t.Fatal("no example on the page")
	}
	n, err := notification.Decode([]byte(example))
	if err != nil {
		t.Fatalf("%v\n%s", err, example)
	}
	if n.Data.To.Email == "" {
		t.Error("the example has no address: it would be skipped")
	}
	if strings.Contains(example, "'") {
		t.Error("the example breaks the shell's quotes")
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	first := s.keep(t, 1, "andrew@example.com", simple("First"))
	s.keep(t, 2, "andrew@example.com", simple("Second"))
	s.keep(t, 3, "andrew@example.com", simple("Third"))

	for range 2 { // the second time it is gone already
		answer := s.want(t, http.StatusSeeOther, "POST", "/mailbox/"+first+"/delete")
		if to := answer.header.Get("Location"); to != "/mailbox" {
			t.Errorf("then goes to %q", to)
		}
	}
	s.want(t, http.StatusNotFound, "GET", "/mailbox/"+first)
	if n := s.count(t); n != 2 {
		t.Errorf("%d mails are left, want 2", n)
	}
	s.want(t, http.StatusSeeOther, "POST", "/mailbox/delete")
	if n := s.count(t); n != 0 {
		t.Errorf("%d mails are left, want 0", n)
	}
}

func (s *site) count(t *testing.T) int {
	t.Helper()
	mails, err := s.store.Mails(t.Context(), gateway.Query{}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return len(mails)
}

// A browser sends the credentials along, whoever made it send the request.
func TestOtherSitesCannotDelete(t *testing.T) {
	t.Parallel()
	const public = "http://postrider.intranet"
	s := newSite(t, public)
	mail := s.keep(t, 1, "andrew@example.com", simple("Hello"))
	requests := []struct{ method, path string }{
		{"POST", "/mailbox/" + mail + "/delete"},
		{"POST", "/mailbox/delete"},
		{"DELETE", "/mailbox/api/v1/messages/" + mail},
		{"DELETE", "/mailbox/api/v1/messages"},
	}
	for _, fields := range [][]string{
		{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
		{"Sec-Fetch-Site", "same-site", "Origin", "http://evil.intranet"},
		{"Origin", "https://evil.example"}, // a browser that knows no better
		{"Origin", "null"},                 // a sandboxed frame, such as a mail's
	} {
		for _, r := range requests {
			s.want(t, http.StatusForbidden, r.method, r.path, fields...)
		}
	}
	if n := s.count(t); n != 1 {
		t.Fatal("the mail was deleted")
	}
	for i, fields := range [][]string{
		{"Sec-Fetch-Site", "same-origin", "Origin", public},
		{"Origin", s.URL},
		{"Origin", public}, // behind a proxy that sets another Host
		{},                 // no browser
	} {
		mail := s.keep(t, 10+i, "andrew@example.com", simple("Hello"))
		s.want(t, http.StatusSeeOther, "POST", "/mailbox/"+mail+"/delete", fields...)
	}
}

func TestDownload(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	mail := s.keep(t, 1, "andrew@example.com", simple("Hello"))
	kept, err := s.store.Mail(t.Context(), mail)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/mailbox/" + mail + "/source.eml", "/mailbox/api/v1/messages/" + mail + "/source.eml"} {
		answer := s.want(t, http.StatusOK, "GET", path)
		if answer.body != string(kept.Raw) {
			t.Errorf("%s is not the mail byte for byte", path)
		}
		if got, want := answer.header.Get("Content-Disposition"), `attachment; filename="postrider-`+mail+`.eml"`; got != want {
			t.Errorf("Content-Disposition is %q, want %q", got, want)
		}
		if got := answer.header.Get("Content-Type"); got != "message/rfc822" {
			t.Errorf("Content-Type is %q", got)
		}
	}
}

// Ids are ours, but nothing must hang on that.
func TestOddID(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	const odd = "\"; filename=\"a/../b?c#d%\"<script>"
	kept := storedMail(odd, simple("Hello"))
	if err := s.store.AddMail(t.Context(), kept, 10); err != nil {
		t.Fatal(err)
	}
	path := "/mailbox/" + url.PathEscape(odd)
	if body := s.want(t, http.StatusOK, "GET", "/mailbox").body; !strings.Contains(body, path) || strings.Contains(body, "<script>") {
		t.Errorf("the list has no link to %s", path)
	}
	s.want(t, http.StatusOK, "GET", path)
	s.want(t, http.StatusOK, "GET", path+"/html")
	answer := s.want(t, http.StatusOK, "GET", path+"/source.eml")
	if got, want := answer.header.Get("Content-Disposition"), `attachment; filename="mail.eml"`; got != want {
		t.Errorf("Content-Disposition is %q, want %q", got, want)
	}
	s.want(t, http.StatusSeeOther, "POST", path+"/delete")
	if n := s.count(t); n != 0 {
		t.Error("it was not deleted")
	}
}

// Every address of a mail is 404 without it, in words that suit who asks.
func TestNoSuchMail(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	for _, path := range []string{"", "/html", "/source.eml", "?view=text"} {
		s.want(t, http.StatusNotFound, "GET", "/mailbox/"+id(1)+path)
	}
	const message = `{"message":"No such mail"}` + "\n"
	for _, r := range []struct{ method, path string }{{"GET", ""}, {"GET", "/source.eml"}, {"DELETE", ""}} {
		answer := s.want(t, http.StatusNotFound, r.method, "/mailbox/api/v1/messages/"+id(1)+r.path)
		if answer.body != message {
			t.Errorf("%s %s: %q, want %q", r.method, r.path, answer.body, message)
		}
	}
}

// Without its database the mailbox says so, and the log says why.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	s.closeStore()
	for _, path := range []string{"/mailbox", "/mailbox/" + id(1), "/mailbox/" + id(1) + "/html"} {
		s.want(t, http.StatusServiceUnavailable, "GET", path)
	}
	s.want(t, http.StatusServiceUnavailable, "POST", "/mailbox/delete")
	answer := s.want(t, http.StatusServiceUnavailable, "GET", "/mailbox/api/v1/messages")
	if !strings.HasPrefix(answer.body, `{"message":`) {
		t.Errorf("no message: %q", answer.body)
	}
	if strings.Contains(answer.body, "sql") || !strings.Contains(s.log.String(), "sql") {
		t.Errorf("the cause belongs into the log, not into the answer: %q\n%s", answer.body, s.log)
	}
}
