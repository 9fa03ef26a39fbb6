package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/postrider/postrider/internal/chat"
)

// Preferences returns what somebody has set for themselves, or nil.
func (s *Store) Preferences(ctx context.Context, app, uid string) (*chat.Preferences, error) {
	var choices []byte
	err := s.read.QueryRowContext(ctx, `SELECT choices FROM preferences WHERE app = $1 AND uid = $2`, text(app), text(uid)).Scan(&choices)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("read preferences: %w", err)
	}
	return parseChoices(choices)
}

func parseChoices(choices []byte) (*chat.Preferences, error) {
	if len(choices) == 0 {
		return nil, nil //nolint:nilnil // nobody has set anything: the documented answer
	}
	p := new(chat.Preferences)
	if err := json.Unmarshal(choices, p); err != nil {
		return nil, fmt.Errorf("read preferences: %w", err)
	}
	return p, nil
}

// ChangePreferences puts what change makes of somebody's preferences in their
// place, and returns it. Both may be nil: nothing set. Nobody else changes them
// meanwhile; change may be called again.
func (s *Store) ChangePreferences(
	ctx context.Context, app, uid string, change func(*chat.Preferences) (*chat.Preferences, error),
) (changed *chat.Preferences, err error) {
	err = s.transaction(ctx, func(tx *transaction) error {
		// The row is made, or locked.
		var stored []byte
		err := tx.QueryRowContext(ctx, `INSERT INTO preferences (app, uid, updated_at) VALUES ($1, $2, $3)
			ON CONFLICT (app, uid) DO UPDATE SET updated_at = excluded.updated_at RETURNING choices`,
			text(app), text(uid), millis(s.clock())).Scan(&stored)
		if err != nil {
			return err
		}
		current, err := parseChoices(stored)
		if err != nil {
			return err
		}
		if changed, err = change(current); err != nil {
			return err
		}
		choices, interval := []byte{}, time.Duration(0)
		if changed != nil {
			if choices, err = json.Marshal(changed); err != nil {
				return err
			}
			if changed.Email != nil && changed.Email.IntervalInSeconds != nil {
				interval = time.Duration(*changed.Email.IntervalInSeconds) * time.Second
			}
		}
		_, err = tx.ExecContext(ctx, `UPDATE preferences SET choices = $1, interval_ms = $2 WHERE app = $3 AND uid = $4`,
			choices, interval.Milliseconds(), text(app), text(uid))
		if err != nil {
			return err
		}
		return s.lookAgain(ctx, tx, app, uid)
	})
	if err != nil {
		return nil, fmt.Errorf("store preferences: %w", err)
	}
	return changed, nil
}

// Timezone returns the time zone that somebody has registered, or "".
func (s *Store) Timezone(ctx context.Context, app, uid string) (string, error) {
	var zone string
	err := s.read.QueryRowContext(ctx, `SELECT timezone FROM preferences WHERE app = $1 AND uid = $2`, text(app), text(uid)).Scan(&zone)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read time zone: %w", err)
	}
	return zone, nil
}

// SetTimezone registers somebody's time zone.
func (s *Store) SetTimezone(ctx context.Context, app, uid, zone string) error {
	err := s.transaction(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO preferences (app, uid, timezone, updated_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (app, uid) DO UPDATE SET timezone = excluded.timezone, updated_at = excluded.updated_at`,
			text(app), text(uid), text(zone), millis(s.clock()))
		if err != nil {
			return err
		}
		return s.lookAgain(ctx, tx, app, uid)
	})
	if err != nil {
		return fmt.Errorf("store time zone: %w", err)
	}
	return nil
}
