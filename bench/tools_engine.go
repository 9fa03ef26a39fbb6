package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/postrider/postrider/bench/internal/ceiling"
	"github.com/postrider/postrider/bench/internal/chatter"
	"github.com/postrider/postrider/bench/internal/hook"
	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/daemon"
	"github.com/postrider/postrider/internal/engine"
	"github.com/postrider/postrider/internal/store"
)

// The parts of a run of the engine that are processes of their own.

type hookCommand struct {
	Listen  string `default:"127.0.0.1:2527" help:"Address of the custom provider."`
	Control string `default:"127.0.0.1:2528" help:"Address of GET /stats and /sample."`
}

// Run serves until it is told to stop.
func (c *hookCommand) Run(ctx context.Context) error {
	h := hook.New()
	return serveWith(ctx, c.Listen, h.Serve, c.Control, h.Control())
}

type postCommand struct {
	URL         string `arg:"" help:"Where to post."`
	Body        string `required:"" help:"File of the body."`
	Connections int    `default:"64" help:"Connections that are kept open."`
	rawLoop
}

// Run posts and prints how many calls a second were answered.
func (c *postCommand) Run(ctx context.Context) error {
	return c.measure(c.Body, func(body []byte, d time.Duration) (int64, error) {
		return ceiling.Post(ctx, c.URL, body, c.Connections, d)
	})
}

type chatCommand struct {
	Database string `arg:"" help:"postgres://… or sqlite:PATH; made up to date."`
	Kind     string `arg:"" enum:"due,groups,open" help:"due: windows that are due at once; groups: groups and their members; open: windows that wait for a day."`
	Count    int    `required:"" help:"Windows, or groups."`
	People   int    `default:"100000" help:"People who write to each other; for groups, members of each."`
}

// Run fills a database with what had happened in a chat before. The windows
// that wait are a million: they are written by SQL of our own, as copies of
// one that the store has made. Everything else the store does itself.
func (c *chatCommand) Run(ctx context.Context) (err error) {
	s, err := store.Open(ctx, store.Config{URL: c.Database, Exclusive: true, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	closed := false
	defer func() {
		if !closed {
			err = errors.Join(err, s.Close())
		}
	}()
	template := chatter.OneOnOne(c.People, time.Now().Add(-3*time.Hour))
	switch c.Kind {
	case "due":
		return c.record(ctx, s, func(number uint64) (chat.Event, error) { return template.Event(number) })
	case "groups":
		return c.record(ctx, s, c.group)
	}
	one := *c
	one.Count = 1
	if err := one.record(ctx, s, func(uint64) (chat.Event, error) { return chatter.OneOnOne(2, time.Now()).Event(0) }); err != nil {
		return err
	}
	closed = true
	if err := s.Close(); err != nil {
		return err
	}
	return multiply(ctx, strings.TrimPrefix(c.Database, "sqlite:"), c.Count)
}

// group is that a group got its members.
func (c *chatCommand) group(number uint64) (chat.Event, error) {
	now := time.Now()
	members := make([]chat.Member, c.People)
	for i := range members {
		members[i] = chat.Member{UID: chatter.UID(uint64(i)), Scope: chat.ScopeParticipant, State: chat.MemberIn, JoinedAt: now}
	}
	return chat.Event{Change: chat.MembersChanged{GUID: chatter.GUID(number), Members: members, At: now}}, nil
}

// record has the store take events as they would have come from /events a wait
// ago: their windows are due now.
func (c *chatCommand) record(ctx context.Context, s *store.Store, eventOf func(number uint64) (chat.Event, error)) error {
	const recorders, batch = 16, 50
	wait := chat.DefaultSettings().Preferences.Email.Interval()
	var group errgroup.Group
	for w := range recorders {
		group.Go(func() error {
			for from := w * batch; from < c.Count; from += recorders * batch {
				var events []chat.Event
				for i := from; i < min(from+batch, c.Count); i++ {
					e, err := eventOf(uint64(i))
					if err != nil {
						return err
					}
					events = append(events, e)
				}
				if err := s.Record(ctx, engine.Recording{App: daemon.App, Events: events, At: time.Now().Add(-wait), Wait: wait, Speed: 1}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// multiply makes many of the one message, its conversation, its recipient and
// its window: another recipient for each, due in a day.
func multiply(ctx context.Context, path string, count int) (err error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_pragma=cache_size(-64000)")
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	const step = 50_000
	due := time.Now().Add(24 * time.Hour).UnixMilli()
	// Named in full: a window is found by its conversation first.
	conversation := string(chat.OneOnOne(chatter.UID(0), chatter.UID(1)))
	for from := 2; from < count+2; from += step {
		for _, statement := range [...]string{
			`INSERT INTO users (app, uid, name, avatar, created_at)
				SELECT app, u, name, avatar, created_at FROM n CROSS JOIN users WHERE app = $5 AND uid = $4`,
			`INSERT INTO conversations (app, id, last, created_at, updated_at)
				SELECT c.app, replace(c.id, $4, u), 1, c.created_at, c.updated_at FROM n CROSS JOIN conversations c WHERE c.app = $5 AND c.id = $6`,
			`INSERT INTO messages (app, id, conversation, number, sender, category, type, kind, mentions, state, sent_at, arrived_at, body)
				SELECT app, 'open-' || u, replace(conversation, $4, u), 1, sender, category, type, kind, mentions, state, sent_at, arrived_at, body
				FROM n CROSS JOIN messages WHERE app = $5 AND id = '0000000000'`,
			`INSERT INTO windows (app, uid, conversation, after, opened_at, due_at)
				SELECT app, u, replace(conversation, $4, u), 0, opened_at, $3 FROM n CROSS JOIN windows WHERE app = $5 AND conversation = $6 AND uid = $4`,
		} {
			_, err := db.ExecContext(ctx, `WITH RECURSIVE k (i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM k WHERE i + 1 < $2),
				n (u, unused) AS MATERIALIZED (SELECT printf('member-%010d', i), $3 || $4 || $5 || $6 FROM k) `+statement, from, min(from+step, count+2), due, chatter.UID(1), daemon.App, conversation)
			if err != nil {
				return fmt.Errorf("multiply: %w", err)
			}
		}
	}
	_, err = db.ExecContext(ctx, `UPDATE windows SET due_at = $1`, due)
	return err
}
