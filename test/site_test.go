package e2e_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/outbox"
)

// What every site is configured with unless its test says otherwise.
const (
	hookUser, hookPassword   = "hook", "hook-password-9e2d"
	adminUser, adminPassword = "admin", "admin-password-51c7"
	chatUser, chatPassword   = "chat", "chat-password-7b40"
	apiKey                   = "5d1f0c9a7e3b8426f0a1d2c3b4e5968778695a4b"
)

// site is one installation of Postrider: settings and data that processes
// share, one after the other or side by side.
type site struct {
	t        testing.TB
	settings map[string]string // environment variables
}

// newSite returns a site on SQLite in an empty directory. settings are
// environment variables; they win over the defaults here.
func newSite(t testing.TB, settings map[string]string) *site {
	t.Helper()
	if err := readSource(); err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, settings: map[string]string{
		"POSTRIDER_DATA_DIR":         t.TempDir(),
		"POSTRIDER_LISTEN":           "127.0.0.1:0",
		"POSTRIDER_METRICS_LISTEN":   "127.0.0.1:0",
		"POSTRIDER_WEBHOOK_USERNAME": hookUser,
		"POSTRIDER_WEBHOOK_PASSWORD": hookPassword,
		"POSTRIDER_ADMIN_PASSWORD":   adminPassword,
		"POSTRIDER_EVENTS_USERNAME":  chatUser,
		"POSTRIDER_EVENTS_PASSWORD":  chatPassword,
		"POSTRIDER_API_KEY":          apiKey,
		"POSTRIDER_LOG_FORMAT":       "json",
	}}
	maps.Copy(s.settings, settings)
	return s
}

// onPostgres are the settings of a site on a PostgreSQL database of its own.
func onPostgres(t testing.TB) map[string]string {
	t.Helper()
	return map[string]string{
		"POSTRIDER_DATABASE_URL": databases.URL(t),
		"POSTRIDER_SECRET_KEY":   base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)),
	}
}

// engines runs a test on both databases.
func engines(t *testing.T, test func(t *testing.T, settings map[string]string)) {
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, map[string]string{})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		test(t, onPostgres(t))
	})
}

// environment is our own without what would configure a server, and with the
// site's settings.
func (s *site) environment() []string {
	var env []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "POSTRIDER_") && !strings.HasPrefix(entry, "PORT=") {
			env = append(env, entry)
		}
	}
	for name, value := range s.settings {
		env = append(env, name+"="+value)
	}
	return env
}

// run runs a command to its end.
func (s *site) run(arguments ...string) result {
	s.t.Helper()
	return runProgram(s.t, s.environment(), "", binary, arguments...)
}

// command is run for a command that has to succeed; it returns its output.
func (s *site) command(arguments ...string) string {
	s.t.Helper()
	r := s.run(arguments...)
	if r.code != 0 {
		s.t.Fatalf("postrider %s: exit code %d\n%s%s", strings.Join(arguments, " "), r.code, r.out, r.errOut)
	}
	return r.out
}

// ask is command for one that prints JSON.
func (s *site) ask(into any, arguments ...string) {
	s.t.Helper()
	out := s.command(append(arguments, "--json")...)
	if err := json.Unmarshal([]byte(out), into); err != nil {
		s.t.Fatalf("postrider %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
}

// deliveries asks the command for all deliveries that a filter selects.
func (s *site) deliveries(filter ...string) []outbox.Delivery {
	s.t.Helper()
	const limit = 1_000_000
	var list []outbox.Delivery
	s.ask(&list, append([]string{"deliveries", "list", "--limit", itoa(limit)}, filter...)...)
	if len(list) == limit {
		s.t.Fatal("there are more deliveries than are listed")
	}
	return list
}

// shown is what `deliveries show --json` prints.
type shown struct {
	outbox.Delivery
	AttemptLog []outbox.Attempt `json:"attemptLog"`
	Payload    json.RawMessage  `json:"payload"`
}

func (s *site) show(id string) shown {
	s.t.Helper()
	var d shown
	s.ask(&d, "deliveries", "show", id)
	return d
}

// server is a running `postrider serve`.
type server struct {
	*process
	url     string // base, without a slash at the end
	public  string // the same as links have it
	metrics string // URL of /metrics
	client  *http.Client
}

// start starts a server and does not wait for it.
func (s *site) start(arguments ...string) *process {
	s.t.Helper()
	return startProcess(s.t, s.environment(), nil, binary, append([]string{"serve"}, arguments...)...)
}

// serve starts a server and waits until it serves.
func (s *site) serve(arguments ...string) *server {
	s.t.Helper()
	return attach(s.start(arguments...))
}

// attach waits until a process serves.
func attach(p *process) *server {
	p.t.Helper()
	said := p.awaitLog("serving")
	scheme := "http"
	if strings.HasPrefix(said.text("public_url"), "https://localhost:") {
		scheme = "https"
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	p.t.Cleanup(transport.CloseIdleConnections)
	return &server{
		process: p,
		url:     scheme + "://" + said.text("address"),
		public:  said.text("public_url"),
		metrics: "http://" + said.text("metrics") + "/metrics",
		client:  &http.Client{Transport: transport, Timeout: patience},
	}
}

// awaitReady waits until the server says that it can do its work.
func (s *server) awaitReady() {
	s.t.Helper()
	eventually(s.t, func() error { return s.get("/readyz").want(http.StatusOK) })
}

// freeAddress returns an address of this machine on which nothing listens, and
// which the system gives to nobody who asks for any port.
func freeAddress(t testing.TB) string {
	t.Helper()
	// Below what Linux, and above what other systems, hand out by themselves.
	for port := 20000 + int(time.Now().UnixNano()/1000%9000); ; port++ {
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", itoa(port)))
		if err != nil {
			continue
		}
		address := listener.Addr().String()
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		return address
	}
}
