package mailbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const api = "/mailbox/api/v1/messages"

// decode reads a JSON answer into plain values, so that names count.
func decode(t *testing.T, answer reply) map[string]any {
	t.Helper()
	if got := answer.header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("Content-Type is %q", got)
	}
	var value map[string]any
	if err := json.Unmarshal([]byte(answer.body), &value); err != nil {
		t.Fatalf("%v in %s", err, answer.body)
	}
	return value
}

func TestAPIList(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	if got, want := s.want(t, http.StatusOK, "GET", api).body, `{"messages":[]}`+"\n"; got != want {
		t.Errorf("an empty list is %q, want %q", got, want)
	}
	raw := simple("Hello")
	mail := s.keep(t, 1, "andrew@example.com", raw)
	want := map[string]any{"messages": []any{map[string]any{
		"id": mail, "receivedAt": "2026-11-23T11:01:00Z", "from": "chat@example.com", "to": "andrew@example.com",
		"subject": "Hello", "size": float64(len(raw) + strings.Count(raw, "\n")),
	}}}
	if diff := cmp.Diff(want, decode(t, s.want(t, http.StatusOK, "GET", api))); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
}

// Following next shows every mail once, newest first, whatever the limit and
// the filter.
func TestAPIPaging(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	const mails = 410 // more than is read at a time to filter
	for n := range mails {
		s.keep(t, n, fmt.Sprintf("user%d@example.com", n%3), simple("Hello"))
	}
	for _, limit := range []int{1, 7, 50, 199, 200} {
		for _, to := range []string{"", "user0@example.com", "USER1@Example.com", "nobody@example.com"} {
			if limit == 1 && to == "" {
				continue // 410 requests would say nothing new
			}
			var want, got []string
			for n := mails - 1; n >= 0; n-- {
				if to == "" || strings.EqualFold(to, fmt.Sprintf("user%d@example.com", n%3)) {
					want = append(want, id(n))
				}
			}
			before := ""
			for {
				page := decode(t, s.want(t, http.StatusOK, "GET", fmt.Sprintf("%s?limit=%d&to=%s&before=%s", api, limit, to, before)))
				messages := page["messages"].([]any)
				for _, m := range messages {
					got = append(got, m.(map[string]any)["id"].(string))
				}
				next, more := page["next"].(string)
				if !more {
					break
				}
				if len(messages) != limit {
					t.Fatalf("limit %d to %q: a page of %d is not the last", limit, to, len(messages))
				}
				before = next
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("limit %d to %q (-want +got):\n%s", limit, to, diff)
			}
		}
	}
	if n := len(decode(t, s.want(t, http.StatusOK, "GET", api))["messages"].([]any)); n != 50 {
		t.Errorf("%d mails without a limit, want 50", n)
	}
}

func TestAPILimit(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	for _, limit := range []string{"0", "-1", "201", "many", "1.5"} {
		got := s.want(t, http.StatusBadRequest, "GET", api+"?limit="+limit).body
		if want := `{"message":"limit: must be a number from 1 to 200"}` + "\n"; got != want {
			t.Errorf("limit=%s: %q, want %q", limit, got, want)
		}
	}
}

func TestAPIGet(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	mail := s.keep(t, 1, "andrew-joseph@example.com", file(t, "one-on-one.eml"))
	got := decode(t, s.want(t, http.StatusOK, "GET", api+"/"+mail))
	kept, err := s.store.Mail(t.Context(), mail)
	if err != nil {
		t.Fatal(err)
	}
	html, _ := got["html"].(string)
	if !strings.HasPrefix(html, "<!doctype html>") || !strings.Contains(html, `<span id="message">Are we meeting on this weekend?</span>`) {
		t.Errorf("html is %q", html)
	}
	want := map[string]any{
		"id": mail, "receivedAt": "2026-11-23T11:01:00Z", "from": "chat@example.com", "to": "andrew-joseph@example.com",
		"subject": "New messages from Susan Marie", "size": float64(len(kept.Raw)),
		"headers": map[string]any{
			"Message-Id":     []any{"<0193a5c4-0000-7000-8000-000000000001@example.com>"},
			"Date":           []any{"Mon, 23 Nov 2026 11:01:00 +0000"},
			"From":           []any{"Postrider <chat@example.com>"},
			"To":             []any{"Andrew Joseph <andrew-joseph@example.com>"},
			"Subject":        []any{"New messages from Susan Marie"},
			"Auto-Submitted": []any{"auto-generated"},
			"X-Decoded":      []any{"Grüße from a long line that is folded"},
			"Mime-Version":   []any{"1.0"},
			"Content-Type":   []any{`multipart/alternative; boundary="=_alternative"`},
		},
		"text":   "Hello Andrew Joseph,\r\n\r\nSusan Marie wrote:\r\n\r\n  Are we meeting on this weekend?\r\n  📷 Has shared an image\r\n",
		"html":   html,
		"source": string(kept.Raw),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mail (-want +got):\n%s", diff)
	}
}

func TestAPIDelete(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	mail := s.keep(t, 1, "andrew@example.com", simple("First"))
	s.keep(t, 2, "andrew@example.com", simple("Second"))
	s.keep(t, 3, "andrew@example.com", simple("Third"))
	if answer := s.want(t, http.StatusNoContent, "DELETE", api+"/"+mail); answer.body != "" {
		t.Errorf("204 with a body: %q", answer.body)
	}
	s.want(t, http.StatusNotFound, "DELETE", api+"/"+mail)
	if n := s.count(t); n != 2 {
		t.Errorf("%d mails are left, want 2", n)
	}
	for range 2 { // an empty mailbox can be emptied
		s.want(t, http.StatusNoContent, "DELETE", api)
	}
	if n := s.count(t); n != 0 {
		t.Errorf("%d mails are left, want 0", n)
	}
}

// What the API does not know is refused in its own words.
func TestAPIRefusals(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	for _, test := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"POST", api, http.StatusMethodNotAllowed, "DELETE, GET, HEAD"},
		{"PUT", api + "/" + id(1), http.StatusMethodNotAllowed, "DELETE, GET, HEAD"},
		{"GET", api + "/" + id(1) + "/nothing", http.StatusNotFound, ""},
		{"GET", "/mailbox/api/v2/messages", http.StatusNotFound, ""},
	} {
		answer := s.want(t, test.status, test.method, test.path)
		if _, ok := decode(t, answer)["message"].(string); !ok {
			t.Errorf("%s %s: no message in %q", test.method, test.path, answer.body)
		}
		if got := answer.header.Get("Allow"); got != test.allow {
			t.Errorf("%s %s: Allow is %q, want %q", test.method, test.path, got, test.allow)
		}
	}
}
