package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"github.com/postrider/postrider/internal/engine"
)

// Windows lists the open windows of an app, those that are due first coming
// first, up to limit; with a recipient only theirs.
func (s *Store) Windows(ctx context.Context, app, recipient string, limit int) ([]engine.Window, error) {
	where, args := "app = $1", []any{text(app)}
	if recipient != "" {
		where, args = where+" AND uid = $2", append(args, text(recipient))
	}
	args = append(args, limit)
	windows := make([]engine.Window, 0, min(limit, 1000))
	err := query(ctx, s.read, `SELECT uid, conversation, after, opened_at, due_at, waits_for FROM windows`+s.dialect.by("windows_due")+`
		WHERE `+where+` ORDER BY due_at, uid, conversation LIMIT $`+strconv.Itoa(len(args)), args, func(rows *sql.Rows) error {
		var w engine.Window
		var opened, due int64
		if err := rows.Scan(&w.UID, &w.Conversation, &w.After, &opened, &due, &w.WaitsFor); err != nil {
			return err
		}
		w.OpenedAt, w.DueAt = fromMillis(opened), fromMillis(due)
		windows = append(windows, w)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list windows: %w", err)
	}
	return windows, nil
}
