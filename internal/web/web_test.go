package web_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/chat"
	gateway "github.com/postrider/postrider/internal/provider/gateway/mailbox"
	"github.com/postrider/postrider/internal/store"
	"github.com/postrider/postrider/internal/web"
	"github.com/postrider/postrider/notification"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// config is a site whose webhook has its own account and takes everything.
func config(t *testing.T) web.Config {
	t.Helper()
	caller := notification.Credentials{Username: "caller", Password: "other"}
	return web.Config{
		Webhook: &notification.Handler{
			Accept:       func(context.Context, *notification.Request) error { return nil },
			Authenticate: notification.BasicAuth(caller),
		},
		Events: web.NewEvents(web.EventsConfig{
			Record:       func(context.Context, []chat.Event) error { return nil },
			Authenticate: notification.BasicAuth(caller),
		}),
		API:       http.NotFoundHandler(),
		Accounts:  accounts(t),
		Ready:     func(context.Context) error { return nil },
		PublicURL: "https://postrider.example.com",
		Clock:     time.Now,
		Logger:    slog.New(slog.DiscardHandler),
	}
}

// accounts are the people of a dashboard: admin with the password secret. Their
// time flies, so that they bear more wrong passwords than people's do.
func accounts(t *testing.T) *access.Accounts {
	t.Helper()
	sealer, err := access.NewSealer(make([]byte, access.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	s, begin, minutes := open(t), time.Now(), new(atomic.Int64)
	all := access.NewAccounts(access.AccountsConfig{
		Store: s, Keyring: &access.Keyring{Store: s, Sealer: sealer, App: "default"}, Passwords: access.NewPasswords(),
		Clock:  func() time.Time { return begin.Add(time.Duration(minutes.Add(1)) * time.Minute) },
		Logger: slog.New(slog.DiscardHandler),
	})
	if err := all.EnsureFirst(t.Context(), access.Credential{Username: "admin", Password: "secret"}); err != nil {
		t.Fatal(err)
	}
	return all
}

func open(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{
		URL: "sqlite:" + filepath.Join(t.TempDir(), "postrider.db"), Exclusive: true, Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func withMailbox(t *testing.T, cfg web.Config) web.Config {
	t.Helper()
	s := open(t)
	if err := s.AddMail(t.Context(), gateway.Mail{ID: "0193", Raw: []byte("Subject: Greeting\r\n\r\nHello\r\n")}, 10); err != nil {
		t.Fatal(err)
	}
	cfg.Mailbox = &web.Mailbox{Store: s, Keep: 10, PlaysFaults: true, Targets: http.DefaultTransport}
	return cfg
}

type site struct{ *httptest.Server }

func start(t *testing.T, cfg web.Config) site {
	t.Helper()
	server := httptest.NewServer(web.New(cfg))
	t.Cleanup(server.Close)
	return site{server}
}

type reply struct {
	status int
	header http.Header
	body   string
}

// ask sends a request without credentials, unless change adds some.
func (s site) ask(t *testing.T, method, path string, change func(*http.Request)) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	client := s.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, string(body)}
}

func signIn(user, password string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(user, password) }
}

// sessionOf returns what a browser sends once somebody has signed in.
func sessionOf(t *testing.T, cfg web.Config) func(*http.Request) {
	t.Helper()
	token, _, err := cfg.Accounts.SignIn(t.Context(), access.Actor{}, "admin", "secret")
	if err != nil {
		t.Fatal(err)
	}
	return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "__Host-postrider-session", Value: token}) }
}

// What is open to everybody is written down twice, here and in the routes: a
// new address is protected, or somebody has decided otherwise.
func TestGuards(t *testing.T) {
	t.Parallel()
	cfg := withMailbox(t, config(t))
	unprotected, authenticating, signedIn, named := web.Guarded(cfg)
	for _, list := range []struct {
		what      string
		want, got []string
	}{
		{"open", []string{"GET /{$}", "GET /assets/", "GET /healthz", "GET /readyz", "GET /openapi.json", "GET /docs"}, unprotected},
		{"with authentication of their own", []string{"/webhook", "/webhook/{appId}", "/events", "/events/{appId}", "/v3", "/v3/", "/dashboard", "/dashboard/"}, authenticating},
		{"for who has signed in", []string{"/mailbox", "/mailbox/"}, signedIn},
		{"for who has, or names an account", []string{"/mailbox/api/"}, named},
	} {
		if diff := cmp.Diff(list.want, list.got); diff != "" {
			t.Errorf("routes %s (-want +got):\n%s", list.what, diff)
		}
	}
}

