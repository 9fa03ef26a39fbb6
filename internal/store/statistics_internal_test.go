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
	}
}
