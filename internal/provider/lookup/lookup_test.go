package lookup_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/outbound"
	"github.com/postrider/postrider/internal/provider/address"
	"github.com/postrider/postrider/internal/provider/lookup"
	"github.com/postrider/postrider/internal/testkit/webhooksink"
)

const mira = `{"email":"mira@example.org"}`

// house is a directory in front of a server.
type house struct {
	*lookup.Directory
	sink    *webhooksink.Sink
	now     atomic.Int64 // seconds
	mu      sync.Mutex
	results map[lookup.Result]int
}

func newHouse(t *testing.T, path, header string) *house {
	t.Helper()
	h := &house{sink: webhooksink.New(t, webhooksink.Config{}), results: make(map[lookup.Result]int)}
	target, err := lookup.ParseTarget(h.sink.URL("/users/{uid}?full=1"), header, path, true)
	if err != nil {
		t.Fatal(err)
	}
	transport := outbound.New(outbound.Config{AllowPrivate: true})
	t.Cleanup(transport.CloseIdleConnections)
	h.Directory = lookup.New(lookup.Config{
		Target: target, Transport: transport, Version: "1.2.3",
		Clock: func() time.Time { return time.Unix(h.now.Load(), 0) },
		Observe: func(r lookup.Result, _ time.Duration) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.results[r]++
		},
	})
	return h
}

func (h *house) asked() int { return h.sink.Counts().Requests }

func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, path string
		answer     webhooksink.Answer
		want       string
		unknown    string // what is said
		fault      string
		status     int
	}{
		{"found", "email", webhooksink.Body(200, mira), "mira@example.org", "", "", 0},
		{"deeper", "data.user.email", webhooksink.Body(200, `{"data":{"user":`+mira+`}}`), "mira@example.org", "", "", 0},
		{"in a list", "emails.1.value", webhooksink.Body(200, `{"emails":[{},{"value":" mira@example.org "}]}`), "mira@example.org", "", "", 0},
		{"a list", "0", webhooksink.Body(200, `["mira@example.org"]`), "mira@example.org", "", "", 0},
		{"404", "email", webhooksink.Status(404), "", "the directory answered 404 Not Found", "", 0},
		{"410", "email", webhooksink.Status(410), "", "the directory answered 410 Gone", "", 0},
		{"nothing there", "data.email", webhooksink.Body(200, `{"data":{}}`), "", "the directory has nothing at data.email", "", 0},
		{"null", "email", webhooksink.Body(200, `{"email":null}`), "", "the directory has nothing at email", "", 0},
		{"empty", "email", webhooksink.Body(200, `{"email":" "}`), "", "the directory has nothing at email", "", 0},
		{"shorter than the path", "email.value", webhooksink.Body(200, mira), "", "the directory has nothing at email.value", "", 0},
		{"no such place", "emails.3", webhooksink.Body(200, `{"emails":[1]}`), "", "the directory has nothing at emails.3", "", 0},
		{"no place of a list", "emails.x", webhooksink.Body(200, `{"emails":[1]}`), "", "the directory has nothing at emails.x", "", 0},
		{"a number", "email", webhooksink.Body(200, `{"email":7}`), "", "", "is not a text", 200},
		{"a page", "email", webhooksink.Body(200, `<html>Sign in</html>`), "", "", "not JSON", 200},
		{"too large", "email", webhooksink.Body(200, `{"x":"`+strings.Repeat("x", lookup.MaxAnswer)+`",`+mira[1:]), "", "", "larger than 1048576", 200},
		{"401", "email", webhooksink.Status(401), "", "", "answered 401 Unauthorized", 401},
		{"503", "email", webhooksink.Status(503), "", "", "answered 503 Service Unavailable", 503},
		{"redirect", "email", webhooksink.Redirect("http://127.0.0.1:1/"), "", "", "redirects are not followed", 307},
		{"hang up", "email", webhooksink.HangUp(), "", "", "EOF", 0},
		{"no HTTP", "email", webhooksink.Garbage(), "", "", "malformed", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, test.path, "")
			h.sink.Always(test.answer)
			got, err := h.Email(t.Context(), "mira")
			var none *address.NoneError
			var fault *address.DirectoryError
			switch {
			case test.want != "":
				if got != test.want || err != nil {
					t.Errorf("got %q, %v", got, err)
				}
			case test.unknown != "":
				if !errors.As(err, &none) || none.Said != test.unknown || !errors.Is(err, address.ErrUnknown) {
					t.Errorf("got %q, %v, want %q", got, err, test.unknown)
				}
			default:
				if !errors.As(err, &fault) || !strings.Contains(err.Error(), test.fault) || fault.Status != test.status || fault.Target != h.sink.Addr() {
					t.Errorf("got %q, %v (%+v), want %q", got, err, fault, test.fault)
				}
				// What failed is asked again.
				h.sink.Always(webhooksink.Body(200, `{"email":"mira@example.org"}`))
				before := h.asked()
				_, _ = h.Email(t.Context(), "mira")
				if h.asked() == before {
					t.Error("a failure is remembered")
				}
			}
		})
	}
}

