package api_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/engine/vault"
	"github.com/postrider/postrider/internal/store"
	"github.com/postrider/postrider/internal/web/api"
)

const (
	app      = "app"
	firstKey = "00112233445566778899aabbccddeeff00112233"
)

// server is the API on a real store.
type server struct {
	store   *store.Store
	keys    *access.Keys
	vault   *vault.Vault
	handler http.Handler
	clock   *clock
	logs    *logs
	db      string // file of the database
}

// start returns the API of an app that has one key with full access, and of
// another app, "other".
func start(t *testing.T, change ...func(*api.Config)) *server {
	t.Helper()
	s := &server{clock: &clock{now: time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)}, logs: new(logs)}
	s.db = filepath.Join(t.TempDir(), "postrider.db")
	var err error
	s.store, err = store.Open(t.Context(), store.Config{URL: "sqlite:" + s.db, Exclusive: true, Clock: s.clock.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.store.Close(); err != nil {
			t.Error(err)
		}
	})
	sealer, err := access.NewSealer(bytes.Repeat([]byte{7}, access.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	s.vault = vault.New(s.store, sealer)
	s.keys = access.NewKeys(s.store, s.clock.Now)
	if err := s.keys.EnsureFirst(t.Context(), app, access.Credential{Password: firstKey}); err != nil {
		t.Fatal(err)
	}
	cfg := api.Config{
		Keys: s.keys, Vault: s.vault, People: s.store, Personal: s.store, History: s.store, Region: "eu",
		App: func(_ context.Context, id string) (string, bool) {
			name, ok := map[string]string{"app-id": app, "other-id": "other"}[id]
			return name, ok
		},
		PublicURL: "http://localhost:8080", Version: "test", Clock: s.clock.Now, Logger: slog.New(slog.NewTextHandler(s.logs, nil)),
	}
	for _, c := range change {
		c(&cfg)
	}
	s.handler = api.New(cfg)
	return s
}

// exec runs a statement beneath the store.
func (s *server) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+s.db+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

// people puts users into the directory. One with a minus sign before the uid is
// deactivated.
func (s *server) people(t *testing.T, uids ...string) {
	t.Helper()
	for _, uid := range uids {
		name, gone := strings.CutPrefix(uid, "-")
		deactivated := 0
		if gone {
			deactivated = 1
		}
		s.exec(t, `INSERT INTO users (app, uid, name, avatar, created_at, deactivated_at) VALUES ($1, $2, '', '', 1, $3)`, app, name, deactivated)
	}
}

// reply is an answer, read.
type reply struct {
	status int
	header http.Header
	body   string
	value  map[string]any
}

// call sends a request with the first key, and holds the answer against the
// document. Headers come in pairs and win.
func (s *server) call(t *testing.T, method, path, body string, headers ...string) reply {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://localhost:8080/v3"+path, strings.NewReader(body))
	r.Header.Set("apikey", firstKey)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	got := reply{status: w.Code, header: w.Header(), body: w.Body.String()}
	if err := json.Unmarshal([]byte(got.body), &got.value); err != nil {
		t.Fatalf("%s %s: answered %d %q: %v", method, path, got.status, got.body, err)
	}
	s.contract(t, r, w, body)
	return got
}

// contract holds an answer against the document; where the document knows the
// request and it was answered 200, the request too.
func (s *server) contract(t *testing.T, r *http.Request, w *httptest.ResponseRecorder, body string) {
	t.Helper()
	if strings.Contains(w.Body.String(), "ERR_API_NOT_FOUND") {
		return // of no operation
	}
	v := judge(t, s.handler)
	r.Body = io.NopCloser(strings.NewReader(body))
	answer := w.Result()
	ok, problems := v.ValidateHttpResponse(r, answer)
	if w.Code == http.StatusOK && strings.HasPrefix(body, "{") && !strings.Contains(body, "null") {
		r.Body = io.NopCloser(strings.NewReader(body))
		fine, more := v.ValidateHttpRequest(r)
		ok, problems = ok && fine, append(problems, more...)
	}
	if ok {
		return
	}
	for _, p := range problems {
		t.Errorf("%s %s: against the document: %s: %s", r.Method, r.URL.Path, p.Message, p.Reason)
		for _, cause := range p.SchemaValidationErrors {
			t.Errorf("  %s %s", cause.FieldPath, cause.Reason)
		}
	}
	t.Logf("answered %d %s", w.Code, w.Body)
}

// judges are validators by the document that they hold against: all servers of
// the tests serve the same one, and reading it takes long.
var judges struct {
	sync.Mutex
	byDocument map[string]validator.Validator
}

func judge(t *testing.T, handler http.Handler) validator.Validator {
	t.Helper()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/openapi.json", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("the document: %d", w.Code)
	}
	judges.Lock()
	defer judges.Unlock()
	if v := judges.byDocument[w.Body.String()]; v != nil {
		return v
	}
	document, err := libopenapi.NewDocument(w.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(document)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if judges.byDocument == nil {
		judges.byDocument = make(map[string]validator.Validator)
	}
	judges.byDocument[w.Body.String()] = v
	return v
}

// data returns the answer's data, which must be an object.
func (r reply) data(t *testing.T) map[string]any {
	t.Helper()
	data, ok := r.value["data"].(map[string]any)
	if !ok || r.status != http.StatusOK {
		t.Fatalf("answered %d %s, want 200 with data", r.status, r.body)
	}
	return data
}

// refused checks that the answer is an error with a status and a code, and
// that its details name exactly the given fields.
func (r reply) refused(t *testing.T, status int, code string, fields ...string) {
	t.Helper()
	problem, _ := r.value["error"].(map[string]any)
	details, _ := problem["details"].(map[string]any)
	if r.status != status || problem["code"] != code || len(details) != len(fields) {
		t.Errorf("answered %d %s, want %d %s about %q", r.status, r.body, status, code, fields)
		return
	}
	for _, field := range fields {
		if details[field] == nil {
			t.Errorf("answered %s, want it to name %q", r.body, field)
		}
	}
}

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

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// logs keeps what is logged.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
