package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/conformance"
	"github.com/postrider/postrider/internal/outbound"
	"github.com/postrider/postrider/notification"
)

const (
	username, password = "mailer", "correct-horse"
	secret             = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
)

func parsed(t *testing.T, text string) notification.Secrets {
	t.Helper()
	s, err := notification.ParseSecrets(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const (
	maxBody  = 1 << 20
	oversize = 2 << 20
)

// patient returns a clock that goes slowly: what is quick on a machine of its
// own is not late on one that has much to do.
func patient() func() time.Time {
	begun := time.Now()
	return func() time.Time { return begun.Add(time.Since(begun) / 20) }
}

// good is a provider with which all is well.
func good(t *testing.T, method notification.Method) *notification.Handler {
	t.Helper()
	auth, err := notification.NewAuthenticator(notification.AuthConfig{
		Method: method, Clock: time.Now, Secrets: parsed(t, secret),
		Pairs: []notification.Credentials{{Username: username, Password: password}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &notification.Handler{
		Accept:       func(context.Context, *notification.Request) error { return nil },
		Authenticate: auth.Authenticate, Verify: auth.Verify,
		MaxBody:     maxBody,
		MaxInFlight: 1 << 30, // not what is tested here
	}
}

// direct calls a handler without a network, in whose time the handler lives.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	recorder := httptest.NewRecorder()
	d.ServeHTTP(recorder, r.Clone(r.Context()))
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return recorder.Result(), nil
}

// check checks a handler, and returns its lines by their ids.
func check(t *testing.T, h http.Handler, change ...func(*conformance.Config)) (*conformance.Report, map[string]conformance.Line) {
	t.Helper()
	cfg := conformance.Config{
		Target: conformance.Target{
			URL: "https://hooks.example.org/email", Username: username, Password: password, Secrets: parsed(t, secret), AppID: "app1",
		},
		Version: "1.2.3", Clock: patient(), Transport: direct{h},
	}
	for _, f := range change {
		f(&cfg)
	}
	client, err := conformance.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var told []conformance.Line
	report, err := client.Check(t.Context(), conformance.Options{Burst: true, Oversize: oversize, OnLine: func(l conformance.Line) { told = append(told, l) }})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(report.Lines, told); diff != "" {
		t.Errorf("told while it went on: %s", diff)
	}
	lines := make(map[string]conformance.Line)
	for _, l := range report.Lines {
		if failed := l.State == conformance.Fails; failed != (l.Why != "") || failed != (l.Mend != "") || l.Detail == "" {
			t.Errorf("%+v does not say what it should", l)
		}
		lines[l.ID] = l
	}
	if len(lines) != len(report.Lines) || len(lines) != 21 {
		t.Errorf("%d lines, %d ids", len(report.Lines), len(lines))
	}
	return report, lines
}

// in lists the ids of lines in a state, in the order of the report.
func in(r *conformance.Report, state conformance.State) string {
	var ids []string
	for _, l := range r.Lines {
		if l.State == state {
			ids = append(ids, l.ID)
		}
	}
	return strings.Join(ids, " ")
}

// breakage puts a fault in front of a provider. body is what was posted.
type breakage func(w http.ResponseWriter, r *http.Request, body []byte, next http.Handler)

func (b breakage) of(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		b(w, r, body, next)
	})
}

// refuseIf answers a status where something is so.
func refuseIf(status int, is func(r *http.Request, body []byte) bool) breakage {
	return func(w http.ResponseWriter, r *http.Request, body []byte, next http.Handler) {
		if is(r, body) {
			w.WriteHeader(status)
			return
		}
		next.ServeHTTP(w, r)
	}
}

func holds(part string) func(*http.Request, []byte) bool {
	return func(_ *http.Request, body []byte) bool { return bytes.Contains(body, []byte(part)) }
}

// replaceAll mends a body, so that what is wrong with it is not seen.
func replaceAll(pattern, by string) breakage {
	expression := regexp.MustCompile(pattern)
	return func(w http.ResponseWriter, r *http.Request, body []byte, next http.Handler) {
		body = expression.ReplaceAll(body, []byte(by))
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		next.ServeHTTP(w, r)
	}
}

const answered200 = "one-on-one group message-object no-address unknown-fields long twice"

// TestBrokenProviders: each has one weakness, and the check names it and no
// other.
func TestBrokenProviders(t *testing.T) {
	t.Parallel()
	// bare is the provider without authentication: the weakness says who passes.
	bare := func(t *testing.T) *notification.Handler {
		t.Helper()
		h := good(t, notification.MethodAny)
		h.Authenticate, h.Verify = nil, nil
		return h
	}
	guarded := func(pass func(r *http.Request, body []byte) bool) func(*testing.T) http.Handler {
		return func(t *testing.T) http.Handler {
			t.Helper()
			return refuseIf(http.StatusUnauthorized, func(r *http.Request, body []byte) bool { return !pass(r, body) }).of(bare(t))
		}
	}
	with := func(b breakage) func(*testing.T) http.Handler {
		return func(t *testing.T) http.Handler { t.Helper(); return b.of(good(t, notification.MethodAny)) }
	}
	onBare := func(b breakage) func(*testing.T) http.Handler {
		// What changes bodies comes after the signature was verified.
		return func(t *testing.T) http.Handler {
			t.Helper()
			auth := good(t, notification.MethodAny)
			return refuseIf(http.StatusUnauthorized, func(r *http.Request, body []byte) bool {
				return !auth.Authenticate(r) || auth.Verify(r, body) != nil
			}).of(b.of(bare(t)))
		}
	}
	basic := func(r *http.Request) bool {
		u, p, ok := r.BasicAuth()
		return ok && u == username && p == password
	}
	verified := func(r *http.Request, body []byte) error {
		return notification.Verify(parsed(t, secret), r.Header, body, time.Now())
	}
	isSigned := func(r *http.Request) bool { return r.Header.Get(notification.HeaderSignature) != "" }

	for _, test := range []struct {
		name   string
		handle func(*testing.T) http.Handler
		fails  string
	}{
		{"none", with(func(w http.ResponseWriter, r *http.Request, _ []byte, next http.Handler) { next.ServeHTTP(w, r) }), ""},
		{"202", with(refuseIf(http.StatusAccepted, func(*http.Request, []byte) bool { return true })), answered200},
		{"no groups", with(refuseIf(http.StatusBadRequest, holds("groupDetails"))), "group long burst"},
		{"no message objects", with(refuseIf(http.StatusBadRequest, holds("messageObject"))), "message-object long"},
		{"wants an address", onBare(refuseIf(http.StatusBadRequest, func(_ *http.Request, body []byte) bool { return !bytes.Contains(body, []byte("@")) })), "no-address"},
		{"wants pictures", onBare(refuseIf(http.StatusBadRequest, func(_ *http.Request, body []byte) bool { return !bytes.Contains(body, []byte("avatar")) })), "no-address"},
		{"strict", onBare(refuseIf(http.StatusBadRequest, func(_ *http.Request, body []byte) bool {
			d := json.NewDecoder(bytes.NewReader(body))
			d.DisallowUnknownFields()
			return d.Decode(new(notification.Notification)) != nil
		})), "unknown-fields"},
		{"100 kB", with(refuseIf(http.StatusRequestEntityTooLarge, func(_ *http.Request, body []byte) bool { return len(body) > 100<<10 })), "long"},
		{"conflicts", func(t *testing.T) http.Handler {
			t.Helper()
			var seen sync.Map
			return refuseIf(http.StatusConflict, func(r *http.Request, _ []byte) bool {
				_, known := seen.LoadOrStore(r.Header.Get(notification.HeaderID), true)
				return known
			}).of(good(t, notification.MethodAny))
		}, "twice"},
		{"open", guarded(func(*http.Request, []byte) bool { return true }), "no-credentials wrong-password empty-basic wrong-signature old-signature credentials-first"},
		{"looks at the header's beginning only", guarded(func(r *http.Request, body []byte) bool {
			return strings.HasPrefix(r.Header.Get("Authorization"), "Basic ") || verified(r, body) == nil
		}), "wrong-password empty-basic credentials-first"},
		{"compares no password", guarded(func(r *http.Request, body []byte) bool {
			u, _, _ := r.BasicAuth()
			return u == username || verified(r, body) == nil
		}), "wrong-password credentials-first"},
		{"compares no user name", guarded(func(r *http.Request, body []byte) bool {
			_, p, _ := r.BasicAuth()
			return p == password || verified(r, body) == nil
		}), "wrong-password"},
		{"compares nothing empty", guarded(func(r *http.Request, body []byte) bool {
			u, p, ok := r.BasicAuth()
			return ok && (u == "" || u == username) && (p == "" || p == password) || verified(r, body) == nil
		}), "empty-basic"},
		{"verifies no signature", guarded(func(r *http.Request, _ []byte) bool { return basic(r) || isSigned(r) }), "wrong-signature old-signature credentials-first"},
		{"verifies no body", guarded(func(r *http.Request, body []byte) bool {
			return basic(r) || verified(r, body) == nil || verified(r, append([]byte(" "), body...)) == nil
		}), "wrong-signature"},
		{"verifies no time", guarded(func(r *http.Request, body []byte) bool {
			var problem *notification.SignatureError
			err := verified(r, body)
			return basic(r) || err == nil || errors.As(err, &problem) && strings.Contains(problem.Problem, "ago")
		}), "old-signature"},
		{"wants both, verifies no password", guarded(func(r *http.Request, body []byte) bool {
			_, _, ok := r.BasicAuth()
			return ok && verified(r, body) == nil
		}), "wrong-password empty-basic"},
		{"wants both, verifies no signature", guarded(func(r *http.Request, _ []byte) bool { return basic(r) && isSigned(r) }), "wrong-signature old-signature"},
		{"any trigger", onBare(replaceAll(`"trigger":"[^"]*"`, `"trigger":"`+notification.TriggerEmail+`"`)), "wrong-trigger"},
		{"422 for a trigger", with(refuseIf(http.StatusUnprocessableEntity, holds(notification.TriggerSMS))), "wrong-trigger"},
		{"any webhook", onBare(replaceAll(`"webhook":"[^"]*"`, `"webhook":"custom"`)), "wrong-webhook"},
		{"parses before it asks who calls", with(refuseIf(http.StatusBadRequest, func(_ *http.Request, body []byte) bool { return !json.Valid(body) })), "credentials-first"},
		{"500 for what is no JSON", onBare(refuseIf(http.StatusInternalServerError, func(_ *http.Request, body []byte) bool { return !json.Valid(body) })), "malformed"},
		{"200 for a list", onBare(refuseIf(http.StatusOK, func(_ *http.Request, body []byte) bool { return string(body) == "[]" })), "malformed"},
		{"no limit", func(t *testing.T) http.Handler {
			t.Helper()
			h := good(t, notification.MethodAny)
			h.MaxBody = 2 * oversize
			return h
		}, "oversized"},
		{"no recipient", onBare(replaceAll(`"uid":"","email"`, `"uid":"somebody","email"`)), "incomplete"},
		{"no messages", onBare(replaceAll(`"messages":null`, `"messages":[{}]`)), "incomplete"},
		{"dies", func(t *testing.T) http.Handler {
			t.Helper()
			var dead atomic.Bool
			return refuseIf(http.StatusBadGateway, func(_ *http.Request, body []byte) bool {
				now := dead.Load()
				if !bytes.Contains(body, []byte("data")) && json.Valid(body) && bytes.Contains(body, []byte("trigger")) {
					dead.Store(true)
				}
				return now
			}).of(good(t, notification.MethodAny))
		}, "alive"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			report, _ := check(t, test.handle(t))
			want := strings.Fields(test.fails)
			slices.Sort(want)
			got := strings.Fields(in(report, conformance.Fails))
			slices.Sort(got)
			if diff := cmp.Diff(want, got, cmp.Transformer("text", func(s []string) string { return strings.Join(s, " ") })); diff != "" {
				t.Errorf("fails (-want +got): %s", diff)
			}
			if report.Holds != (test.fails == "") {
				t.Errorf("holds: %v", report.Holds)
			}
		})
	}
}

// TestTargets: what the provider asks for and what the calls carry need not be
// the same.
func TestTargets(t *testing.T) {
	t.Parallel()
	none := func(c *conformance.Config) { c.Username, c.Password, c.Secrets = "", "", notification.Secrets{} }
	noBasic := func(c *conformance.Config) { c.Username, c.Password = "", "" }
	noSecret := func(c *conformance.Config) { c.Secrets = notification.Secrets{} }
	for _, test := range []struct {
		name          string
		method        notification.Method
		change        func(*conformance.Config)
		fails, asksNo string
	}{
		{"both of any", notification.MethodAny, func(*conformance.Config) {}, "", ""},
		{"both of both", notification.MethodBoth, func(*conformance.Config) {}, "", ""},
		{"Basic of any", notification.MethodAny, noSecret, "", "wrong-signature old-signature"},
		{"Basic of basic", notification.MethodBasic, noSecret, "", "wrong-signature old-signature"},
		{"signature of signature", notification.MethodSignature, noBasic, "", "wrong-password empty-basic"},
		{"both of basic", notification.MethodBasic, func(*conformance.Config) {}, "wrong-signature old-signature", ""},
		{"none of none", notification.MethodNone, none, "no-credentials wrong-password empty-basic credentials-first", "wrong-signature old-signature"},
		{
			"none of any", notification.MethodAny, none, answered200,
			"no-credentials wrong-password empty-basic wrong-signature old-signature wrong-trigger wrong-webhook malformed credentials-first oversized burst incomplete alive",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			report, _ := check(t, good(t, test.method), test.change)
			if got := in(report, conformance.Fails); got != test.fails {
				t.Errorf("fails %q, want %q", got, test.fails)
			}
			if got := in(report, conformance.NotAsked); got != test.asksNo {
				t.Errorf("did not ask %q, want %q", got, test.asksNo)
			}
		})
	}
}

