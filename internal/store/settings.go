package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/postrider/postrider/internal/engine/vault"
)

var _ vault.Store = (*Store)(nil)

// Setting implements [vault.Store].
func (s *Store) Setting(ctx context.Context, app, name string) ([]byte, error) {
	var body []byte
	err := s.read.QueryRowContext(ctx, `SELECT body FROM settings WHERE app = $1 AND name = $2`, text(app), text(name)).Scan(&body)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, vault.ErrNothing
	case err != nil:
		return nil, fmt.Errorf("read setting %s: %w", name, err)
	}
	return notNull(body), nil
}

// ReplaceSetting implements [vault.Store].
func (s *Store) ReplaceSetting(ctx context.Context, app, name string, old, body []byte) (bool, error) {
	var n int64
	err := s.transaction(ctx, func(tx *transaction) error {
		var result sql.Result
		var err error
		switch {
		case old == nil:
			result, err = tx.ExecContext(ctx, `INSERT INTO settings (app, name, body, updated_at) VALUES ($1, $2, $3, $4)
				ON CONFLICT (app, name) DO NOTHING`, text(app), text(name), notNull(body), millis(s.clock()))
		case body == nil:
			result, err = tx.ExecContext(ctx, `DELETE FROM settings WHERE app = $1 AND name = $2 AND body = $3`,
				text(app), text(name), old)
		default:
			result, err = tx.ExecContext(ctx, `UPDATE settings SET body = $4, updated_at = $5 WHERE app = $1 AND name = $2 AND body = $3`,
				text(app), text(name), old, body, millis(s.clock()))
		}
		if err != nil {
			return err
		}
		n, err = result.RowsAffected()
		return err
	})
	if err != nil {
		return false, fmt.Errorf("store setting %s: %w", name, err)
	}
	return n == 1, nil
}
