package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/outbox"
)

// planned is an operation whose statements must find their rows by an index.
type planned struct {
	name string
	run  func(ctx context.Context, s *Store) error
	// walks: it may read deliveries, or notices, in the order of ids until it has
	// enough.
	walks bool
	// sorts: it may sort what the index gave it, which is little.
	sorts bool
	// many: it takes so many rows at one time that PostgreSQL rather reads all
	// of a table as small as the test's.
	many bool
	// index must find some of it: without it, another one would still be used,
	// but only for all of an app's rows.
	index string
	// never is an index that must not be used, whatever is known of the table.
	never string
}

func plannedOperations(ids []string) []planned {
	var refs []outbox.Ref
	var settlements []outbox.Settlement
	for _, id := range ids {
		refs = append(refs, outbox.Ref{ID: id})
		settlements = append(settlements, outbox.Settlement{
			Ref: outbox.Ref{ID: id}, State: outbox.Sent, Attempt: &outbox.Attempt{Number: 2},
		})
	}
	list := func(f outbox.Filter) func(ctx context.Context, s *Store) error {
		return func(ctx context.Context, s *Store) error {
			_, err := s.List(ctx, f, 20)
			return err
		}
	}
	return []planned{
		{name: "put", run: func(ctx context.Context, s *Store) error {
			e := outbox.Entry{ID: firstID(s.clock()), Lane: outbox.LaneMail, DedupeKey: []byte("key"), DedupeUntil: s.clock().Add(time.Hour)}
			if _, err := s.Put(ctx, e); err != nil {
				return err
			}
			e.ID += "-duplicate"
			_, err := s.Put(ctx, e)
			return err
		}},
		{name: "next due", run: func(ctx context.Context, s *Store) error {
			_, err := s.NextDue(ctx, outbox.LaneMail)
			return err
		}},
		{name: "claim", many: true, run: func(ctx context.Context, s *Store) error {
			_, err := s.Claim(ctx, outbox.LaneMail, 144, time.Hour)
			return err
		}},
		{name: "renew", never: "deliveries_leased", run: func(ctx context.Context, s *Store) error {
			_, err := s.Renew(ctx, refs, time.Hour)
			return err
		}},
		{name: "settle", never: "deliveries_leased", run: func(ctx context.Context, s *Store) error {
			_, err := s.Settle(ctx, settlements)
			return err
		}},
		{name: "expire", many: true, run: func(ctx context.Context, s *Store) error {
			_, err := s.Expire(ctx, outbox.LaneMail)
			return err
		}},
		{name: "depth", run: func(ctx context.Context, s *Store) error {
			_, err := s.Depth(ctx, outbox.LaneMail)
			return err
		}},
		{name: "purge", many: true, run: func(ctx context.Context, s *Store) error {
			_, err := s.Purge(ctx, s.clock().Add(-9*time.Hour))
			return err
		}},
		{name: "get", run: func(ctx context.Context, s *Store) error {
			_, _, err := s.Get(ctx, ids[0])
			return err
		}},
		{name: "attempts", run: func(ctx context.Context, s *Store) error {
			_, err := s.Attempts(ctx, ids[0])
			return err
		}},
		{name: "replay", many: true, run: func(ctx context.Context, s *Store) error {
			_, err := s.Replay(ctx, ids[0]) // is sent
			return err
		}},
		{name: "list all", walks: true, run: list(outbox.Filter{})},
		{name: "list sent", walks: true, run: list(outbox.Filter{States: []outbox.State{outbox.Sent}})},
		{name: "list a page", run: list(outbox.Filter{Before: ids[0]})},
		{name: "list since", run: list(outbox.Filter{Since: time.Now().Add(-time.Hour)})},
		{name: "list until", run: list(outbox.Filter{Until: time.Now().Add(-time.Hour)})},
		{name: "list by reason", run: list(outbox.Filter{Reason: "EXPIRED"})},
		{name: "list failed", sorts: true, run: list(outbox.Filter{States: []outbox.State{outbox.Failed}})},
		{name: "search", run: func(ctx context.Context, s *Store) error {
			_, _, err := s.Search(ctx, outbox.Filter{App: "app", Recipient: "recipient 7", Before: ids[0]}, 20)
			return err
		}},
		{name: "depth at most", run: func(ctx context.Context, s *Store) error {
			_, err := s.DepthAtMost(ctx, outbox.LaneMail)
			return err
		}},
		{name: "people", sorts: true, many: true, run: func(ctx context.Context, s *Store) error {
			_, _, err := s.People(ctx, "app", "uid-000700", "uid", 20)
			return err
		}},
		{name: "person", many: true, run: func(ctx context.Context, s *Store) error {
			_, _, err := s.Person(ctx, "app", "uid-000700")
			return err
		}},
		{name: "list unsent", sorts: true, run: list(outbox.Filter{States: []outbox.State{outbox.Failed, outbox.Skipped}})},
	}
}

func TestPlansUseIndices(t *testing.T) {
	for _, e := range testEngines() {
		t.Run(e.name, func(t *testing.T) {
			s, source := e.open(t)
			ids := fill(t, s)
			h := observe(t, s, source)
			populate(t, s)
			for _, operation := range append(plannedOperations(ids), directoryOperations()...) {
				t.Run(operation.name, func(t *testing.T) { checkPlans(t, s, h, operation) })
			}
		})
	}
}