// Every address without credentials, and with wrong ones.
func TestNothingWithoutCredentials(t *testing.T) {
	t.Parallel()
	cfg := withMailbox(t, config(t))
	s := start(t, cfg)
	const challenge = `Basic realm="postrider"`
	methods := []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"}
	for _, path := range []string{
		"/mailbox", "/mailbox/", "/mailbox/delete", "/mailbox/0193", "/mailbox/0193?view=source", "/mailbox/0193/html",
		"/mailbox/0193/source.eml", "/mailbox/0193/delete", "/mailbox/nothing/at/all",
		"/mailbox/live", "/mailbox/faults", "/mailbox/faults/off", "/mailbox/0193/links",
		"/mailbox/api/v1/messages", "/mailbox/api/v1/messages/0193", "/mailbox/api/v1/messages/0193/source.eml", "/mailbox/api/v2",
		"/mailbox/api/v1/messages/wait", "/mailbox/api/v1/messages/0193/links", "/mailbox/api/v1/messages/0193/links/check",
		"/mailbox/api/v1/messages/0193/html-check", "/mailbox/api/v1/faults",
	} {
		for _, method := range methods {
			for name, change := range map[string]func(*http.Request){
				"no credentials":            nil,
				"a wrong password":          signIn("admin", "wrong"),
				"the webhook's credentials": signIn("caller", "other"),
			} {
				if change != nil && method != "GET" {
					continue // hashing takes its time, and who asks is told before the method counts
				}
				got := s.ask(t, method, path, change)
				want, asked := http.StatusUnauthorized, ""
				switch {
				case strings.HasPrefix(path, "/mailbox/api"):
					asked = challenge
				case method == "GET" || method == "HEAD": // led to where one signs in
					want = http.StatusSeeOther
				}
				if got.status != want || got.header.Get("WWW-Authenticate") != asked {
					t.Errorf("%s %s with %s: %d, challenge %q", method, path, name, got.status, got.header.Get("WWW-Authenticate"))
				}
				if strings.Contains(got.body, "Hello") {
					t.Errorf("%s %s with %s shows the mail", method, path, name)
				}
			}
		}
		if strings.HasPrefix(path, "/mailbox/api") {
			if got, want := s.ask(t, "GET", path, nil).body, `{"message":"Unauthorized"}`+"\n"; got != want {
				t.Errorf("GET %s: %q, want %q", path, got, want)
			}
		}
	}
	for path, want := range map[string]int{
		"/healthz": http.StatusOK, "/readyz": http.StatusOK, "/assets/icon.svg": http.StatusOK, "/assets/nothing": http.StatusNotFound,
		"/": http.StatusSeeOther,
	} {
		if got := s.ask(t, "GET", path, nil).status; got != want {
			t.Errorf("GET %s: %d, want %d", path, got, want)
		}
	}
	for _, path := range []string{"/webhook", "/webhook/app123"} {
		if got := s.ask(t, "POST", path, signIn("admin", "secret")).status; got != http.StatusUnauthorized {
			t.Errorf("POST %s with the account's credentials: %d", path, got)
		}
	}
	if got := s.ask(t, "GET", "/mailbox/0193?view=text", signIn("admin", "secret")); got.status != http.StatusSeeOther {
		t.Errorf("a page with the account's credentials instead of a session: %d", got.status)
	}
	if got := s.ask(t, "GET", "/mailbox/api/v1/messages/0193", signIn("admin", "secret")); got.status != http.StatusOK || !strings.Contains(got.body, "Hello") {
		t.Errorf("the API with the account's credentials: %d\n%s", got.status, got.body)
	}
	if got := s.ask(t, "GET", "/mailbox/0193?view=text", sessionOf(t, cfg)); got.status != http.StatusOK || !strings.Contains(got.body, "Hello") {
		t.Errorf("with a session: %d\n%s", got.status, got.body)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	cfg := withMailbox(t, config(t))
	s, signedIn := start(t, cfg), sessionOf(t, cfg)
	const nothing = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	for _, path := range []string{
		"/", "/healthz", "/webhook", "/mailbox", "/mailbox/0193", "/mailbox/0193/html", "/mailbox/0193/source.eml", "/assets/icon.svg",
		"/mailbox/api/v1/messages", "/no/such/page",
	} {
		header := s.ask(t, "GET", path, signedIn).header
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		policy := header.Get("Content-Security-Policy")
		html := strings.HasPrefix(header.Get("Content-Type"), "text/html")
		// Pages run files of ours; a mail runs nothing.
		if html && path != "/mailbox/0193/html" && path != "/" {
			ours := strings.ReplaceAll(policy, "script-src 'self'; ", "")
			if ours == policy {
				t.Errorf("%s: policy does not say which scripts run: %q", path, policy)
			}
			policy = ours
		}
		if !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "script") {
			t.Errorf("%s: policy allows scripts: %q", path, policy)
		}
		if !html && policy != nothing {
			t.Errorf("%s is no page, but its policy is %q", path, policy)
		}
		if ancestors := "frame-ancestors 'none'"; path != "/mailbox/0193/html" && !strings.Contains(policy, ancestors) {
			t.Errorf("%s: policy has no %s: %q", path, ancestors, policy)
		}
		cached := strings.HasPrefix(path, "/mailbox") && header.Get("Cache-Control") != "private, no-store"
		if cached {
			t.Errorf("%s: Cache-Control is %q", path, header.Get("Cache-Control"))
		}
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	var problem atomic.Value // of error
	cfg.Ready = func(ctx context.Context) error {
		if _, bounded := ctx.Deadline(); !bounded {
			return errors.New("nothing ends the check")
		}
		err, _ := problem.Load().(error)
		return err
	}
	s := start(t, cfg)
	check := func(path string, status int, body string) {
		t.Helper()
		got := s.ask(t, "GET", path, nil)
		if got.status != status || got.body != body+"\n" || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s, want %d %s", path, got.status, got.body, status, body)
		}
	}
	check("/healthz", http.StatusOK, `{"status":"ok"}`)
	check("/readyz", http.StatusOK, `{"status":"ready"}`)
	problem.Store(errors.New("the database cannot be written to"))
	check("/healthz", http.StatusOK, `{"status":"ok"}`)
	check("/readyz", http.StatusServiceUnavailable, `{"status":"not ready","problem":"the database cannot be written to"}`)
}

