package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// KnowsUser reports whether there is a user who is not deactivated.
func (s *Store) KnowsUser(ctx context.Context, app, uid string) (bool, error) {
	var deactivated int64
	err := s.read.QueryRowContext(ctx, `SELECT deactivated_at FROM users WHERE app = $1 AND uid = $2`, text(app), text(uid)).Scan(&deactivated)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look up user: %w", err)
	}
	return deactivated == 0, nil
}
