package webhook_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/answer"
	"github.com/postrider/postrider/internal/engine/webhook"
	"github.com/postrider/postrider/notification"
)

const public = "http://localhost:8080"

// elsewhere stands for the network.
type elsewhere struct{ urls []string }

var errElsewhere = errors.New("went elsewhere")

func (e *elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	e.urls = append(e.urls, r.URL.String())
	return nil, errElsewhere
}

func newHere(t *testing.T, handler http.HandlerFunc) *webhook.Here {
	t.Helper()
	here, err := webhook.NewHere(handler, public, &elsewhere{})
	if err != nil {
		t.Fatal(err)
	}
	return here
}

func TestIsHere(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		public, url string
		want        bool
	}{
		{public, public + "/webhook", true},
		{public, public + "/webhook/app123", true},
		{public, public + "/webhook/a%20b", true},
		{public, "HTTP://LOCALHOST:8080/webhook", true},
		{public, public + "/webhook/", false},
		{public, public + "/webhook/app/123", false},
		{public, public + "/webhook/..", false},
		{public, public + "/webhook/%2e%2e", false},
		{public, public + "/webhooks", false},
		{public, public + "/", false},
		{public, public + "/v3/users", false},
		{public, public + "/x/../webhook", false},
		{public, public + "//webhook", false},
		{public, public + "/webhook?x=y", false},
		{public, public + "/webhook?", false},
		{public, public + "/webhook#x", false},
		{public, "http://mira@localhost:8080/webhook", false},
		{public, "https://localhost:8080/webhook", false},
		{public, "http://localhost:8081/webhook", false},
		{public, "http://localhost/webhook", false},
		{public, "http://127.0.0.1:8080/webhook", false},
		{public, "http://localhost:8080.example.org/webhook", false},
		{public, "/webhook", false},
		{public, "", false},
		{public, "http:localhost:8080/webhook", false},
		{"https://mail.example.org", "https://mail.example.org:443/webhook", true},
		{"https://mail.example.org:443", "https://mail.example.org/webhook", true},
		{"http://mail.example.org/", "http://mail.example.org:80/webhook/x", true},
		{"https://mail.example.org/post", "https://mail.example.org/post/webhook", true},
		{"https://mail.example.org/post/", "https://mail.example.org/post/webhook/x", true},
		{"https://mail.example.org/post", "https://mail.example.org/webhook", false},
		{"https://[::1]:8443", "https://[::1]:8443/webhook", true},
	} {
		here, err := webhook.NewHere(http.NotFoundHandler(), test.public, http.DefaultTransport)
		if err != nil {
			t.Fatal(err)
		}
		if got := here.IsHere(test.url); got != test.want {
			t.Errorf("with %s, %s is here: %t", test.public, test.url, got)
		}
	}
}

func TestNewHereNeedsAnAbsoluteURL(t *testing.T) {
	t.Parallel()
	for _, public := range []string{"", "localhost:8080", "/x", "http://%"} {
		if _, err := webhook.NewHere(http.NotFoundHandler(), public, http.DefaultTransport); err == nil {
			t.Errorf("%q passes", public)
		}
	}
}

func TestOthersGoElsewhere(t *testing.T) {
	t.Parallel()
	next := &elsewhere{}
	here, err := webhook.NewHere(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("was served here") }), public, next)
	if err != nil {
		t.Fatal(err)
	}
	const url = "https://hooks.example.org/webhook"
	a := webhook.New(here, "dev", time.Now).Call(t.Context(), &webhook.Config{WebhookURL: url}, "1", []byte(body))
	if !errors.Is(a.Err, errElsewhere) || len(next.urls) != 1 || next.urls[0] != url {
		t.Errorf("got %+v, asked %v", a, next.urls)
	}
}

// seen is what a handler can tell of a request.
type seen struct {
	Method, URL, RequestURI, Host, Proto, Body, App string
	ContentLength                                   int64
	Header                                          http.Header
}