func TestWebhookOfApp(t *testing.T) {
	t.Parallel()
	const body = `{"trigger":"email-notification-payload-generated","webhook":"custom","appId":"app123","data":{"to":{"uid":"a"},` +
		`"messages":[{"sender":{"uid":"b"},"message":"Hello"}],"senderDetails":{"uid":"b"}}}`
	for _, test := range []struct {
		app, path string
		status    int
		body      string
	}{
		{"", "/webhook", http.StatusOK, `{"message":"Webhook received successfully"}`},
		{"", "/webhook/anything", http.StatusOK, `{"message":"Webhook received successfully"}`},
		{"app123", "/webhook", http.StatusOK, `{"message":"Webhook received successfully"}`},
		{"app123", "/webhook/app123", http.StatusOK, `{"message":"Webhook received successfully"}`},
		{"app123", "/webhook/APP123", http.StatusNotFound, `{"message":"Unknown app"}`},
		{"app123", "/webhook/other", http.StatusNotFound, `{"message":"Unknown app"}`},
		{"app123", "/webhook/", http.StatusNotFound, `{"message":"There is nothing at this address"}`},
		{"app123", "/webhook/app123/more", http.StatusNotFound, `{"message":"There is nothing at this address"}`},
	} {
		cfg := config(t)
		endpoint := cfg.Webhook
		cfg.Webhook = web.ByApp("/webhook", func(_ context.Context, id string) (http.Handler, error) {
			if test.app != "" && id != "" && id != test.app {
				return nil, access.ErrNoApp
			}
			return endpoint, nil
		})
		s := start(t, cfg)
		got := s.ask(t, "POST", test.path, func(r *http.Request) {
			r.SetBasicAuth("caller", "other")
			r.Header.Set("Content-Type", "application/json")
			// Whoever calls is no browser: its origin does not matter.
			r.Header.Set("Origin", "https://elsewhere.example")
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		})
		if got.status != test.status || strings.TrimSpace(got.body) != test.body {
			t.Errorf("app %q, POST %s: %d %s, want %d %s", test.app, test.path, got.status, got.body, test.status, test.body)
		}
	}
}

// Programs are refused in JSON, people with a page.
func TestUnknownAddresses(t *testing.T) {
	t.Parallel()
	s := start(t, config(t)) // without a mailbox
	for path, kind := range map[string]string{
		"/no/such/page":            "text/html; charset=utf-8",
		"/mailbox":                 "text/html; charset=utf-8",
		"/webhooks":                "text/html; charset=utf-8",
		"/mailbox/api/v1/messages": "application/json; charset=utf-8",
		"/events/a/b":              "application/json; charset=utf-8",
		"/webhook/a/b":             "application/json; charset=utf-8",
	} {
		got := s.ask(t, "GET", path, nil)
		if got.status != http.StatusNotFound || got.header.Get("Content-Type") != kind {
			t.Errorf("GET %s: %d %s, want 404 %s", path, got.status, got.header.Get("Content-Type"), kind)
		}
	}
	got := s.ask(t, "POST", "/healthz", nil)
	if got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") != "GET, HEAD" || !strings.HasPrefix(got.body, `{"message":`) {
		t.Errorf("POST /healthz: %d, Allow %q, %s", got.status, got.header.Get("Allow"), got.body)
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	s := start(t, config(t))
	if got := s.ask(t, "GET", "/", nil); got.status != http.StatusSeeOther || got.header.Get("Location") != "/dashboard" {
		t.Errorf("%d to %q", got.status, got.header.Get("Location"))
	}
}
