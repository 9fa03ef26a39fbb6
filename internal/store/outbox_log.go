package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/postrider/postrider/internal/outbox"
)

var _ outbox.Log = (*Store)(nil)

// List implements [outbox.Log].
func (s *Store) List(ctx context.Context, filter outbox.Filter, limit int) ([]outbox.Delivery, error) {
	where, args := conditions(filter)
	args = append(args, limit)
	deliveries := make([]outbox.Delivery, 0, min(limit, 1000))
	err := query(ctx, s.read, `SELECT `+deliveryColumns+` FROM deliveries`+where+
		` ORDER BY id DESC LIMIT $`+strconv.Itoa(len(args)), args, func(rows *sql.Rows) error {
		var d outbox.Delivery
		if err := scanDelivery(rows, &d); err != nil {
			return err
		}
		deliveries = append(deliveries, d)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	return deliveries, nil
}

// Each calls fn for every delivery that the filter selected at the start, newest
// first, whatever fn does to them.
func (s *Store) Each(ctx context.Context, filter outbox.Filter, fn func(outbox.Delivery) error) error {
	const page = 500
	for {
		deliveries, err := s.List(ctx, filter, page)
		if err != nil {
			return err
		}
		for _, d := range deliveries {
			if err := fn(d); err != nil {
				return err
			}
			filter.Before = d.ID
		}
		if len(deliveries) < page {
			return nil
		}
	}
}

func conditions(f outbox.Filter) (where string, args []any) {
	var all []string
	add := func(condition string, arg any) {
		args = append(args, arg)
		all = append(all, condition+" $"+strconv.Itoa(len(args)))
	}
	if f.App != "" {
		add("app =", text(f.App))
	}
	if f.Lane != "" {
		add("lane =", text(string(f.Lane)))
	}
	if len(f.States) > 0 {
		first := len(args) + 1
		for _, state := range f.States {
			args = append(args, text(string(state)))
		}
		all = append(all, "state IN ("+list(len(f.States), first)+")")
		if !slices.ContainsFunc(f.States, isSentOrOpen) {
			all = append(all, unsent)
		}
	}
	if f.Recipient != "" {
		add("recipient =", text(f.Recipient))
	}
	if f.Reason != "" {
		add("reason =", text(f.Reason))
		all = append(all, "reason <> ''") // the condition of the index of reasons
	}
	if f.Origin != "" {
		add("origin =", text(f.Origin))
	}
	// Ids tell the time as well: they bound what is read.
	if !f.Since.IsZero() {
		add("created_at >=", millis(f.Since))
		add("id >=", firstID(f.Since.Add(-idSlack)))
	}
	if !f.Until.IsZero() {
		add("created_at <", millis(f.Until))
		add("id <", firstID(f.Until.Add(idSlack)))
	}
	if f.Before != "" {
		add("id <", text(f.Before))
	}
	if len(all) == 0 {
		return "", nil
	}
	return " WHERE " + strings.Join(all, " AND "), args
}

// unsent is the condition of the index of that name. SQLite uses the index
// only where it finds the condition word for word.
const unsent = "state IN ('failed', 'skipped', 'cancelled')"

func isSentOrOpen(s outbox.State) bool {
	return s != outbox.Failed && s != outbox.Skipped && s != outbox.Cancelled
}

// Get implements [outbox.Log].
func (s *Store) Get(ctx context.Context, id string) (outbox.Delivery, []byte, error) {
	var d outbox.Delivery
	var body []byte
	err := scanDelivery(s.read.QueryRowContext(ctx, `SELECT `+deliveryColumns+`, body
		FROM deliveries JOIN payloads ON delivery_id = id WHERE id = $1`, text(id)), &d, &body)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return d, nil, fmt.Errorf("%w: %s", outbox.ErrNotFound, id)
	case err != nil:
		return d, nil, fmt.Errorf("read delivery: %w", err)
	}
	return d, body, nil
}

// Attempts implements [outbox.Log].
func (s *Store) Attempts(ctx context.Context, id string) ([]outbox.Attempt, error) {
	attempts := []outbox.Attempt{}
	err := query(ctx, s.read, `SELECT number, at, duration_us, gateway, target, result, code, reply
		FROM attempts WHERE delivery_id = $1 ORDER BY number`, []any{text(id)}, func(rows *sql.Rows) error {
		var a outbox.Attempt
		var at, duration int64
		if err := rows.Scan(&a.Number, &at, &duration, &a.Gateway, &a.Target, &a.Result, &a.Code, &a.Reply); err != nil {
			return err
		}
		a.At, a.Duration = fromMillis(at), microseconds(duration)
		attempts = append(attempts, a)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read attempts: %w", err)
	}
	return attempts, nil
}

// Replay implements [outbox.Log].
func (s *Store) Replay(ctx context.Context, id string) (string, error) {
	replayed := id
	err := s.transaction(ctx, func(tx *transaction) error {
		var state outbox.State
		// An update of nothing locks the row on both engines: a purge between
		// the statements would leave a delivery without its payload.
		err := tx.QueryRowContext(ctx, `UPDATE deliveries SET claim = claim WHERE id = $1 RETURNING state`, text(id)).Scan(&state)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("%w: %s", outbox.ErrNotFound, id)
		}
		if err != nil {
			return err
		}
		now := millis(s.clock())
		switch state {
		case outbox.Failed, outbox.Skipped, outbox.Cancelled:
			if err := s.changeOne(ctx, tx, id, `UPDATE deliveries SET state = 'pending', reason = '', detail = '', tries = 0,
				armed_at = $2, next_at = $2, settled_at = 0 WHERE id = $1 AND state IN ('failed', 'skipped', 'cancelled')`, now); err != nil {
				return err
			}
			return s.takeAgain(ctx, tx, id)
		case outbox.Sent:
			replayed, err = newID(s.clock())
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `INSERT INTO deliveries
				(id, app, lane, recipient, conversation, origin, provider, replays, created_at, armed_at, next_at)
				SELECT $2, app, lane, recipient, conversation, origin, provider, id, $3, $3, $3 FROM deliveries WHERE id = $1`,
				id, replayed, now)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `INSERT INTO payloads (delivery_id, body)
				SELECT $2, body FROM payloads WHERE delivery_id = $1`, id, replayed)
			if err != nil {
				return err
			}
			if err := s.copyNotice(ctx, tx, id, replayed); err != nil {
				return err
			}
			return s.takeAgain(ctx, tx, replayed)
		default:
			return fmt.Errorf("%w: %s is %s", outbox.ErrState, id, state)
		}
	})
	if err != nil {
		return "", fmt.Errorf("replay delivery: %w", err)
	}
	return replayed, nil
}

