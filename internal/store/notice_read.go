package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/postrider/postrider/internal/engine/history"
	"github.com/postrider/postrider/internal/outbox"
)

// Notice returns what the log says of one call, or [outbox.ErrNotFound]: for
// a mail too, of which there is nothing to say.
func (s *Store) Notice(ctx context.Context, id string) (history.Entry, error) {
	var found []history.Entry
	err := query(ctx, s.read, `SELECT `+historyColumns+` FROM notices n
		JOIN deliveries d ON d.id = n.delivery_id LEFT JOIN payloads p ON p.delivery_id = n.delivery_id
		WHERE n.delivery_id = $1`, []any{text(id)}, func(rows *sql.Rows) error {
		entry, err := scanHistory(rows)
		found = append(found, entry)
		return err
	})
	switch {
	case err != nil:
		return history.Entry{}, fmt.Errorf("read notice: %w", err)
	case len(found) == 0:
		return history.Entry{}, fmt.Errorf("%w: %s", outbox.ErrNotFound, id)
	}
	return found[0], nil
}
