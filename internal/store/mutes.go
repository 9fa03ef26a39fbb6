package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/postrider/postrider/internal/chat"
)

// Mutes returns the conversations that somebody has muted until later than
// now, those that end last first.
func (s *Store) Mutes(ctx context.Context, app, uid string) ([]chat.Mute, error) {
	mutes := []chat.Mute{}
	err := query(ctx, s.read, `SELECT kind, id, until FROM mutes WHERE app = $1 AND uid = $2 AND until > $3 ORDER BY until DESC, kind, id`,
		[]any{text(app), text(uid), millis(s.clock())}, func(rows *sql.Rows) error {
			var m chat.Mute
			var until int64
			if err := rows.Scan(&m.Type, &m.ID, &until); err != nil {
				return err
			}
			m.Until = fromMillis(until)
			mutes = append(mutes, m)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("list mutes: %w", err)
	}
	return mutes, nil
}

// Mute mutes conversations of somebody, until another time if they are muted
// already. Mutes of theirs that have ended are forgotten.
func (s *Store) Mute(ctx context.Context, app, uid string, mutes []chat.Mute) error {
	err := s.transaction(ctx, func(tx *transaction) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM mutes WHERE app = $1 AND uid = $2 AND until <= $3`,
			text(app), text(uid), millis(s.clock())); err != nil {
			return err
		}
		for _, m := range mutes {
			_, err := tx.ExecContext(ctx, `INSERT INTO mutes (app, uid, kind, id, until) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (app, uid, kind, id) DO UPDATE SET until = excluded.until`,
				text(app), text(uid), text(string(m.Type)), text(m.ID), millis(m.Until))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store mutes: %w", err)
	}
	return nil
}

// Unmute ends mutes of somebody, whenever they were to end.
func (s *Store) Unmute(ctx context.Context, app, uid string, mutes []chat.Mute) error {
	err := s.transaction(ctx, func(tx *transaction) error {
		for _, m := range mutes {
			_, err := tx.ExecContext(ctx, `DELETE FROM mutes WHERE app = $1 AND uid = $2 AND kind = $3 AND id = $4`,
				text(app), text(uid), text(string(m.Type)), text(m.ID))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("delete mutes: %w", err)
	}
	return nil
}
