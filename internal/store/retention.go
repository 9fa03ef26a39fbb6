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
		err = s.inBackground(ctx, func(tx *transaction) error {
			in := ` IN (` + list(len(ids), 1) + `)`
			// A replay may have come between.
			result, err := tx.ExecContext(ctx, `DELETE FROM deliveries WHERE id`+in+` AND state NOT IN ('pending', 'in_hand')`, ids...)
			if err != nil {
				return err
			}
			if n, err = result.RowsAffected(); err != nil {
				return err
			}
			for _, table := range []string{"payloads", "attempts", "notices"} {
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
	// Asked twice: a Put may take an expired key over between the subquery and
	// the lock on its row.
	err := s.deleteAll(ctx, `DELETE FROM dedupe WHERE expires_at <= $1 AND key IN
		(SELECT key FROM dedupe WHERE expires_at <= $1 LIMIT $2)`, millis(s.clock()))
	if err != nil {
		return fmt.Errorf("delete expired dedupe keys: %w", err)
	}
	return nil
}

// PurgeMessages deletes messages that arrived before the given time, and counts
// of mails of older days. It must be so long ago that no window waits for
// them any more.
func (s *Store) PurgeMessages(ctx context.Context, before time.Time) error {
	for _, old := range []struct {
		what, statement string
		than            int64
	}{
		{
			"messages", `DELETE FROM messages WHERE (app, id) IN (SELECT app, id FROM messages WHERE arrived_at < $1 ORDER BY arrived_at LIMIT $2)`,
			millis(before),
		},
		{
			"counts of mails", `DELETE FROM quotas WHERE (app, uid, day, conversation) IN (SELECT app, uid, day, conversation FROM quotas WHERE day < $1 LIMIT $2)`,
			before.Unix()/86400 - 2,
		},
	} {
		if err := s.deleteAll(ctx, old.statement, old.than); err != nil {
			return fmt.Errorf("delete old %s: %w", old.what, err)
		}
	}
	return nil
}

// deleteAll runs a statement that deletes up to $2 rows of what is older than
// $1, until nothing is left.
func (s *Store) deleteAll(ctx context.Context, statement string, than any) error {
	for {
		var n int64
		err := s.inBackground(ctx, func(tx *transaction) error {
			result, err := tx.ExecContext(ctx, statement, than, purgeBatch)
			if err != nil {
				return err
			}
			n, err = result.RowsAffected()
			return err
		})
		if err != nil || n < purgeBatch {
			return err
		}
	}
}
