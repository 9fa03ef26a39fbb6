package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

const purgeBatch = 500

// Purge deletes settled deliveries that were created before the given time,
// with their payloads and attempts, and dedupe keys that have expired. It
// works in small transactions, so that nobody waits for it.
func (s *Store) Purge(ctx context.Context, before time.Time) (deliveries int, err error) {
	if err := s.purgeDedupe(ctx); err != nil {
		return 0, err
	}
	after := ""
	for {
		var ids []any
		err := query(ctx, s.read, `SELECT id FROM deliveries WHERE id > $1 AND id < $2
			AND state IN ('sent', 'failed', 'skipped', 'cancelled') ORDER BY id LIMIT $3`,
			[]any{after, firstID(before), purgeBatch}, func(rows *sql.Rows) error {
				var id string
				if err := rows.Scan(&id); err != nil {
					return err
				}
				ids = append(ids, id)
				return nil
			})
		if err != nil {
			return deliveries, fmt.Errorf("look for old deliveries: %w", err)
		}
		if len(ids) == 0 {
			return deliveries, nil
		}
		var n int64
		err = s.transaction(ctx, func(tx *transaction) error {
			in := ` IN (` + list(len(ids), 1) + `)`
			// A replay may have come between.
			result, err := tx.ExecContext(ctx, `DELETE FROM deliveries WHERE id`+in+` AND state NOT IN ('pending', 'in_hand')`, ids...)
			if err != nil {
				return err
			}
			if n, err = result.RowsAffected(); err != nil {
				return err
			}
			for _, table := range []string{"payloads", "attempts"} {
				_, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE delivery_id`+in+
					` AND delivery_id NOT IN (SELECT id FROM deliveries WHERE id`+in+`)`, ids...)
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return deliveries, fmt.Errorf("delete old deliveries: %w", err)
		}
		deliveries += int(n)
		after = ids[len(ids)-1].(string)
	}
}

func (s *Store) purgeDedupe(ctx context.Context) error {
	for {
		var n int64
		err := s.transaction(ctx, func(tx *transaction) error {
			// Asked twice: a Put may take an expired key over between the
			// subquery and the lock on its row.
			result, err := tx.ExecContext(ctx, `DELETE FROM dedupe WHERE expires_at <= $1 AND key IN
				(SELECT key FROM dedupe WHERE expires_at <= $1 LIMIT $2)`, millis(s.clock()), purgeBatch)
			if err != nil {
				return err
			}
			n, err = result.RowsAffected()
			return err
		})
		if err != nil {
			return fmt.Errorf("delete expired dedupe keys: %w", err)
		}
		if n < purgeBatch {
			return nil
		}
	}
}
