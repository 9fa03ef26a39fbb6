package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"
)

// A table that has grown is analysed without anybody waiting for autovacuum.
func TestStatistics(t *testing.T) {
	for _, e := range testEngines() {
		if e.name != "postgres" {
			continue
		}
		s, _ := e.open(t)
		err := s.transaction(t.Context(), func(tx *transaction) error {
			for i := range 2 * analyzedRows {
				_, err := tx.ExecContext(t.Context(), `INSERT INTO windows (app, uid, conversation, after, opened_at, due_at) VALUES ('app', $1, $1, 0, 0, 0)`,
					fmt.Sprint(i))
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		// The store's own look at its start may be under way, and then ours leaves
		// it at that; and PostgreSQL counts what has changed a little later.
		var different float64
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for different == 0 {
			if _, err := s.write.ExecContext(ctx, `SELECT pg_stat_force_next_flush()`); err != nil {
				t.Fatal(err)
			}
			if err := s.analyze(ctx); err != nil {
				t.Fatal(err)
			}
			err = s.read.QueryRowContext(ctx, `SELECT n_distinct FROM pg_stats WHERE tablename = 'windows' AND attname = 'app'`).Scan(&different)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				t.Fatal(err)
			}
		}
		if different != 1 {
			t.Errorf("%v different apps, want 1", different)
		}
		leftToAutovacuum(t, s)
	}
}

// leftToAutovacuum looks whether a table that is known to be large stays as it is
// known when it grows.
func leftToAutovacuum(t *testing.T, s *Store) {
	t.Helper()
	grow := func(app string) {
		_, err := s.write.ExecContext(t.Context(), `INSERT INTO windows (app, uid, conversation, after, opened_at, due_at)
			SELECT $1, 'p' || n, 'c' || n, 0, 0, 0 FROM generate_series(1, $2) AS n`, app, enoughRows)
		if err != nil {
			t.Fatal(err)
		}
	}
	known := func() (rows, changed int64) {
		err := s.write.QueryRowContext(t.Context(), `SELECT reltuples, n_mod_since_analyze FROM pg_class JOIN pg_stat_user_tables ON relid = oid
			WHERE pg_class.relname = 'windows'`).Scan(&rows, &changed)
		if err != nil {
			t.Fatal(err)
		}
		return rows, changed
	}
	grow("app")
	if _, err := s.write.ExecContext(t.Context(), `ANALYZE windows`); err != nil {
		t.Fatal(err)
	}
	grow("another")
	for {
		if _, err := s.write.ExecContext(t.Context(), `SELECT pg_stat_force_next_flush()`); err != nil {
			t.Fatal(err)
		}
		if _, changed := known(); changed >= enoughRows {
			break
		}
	}
	if err := s.analyze(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rows, changed := known(); rows > enoughRows+3*analyzedRows || changed < enoughRows {
		t.Errorf("the planner knows of %d rows, and not of %d changes: it was analysed again", rows, changed)
	}
}