func checkPlans(t *testing.T, s *Store, h *hooks, operation planned) {
	type statement struct {
		query string
		args  []any
	}
	var statements []statement
	h.set(func(h *hooks) {
		h.statement = func(query string, named []driver.NamedValue) {
			args := make([]any, 0, len(named))
			for _, arg := range named {
				args = append(args, arg.Value)
			}
			statements = append(statements, statement{query, args})
		}
	})
	err := operation.run(t.Context(), s)
	h.set(func(h *hooks) { h.statement = nil })
	if err != nil {
		t.Fatal(err)
	}
	if len(statements) == 0 {
		t.Fatal("no statement was seen")
	}
	found := operation.index == ""
	for _, statement := range statements {
		for _, step := range plan(t, s, statement.query, statement.args, operation.many) {
			found = found || strings.Contains(step, operation.index)
			if fault := operation.fault(step); fault != "" {
				t.Errorf("%s: %q in the plan of\n%s", fault, step, statement.query)
			}
		}
	}
	if !found {
		t.Errorf("the index %s is not used", operation.index)
	}
}

// fault says what is wrong with one step of a plan, or nothing.
func (o *planned) fault(step string) string {
	step = strings.TrimLeft(step, " ->")
	if o.never != "" && strings.Contains(step, o.never) {
		return "uses " + o.never
	}
	for _, table := range []string{
		"deliveries", "payloads", "attempts", "dedupe", "messages", "conversations", "windows", "members", "users", "marks", "quotas", "notices",
		"blocks", "preferences", "contacts", "mutes", "chat_groups", "fanouts", "u", "g", "v", "m", "b", "r", "c", "k", "p", "n", "d",
	} {
		switch {
		case strings.HasPrefix(step, "Seq Scan on "+table+" "):
			return "reads the whole table"
		case (step == "SCAN "+table || strings.HasPrefix(step, "SCAN "+table+" ")) && (!o.walks || step != "SCAN deliveries" && step != "SCAN n"):
			return "reads the whole table or index"
		}
	}
	if strings.HasSuffix(step, " (app=?)") && !strings.Contains(step, "windows_due") && !o.walks {
		return "reads all that an app has"
	}
	if strings.HasPrefix(step, "SEARCH quotas") && strings.HasSuffix(step, "uid=?)") {
		return "reads all counts of somebody's day"
	}
	if (strings.HasPrefix(step, "Sort") || strings.Contains(step, "TEMP B-TREE FOR ORDER BY")) && !o.sorts {
		return "sorts"
	}
	return ""
}

// plan returns the steps of a statement's plan.
func plan(t *testing.T, s *Store, query string, args []any, many bool) (steps []string) {
	t.Helper()
	tx, err := s.write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	explain, columns := "EXPLAIN ", 1
	if s.dialect.name == "sqlite" {
		explain, columns = "EXPLAIN QUERY PLAN ", 4
	} else if many {
		if _, err := tx.ExecContext(t.Context(), `SET LOCAL enable_seqscan = off`); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := tx.QueryContext(t.Context(), explain+query, args...)
	if err != nil {
		t.Fatalf("explain: %v\n%s", err, query)
	}
	defer rows.Close()
	for rows.Next() {
		var step string
		dest := []any{new(any), new(any), new(any), &step} // id, parent, unused, detail
		if err := rows.Scan(dest[4-columns:]...); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}

// fill stores deliveries of the last ten hours in all states, and returns the
// ids of some that were sent.
func fill(t *testing.T, s *Store) (sent []string) {
	t.Helper()
	states := [...]outbox.State{outbox.Pending, outbox.Pending, outbox.Pending, outbox.Failed}
	begin := s.clock().Add(-10 * time.Hour)
	tx, err := s.write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	exec := func(statement string, args ...any) {
		t.Helper()
		if _, err := tx.ExecContext(t.Context(), statement, args...); err != nil {
			t.Fatal(err)
		}
	}
	const rows = 100
	stored := 1000
	if s.dialect.name == "postgres" {
		stored = 20_000 // enough for its planner to prefer an index
	}
	for n := 0; n < stored; n += rows {
		var deliveries, payloads, attempts, keys []any
		for i := n; i < n+rows; i++ {
			at := begin.Add(time.Duration(i) * 10 * time.Hour / time.Duration(stored))
			id := fmt.Sprintf("%s-%012x", firstID(at)[:23], i)
			state := outbox.Sent
			switch {
			case i%10 < len(states):
				state = states[i%10]
			case i%100 == 99:
				state = outbox.InHand
			case i > stored/2 && len(sent) < 70: // newer than what is purged
				sent = append(sent, id)
			}
			ms := millis(at)
			deliveries = append(deliveries, id, "app", string(outbox.LaneMail), fmt.Sprint("recipient ", i%1000), "conversation", "origin",
				string(state), ms, ms, ms)
			payloads = append(payloads, id, []byte("payload"))
			attempts = append(attempts, id, 1, ms, 1, "gateway", "target", "result", 250, "reply")
			keys = append(keys, []byte(id), id, ms)
		}
		exec(`INSERT INTO deliveries (id, app, lane, recipient, conversation, origin, state, created_at, armed_at, next_at) VALUES `+
			tuples(rows, 10, 1), deliveries...)
		exec(`INSERT INTO payloads (delivery_id, body) VALUES `+tuples(rows, 2, 1), payloads...)
		exec(`INSERT INTO attempts (delivery_id, number, at, duration_us, gateway, target, result, code, reply) VALUES `+
			tuples(rows, 9, 1), attempts...)
		exec(`INSERT INTO dedupe (key, delivery_id, expires_at) VALUES `+tuples(rows, 3, 1), keys...)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if s.dialect.name == "postgres" {
		if _, err := s.write.ExecContext(t.Context(), `ANALYZE`); err != nil {
			t.Fatal(err)
		}
	}
	return sent
}
