package mailbox_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/outbound"
	gateway "github.com/postrider/postrider/internal/provider/gateway/mailbox"
	"github.com/postrider/postrider/internal/store"
	"github.com/postrider/postrider/internal/testkit/browser"
	"github.com/postrider/postrider/internal/web"
	"github.com/postrider/postrider/notification"
)

var update = flag.Bool("update", false, "write what the pages are now to testdata")

func TestMain(m *testing.M) { goleak.VerifyTestMain(browser.Shared(m)) }

const (
	username = "admin"
	password = "correct horse"
)

// noon is when the tests take place.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// site is the whole web server on a store of its own.
type site struct {
	*httptest.Server
	store      *store.Store
	targets    http.RoundTripper // for checks of links
	closing    chan struct{}
	leaves     bool   // mails go to an SMTP server
	database   string // URL
	closeStore func()
	log        *logbook
	token      string // of a session
}

// logbook is what was logged so far.
type logbook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// newSite starts a site. An empty publicURL is the server's own.
func newSite(t *testing.T, publicURL string, change ...func(*site)) *site {
	t.Helper()
	clock := func() time.Time { return noon }
	s := &site{Server: httptest.NewUnstartedServer(nil), log: new(logbook), closing: make(chan struct{})}
	s.database = "sqlite:" + filepath.Join(t.TempDir(), "postrider.db")
	// Tests let no request leave this machine.
	transport := outbound.New(outbound.Config{})
	t.Cleanup(transport.CloseIdleConnections)
	s.targets = transport
	for _, c := range change {
		c(s)
	}
	logger := slog.New(slog.NewTextHandler(s.log, nil))
	var err error
	s.store, err = store.Open(t.Context(), store.Config{
		URL: s.database, Exclusive: true, Clock: clock, Logger: logger,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.closeStore = sync.OnceFunc(func() {
		if err := s.store.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(s.closeStore)
	if publicURL == "" {
		publicURL = "http://" + s.Listener.Addr().String()
	}
	s.Config.Handler = web.New(web.Config{
		Webhook: &notification.Handler{
			Accept: func(context.Context, *notification.Request) error { return nil },
		},
		Mailbox: &web.Mailbox{
			Store: s.store, Keep: gateway.DefaultKeep, PlaysFaults: !s.leaves, Targets: s.targets, Closing: s.closing,
		},
		Accounts:  s.people(t, clock, logger),
		Ready:     s.store.Ping,
		PublicURL: publicURL,
		Clock:     clock,
		Logger:    logger,
	})
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// people makes the people of the dashboard, one, and begins a session.
func (s *site) people(t *testing.T, clock func() time.Time, logger *slog.Logger) *access.Accounts {
	t.Helper()
	sealer, err := access.NewSealer(make([]byte, access.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	accounts := access.NewAccounts(access.AccountsConfig{
		Store: s.store, Keyring: &access.Keyring{Store: s.store, Sealer: sealer, App: "default"}, Passwords: access.NewPasswords(),
		Clock: clock, Logger: logger,
	})
	if err := accounts.EnsureFirst(t.Context(), access.Credential{Username: username, Password: password}); err != nil {
		t.Fatal(err)
	}
	if s.token, _, err = accounts.SignIn(t.Context(), access.Actor{}, username, password); err != nil {
		t.Fatal(err)
	}
	return accounts
}

// id is a delivery's id; a higher n is newer.
func id(n int) string { return fmt.Sprintf("0193a5c4-0000-7000-8000-%012x", n) }

// keep puts a mail into the mailbox the way the gateway does.
func (s *site) keep(t *testing.T, n int, to, raw string) string {
	t.Helper()
	// Fixed files have the line ends that suit the editor; mails have CR LF.
	raw = strings.ReplaceAll(strings.ReplaceAll(raw, "\r\n", "\n"), "\n", "\r\n")
	mail := gateway.Mail{
		ID: id(n), ReceivedAt: noon.Add(-time.Duration(60-n) * time.Minute), From: "chat@example.com", To: to, Raw: []byte(raw),
		Subject: subjectOf(raw),
	}
	content := gateway.ReadContent(mail.Raw)
	mail.Searched = gateway.Searched{From: content.Header("From", ""), To: content.Header("To", ""), Text: content.Searchable()}
	if err := s.store.AddMail(t.Context(), mail, gateway.DefaultKeep); err != nil {
		t.Fatal(err)
	}
	return mail.ID
}

func subjectOf(raw string) string {
	_, after, found := strings.Cut(raw, "Subject: ")
	if !found {
		return ""
	}
	subject, _, _ := strings.Cut(after, "\r\n")
	return subject
}

// simple is a mail with both parts and nothing special.
func simple(subject string) string {
	return "From: Postrider <chat@example.com>\nTo: Andrew Joseph <andrew@example.com>\nSubject: " + subject + `
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8

Hello Andrew
--b
Content-Type: text/html; charset=utf-8

<!doctype html><html><head><title>x</title></head><body><p>Hello <b>Andrew</b></p></body></html>
--b--
`
}

// file reads a mail from testdata.
func file(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// reply is an answer, read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

// ask sends a request with a session and the credentials of its account, and header fields given
// as names and values. Redirects are not followed.
func (s *site) ask(t *testing.T, method, path string, fields ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	return s.do(t, r)
}

// sign lets a request through: to pages with a session, to the API with the
// account's credentials.
func (s *site) sign(r *http.Request) {
	r.SetBasicAuth(username, password)
	for _, name := range []string{"postrider-session", "__Host-postrider-session"} {
		r.AddCookie(&http.Cookie{Name: name, Value: s.token})
	}
}

// do sends a request that is let through.
func (s *site) do(t *testing.T, r *http.Request) reply {
	t.Helper()
	s.sign(r)
	client := *s.Client()
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

// want asks and fails the test unless the status is as given.
func (s *site) want(t *testing.T, status int, method, path string, fields ...string) reply {
	t.Helper()
	answer := s.ask(t, method, path, fields...)
	if answer.status != status {
		t.Fatalf("%s %s: status %d, want %d\n%s", method, path, answer.status, status, answer.body)
	}
	return answer
}