// The handler and the caller cannot tell a call within the process from one
// over the network.
func TestHereIsLikeTheNetwork(t *testing.T) {
	t.Parallel()
	requests := make(chan seen, 1)
	mux := http.NewServeMux()
	handle := func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if !strings.HasPrefix(r.RemoteAddr, "127.0.0.1:") {
			t.Errorf("comes from %q", r.RemoteAddr)
		}
		requests <- seen{r.Method, r.URL.String(), r.RequestURI, r.Host, r.Proto, string(content), r.PathValue("app"), r.ContentLength, r.Header.Clone()}
		w.Header().Set("Content-Type", "application/json")
		w.Header()["X-Two"] = []string{"a", "b"}
		w.WriteHeader(http.StatusAccepted)
		w.Header().Set("X-Late", "is not sent")
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, `{"message":"yes"}`)
	}
	mux.HandleFunc("POST /webhook", handle)
	mux.HandleFunc("POST /webhook/{app}", handle)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	here, err := webhook.NewHere(mux, server.URL, http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/webhook", "/webhook/app123", "/webhook/a%2Fb%20c"} {
		cfg := webhook.Config{WebhookURL: server.URL + path, UseBasicAuth: true, BasicAuthUsername: "mailer", BasicAuthPassword: "x", SignatureSecret: secret}
		type outcome struct {
			seen    seen
			status  int
			body    string
			verdict answer.Verdict
			header  http.Header
		}
		var outcomes [2]outcome
		for i, transport := range []http.RoundTripper{here, http.DefaultTransport} {
			var header http.Header
			spy := roundTripper(func(r *http.Request) (*http.Response, error) {
				response, err := transport.RoundTrip(r)
				if err == nil {
					header = response.Header.Clone()
					header.Del("Date")
					header.Del("Content-Length")
				}
				return response, err
			})
			clock := func() time.Time { return time.Unix(1_800_000_000, 0) }
			a := webhook.New(spy, "dev", clock).Call(t.Context(), &cfg, "0193-id", []byte(body))
			if a.Err != nil {
				t.Fatal(a.Err)
			}
			saw := <-requests
			saw.Header.Del("Accept-Encoding") // of http.DefaultTransport
			saw.Header.Del("Content-Length")
			outcomes[i] = outcome{saw, a.Status, a.Body, a.Verdict, header}
		}
		if diff := cmp.Diff(outcomes[1], outcomes[0], cmp.AllowUnexported(outcome{})); diff != "" {
			t.Errorf("%s: network and here differ: %s", path, diff)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestHereAuthenticates(t *testing.T) {
	t.Parallel()
	accepted := 0
	handler := &notification.Handler{
		Authenticate: notification.BasicAuth(notification.Credentials{Username: "mailer", Password: "right"}),
		Accept:       func(context.Context, *notification.Request) error { accepted++; return nil },
	}
	here := newHere(t, handler.ServeHTTP)
	for password, want := range map[string]int{"right": 400, "wrong": 401} { // 400: the body has no data
		cfg := webhook.Config{WebhookURL: public + "/webhook", UseBasicAuth: true, BasicAuthUsername: "mailer", BasicAuthPassword: password}
		if a := webhook.New(here, "dev", time.Now).Call(t.Context(), &cfg, "1", []byte(body)); a.Status != want || a.Verdict != answer.Refused {
			t.Errorf("%s password: %+v", password, a)
		}
	}
	if accepted > 0 {
		t.Error("accepted")
	}
}

func TestHereUnderAPath(t *testing.T) {
	t.Parallel()
	var path, raw string
	here, err := webhook.NewHere(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		path, raw = r.URL.Path, r.RequestURI
	}), "https://example.org/post", &elsewhere{})
	if err != nil {
		t.Fatal(err)
	}
	cfg := webhook.Config{WebhookURL: "https://example.org/post/webhook/a%2Fb"}
	if a := webhook.New(here, "dev", time.Now).Call(t.Context(), &cfg, "1", []byte(body)); a.Status != 200 {
		t.Errorf("got %+v", a)
	}
	if path != "/webhook/a/b" || raw != "/webhook/a%2Fb" {
		t.Errorf("the handler saw %q, %q", path, raw)
	}
}

// A handler that hangs is a timeout after exactly two seconds, also if it does
// not care for its context; whoever waits for it can.
func TestHereTimesOut(t *testing.T) {
	t.Parallel()
	for name, hang := range map[string]func(r *http.Request){
		"heeds its context": func(r *http.Request) { <-r.Context().Done(); <-time.After(time.Millisecond) },
		"heeds nothing":     func(*http.Request) { <-time.After(time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ended := false
				here := newHere(t, func(_ http.ResponseWriter, r *http.Request) {
					hang(r)
					ended = true
				})
				a := webhook.New(here, "dev", time.Now).Call(t.Context(), &webhook.Config{WebhookURL: public + "/webhook"}, "1", []byte(body))
				if a.Verdict != answer.Temporary || a.Reason != chat.ReasonTimedOut || a.Duration != 2*time.Second || a.Alive() {
					t.Errorf("got %+v", a)
				}
				here.Wait()
				if !ended {
					t.Error("Wait returned before the handler")
				}
			})
		})
	}
}

func TestHereBreaksOff(t *testing.T) {
	t.Parallel()
	here := newHere(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		panic(http.ErrAbortHandler)
	})
	a := webhook.New(here, "dev", time.Now).Call(t.Context(), &webhook.Config{WebhookURL: public + "/webhook"}, "1", []byte(body))
	if a.Verdict != answer.Temporary || a.Status != 0 || !strings.Contains(a.Text(), "broke off") {
		t.Errorf("got %+v", a)
	}
}

func TestHereBoundsAnswers(t *testing.T) {
	t.Parallel()
	here := newHere(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		for range 100 {
			if n, err := w.Write(make([]byte, 10_000)); n != 10_000 || err != nil {
				t.Errorf("wrote %d, %v", n, err)
			}
		}
	})
	r, err := http.NewRequest(http.MethodGet, public+"/webhook", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := here.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if content, _ := io.ReadAll(response.Body); len(content) != 64<<10 || response.StatusCode != 200 {
		t.Errorf("answered %d with %d bytes", response.StatusCode, len(content))
	}
}

func TestHereIsNotCalledTooLate(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	here := newHere(t, func(http.ResponseWriter, *http.Request) { t.Error("was called") })
	a := webhook.New(here, "dev", time.Now).Call(ctx, &webhook.Config{WebhookURL: public + "/webhook"}, "1", []byte(body))
	if !a.Interrupted {
		t.Errorf("got %+v", a)
	}
}
