package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/postrider/postrider/internal/outbox"
)

// Claim implements [outbox.Store].
func (s *Store) Claim(ctx context.Context, lane outbox.Lane, limit int, lease time.Duration) ([]outbox.Claimed, error) {
	var claimed []outbox.Claimed
	// Reading is cheaper than beginning to write, and most calls find nothing.
	due, err := s.NextDue(ctx, lane)
	if err != nil {
		return nil, err
	}
	if due.IsZero() || due.After(s.clock()) {
		return nil, nil
	}
	err = s.inBackground(ctx, func(tx *transaction) error {
		tx.aside()
		if claimed, err = s.take(ctx, tx, lane, limit, lease); err != nil {
			return fmt.Errorf("claim deliveries: %w", err)
		}
		left, err := s.readPayloads(ctx, tx, claimed)
		if err != nil {
			return fmt.Errorf("read payloads: %w", err)
		}
		claimed = slices.DeleteFunc(claimed, func(c outbox.Claimed) bool { return left[c.ID] })
		return s.unclaim(ctx, tx, slices.Sorted(maps.Keys(left)))
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// take claims deliveries without their payloads.
func (s *Store) take(ctx context.Context, tx *transaction, lane outbox.Lane, limit int, lease time.Duration) ([]outbox.Claimed, error) {
	var claimed []outbox.Claimed
	now := millis(s.clock())
	err := query(ctx, tx, `WITH due AS MATERIALIZED (
			SELECT id AS due_id FROM deliveries WHERE lane = $4 AND state = 'pending' AND next_at <= $3
			ORDER BY next_at LIMIT $5`+s.dialect.skipLocked+`)
		UPDATE deliveries SET state = 'in_hand', claim = claim + 1,
			lease_until = `+s.dialect.leaseClock+` + CAST($2 AS BIGINT)
		FROM due WHERE id = due_id
		RETURNING `+deliveryColumns+`, claim`,
		[]any{now, lease.Milliseconds(), now, string(lane), limit}, func(rows *sql.Rows) error {
			var c outbox.Claimed
			if err := scanDelivery(rows, &c.Delivery, &c.Claim); err != nil {
				return err
			}
			claimed = append(claimed, c)
			return nil
		})
	slices.SortFunc(claimed, func(a, b outbox.Claimed) int {
		return cmp.Or(a.NextAt.Compare(b.NextAt), cmp.Compare(a.ID, b.ID))
	})
	return claimed, err
}

// readPayloads reads the payloads of claims until they are enough, and returns
// the ids of those that it did not come to.
func (s *Store) readPayloads(ctx context.Context, tx *transaction, claimed []outbox.Claimed) (left map[string]bool, err error) {
	byID := make(map[string]int, len(claimed))
	left = make(map[string]bool, len(claimed))
	ids := make([]string, len(claimed))
	for i := range claimed {
		ids[i] = claimed[i].ID
		byID[ids[i]] = i
		left[ids[i]] = true
	}
	room := claimBytes
	err = eachIn(tx, nil, ids, func(in string, args []any) error {
		if room <= 0 {
			return nil
		}
		err := query(ctx, tx, `SELECT delivery_id, body FROM payloads WHERE delivery_id `+in, args, func(rows *sql.Rows) error {
			if room <= 0 {
				return errNoRoom
			}
			var id string
			var body []byte
			if err := rows.Scan(&id, &body); err != nil {
				return err
			}
			claimed[byID[id]].Payload = body
			delete(left, id)
			room -= len(body)
			return nil
		})
		if errors.Is(err, errNoRoom) {
			return nil
		}
		return err
	})
	if room > 0 {
		// What has no payload, against all rules, is handed out as well: left
		// behind it would be the first of every claim.
		clear(left)
	}
	return left, err
}

// claimBytes is how many bytes of payloads one claim takes along before it
// leaves the rest to the next: a backlog of large ones must not come into memory
// at one time.
const claimBytes = 8 << 20

var errNoRoom = errors.New("the claim has enough payloads")

// unclaim leaves deliveries to the next claim.
func (s *Store) unclaim(ctx context.Context, tx *transaction, ids []string) error {
	slices.Sort(ids)
	return chunks(len(ids), func(from, to int) error {
		args := make([]any, to-from)
		for i, id := range ids[from:to] {
			args[i] = id
		}
		_, err := tx.ExecContext(ctx, `UPDATE deliveries SET state = 'pending', lease_until = 0
			WHERE id IN (`+list(to-from, 1)+`)`, args...)
		if err != nil {
			return fmt.Errorf("leave deliveries to the next claim: %w", err)
		}
		return nil
	})
}

// NextDue implements [outbox.Store].
func (s *Store) NextDue(ctx context.Context, lane outbox.Lane) (time.Time, error) {
	var next int64
	err := s.read.QueryRowContext(ctx, `SELECT next_at FROM deliveries WHERE lane = $1 AND state = 'pending'
		ORDER BY next_at LIMIT 1`, string(lane)).Scan(&next)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, fmt.Errorf("look for due deliveries: %w", err)
	}
	// A due time of 0 is one, not none.
	return fromMillis(max(next, 1)), nil
}

// Renew implements [outbox.Store].
func (s *Store) Renew(ctx context.Context, refs []outbox.Ref, lease time.Duration) ([]outbox.Ref, error) {
	var lost []outbox.Ref
	err := s.inBackground(ctx, func(tx *transaction) error {
		tx.aside()
		if err := s.lockRows(ctx, tx, refs); err != nil {
			return err
		}
		kept := make(map[outbox.Ref]bool, len(refs))
		held := newRelation(len(refs), "TEXT", "BIGINT")
		for _, ref := range refs {
			held.add(ref.ID, ref.Claim)
		}
		err := held.each(tx, []any{millis(s.clock()), lease.Milliseconds()}, func(table string, args []any) error {
			return query(ctx, tx, `WITH held (held_id, held_claim) AS (`+table+`)
				UPDATE deliveries SET lease_until = `+s.dialect.leaseClock+` + CAST($2 AS BIGINT)
				FROM held WHERE id = held_id AND claim = held_claim AND `+stillInHand+`
				RETURNING id, claim`, args, scanRefs(kept))
		})
		if err != nil {
			return fmt.Errorf("renew leases: %w", err)
		}
		lost = without(refs, kept)
		return nil
	})
	return lost, err
}

// Expire implements [outbox.Store].
func (s *Store) Expire(ctx context.Context, lane outbox.Lane) (int, error) {
	for total := 0; ; {
		n, err := s.expireSome(ctx, lane)
		total += n
		if err != nil || n < expireBatch {
			return total, err
		}
	}
}

const expireBatch = 1000

func (s *Store) expireSome(ctx context.Context, lane outbox.Lane) (int, error) {
	var n int64
	err := s.inBackground(ctx, func(tx *transaction) error {
		tx.aside()
		// A row that is locked is being settled or renewed: its worker lives.
		result, err := tx.ExecContext(ctx, `WITH ended AS MATERIALIZED (
				SELECT id AS ended_id FROM deliveries WHERE lane = $2 AND state = 'in_hand' AND lease_until < `+s.dialect.leaseClock+`
				ORDER BY lease_until LIMIT $3`+s.dialect.skipLocked+`)
			UPDATE deliveries SET state = 'pending', lease_until = 0 FROM ended WHERE id = ended_id`,
			millis(s.clock()), string(lane), expireBatch)
		if err != nil {
			return fmt.Errorf("expire leases: %w", err)
		}
		n, err = result.RowsAffected()
		return err
	})
	return int(n), err
}

// releaseAll makes pending again all that is in hand.
func (s *Store) releaseAll(ctx context.Context) error {
	return s.inBackground(ctx, func(tx *transaction) error {
		if _, err := tx.ExecContext(ctx, `UPDATE deliveries SET state = 'pending', lease_until = 0 WHERE state = 'in_hand'`); err != nil {
			return fmt.Errorf("release leases: %w", err)
		}
		return nil
	})
}

func scanRefs(into map[outbox.Ref]bool) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		var ref outbox.Ref
		if err := rows.Scan(&ref.ID, &ref.Claim); err != nil {
			return err
		}
		into[ref] = true
		return nil
	}
}

