package dashboard_test

import (
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/digest"
	"github.com/postrider/postrider/internal/engine/sendgrid"
	"github.com/postrider/postrider/internal/engine/vault"
	"github.com/postrider/postrider/internal/jobs"
	"github.com/postrider/postrider/internal/openid"
	"github.com/postrider/postrider/internal/outbound"
	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/preview"
	"github.com/postrider/postrider/internal/provider/branding"
	"github.com/postrider/postrider/internal/provider/render"
	"github.com/postrider/postrider/internal/store"
	"github.com/postrider/postrider/internal/testkit/browser"
	"github.com/postrider/postrider/internal/testkit/oidc"
	"github.com/postrider/postrider/internal/web"
	"github.com/postrider/postrider/internal/web/dashboard"
	"github.com/postrider/postrider/notification"
)

var (
	update = flag.Bool("update", false, "write what the pages are now to testdata")
	// soak looks at every page in every way; without it a part of them is, each
	// time the same.
	soak = os.Getenv("POSTRIDER_TEST_SOAK") == "1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(browser.Shared(m)) }

// password is everybody's.
const password = "correct horse battery"

// noon is when the tests begin.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// site is the whole web server on a store of its own, with mira (admin), otto
// (operator) and vera (viewer).
type site struct {
	*httptest.Server
	store    *store.Store
	vault    *vault.Vault
	accounts *access.Accounts
	apps     *access.Apps
	logins   *access.Logins
	clock    *clock
	dir      string // where the database is
}

// options change what a site is made of.
type options struct {
	logins       map[string]access.Configured // of /webhook and /events
	webhookAuth  notification.Method
	publicURL    string // the server's own unless set
	sendGridURL  string
	strict       bool // private targets are refused
	health       []dashboard.Health
	brand        render.Brand                        // of the configuration
	issuer       func(clock func() time.Time) string // URL of an issuer of OpenID Connect
	people       access.OpenID
	passwordsOff bool
	database     string // its URL; empty: SQLite
}

func newSite(t testing.TB, o options) *site {
	t.Helper()
	s := &site{Server: httptest.NewUnstartedServer(nil), clock: &clock{now: noon}, dir: t.TempDir()}
	logger := slog.New(slog.DiscardHandler)
	if o.database == "" {
		o.database = "sqlite:" + filepath.Join(s.dir, "postrider.db")
	}
	var err error
	s.store, err = store.Open(t.Context(), store.Config{
		URL: o.database, Exclusive: true, Clock: s.clock.Now, Logger: logger,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.store.Close(); err != nil {
			t.Error(err)
		}
	})
	sealer, err := access.NewSealer(make([]byte, access.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	s.vault = vault.New(s.store, sealer)
	s.accounts = access.NewAccounts(access.AccountsConfig{
		Store: s.store, Keyring: &access.Keyring{Store: s.store, Sealer: sealer, App: "default"}, Passwords: access.NewPasswords(),
		Clock: s.clock.Now, Logger: logger, PasswordsOff: o.passwordsOff, OpenID: o.people,
	})
	s.people(t)
	if o.publicURL == "" {
		o.publicURL = "http://" + s.Listener.Addr().String()
	}
	transport := outbound.New(outbound.Config{AllowPrivate: !o.strict})
	t.Cleanup(transport.CloseIdleConnections)
	runner := jobs.NewRunner(s.store, s.clock.Now, logger)
	t.Cleanup(func() {
		if err := runner.Close(); err != nil {
			t.Error(err)
		}
	})
	var openID *dashboard.OpenID
	if o.issuer != nil {
		openID = &dashboard.OpenID{Name: "Acme Login", Issuer: openid.New(openid.Config{
			Issuer: o.issuer(s.clock.Now), ClientID: oidc.ClientID, ClientSecret: oidc.ClientSecret, RedirectURL: o.publicURL + dashboard.OpenIDBack,
			Scopes: []string{"openid", "email", "profile"}, GroupsClaim: "groups", Sealer: sealer, Transport: transport, Clock: s.clock.Now,
		})}
	}
	s.apps, err = access.NewApps(t.Context(), s.store, access.App{Key: "default", ID: "app123", Region: "eu"}, s.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	s.logins = access.NewLogins(access.LoginsConfig{Store: s.store, Sealer: sealer, Configured: o.logins, Clock: s.clock.Now})
	s.Config.Handler = web.New(web.Config{
		OpenID:   openID,
		Webhook:  &notification.Handler{Accept: func(context.Context, *notification.Request) error { return nil }},
		Accounts: s.accounts,
		Engine: &dashboard.Engine{
			App: "default", AppID: "app123", Region: "eu", Apps: s.apps, Logins: s.logins, WebhookAuth: o.webhookAuth, Vault: s.vault, Keys: access.NewKeys(s.store, s.clock.Now), Depth: s.store.DepthAtMost,
			Log: s.store, Jobs: dashboard.Jobs{Runner: runner, Store: s.store}, Health: func() []dashboard.Health { return o.health },
			Contacts: s.store, Personal: s.store,
			Transport: transport, SendGrid: sendgrid.ClientConfig{Transport: transport, Clock: s.clock.Now, Version: "test", URL: o.sendGridURL},
			Brands: branding.New(s.store, o.brand, s.clock.Now), Preview: s.preview(o.publicURL),
			AllowPrivateTargets: !o.strict, Here: func(u string) bool { return u == o.publicURL+"/webhook" }, Version: "test",
		},
		Mailbox: &web.Mailbox{Store: s.store, Keep: 1000, PlaysFaults: true, Targets: transport}, Ready: s.store.Ping, PublicURL: o.publicURL, Clock: s.clock.Now, Logger: logger,
	})
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// preview shows mails; the one real conversation is that of each call.
func (s *site) preview(publicURL string) *preview.Previewer {
	return preview.New(preview.Config{
		AppID: "app123", Region: "eu", Pictures: publicURL + "/assets/avatars/", Clock: s.clock.Now,
		Renderer: render.New(render.Config{
			From: mail.Address{Name: "Acme Chat", Address: "chat@example.com"}, ImageBase: publicURL,
		}),
		Facts: func(ctx context.Context, _, id string) (*digest.Facts, bool, error) {
			if _, _, err := s.store.Get(ctx, id); errors.Is(err, outbox.ErrNotFound) {
				return nil, false, nil
			}
			return &digest.Facts{
				Recipient: chat.User{UID: "vic", Name: "Vic Lee"}, Conversation: chat.OneOnOne("vic", "wim"),
				Messages: []chat.Message{{ID: "1", Sender: "wim", Category: chat.CategoryMessage, Type: "text", Body: []byte(`{"data":{"text":"What was really written"}}`)}},
			}, true, nil
		},
	})
}

// people makes the accounts. Hashing takes its time: one hash does for all.
func (s *site) people(t testing.TB) {
	t.Helper()
	hash, err := access.NewPasswords().Hash(password)
	if err != nil {
		t.Fatal(err)
	}
	err = s.store.ChangeAccounts(t.Context(), func(tx access.AccountChanges) error {
		for name, role := range map[string]access.Role{"mira": access.RoleAdmin, "otto": access.RoleOperator, "vera": access.RoleViewer} {
			if err := tx.PutAccount(access.Account{Name: name, Role: role, Hash: hash, CreatedAt: noon.Add(-72 * time.Hour)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// visitor is a browser without pictures: it has cookies, and follows nothing.
type visitor struct {
	*site
	cookie *http.Cookie
}

func (s *site) stranger() *visitor { return &visitor{site: s} }

// as returns a visitor who has signed in.
func (s *site) as(t testing.TB, name string) *visitor {
	t.Helper()
	token, _, err := s.accounts.SignIn(t.Context(), access.Actor{Address: "192.0.2.7", Agent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}, name, password)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{s, &http.Cookie{Name: "postrider-session", Value: token}}
}

func (*site) actor() access.Actor { return access.Actor{Account: "mira", Address: "192.0.2.7"} }

type reply struct {
	status int
	header http.Header
	body   string
}

// ask sends a request; fields are header fields, as names and values.
func (v *visitor) ask(t testing.TB, method, path string, form url.Values, fields ...string) reply {
	t.Helper()
	if form != nil {
		fields = append(fields, "Content-Type", "application/x-www-form-urlencoded")
	}
	return v.send(t, method, path, strings.NewReader(form.Encode()), fields...)
}

func (v *visitor) send(t testing.TB, method, path string, content io.Reader, fields ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, v.URL+path, content)
	if err != nil {
		t.Fatal(err)
	}
	if v.cookie != nil {
		r.AddCookie(v.cookie)
	}
	for i := 0; i < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	client := v.Client()
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
	for _, c := range response.Cookies() {
		v.cookie = c
	}
	return reply{response.StatusCode, response.Header, string(body)}
}

// get asks for a page that there is.
func (v *visitor) get(t testing.TB, path string) reply {
	t.Helper()
	return v.want(t, http.StatusOK, http.MethodGet, path, nil)
}

// post sends a form that leads to another page, whose path it returns.
func (v *visitor) post(t testing.TB, path string, form url.Values) string {
	t.Helper()
	return v.want(t, http.StatusSeeOther, http.MethodPost, path, form).header.Get("Location")
}

// want asks, and ends the test unless the status is as given.
func (v *visitor) want(t testing.TB, status int, method, path string, form url.Values, fields ...string) reply {
	t.Helper()
	answer := v.ask(t, method, path, form, fields...)
	if answer.status != status {
		t.Fatalf("%s %s: status %d, want %d\n%s", method, path, answer.status, status, answer.body)
	}
	return answer
}

// contains fails the test unless a page says something.
func (r reply) contains(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(r.body, text) {
			t.Errorf("the page does not say %q:\n%s", text, r.body)
		}
	}
}

// lacks fails the test if a page says something.
func (r reply) lacks(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(r.body, text) {
			t.Errorf("the page says %q:\n%s", text, r.body)
		}
	}
}
