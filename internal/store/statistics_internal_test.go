package store

import (
	"fmt"
	"testing"
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
			_, err := tx.ExecContext(t.Context(), `SELECT pg_stat_force_next_flush()`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.analyze(t.Context()); err != nil {
			t.Fatal(err)
		}
		var different float64
		err = s.read.QueryRowContext(t.Context(), `SELECT n_distinct FROM pg_stats WHERE tablename = 'windows' AND attname = 'app'`).Scan(&different)
		if err != nil || different != 1 {
			t.Errorf("%v different apps, %v", different, err)
		}
	}
}