// lockRows locks deliveries in the order of their ids, where more than one can
// write: an update of many rows locks them in whatever order its plan comes
// across them, and renewing and settling the same ones would deadlock.
func (s *Store) lockRows(ctx context.Context, tx *transaction, refs []outbox.Ref) error {
	if s.dialect.lockRows == "" || len(refs) == 0 {
		return nil
	}
	ids := make([]string, len(refs))
	for i, ref := range refs {
		ids[i] = ref.ID
	}
	if _, err := tx.ExecContext(ctx, s.dialect.lockRows, ids); err != nil {
		return fmt.Errorf("lock deliveries: %w", err)
	}
	return nil
}

func without(refs []outbox.Ref, kept map[outbox.Ref]bool) []outbox.Ref {
	var lost []outbox.Ref
	for _, ref := range refs {
		if !kept[ref] {
			lost = append(lost, ref)
		}
	}
	return lost
}

func scanDelivery(rows interface{ Scan(dest ...any) error }, d *outbox.Delivery, more ...any) error {
	var created, armed, next, settled int64
	dest := append([]any{
		&d.ID, &d.App, &d.Lane, &d.Recipient, &d.Conversation, &d.Origin, &d.Replays, &d.Provider, &d.State, &d.Reason, &d.Detail,
		&d.Attempts, &d.Tries, &created, &armed, &next, &settled,
	}, more...)
	if err := rows.Scan(dest...); err != nil {
		return err
	}
	d.CreatedAt, d.ArmedAt = fromMillis(created), fromMillis(armed)
	d.NextAt, d.SettledAt = fromMillis(next), fromMillis(settled)
	return nil
}
