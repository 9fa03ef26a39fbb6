package api_test

import (
	"context"
	"database/sql"
	"sync"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
	"github.com/postrider/postrider/internal/engine"
	"github.com/postrider/postrider/internal/web/api"
)

// recorder keeps what is recorded, on its way to the store.
type recorder struct {
	db    *sql.DB
	store engine.Store
	clock *clock

	mu     sync.Mutex
	events []chat.Event
	fails  error
}

func (r *recorder) Record(ctx context.Context, app string, events []chat.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fails != nil {
		return r.fails
	}
	r.events = append(r.events, events...)
	return r.store.Record(ctx, engine.Recording{App: app, Events: events, At: r.clock.Now(), Wait: time.Hour, Speed: 1})
}

// take returns what was recorded since it was last asked.
func (r *recorder) take() []chat.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	events := r.events
	r.events = nil
	return events
}

// community is a server with a directory.
type community struct {
	*server
	*recorder
}

// settle starts a server and makes users, one second after the other.
func settle(t *testing.T, uids ...string) community {
	t.Helper()
	c := community{recorder: new(recorder)}
	c.server = start(t, func(cfg *api.Config) {
		c.recorder.clock = &clock{now: cfg.Clock()}
		c.recorder.store = cfg.People.(engine.Store)
		cfg.Directory = directory.New(directory.Config{
			Store: cfg.People.(directory.Store), Recorder: c.recorder, Clock: cfg.Clock,
			HashPassword: func(password string) ([]byte, error) { return []byte("hash of " + password), nil },
		})
	})
	c.recorder.clock = c.server.clock
	db, err := sql.Open("sqlite", "file:"+c.server.db+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	c.recorder.db = db
	for _, uid := range uids {
		c.make(t, uid)
		c.server.clock.Advance(time.Second)
	}
	return c
}

func (c community) make(t *testing.T, uid string) {
	t.Helper()
	c.call(t, "POST", "/users", `{"uid":"`+uid+`","name":"Name of `+uid+`"}`).data(t)
}

// exec changes the database beneath the API.
func (c community) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := c.recorder.db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

// said returns a text of the answer's data.
func (r reply) said(t *testing.T, field string) string {
	t.Helper()
	text, _ := r.data(t)[field].(string)
	return text
}

// ids returns a field of each entry of a list, and the meta.
func (r reply) ids(t *testing.T, field string) ([]string, map[string]any) {
	t.Helper()
	list, ok := r.value["data"].([]any)
	if !ok || r.status != 200 {
		t.Fatalf("answered %d %s, want a list", r.status, r.body)
	}
	ids := make([]string, 0, len(list))
	for _, entry := range list {
		id, _ := entry.(map[string]any)[field].(string)
		ids = append(ids, id)
	}
	meta, _ := r.value["meta"].(map[string]any)
	return ids, meta
}
