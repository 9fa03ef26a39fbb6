package store

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/postrider/postrider/internal/outbox"
)

var _ outbox.Store = (*Store)(nil)

// Put implements [outbox.Store]. Concurrent calls share transactions.
func (s *Store) Put(ctx context.Context, entry outbox.Entry) (outbox.PutResult, error) {
	result, err := s.puts.do(ctx, entry)
	if err != nil {
		return outbox.PutResult{}, fmt.Errorf("put delivery: %w", err)
	}
	return result, nil
}

func (s *Store) putBatch(ctx context.Context, entries []outbox.Entry) ([]outbox.PutResult, error) {
	results := make([]outbox.PutResult, len(entries))
	err := s.transaction(ctx, func(tx *transaction) error {
		tx.aside()
		for i := range entries {
			results[i] = outbox.PutResult{ID: entries[i].ID}
		}
		fresh, err := s.dedupe(ctx, tx, entries, results)
		if err != nil {
			return err
		}
		return s.insert(ctx, tx, fresh)
	})
	return results, err
}

// dedupe reserves the keys of a batch and returns the entries that are new.
// For the others it writes the earlier delivery into results.
func (s *Store) dedupe(ctx context.Context, tx *transaction, entries []outbox.Entry, results []outbox.PutResult) ([]*outbox.Entry, error) {
	fresh := make([]*outbox.Entry, 0, len(entries))
	keyed := make([]int, 0, len(entries))
	first := make(map[string]int, len(entries))
	for i := range entries {
		key := string(entries[i].DedupeKey)
		if key == "" {
			fresh = append(fresh, &entries[i])
			continue
		}
		if _, seen := first[key]; !seen {
			first[key] = i
			keyed = append(keyed, i)
		}
	}
	// Sorted, so that two processes that reserve the same keys wait for each
	// other instead of deadlocking.
	slices.SortFunc(keyed, func(a, b int) int { return bytes.Compare(entries[a].DedupeKey, entries[b].DedupeKey) })

	taken := make(map[string]bool, len(keyed))
	keys := newRelation(len(keyed), "BYTEA", "TEXT", "BIGINT")
	for _, i := range keyed {
		taken[string(entries[i].DedupeKey)] = true
		keys.add(entries[i].DedupeKey, entries[i].ID, millis(entries[i].DedupeUntil))
	}
	err := keys.each(tx, []any{millis(s.clock())}, func(table string, args []any) error {
		// The same delivery again is not a duplicate of itself: a commit
		// whose answer was lost is simply repeated.
		return query(ctx, tx, `INSERT INTO dedupe (key, delivery_id, expires_at) `+table+`
			ON CONFLICT (key) DO UPDATE SET delivery_id = excluded.delivery_id, expires_at = excluded.expires_at
			WHERE dedupe.expires_at <= $1 OR dedupe.delivery_id = excluded.delivery_id
			RETURNING key`, args, func(rows *sql.Rows) error {
			var key []byte
			if err := rows.Scan(&key); err != nil {
				return err
			}
			delete(taken, string(key))
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reserve dedupe keys: %w", err)
	}
	owners := make(map[string]string, len(taken))
	for key := range taken {
		var id string
		if err := tx.QueryRowContext(ctx, `SELECT delivery_id FROM dedupe WHERE key = $1`, []byte(key)).Scan(&id); err != nil {
			return nil, fmt.Errorf("read dedupe key: %w", err)
		}
		owners[key] = id
	}
	for i := range entries {
		key := string(entries[i].DedupeKey)
		if key == "" {
			continue
		}
		switch owner, duplicate := owners[key]; {
		case duplicate:
			results[i] = outbox.PutResult{ID: owner, Duplicate: true}
		case first[key] != i:
			results[i] = outbox.PutResult{ID: entries[first[key]].ID, Duplicate: entries[first[key]].ID != entries[i].ID}
		default:
			fresh = append(fresh, &entries[i])
		}
	}
	return fresh, nil
}

const deliveryColumns = `id, app, lane, recipient, conversation, origin, replays, provider, state, reason, detail,
	attempts, tries, created_at, armed_at, next_at, settled_at`

func (s *Store) insert(ctx context.Context, tx *transaction, entries []*outbox.Entry) error {
	// Ids are time-ordered: sorted, rows go to the end of every index.
	slices.SortFunc(entries, func(a, b *outbox.Entry) int { return bytes.Compare([]byte(a.ID), []byte(b.ID)) })
	rows := newRelation(len(entries), "TEXT", "TEXT", "TEXT", "TEXT", "TEXT", "TEXT", "BIGINT", "BIGINT", "BIGINT")
	bodies := newRelation(len(entries), "TEXT", "BYTEA")
	for _, e := range entries {
		rows.add(e.ID, text(e.App), string(e.Lane), text(e.Recipient), text(e.Conversation), text(e.Origin),
			millis(e.CreatedAt), millis(e.CreatedAt), millis(e.NextAt))
		bodies.add(e.ID, notNull(e.Payload))
	}
	err := rows.each(tx, nil, func(table string, args []any) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO deliveries (id, app, lane, recipient, conversation, origin, created_at, armed_at, next_at)
			`+table+` ON CONFLICT (id) DO NOTHING`, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("insert deliveries: %w", err)
	}
	err = bodies.each(tx, nil, func(table string, args []any) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO payloads (delivery_id, body) `+table+` ON CONFLICT (delivery_id) DO NOTHING`, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("insert payloads: %w", err)
	}
	return nil
}