func TestQuestion(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "email", "X-Token:  s3cret ")
	h.sink.Always(webhooksink.Body(200, mira))
	if _, err := h.Email(t.Context(), "mira"); err != nil {
		t.Fatal(err)
	}
	r := h.sink.Requests()[0]
	if r.Method != http.MethodGet || r.Path != "/users/mira?full=1" || len(r.Body) > 0 {
		t.Errorf("%s %s with %d bytes", r.Method, r.Path, len(r.Body))
	}
	for name, want := range map[string]string{"X-Token": "s3cret", "Accept": "application/json", "User-Agent": "Postrider/1.2.3", "Accept-Encoding": ""} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// transport answers without a network.
type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

func onTransport(t interface{ Fatal(...any) }, rawURL string, inner transport) *lookup.Directory {
	target, err := lookup.ParseTarget(rawURL, "", "email", false)
	if err != nil {
		t.Fatal(err)
	}
	return lookup.New(lookup.Config{Target: target, Transport: inner, Clock: time.Now})
}

// Whatever a user id holds, it stays one segment of the path, or one value of
// the query.
func TestUserIDsAreEncoded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		uid := rapid.String().Draw(t, "uid")
		if uid == "" || uid == "." || uid == ".." {
			return
		}
		for _, rawURL := range []string{"https://api.example.com/users/{uid}/mail", "https://api.example.com/users?a=1&uid={uid}&b=2"} {
			var asked *url.URL
			d := onTransport(t, rawURL, func(r *http.Request) (*http.Response, error) {
				asked = r.URL
				return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(mira))}, nil
			})
			if _, err := d.Email(context.Background(), uid); err != nil {
				t.Fatal(err)
			}
			again, err := url.Parse(asked.String())
			if err != nil {
				t.Fatal(err)
			}
			segments, query := strings.Split(again.EscapedPath(), "/"), again.Query()
			if query.Has("uid") {
				if query.Get("uid") != uid || query.Get("a") != "1" || query.Get("b") != "2" || len(query) != 3 || again.Fragment != "" {
					t.Fatalf("%q is asked as %s", uid, again)
				}
				continue
			}
			if len(segments) != 4 || again.RawQuery != "" || again.Fragment != "" {
				t.Fatalf("%q is asked as %s", uid, again)
			}
			if got, err := url.PathUnescape(segments[2]); got != uid || err != nil || segments[3] != "mail" {
				t.Fatalf("%q is asked as %s", uid, again)
			}
		}
	})
}

func TestFoldersAreNotAsked(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "email", "")
	for _, uid := range []string{".", ".."} {
		if _, err := h.Email(t.Context(), uid); !errors.Is(err, address.ErrUnknown) {
			t.Errorf("%s: %v", uid, err)
		}
	}
	if h.asked() != 0 {
		t.Error("the directory was asked")
	}
}

func TestAnswersAreKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "email", "")
	ask := func(uid string, after time.Duration, questions int) {
		t.Helper()
		h.now.Add(int64(after / time.Second))
		_, _ = h.Email(t.Context(), uid)
		if got := h.asked(); got != questions {
			t.Errorf("%s: asked %d times, want %d", uid, got, questions)
		}
	}
	h.sink.Always(webhooksink.Body(200, mira))
	ask("mira", 0, 1)
	ask("mira", 10*time.Minute-time.Second, 1)
	ask("mira", time.Second, 2)
	h.sink.Always(webhooksink.Status(404))
	ask("otto", 0, 3)
	ask("otto", time.Minute-time.Second, 3)
	ask("otto", time.Second, 4)
	ask("mira", 0, 4)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.results[lookup.Found] != 2 || h.results[lookup.Unknown] != 2 || h.results[lookup.Cached] != 3 || h.results[lookup.Failed] != 0 {
		t.Errorf("observed %v", h.results)
	}
}

