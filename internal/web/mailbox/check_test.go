package mailbox_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Looking at a mail asks nobody; a check asks each target once.
func TestLinksAreAskedOnDemand(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	s := newSite(t, "https://postrider.example.com", func(s *site) {
		s.targets = roundTrip(func(r *http.Request) (*http.Response, error) {
			asked.Add(1)
			return scripted(r)
		})
	})
	mail := s.keep(t, 1, "andrew-joseph@example.com", strings.ReplaceAll(file(t, "one-on-one.eml"), "PUBLIC_URL", "https://postrider.example.com"))
	for _, path := range []string{"", "?view=links", "/links"} {
		s.ask(t, "GET", "/mailbox/"+mail+path)
	}
	list := decode(t, s.want(t, http.StatusOK, "GET", api+"/"+mail+"/links"))
	want := map[string]any{"links": []any{
		map[string]any{"url": "https://postrider.example.com/assets/avatars/susan-marie.png", "kind": "image", "part": "html", "line": 8.0, "text": "", "times": 1.0},
		map[string]any{"url": "https://postrider.example.com/healthz", "kind": "link", "part": "html", "line": 10.0, "text": "Open the chat", "times": 1.0},
	}}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	if n := asked.Load(); n != 0 {
		t.Fatalf("looking at the mail asked %d targets", n)
	}
	checked := decode(t, s.want(t, http.StatusOK, "POST", api+"/"+mail+"/links/check"))
	for i, state := range []map[string]any{{"state": "works", "status": 200.0}, {"state": "broken", "status": 404.0, "detail": "Not Found"}} {
		link := want["links"].([]any)[i].(map[string]any)
		for name, value := range state {
			link[name] = value
		}
		link["durationMs"] = 0.0
	}
	if diff := cmp.Diff(want, checked); diff != "" {
		t.Errorf("checked (-want +got):\n%s", diff)
	}
	if body := s.want(t, http.StatusOK, "POST", "/mailbox/"+mail+"/links").body; !strings.Contains(body, "1 work, 1 do not work") {
		t.Errorf("the page does not tell:\n%s", body)
	}
	if n := asked.Load(); n != 4 {
		t.Errorf("two checks asked %d times, want 4", n)
	}
	for _, path := range []string{"/mailbox/" + mail + "/links", api + "/" + mail + "/links/check"} {
		s.want(t, http.StatusForbidden, "POST", path, "Sec-Fetch-Site", "cross-site")
		s.want(t, http.StatusMethodNotAllowed, "GET", path)
	}
	if n := asked.Load(); n != 4 {
		t.Error("another site made us ask")
	}
}

func TestAPIHTMLCheck(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	const document = "<p>\n<p style=\"opacity:.5\"><video src=x></video>"
	mail := s.keep(t, 1, "andrew@example.com", "Subject: x\nContent-Type: text/html; charset=utf-8\n\n"+document)
	got := decode(t, s.want(t, http.StatusOK, "GET", api+"/"+mail+"/html-check"))
	findings, _ := got["findings"].([]any)
	if len(findings) != 2 || got["breaks"] != 1.0 || got["looks"] != 1.0 || got["size"] != float64(len(document)+1) || len(got["clients"].([]any)) != 9 {
		t.Fatalf("got %v", got)
	}
	want := map[string]any{
		"id": "property:opacity", "feature": "opacity", "level": "looks", "lines": []any{2.0}, "times": 1.0,
		"unsupported": []any{"Outlook (Windows, classic)"}, "partial": []any{},
	}
	if diff := cmp.Diff(want, findings[1]); diff != "" {
		t.Errorf("finding (-want +got):\n%s", diff)
	}
	plain := s.keep(t, 2, "andrew@example.com", "Subject: x\n\nHello\n")
	if got := decode(t, s.want(t, http.StatusOK, "GET", api+"/"+plain+"/html-check")); len(got["findings"].([]any)) != 0 {
		t.Errorf("of a mail without HTML: %v", got)
	}
	for _, path := range []string{"/links", "/html-check"} {
		s.want(t, http.StatusNotFound, "GET", api+"/"+id(99)+path)
	}
	s.want(t, http.StatusNotFound, "POST", api+"/"+id(99)+"/links/check")
	s.want(t, http.StatusNotFound, "POST", "/mailbox/"+id(99)+"/links")
}

// The page and the API search alike.
func TestSearch(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	for n := range 120 {
		to, subject := "andrew@example.com", "Hiking tour"
		if n%2 == 1 {
			to, subject = "mira@example.com", "Weekly report"
		}
		s.keep(t, n, to, simple(subject))
	}
	for query, want := range map[string]int{
		"q=report": 60, "q=subject:rep+-tour": 60, "q=hello": 120, "q=%22hello+andrew%22": 120, "q=from:postrider+tour": 60,
		"q=nothing": 0, "q=to:mira@example.com&to=andrew@example.com": 0, "q=": 120,
	} {
		var ids []string
		for before := ""; ; {
			page := decode(t, s.want(t, http.StatusOK, "GET", api+"?"+query+"&before="+before))
			for _, m := range page["messages"].([]any) {
				ids = append(ids, m.(map[string]any)["id"].(string))
			}
			next, more := page["next"].(string)
			if !more {
				break
			}
			before = next
		}
		if len(ids) != want {
			t.Errorf("%s: the API finds %d, want %d", query, len(ids), want)
		}
		page := s.want(t, http.StatusOK, "GET", "/mailbox?"+query).body
		if got := strings.Count(page, `<a class="mail"`); got != min(want, 50) {
			t.Errorf("%s: the page shows %d", query, got)
		}
		if older := strings.Contains(page, `rel="next"`); older != (want > 50) {
			t.Errorf("%s: older: %v", query, older)
		}
	}
}
