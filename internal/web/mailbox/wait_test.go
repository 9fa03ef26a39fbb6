package mailbox_test

import (
	"net/http"
	"testing"
	"time"
)

func TestWait(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	const wait = api + "/wait"
	if got := s.want(t, http.StatusNotFound, "GET", wait+"?timeout=0").body; got != `{"message":"No such mail within 0s"}`+"\n" {
		t.Errorf("nothing there: %s", got)
	}
	first := s.keep(t, 1, "andrew@example.com", simple("First"))
	if got := decode(t, s.want(t, http.StatusOK, "GET", wait)); got["id"] != first || got["text"] != "Hello Andrew" {
		t.Errorf("one that is there already: %v", got)
	}
	arrived := make(chan reply, 3)
	for _, query := range []string{"?q=subject:second&timeout=30s", "?to=MIRA@example.com&timeout=30", "?timeout=30s&after=" + first} {
		go func() {
			var got reply
			defer func() { arrived <- got }()
			got = s.ask(t, "GET", wait+query)
		}()
	}
	select {
	case got := <-arrived:
		t.Fatalf("too early: %s", got.body)
	case <-time.After(300 * time.Millisecond): // long enough for each to have looked once
	}
	second := s.keep(t, 2, "mira@example.com", simple("Second"))
	for range 3 {
		if got := <-arrived; got.status != http.StatusOK || decode(t, got)["id"] != second {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	started := time.Now()
	s.want(t, http.StatusNotFound, "GET", wait+"?q=third&timeout=500ms")
	if took := time.Since(started); took < 500*time.Millisecond {
		t.Errorf("gave up after %v", took)
	}
	for query, want := range map[string]string{
		"?timeout=61s":    "timeout: must be a duration from 0s to 1m0s",
		"?timeout=61":     "timeout: must be a duration from 0s to 1m0s",
		"?timeout=-1s":    "timeout: must be a duration from 0s to 1m0s",
		"?timeout=soon":   "timeout: must be a duration from 0s to 1m0s",
		"?after=" + id(9): "after: must be the id of a mail in the mailbox",
	} {
		if got := decode(t, s.want(t, http.StatusBadRequest, "GET", wait+query))["message"]; got != want {
			t.Errorf("%s: %v, want %q", query, got, want)
		}
	}
}
