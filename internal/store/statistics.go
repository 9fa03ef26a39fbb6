package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// statisticsEvery is how often it is looked which tables have changed much.
	statisticsEvery = 5 * time.Second
	// statisticsAfter is after how many transactions of this process.
	statisticsAfter = 20
	// analyzedRows and analyzedShare of its rows is how much of a table has
	// to change before it is analysed.
	analyzedRows  = 500
	analyzedShare = 0.5
	// enoughRows is of how many rows the planner may know before the rest is left
	// to autovacuum: knowing of more changes no plan.
	enoughRows = 50_000
	// statisticsLock is the advisory lock of the process that analyses.
	statisticsLock = 0x706f737472696472
)

// startStatistics keeps PostgreSQL's picture of the tables up to date. Its own
// autovacuum comes once a minute at best, and until a table is analysed the
// planner takes one that has grown to a hundred thousand rows for a handful,
// and would read all of it for each decision.
func (s *Store) startStatistics(ctx context.Context) {
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.upkeep.Go(func() {
		ticker := time.NewTicker(statisticsEvery)
		defer ticker.Stop()
		for seen := int64(0); ; {
			// Other processes may have filled what this one finds at its start.
			if written := s.written.Load(); seen == 0 || written-seen >= statisticsAfter {
				seen = max(written, 1)
				if err := s.analyze(ctx); err != nil && ctx.Err() == nil {
					s.logger.Warn("analyse tables", "error", err)
				}
			}
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	})
}

// analyze analyses the tables that have changed much, unless another process
// is at it.
func (s *Store) analyze(ctx context.Context) error {
	return s.inBackground(ctx, func(tx *transaction) error {
		var mine bool
		if err := tx.QueryRowContext(ctx, `SELECT pg_try_advisory_xact_lock($1)`, int64(statisticsLock)).Scan(&mine); err != nil || !mine {
			return err
		}
		var tables []string
		// Payloads and attempts are found by their primary key alone.
		err := query(ctx, tx, `SELECT t.relname FROM pg_stat_user_tables t JOIN pg_class c ON c.oid = t.relid
			WHERE t.schemaname = current_schema() AND t.relname NOT IN ('payloads', 'attempts') AND c.reltuples < $3
			AND t.n_mod_since_analyze > $1 + $2 * t.n_live_tup`, []any{analyzedRows, analyzedShare, enoughRows},
			func(rows *sql.Rows) error {
				var table string
				if err := rows.Scan(&table); err != nil {
					return err
				}
				tables = append(tables, table)
				return nil
			})
		if err != nil {
			return fmt.Errorf("look for changed tables: %w", err)
		}
		// What is to be known is how few values an app's column has: a small
		// sample tells, and costs a tenth.
		if _, err := tx.ExecContext(ctx, `SET LOCAL default_statistics_target = 10`); err != nil {
			return fmt.Errorf("choose a sample: %w", err)
		}
		for _, table := range tables {
			if _, err := tx.ExecContext(ctx, `ANALYZE `+pgx.Identifier{table}.Sanitize()); err != nil {
				return fmt.Errorf("analyse %s: %w", table, err)
			}
		}
		return nil
	})
}