func TestHTTPS(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]conformance.State{
		"https://hooks.example.org/": conformance.Holds, "http://hooks.example.org/": conformance.Fails, "http://10.0.0.7/": conformance.Fails,
		"http://localhost:3000/": conformance.NotAsked, "http://127.0.0.1/": conformance.NotAsked, "http://[::1]:3000/": conformance.NotAsked,
		"https://localhost/": conformance.Holds,
	} {
		report, lines := check(t, good(t, notification.MethodAny), func(c *conformance.Config) { c.URL = url })
		if got := lines["https"].State; got != want || report.Holds != (want != conformance.Fails) {
			t.Errorf("%s: %s", url, got)
		}
	}
}

// TestLateAnswers lives in virtual time.
func TestLateAnswers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		handle func() breakage
		holds  string
		asksNo int
	}{
		{"a little late", func() breakage {
			return func(w http.ResponseWriter, r *http.Request, _ []byte, next http.Handler) {
				time.Sleep(conformance.Deadline + time.Millisecond)
				next.ServeHTTP(w, r)
			}
		}, "https oversized", 0}, // what is long may take its time
		{"never", func() breakage {
			return func(_ http.ResponseWriter, r *http.Request, _ []byte, _ http.Handler) { <-r.Context().Done() }
		}, "https", 19},
		{"one by one", func() breakage {
			one := make(chan struct{}, 1)
			return func(w http.ResponseWriter, r *http.Request, _ []byte, next http.Handler) {
				one <- struct{}{}
				defer func() { <-one }()
				time.Sleep(25 * time.Millisecond)
				next.ServeHTTP(w, r)
			}
		}, "all but burst", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				report, lines := check(t, test.handle().of(good(t, notification.MethodAny)), func(c *conformance.Config) { c.Clock = time.Now })
				if test.holds == "all but burst" {
					if got := in(report, conformance.Fails); got != "burst" || !strings.Contains(lines["burst"].Detail, "80 of 100") {
						t.Errorf("fails %q: %s", got, lines["burst"].Detail)
					}
					return
				}
				if got := in(report, conformance.Holds); got != test.holds {
					t.Errorf("holds %q", got)
				}
				if got := report.Count(conformance.NotAsked); got != test.asksNo {
					t.Errorf("did not ask %d", got)
				}
			})
		})
	}
}