// Cancel implements [outbox.Log].
func (s *Store) Cancel(ctx context.Context, id string) error {
	err := s.transaction(ctx, func(tx *transaction) error {
		if err := s.changeOne(ctx, tx, id, `UPDATE deliveries SET state = 'cancelled', next_at = 0, settled_at = $2
			WHERE id = $1 AND state = 'pending'`, millis(s.clock())); err != nil {
			return err
		}
		ended := tallyKey{hour: hourOf(s.clock()), state: outbox.Cancelled}
		if err := tx.QueryRowContext(ctx, `SELECT app, lane FROM deliveries WHERE id = $1`, text(id)).Scan(&ended.app, &ended.lane); err != nil {
			return err
		}
		if err := s.addTally(ctx, tx, tally{ended: 1}); err != nil {
			return err
		}
		return s.giveBack(ctx, tx, []string{id})
	})
	if err != nil {
		return fmt.Errorf("cancel delivery: %w", err)
	}
	return nil
}

// changeOne runs an update of one delivery, and explains why it matched none.
func (s *Store) changeOne(ctx context.Context, tx *transaction, id, statement string, args ...any) error {
	result, err := tx.ExecContext(ctx, statement, append([]any{text(id)}, args...)...)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return err
	}
	var state outbox.State
	err = tx.QueryRowContext(ctx, `SELECT state FROM deliveries WHERE id = $1`, text(id)).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%w: %s", outbox.ErrNotFound, id)
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: %s is %s", outbox.ErrState, id, state)
}

// Depth returns how much of a lane waits.
func (s *Store) Depth(ctx context.Context, lane outbox.Lane) (outbox.Depth, error) {
	return s.depth(ctx, lane, math.MaxInt64)
}

// DepthAtMost is Depth, but counts no more than [outbox.MaxDepth] in each state:
// to count all of a long queue takes its time.
func (s *Store) DepthAtMost(ctx context.Context, lane outbox.Lane) (outbox.Depth, error) {
	return s.depth(ctx, lane, outbox.MaxDepth)
}

func (s *Store) depth(ctx context.Context, lane outbox.Lane, most int64) (outbox.Depth, error) {
	var depth outbox.Depth
	var oldest sql.NullInt64
	err := s.read.QueryRowContext(ctx, `SELECT
		(SELECT COUNT(*) FROM (SELECT 1 FROM deliveries WHERE lane = $1 AND state = 'pending' LIMIT $2) AS waiting),
		(SELECT COUNT(*) FROM (SELECT 1 FROM deliveries WHERE lane = $1 AND state = 'in_hand' LIMIT $2) AS held),
		(SELECT MIN(next_at) FROM deliveries WHERE lane = $1 AND state = 'pending')`, string(lane), most).
		Scan(&depth.Pending, &depth.InHand, &oldest)
	if err != nil {
		return outbox.Depth{}, fmt.Errorf("measure queue: %w", err)
	}
	depth.OldestDue = fromMillis(oldest.Int64)
	return depth, nil
}
