package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/postrider/postrider/internal/outbox"
)

var _ outbox.Tallies = (*Store)(nil)

// foldBatch bounds how many rows are folded in one transaction.
const foldBatch = 2000

// tallyKey is what is counted together.
type tallyKey struct {
	app    string
	hour   int64 // since 1970
	lane   outbox.Lane
	state  outbox.State
	reason string
}

// tally counts what comes to an end in one transaction.
type tally map[tallyKey]int

func hourOf(at time.Time) int64 { return at.Unix() / 3600 }

func (t tally) sorted() []tallyKey {
	return slices.SortedFunc(maps.Keys(t), func(a, b tallyKey) int {
		return cmp.Or(cmp.Compare(a.hour, b.hour), cmp.Compare(a.app, b.app), cmp.Compare(a.lane, b.lane),
			cmp.Compare(a.state, b.state), cmp.Compare(a.reason, b.reason))
	})
}

// addTally stores counts in the transaction that ends what is counted. It only
// appends: a row that is counted up would make all who settle wait for each
// other.
func (s *Store) addTally(ctx context.Context, tx *transaction, t tally) error {
	rows := newRelation(len(t), "TEXT", "TEXT", "BIGINT", "TEXT", "TEXT", "TEXT", "BIGINT")
	for _, key := range t.sorted() {
		id, err := newID(s.clock())
		if err != nil {
			return err
		}
		rows.add(id, text(key.app), key.hour, string(key.lane), string(key.state), text(key.reason), t[key])
	}
	return rows.each(tx, nil, func(table string, args []any) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO tallies (id, app, hour, lane, state, reason, n) `+table, args...)
		if err != nil {
			return fmt.Errorf("count what came to an end: %w", err)
		}
		return nil
	})
}

// FoldTallies puts counts of the same hour together, and forgets those of hours
// before the given time. Several processes may do it at one time.
func (s *Store) FoldTallies(ctx context.Context, before time.Time) error {
	for {
		var n int
		err := s.inBackground(ctx, func(tx *transaction) (err error) {
			tx.aside()
			n, err = s.fold(ctx, tx)
			return err
		})
		if err != nil {
			return fmt.Errorf("fold tallies: %w", err)
		}
		if n < foldBatch {
			break
		}
	}
	err := s.deleteAll(ctx, `DELETE FROM tally_hours WHERE (hour, app, lane, state, reason) IN
		(SELECT hour, app, lane, state, reason FROM tally_hours WHERE hour < $1 LIMIT $2)`, hourOf(before))
	if err != nil {
		return fmt.Errorf("delete old tallies: %w", err)
	}
	return nil
}

// fold takes some rows out of tallies and adds them to their hours.
func (s *Store) fold(ctx context.Context, tx *transaction) (n int, err error) {
	folded := make(tally)
	err = query(ctx, tx, `DELETE FROM tallies WHERE id IN (SELECT id FROM tallies ORDER BY id LIMIT $1`+s.dialect.skipLocked+`)
		RETURNING app, hour, lane, state, reason, n`, []any{foldBatch}, func(rows *sql.Rows) error {
		var key tallyKey
		var count int
		if err := rows.Scan(&key.app, &key.hour, &key.lane, &key.state, &key.reason, &count); err != nil {
			return err
		}
		n++
		folded[key] += count
		return nil
	})
	if err != nil {
		return 0, err
	}
	rows := newRelation(len(folded), "BIGINT", "TEXT", "TEXT", "TEXT", "TEXT", "BIGINT")
	for _, key := range folded.sorted() { // in one order, or two processes deadlock
		rows.add(key.hour, key.app, string(key.lane), string(key.state), key.reason, folded[key])
	}
	// "WHERE true" keeps SQLite from taking ON CONFLICT for a part of a join.
	return n, rows.each(tx, nil, func(table string, args []any) error {
		_, err := tx.ExecContext(ctx, `WITH folded (f_hour, f_app, f_lane, f_state, f_reason, f_n) AS (`+table+`)
			INSERT INTO tally_hours (hour, app, lane, state, reason, n) SELECT f_hour, f_app, f_lane, f_state, f_reason, f_n FROM folded WHERE true
			ON CONFLICT (hour, app, lane, state, reason) DO UPDATE SET n = tally_hours.n + excluded.n`, args...)
		return err
	})
}

// Tallies implements [outbox.Tallies].
func (s *Store) Tallies(ctx context.Context, q outbox.TallyQuery) ([]outbox.Tally, error) {
	step := max(int64(q.By/time.Hour), 1)
	reason := "''"
	if q.Reasons {
		reason = "reason"
	}
	const where = ` WHERE hour >= $1 AND hour < $2 AND app = $3`
	var tallies []outbox.Tally
	err := query(ctx, s.read, `SELECT begins, lane, state, reason, CAST(SUM(n) AS BIGINT) FROM (
			SELECT hour / CAST($4 AS BIGINT) * CAST($4 AS BIGINT) AS begins, lane, state, `+reason+` AS reason, n FROM tally_hours`+where+`
			UNION ALL SELECT hour / CAST($4 AS BIGINT) * CAST($4 AS BIGINT), lane, state, `+reason+`, n FROM tallies`+where+`
		) AS counted GROUP BY begins, lane, state, reason ORDER BY begins, lane, state, reason`,
		[]any{hourOf(q.From), hourOf(q.Until), text(q.App), step}, func(rows *sql.Rows) error {
			var t outbox.Tally
			var hour int64
			if err := rows.Scan(&hour, &t.Lane, &t.State, &t.Reason, &t.N); err != nil {
				return err
			}
			t.From = time.Unix(hour*3600, 0).UTC()
			tallies = append(tallies, t)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("read tallies: %w", err)
	}
	return tallies, nil
}
