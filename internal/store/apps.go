package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/jobs"
)

var _ access.AppStore = (*Store)(nil)

// Apps implements [access.AppStore].
func (s *Store) Apps(ctx context.Context) ([]access.App, error) {
	var all []access.App
	err := query(ctx, s.read, `SELECT key, id, region, created_at, closed_at FROM apps ORDER BY created_at, key`, nil, func(rows *sql.Rows) error {
		var app access.App
		var created, closed int64
		err := rows.Scan(&app.Key, &app.ID, &app.Region, &created, &closed)
		app.CreatedAt = fromMillis(created)
		if closed != 0 {
			app.ClosedAt = fromMillis(closed)
		}
		all = append(all, app)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list apps: %w", err)
	}
	return all, nil
}

// AddApp implements [access.AppStore].
func (s *Store) AddApp(ctx context.Context, app access.App, most int) error {
	return s.changeApps(ctx, "store app", func(tx *transaction) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM apps`).Scan(&n); err != nil {
			return err
		}
		if n >= most {
			return access.ErrTooManyApps
		}
		result, err := tx.ExecContext(ctx, `INSERT INTO apps (key, id, region, created_at, closed_at) VALUES (`+list(5, 1)+`) ON CONFLICT DO NOTHING`,
			text(app.Key), text(app.ID), text(app.Region), millis(app.CreatedAt), 0)
		if err != nil {
			return err
		}
		return oneOr(result, access.ErrAppID)
	})
}

// SetAppClosed implements [access.AppStore].
func (s *Store) SetAppClosed(ctx context.Context, key string, at time.Time) error {
	return s.changeApps(ctx, "close app", func(tx *transaction) error {
		closed := int64(0)
		if !at.IsZero() {
			closed = millis(at)
		}
		result, err := tx.ExecContext(ctx, `UPDATE apps SET closed_at = $1 WHERE key = $2`, closed, text(key))
		if err != nil {
			return err
		}
		return oneOr(result, access.ErrNoApp)
	})
}

// owned are the tables whose rows go with their app. What ages goes by itself,
// with the retention: messages, deliveries and what is known of them.
func owned() []string {
	return []string{
		"credentials", "api_keys", "settings", "contacts", "users", "chat_groups", "members", "blocks", "preferences", "mutes",
		"conversations", "marks", "quotas", "jobs",
	}
}

// deadJob is after how much silence a job has ended with its process.
const deadJob = time.Minute

// DeleteApp implements [access.AppStore].
func (s *Store) DeleteApp(ctx context.Context, key string, closedBefore time.Time) error {
	return s.changeApps(ctx, "delete app", func(tx *transaction) error {
		var closed int64
		err := tx.QueryRowContext(ctx, `SELECT closed_at FROM apps WHERE key = $1`, text(key)).Scan(&closed)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return access.ErrNoApp
		case err != nil:
			return err
		case closed == 0 || closed > millis(closedBefore):
			return access.ErrAppOpen
		}
		for _, waiting := range []string{
			`SELECT 1 FROM windows WHERE app = $1 LIMIT 1`,
			`SELECT 1 FROM fanouts WHERE app = $1 LIMIT 1`,
			`SELECT 1 FROM deliveries WHERE app = $1 AND state = 'pending' LIMIT 1`,
			`SELECT 1 FROM deliveries WHERE app = $1 AND state = 'in_hand' LIMIT 1`,
			`SELECT 1 FROM jobs WHERE app = $1 AND state = '` + string(jobs.Running) + `' AND heard_at > ` + strconv.FormatInt(millis(s.clock().Add(-deadJob)), 10) + ` LIMIT 1`,
		} {
			var one int
			err := tx.QueryRowContext(ctx, waiting, text(key)).Scan(&one)
			switch {
			case err == nil:
				return access.ErrAppBusy
			case !errors.Is(err, sql.ErrNoRows):
				return err
			}
		}
		for _, table := range owned() {
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE app = $1`, text(key)); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM apps WHERE key = $1`, text(key))
		return err
	})
}

// changeApps runs a change of the apps, one at a time.
func (s *Store) changeApps(ctx context.Context, doing string, change func(*transaction) error) error {
	err := s.transaction(ctx, func(tx *transaction) error {
		if err := s.lockRow(ctx, tx, "", "lock/apps"); err != nil {
			return err
		}
		return change(tx)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// lockRow has others wait who lock the same: a row of an app's settings stands
// for what has no row yet.
func (s *Store) lockRow(ctx context.Context, tx *transaction, app, name string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO settings (app, name, body, updated_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (app, name) DO UPDATE SET updated_at = excluded.updated_at`, text(app), text(name), []byte{}, millis(s.clock()))
	return err
}

// oneOr returns err unless a statement changed something.
func oneOr(result sql.Result, err error) error {
	n, failed := result.RowsAffected()
	if failed != nil || n > 0 {
		return failed
	}
	return err
}
