package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/postrider/postrider/internal/engine/history"
)

var _ history.Tracer = (*Store)(nil)

// Evidence implements [history.Tracer].
func (s *Store) Evidence(ctx context.Context, id string) ([]byte, error) {
	var evidence []byte
	err := s.read.QueryRowContext(ctx, `SELECT evidence FROM notices WHERE delivery_id = $1`, text(id)).Scan(&evidence)
	if err != nil && !isNone(err) {
		return nil, fmt.Errorf("read what a call rests on: %w", err)
	}
	return evidence, nil
}

// Messages implements [history.Tracer].
func (s *Store) Messages(ctx context.Context, app string, ids []string) ([]history.Message, error) {
	messages := make([]history.Message, 0, len(ids))
	err := chunks(len(ids), func(from, to int) error {
		args := []any{text(app)}
		for _, id := range ids[from:to] {
			args = append(args, text(id))
		}
		return query(ctx, s.read, `SELECT id, sender, category, type, state, sent_at, arrived_at FROM messages
			WHERE app = $1 AND id IN (`+list(to-from, 2)+`)`, args, func(rows *sql.Rows) error {
			var m history.Message
			var sent, arrived int64
			if err := rows.Scan(&m.ID, &m.Sender, &m.Category, &m.Type, &m.State, &sent, &arrived); err != nil {
				return err
			}
			m.SentAt, m.ArrivedAt = fromMillis(sent), fromMillis(arrived)
			messages = append(messages, m)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	order := make(map[string]int, len(ids))
	for i, id := range ids {
		order[id] = i
	}
	slices.SortFunc(messages, func(a, b history.Message) int { return order[a.ID] - order[b.ID] })
	return messages, nil
}
