package mailbox_test

import (
	"bufio"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	gateway "github.com/postrider/postrider/internal/provider/gateway/mailbox"
	"github.com/postrider/postrider/internal/store"
)

// happening is one server-sent event.
type happening struct{ id, data string }

// stream follows the arrivals on a page until the test ends.
type stream struct {
	status int
	header http.Header
	events chan happening // closed at the end
	cancel context.CancelFunc
}

// follow opens a stream; fields are header fields as names and values.
func (s *site) follow(t *testing.T, query string, fields ...string) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/mailbox/live"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.sign(r)
	for i := 0; i < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	response, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	f := &stream{response.StatusCode, response.Header, make(chan happening, 100), cancel}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(f.events)
		defer response.Body.Close()
		lines := bufio.NewScanner(response.Body)
		var e happening
		for lines.Scan() {
			switch name, value, _ := strings.Cut(lines.Text(), ": "); name {
			case "id":
				e.id = value
			case "data":
				e.data += value + "\n"
			case "":
				if e.data != "" {
					f.events <- e
				}
				e = happening{}
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return f
}

// next returns the next event.
func (f *stream) next(t *testing.T) happening {
	t.Helper()
	select {
	case e, ok := <-f.events:
		if !ok {
			t.Fatal("the stream has ended")
		}
		return e
	case <-time.After(20 * time.Second):
		t.Fatal("no event")
	}
	return happening{}
}

func TestLive(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	s.keep(t, 1, "andrew@example.com", simple("Before"))
	page := s.want(t, http.StatusOK, "GET", "/mailbox").body
	if !strings.Contains(page, `data-live="/mailbox/live?after=1"`) {
		t.Fatalf("the page does not say where it is:\n%s", page)
	}
	f := s.follow(t, "?after=1")
	if got := f.header.Get("Content-Type"); f.status != http.StatusOK || got != "text/event-stream; charset=utf-8" {
		t.Errorf("status %d, Content-Type %q", f.status, got)
	}
	// A mail with a lower id arrives later all the same, as after a retry.
	s.keep(t, 0, "mira@example.com", simple("<b>Retried</b>"))
	e := f.next(t)
	if e.id != "2" || !strings.HasPrefix(e.data, `<li data-id="`+id(0)+`">`) || !strings.Contains(e.data, "&lt;b&gt;Retried&lt;/b&gt;") {
		t.Errorf("event %q:\n%s", e.id, e.data)
	}
	if !strings.Contains(s.want(t, http.StatusOK, "GET", "/mailbox").body, e.data) {
		t.Error("the row is not the one that the page has")
	}
	// Another process keeps a mail.
	other, err := store.Open(t.Context(), store.Config{
		URL: s.database, Clock: func() time.Time { return noon }, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := other.AddMail(t.Context(), gateway.Mail{ID: id(7), Subject: "Elsewhere", To: "mira@example.com"}, 10); err != nil {
		t.Fatal(err)
	}
	if e := f.next(t); e.id != "3" || !strings.Contains(e.data, "Elsewhere") {
		t.Errorf("event %q:\n%s", e.id, e.data)
	}
	f.cancel()

	// A browser that comes back is told what it missed, whatever the page said.
	again := s.follow(t, "?after=1", "Last-Event-ID", "2")
	if e := again.next(t); e.id != "3" {
		t.Errorf("after coming back: event %q", e.id)
	}
	// A page that searches is told what it would show.
	searching := s.follow(t, "?q=to:mira+-elsewhere&after=0")
	if e := searching.next(t); e.id != "2" {
		t.Errorf("a search is told event %q", e.id)
	}
	s.keep(t, 8, "andrew@example.com", simple("Not wanted"))
	s.keep(t, 9, "mira@example.com", simple("Wanted"))
	if e := searching.next(t); !strings.Contains(e.data, "Wanted") || strings.Contains(e.data, "Not wanted") {
		t.Errorf("a search is told:\n%s", e.data)
	}
}

// Only the newest that a page would show are told of a flood.
func TestLiveFlood(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	for n := range 120 {
		s.keep(t, n, "andrew@example.com", simple("Hello"))
	}
	f := s.follow(t, "?after=0")
	for n := 71; n <= 120; n++ {
		if e := f.next(t); !strings.Contains(e.data, id(n-1)) {
			t.Fatalf("event %d is\n%s", n, e.data)
		}
	}
}

func TestLiveRefusals(t *testing.T) {
	t.Parallel()
	s := newSite(t, "http://postrider.intranet")
	for name, fields := range map[string][]string{
		"another site":      {"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
		"a neighbour":       {"Sec-Fetch-Site", "same-site", "Origin", "http://evil.intranet"},
		"an old browser":    {"Origin", "https://evil.example"},
		"a sandboxed frame": {"Origin", "null"},
	} {
		if f := s.follow(t, "", fields...); f.status != http.StatusForbidden {
			t.Errorf("%s: %d", name, f.status)
		}
	}
	for _, fields := range [][]string{{"Sec-Fetch-Site", "same-origin"}, {"Origin", "http://postrider.intranet"}, nil} {
		f := s.follow(t, "", fields...)
		if f.status != http.StatusOK {
			t.Errorf("%v: %d", fields, f.status)
		}
		f.cancel()
	}
	for _, query := range []string{"?after=x", "?after=-1", "?after=1.5"} {
		if f := s.follow(t, query); f.status != http.StatusBadRequest {
			t.Errorf("%s: %d", query, f.status)
		}
	}
	s.want(t, http.StatusOK, "HEAD", "/mailbox/live")
}

// A server that stops waits for no stream.
func TestLiveEndsWithTheServer(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	f := s.follow(t, "")
	close(s.closing)
	select {
	case _, ok := <-f.events:
		if ok {
			t.Error("an event out of nothing")
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the stream goes on")
	}
	s.want(t, http.StatusServiceUnavailable, "GET", api+"/wait")
}

func TestLiveIsBounded(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	streams := make([]*stream, 100)
	for i := range streams {
		if streams[i] = s.follow(t, ""); streams[i].status != http.StatusOK {
			t.Fatalf("stream %d: %d", i, streams[i].status)
		}
	}
	if f := s.follow(t, ""); f.status != http.StatusServiceUnavailable || f.header.Get("Retry-After") == "" {
		t.Errorf("one too many: %d", f.status)
	}
	s.want(t, http.StatusOK, "GET", "/mailbox")
}