// TestOverTheNetwork: with a certificate, and a server that hangs up on what is
// too large.
func TestOverTheNetwork(t *testing.T) {
	t.Parallel()
	h := good(t, notification.MethodAny)
	var mu sync.Mutex
	var posted [][]byte
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > maxBody {
			panic(http.ErrAbortHandler)
		}
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		posted = append(posted, body)
		mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		h.ServeHTTP(w, r)
	}))
	defer server.Close()

	report, lines := check(t, nil, func(c *conformance.Config) {
		c.URL, c.Transport = server.URL, outbound.New(outbound.Config{AllowPrivate: true})
	})
	if lines["https"].State != conformance.Fails || !strings.Contains(lines["https"].Detail, "not trusted") || report.Count(conformance.NotAsked) != 19 {
		t.Errorf("a certificate that nobody knows: %+v", report)
	}

	transport := server.Client().Transport.(*http.Transport)
	report, lines = check(t, nil, func(c *conformance.Config) { c.URL, c.Transport = server.URL, transport })
	if !report.Holds || report.Count(conformance.Holds) != 21 || lines["oversized"].Detail != "hangs up" {
		t.Errorf("got %+v", report)
	}

	// Nobody is mailed in earnest, and nobody twice.
	addresses := regexp.MustCompile(`[^"@]*@[^"]*`)
	seen := make(map[string]bool)
	for _, body := range posted {
		for _, address := range addresses.FindAllString(string(body), -1) {
			if !strings.HasSuffix(address, "@"+conformance.Domain) {
				t.Errorf("%s is posted", address)
			}
			seen[address] = true
		}
	}
	if len(posted) < 120 || len(posted) > 150 || len(seen) < 110 {
		t.Errorf("%d calls for %d addresses", len(posted), len(seen))
	}
}

// A check that is stopped says so, and holds nothing.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	client, err := conformance.New(conformance.Config{
		Target: conformance.Target{URL: "https://hooks.example.org/"}, Clock: time.Now,
		Transport: direct{http.HandlerFunc(func(http.ResponseWriter, *http.Request) { cancel() })},
	})
	if err != nil {
		t.Fatal(err)
	}
	if report, err := client.Check(ctx, conformance.Options{}); !errors.Is(err, context.Canceled) || report.Holds {
		t.Errorf("got %+v, %v", report, err)
	}
}

func TestUnusableURLs(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "hooks.example.org", "ftp://hooks.example.org/", "https://u:p@hooks.example.org/"} {
		if _, err := conformance.New(conformance.Config{Target: conformance.Target{URL: url}}); err == nil || strings.Contains(err.Error(), "u:p") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
