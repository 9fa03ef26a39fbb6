package api_test

import (
	"context"
	"database/sql"
	"sync"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
	"github.com/postrider/postrider/internal/web/api"
)

// recorder keeps what is recorded, and does to the database what the engine
// would, as far as the API's answers show it.
type recorder struct {
	db    *sql.DB
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
	for _, e := range events {
		if err := r.apply(ctx, app, e.Change); err != nil {
			return err
		}
	}
	return nil
}

func (r *recorder) apply(ctx context.Context, app string, change chat.Change) error {
	exec := func(statement string, args ...any) error {
		_, err := r.db.ExecContext(ctx, statement, append([]any{app}, args...)...)
		return err
	}
	now := r.clock.Now().UnixMilli()
	member := func(guid string, m chat.Member) error {
		return exec(`INSERT INTO members (app, guid, uid, scope, state, joined_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $6)
			ON CONFLICT (app, guid, uid) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at,
				scope = CASE WHEN excluded.scope <> '' THEN excluded.scope ELSE members.scope END`,
			guid, m.UID, string(m.Scope), string(m.State), now)
	}
	switch c := change.(type) {
	case chat.MembersChanged:
		for _, m := range c.Members {
			if err := member(c.GUID, m); err != nil {
				return err
			}
		}
	case chat.ScopeChanged:
		return member(c.GUID, chat.Member{UID: c.UID, Scope: c.Scope, State: chat.MemberIn})
	case chat.OwnerChanged:
		if err := exec(`UPDATE chat_groups SET owner = $3 WHERE app = $1 AND guid = $2`, c.GUID, c.Owner); err != nil {
			return err
		}
		return member(c.GUID, chat.Member{UID: c.Owner, Scope: chat.ScopeAdmin, State: chat.MemberIn})
	case chat.GroupDeleted:
		return exec(`DELETE FROM chat_groups WHERE app = $1 AND guid = $2`, c.GUID)
	case chat.Unbanned:
		for _, uid := range c.UIDs {
			if err := member(c.GUID, chat.Member{UID: uid, State: chat.MemberOut}); err != nil {
				return err
			}
		}
	case chat.Blocked:
		for _, uid := range c.UIDs {
			var err error
			if c.Blocked {
				err = exec(`INSERT INTO blocks (app, uid, blocked, blocked_at) VALUES ($1, $2, $3, $4)
					ON CONFLICT (app, uid, blocked) DO UPDATE SET blocked_at = excluded.blocked_at, unblocked_at = 0`, c.By, uid, now)
			} else {
				err = exec(`UPDATE blocks SET unblocked_at = $4 WHERE app = $1 AND uid = $2 AND blocked = $3`, c.By, uid, now)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
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
