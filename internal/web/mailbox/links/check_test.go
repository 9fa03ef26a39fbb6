package links_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/postrider/postrider/internal/outbound"
	"github.com/postrider/postrider/internal/web/mailbox/links"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// asked is what a server was asked.
type asked struct {
	mu    sync.Mutex
	lines []string
}

func (a *asked) add(r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lines = append(a.lines, r.Method+" "+r.URL.Path)
}

func serve(t *testing.T, log *asked) *httptest.Server {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		log.add(r)
		switch r.URL.Path {
		case "/works":
		case "/get-only", "/get-broken":
			if r.Method == http.MethodHead {
				w.WriteHeader(http.StatusMethodNotAllowed)
			} else if r.URL.Path == "/get-broken" {
				w.WriteHeader(http.StatusInternalServerError)
			}
		case "/moved":
			http.Redirect(w, r, "/works", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

func transport(t *testing.T, server *httptest.Server, private bool) *outbound.Transport {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	out := outbound.New(outbound.Config{AllowPrivate: private, Roots: roots})
	t.Cleanup(out.CloseIdleConnections)
	return out
}

func find(urls ...string) []links.Link {
	found := make([]links.Link, 0, len(urls))
	for _, url := range urls {
		found = append(found, links.Link{URL: url})
	}
	return found
}

func TestCheck(t *testing.T) {
	t.Parallel()
	var log asked
	server := serve(t, &log)
	checker := links.Checker{Transport: transport(t, server, true), Clock: time.Now}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	cases := []struct {
		url, detail string
		state       links.State
		status      int
	}{
		{server.URL + "/works", "", links.StateWorks, 200},
		{server.URL + "/get-only", "", links.StateWorks, 200},
		{server.URL + "/get-broken", "Internal Server Error", links.StateBroken, 500},
		{server.URL + "/moved", "to " + server.URL + "/works", links.StateMoved, 302},
		{server.URL + "/missing", "Not Found", links.StateBroken, 404},
		{gone.URL, "connection refused", links.StateBroken, 0},
		{"mailto:mira@example.com", "only http and https", links.StateNotAsked, 0},
		{"javascript:alert(1)", "only http and https", links.StateNotAsked, 0},
		{"/relative", "not a complete address", links.StateNotAsked, 0},
		{"#here", "within the mail", links.StateNotAsked, 0},
		{"http://", "no host", links.StateNotAsked, 0},
		{"http://[::1", "not a valid address", links.StateNotAsked, 0},
		{"https://mira:secret@example.com", "user name", links.StateNotAsked, 0},
	}
	var urls []string
	for _, c := range cases {
		urls = append(urls, c.url, c.url)
	}
	results := checker.Check(t.Context(), find(urls...))
	for _, c := range cases {
		got := results[c.url]
		if got.State != c.state || got.Status != c.status || !strings.Contains(got.Detail, c.detail) || strings.Contains(got.Detail, "secret") {
			t.Errorf("%s: %+v, want %s %d %q", c.url, got, c.state, c.status, c.detail)
		}
	}
	counts := make(map[string]int)
	for _, line := range log.lines {
		counts[line]++
	}
	for line, want := range map[string]int{
		"HEAD /works": 1, "GET /works": 0, "HEAD /get-only": 1, "GET /get-only": 1, "GET /get-broken": 1, "HEAD /missing": 1, "GET /missing": 0,
	} {
		if counts[line] != want {
			t.Errorf("%s was asked %d times, want %d", line, counts[line], want)
		}
	}
}

// Nothing inside our own network is asked, whatever a mail names, and nothing
// without TLS.
func TestPrivateTargetsAreRefused(t *testing.T) {
	t.Parallel()
	var log asked
	server := serve(t, &log)
	checker := links.Checker{Transport: transport(t, server, false), Clock: time.Now}
	urls := []string{
		server.URL + "/works", "http://example.com/", "https://localhost/", "https://127.0.0.1:1/", "https://169.254.169.254/latest/meta-data/",
		"https://[::1]/", "https://10.0.0.1/", "https://[::ffff:127.0.0.1]/",
	}
	results := checker.Check(t.Context(), find(urls...))
	for _, url := range urls {
		if got := results[url]; got.State != links.StateRefused || got.Detail == "" {
			t.Errorf("%s: %+v, want it refused", url, got)
		}
	}
	if len(log.lines) > 0 {
		t.Errorf("asked: %v", log.lines)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A mail with many slow targets takes its time, and no more.
func TestCheckIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var now, most, all atomic.Int32
		checker := links.Checker{Clock: time.Now, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			all.Add(1)
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}
		var urls []string
		for i := range 150 {
			urls = append(urls, fmt.Sprintf("https://example.com/%d", i))
		}
		started := time.Now()
		results := checker.Check(t.Context(), find(urls...))
		if took := time.Since(started); took > 46*time.Second {
			t.Errorf("took %v", took)
		}
		if most.Load() > 8 || all.Load() > 100 {
			t.Errorf("%d at once, %d in all", most.Load(), all.Load())
		}
		if got := results[urls[0]]; got.State != links.StateBroken || got.Detail != "no answer within 5s" || got.Duration != 5*time.Second {
			t.Errorf("first: %+v", got)
		}
		if got := results[urls[99]]; got.State != links.StateNotAsked {
			t.Errorf("when time is up: %+v", got)
		}
		if got := results[urls[149]]; got.State != links.StateNotAsked || !strings.Contains(got.Detail, "first 100") {
			t.Errorf("too many: %+v", got)
		}
	})
}

func TestCheckEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	checker := links.Checker{Clock: time.Now, Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		t.Error("asked")
		return nil, context.Canceled
	})}
	if got := checker.Check(ctx, find("https://example.com"))["https://example.com"]; got.State != links.StateNotAsked {
		t.Errorf("got %+v", got)
	}
}
