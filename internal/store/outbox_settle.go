package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/postrider/postrider/internal/outbox"
)

// Settle implements [outbox.Store].
func (s *Store) Settle(ctx context.Context, settlements []outbox.Settlement) ([]outbox.Ref, error) {
	var lost []outbox.Ref
	refs := make([]outbox.Ref, len(settlements))
	for i := range settlements {
		refs[i] = settlements[i].Ref
	}
	err := s.inBackground(ctx, func(tx *transaction) error {
		tx.aside()
		if err := s.lockRows(ctx, tx, refs); err != nil {
			return err
		}
		settled := make(map[outbox.Ref]bool, len(settlements))
		ended := make(tally)
		if err := s.settle(ctx, tx, settlements, settled, ended); err != nil {
			return fmt.Errorf("settle deliveries: %w", err)
		}
		if err := s.addTally(ctx, tx, ended); err != nil {
			return err
		}
		attempts := make([]*outbox.Settlement, 0, len(settlements))
		for i := range settlements {
			if settlements[i].Attempt != nil && settled[settlements[i].Ref] {
				attempts = append(attempts, &settlements[i])
			}
		}
		lost = without(refs, settled)
		if err := s.recordAttempts(ctx, tx, attempts); err != nil {
			return err
		}
		if err := s.replacePayloads(ctx, tx, settlements, settled); err != nil {
			return err
		}
		var failed []string
		for i := range settlements {
			t := &settlements[i]
			if t.State != outbox.Pending && t.State != outbox.Sent && settled[t.Ref] {
				failed = append(failed, t.ID)
			}
		}
		return s.giveBack(ctx, tx, failed)
	})
	return lost, err
}

// stillInHand is a condition for rows that are looked for by their ids. It is
// not that of the index of leases: PostgreSQL, which knows little of a state that
// passes so soon, would go through all leases and compare each with every id.
const stillInHand = `COALESCE(state, '') = 'in_hand'`

// settle changes the deliveries whose claims are good, which it adds to settled,
// and counts in ended what is final.
func (s *Store) settle(ctx context.Context, tx *transaction, settlements []outbox.Settlement, settled map[outbox.Ref]bool, ended tally) error {
	final := make(map[outbox.Ref]*outbox.Settlement, len(settlements))
	rows := newRelation(len(settlements), "TEXT", "BIGINT", "TEXT", "TEXT", "TEXT", "BIGINT", "BIGINT", "BIGINT")
	for i := range settlements {
		t := &settlements[i]
		next, at, tried := int64(0), millis(t.At), 0
		if t.State == outbox.Pending {
			next, at = millis(t.NextAt), 0
		}
		if t.Attempt != nil {
			tried = 1
		}
		if t.State != outbox.Pending {
			final[t.Ref] = t
		}
		rows.add(t.ID, t.Claim, string(t.State), text(t.Reason), text(t.Detail), next, at, tried)
	}
	// A claim that another has followed matches no row.
	return rows.each(tx, nil, func(table string, args []any) error {
		return query(ctx, tx, `WITH result (r_id, r_claim, r_state, r_reason, r_detail, r_next, r_settled, r_tried) AS (`+table+`)
		UPDATE deliveries SET state = r_state, reason = r_reason, detail = r_detail, next_at = r_next, settled_at = r_settled,
			attempts = attempts + r_tried, tries = tries + r_tried, lease_until = 0
		FROM result WHERE id = r_id AND claim = r_claim AND `+stillInHand+`
		RETURNING id, claim, app, lane`, args, func(rows *sql.Rows) error {
			var ref outbox.Ref
			var key tallyKey
			if err := rows.Scan(&ref.ID, &ref.Claim, &key.app, &key.lane); err != nil {
				return err
			}
			settled[ref] = true
			if t := final[ref]; t != nil {
				key.hour, key.state, key.reason = hourOf(t.At), t.State, t.Reason
				ended[key]++
			}
			return nil
		})
	})
}

func (s *Store) recordAttempts(ctx context.Context, tx *transaction, settlements []*outbox.Settlement) error {
	rows := newRelation(len(settlements), "TEXT", "BIGINT", "BIGINT", "BIGINT", "TEXT", "TEXT", "TEXT", "BIGINT", "TEXT")
	for _, t := range settlements {
		a := t.Attempt
		rows.add(t.ID, a.Number, millis(a.At), a.Duration.Microseconds(), text(a.Gateway), text(a.Target), string(a.Result), a.Code, text(a.Reply))
	}
	return rows.each(tx, nil, func(table string, args []any) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO attempts (delivery_id, number, at, duration_us, gateway, target, result, code, reply) `+table, args...)
		if err != nil {
			return fmt.Errorf("record attempts: %w", err)
		}
		return nil
	})
}

// replacePayloads keeps what was handed over last, where that has changed.
func (s *Store) replacePayloads(ctx context.Context, tx *transaction, settlements []outbox.Settlement, settled map[outbox.Ref]bool) error {
	for i := range settlements {
		t := &settlements[i]
		if t.Payload == nil || !settled[t.Ref] {
			continue
		}
		if _, err := tx.ExecContext(ctx, `UPDATE payloads SET body = $2 WHERE delivery_id = $1`, t.ID, t.Payload); err != nil {
			return fmt.Errorf("replace payload: %w", err)
		}
	}
	return nil
}