// The bound is exact, in virtual time.
func TestTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := onTransport(t, "https://api.example.com/users/{uid}", func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		begun := time.Now()
		_, err := d.Email(t.Context(), "mira")
		var fault *address.DirectoryError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), "no answer within 5s") || time.Since(begun) != lookup.Timeout {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
	})
}

func TestNotMoreThanSixteenAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "email", "")
	open := make(chan struct{})
	h.sink.Always(webhooksink.Body(200, mira).When(open))
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			if _, err := h.Email(t.Context(), strings.Repeat("x", i+1)); err != nil {
				t.Error(err)
			}
		})
	}
	if _, err := h.sink.Await(t.Context(), lookup.MaxInFlight); err != nil {
		t.Fatal(err)
	}
	close(open)
	all.Wait()
	if c := h.sink.Counts(); c.Requests != 40 || c.MostFlight != lookup.MaxInFlight {
		t.Errorf("%d questions, %d of them at one time", c.Requests, c.MostFlight)
	}
}

// The same user, asked for by many, is one question; whoever gives up takes
// nobody along.
func TestManyAskAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var questions atomic.Int64
		d := onTransport(t, "https://api.example.com/users/{uid}", func(r *http.Request) (*http.Response, error) {
			questions.Add(1)
			select {
			case <-r.Context().Done():
				return nil, r.Context().Err()
			case <-time.After(time.Second):
				return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(mira))}, nil
			}
		})
		var all sync.WaitGroup
		impatient, giveUp := context.WithTimeout(t.Context(), time.Second/2)
		defer giveUp()
		all.Go(func() {
			if _, err := d.Email(impatient, "mira"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		for range 20 {
			all.Go(func() {
				if got, err := d.Email(t.Context(), "mira"); got != "mira@example.org" || err != nil {
					t.Errorf("got %q, %v", got, err)
				}
			})
		}
		all.Wait()
		if n := questions.Load(); n != 2 {
			t.Errorf("%d questions, want the one that was given up and one more", n)
		}
	})
}

func TestPrivateTargetsAreRefused(t *testing.T) {
	t.Parallel()
	sink := webhooksink.New(t, webhooksink.Config{TLS: true})
	// The name is public; where it leads is not.
	target, err := lookup.ParseTarget("https://directory.example.com/users/{uid}", "", "email", false)
	if err != nil {
		t.Fatal(err)
	}
	guarded := outbound.New(outbound.Config{Roots: sink.Roots()})
	t.Cleanup(guarded.CloseIdleConnections)
	d := lookup.New(lookup.Config{Target: target, Clock: time.Now, Transport: transport(func(r *http.Request) (*http.Response, error) {
		r.URL.Host = sink.Addr() // as if its name had been looked up
		return guarded.RoundTrip(r)
	})})
	_, err = d.Email(t.Context(), "mira")
	var fault *address.DirectoryError
	if !errors.As(err, &fault) || !outbound.IsRefused(err) {
		t.Errorf("got %v", err)
	}
	if n := sink.Counts().Connections; n != 0 {
		t.Errorf("%d connections", n)
	}
}

// FuzzAnswer: whatever a directory answers, it is an address, none, or a
// fault.
func FuzzAnswer(f *testing.F) {
	f.Add("email", []byte(mira))
	f.Add("a.0.b", []byte(`{"a":[{"b":"x"}]}`))
	f.Fuzz(func(t *testing.T, path string, body []byte) {
		target, err := lookup.ParseTarget("https://api.example.com/{uid}", "", path, false)
		if err != nil {
			return
		}
		d := lookup.New(lookup.Config{Target: target, Clock: time.Now, Transport: transport(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(string(body)))}, nil
		})})
		email, err := d.Email(t.Context(), "mira")
		var none *address.NoneError
		var fault *address.DirectoryError
		if (email == "") != (err != nil) || err != nil && !errors.As(err, &none) && !errors.As(err, &fault) {
			t.Errorf("got %q, %v", email, err)
		}
	})
}
