package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/postrider/postrider/internal/access"
)

var _ access.Store = (*Store)(nil)

// Credential implements [access.Store].
func (s *Store) Credential(ctx context.Context, app, name string) (access.Sealed, error) {
	return readCredential(ctx, s.read, app, name)
}

func readCredential(ctx context.Context, from rowQuerier, app, name string) (access.Sealed, error) {
	var c access.Sealed
	err := from.QueryRowContext(ctx, `SELECT username, sealed FROM credentials WHERE app = $1 AND name = $2`, text(app), text(name)).
		Scan(&c.Username, &c.Secret)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return c, access.ErrNoCredential
	case err != nil:
		return c, fmt.Errorf("read credential: %w", err)
	}
	return c, nil
}

// AddCredential implements [access.Store].
func (s *Store) AddCredential(ctx context.Context, app, name string, c access.Sealed) (bool, error) {
	var n int64
	err := s.transaction(ctx, func(tx *transaction) error {
		result, err := tx.ExecContext(ctx, `INSERT INTO credentials (app, name, username, sealed, created_at)
			VALUES ($1, $2, $3, $4, $5) ON CONFLICT (app, name) DO NOTHING`, text(app), text(name), text(c.Username), c.Secret, millis(s.clock()))
		if err != nil {
			return err
		}
		n, err = result.RowsAffected()
		return err
	})
	if err != nil {
		return false, fmt.Errorf("store credential: %w", err)
	}
	return n == 1, nil
}
