package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/postrider/postrider/internal/access"
)

var _ access.KeyStore = (*Store)(nil)

const keyColumns = "app, hash, mask, name, scope, created_at"

func scanKey(row interface{ Scan(into ...any) error }) (access.Key, error) {
	var k access.Key
	var created int64
	err := row.Scan(&k.App, &k.Hash, &k.Mask, &k.Name, &k.Scope, &created)
	k.CreatedAt = fromMillis(created)
	return k, err
}

// APIKey implements [access.KeyStore].
func (s *Store) APIKey(ctx context.Context, hash []byte) (access.Key, error) {
	key, err := scanKey(s.read.QueryRowContext(ctx, `SELECT `+keyColumns+` FROM api_keys WHERE hash = $1`, hash))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return access.Key{}, access.ErrNoKey
	case err != nil:
		return access.Key{}, fmt.Errorf("read API key: %w", err)
	}
	return key, nil
}

// APIKeys implements [access.KeyStore].
func (s *Store) APIKeys(ctx context.Context, app string) ([]access.Key, error) {
	keys := []access.Key{}
	err := query(ctx, s.read, `SELECT `+keyColumns+` FROM api_keys WHERE app = $1 ORDER BY created_at, hash`, []any{text(app)},
		func(rows *sql.Rows) error {
			key, err := scanKey(rows)
			keys = append(keys, key)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list API keys: %w", err)
	}
	return keys, nil
}

// AddAPIKey implements [access.KeyStore].
func (s *Store) AddAPIKey(ctx context.Context, key access.Key, most int) error {
	return s.changeKeys(ctx, key.App, "store API key", func(tx *transaction, keys []access.Key) error {
		if len(keys) >= most {
			return access.ErrTooManyKeys
		}
		for i := range keys {
			if keys[i].Name == text(key.Name) {
				return access.ErrKeyName
			}
		}
		return insertKey(ctx, tx, key)
	})
}

// ReplaceAPIKey implements [access.KeyStore].
func (s *Store) ReplaceAPIKey(ctx context.Context, key access.Key) error {
	return s.changeKeys(ctx, key.App, "store API key", func(tx *transaction, keys []access.Key) error {
		for i := range keys {
			if string(keys[i].Hash) == string(key.Hash) {
				return access.ErrKeyExists
			}
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM api_keys WHERE app = $1 AND name = $2`, text(key.App), text(key.Name)); err != nil {
			return err
		}
		return insertKey(ctx, tx, key)
	})
}

func insertKey(ctx context.Context, tx *transaction, key access.Key) error {
	result, err := tx.ExecContext(ctx, `INSERT INTO api_keys (`+keyColumns+`) VALUES (`+list(6, 1)+`) ON CONFLICT DO NOTHING`,
		text(key.App), key.Hash, text(key.Mask), text(key.Name), text(string(key.Scope)), millis(key.CreatedAt))
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return access.ErrKeyExists
}

// ChangeAPIKey implements [access.KeyStore].
func (s *Store) ChangeAPIKey(ctx context.Context, app string, hash []byte, name string, scope access.Scope) error {
	return s.changeKeys(ctx, app, "change API key", func(tx *transaction, keys []access.Key) error {
		for i := range keys {
			if keys[i].Name == text(name) && string(keys[i].Hash) != string(hash) {
				return access.ErrKeyName
			}
		}
		if err := mayGo(keys, hash, scope == access.ScopeFull); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE api_keys SET name = $1, scope = $2 WHERE app = $3 AND hash = $4`,
			text(name), text(string(scope)), text(app), hash)
		return err
	})
}

// DeleteAPIKey implements [access.KeyStore].
func (s *Store) DeleteAPIKey(ctx context.Context, app string, hash []byte) error {
	return s.changeKeys(ctx, app, "delete API key", func(tx *transaction, keys []access.Key) error {
		if err := mayGo(keys, hash, false); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM api_keys WHERE app = $1 AND hash = $2`, text(app), hash)
		return err
	})
}

// mayGo says why a key cannot be deleted, or lose its full access unless it
// keeps it.
func mayGo(keys []access.Key, hash []byte, keeps bool) error {
	found, others := false, 0
	for i := range keys {
		switch {
		case string(keys[i].Hash) == string(hash):
			found = true
			keeps = keeps || keys[i].Scope != access.ScopeFull
		case keys[i].Scope == access.ScopeFull:
			others++
		}
	}
	switch {
	case !found:
		return access.ErrNoKey
	case !keeps && others == 0:
		return access.ErrLastKey
	}
	return nil
}

// changeKeys runs a change of the keys of an app, one at a time, with those
// that there are.
func (s *Store) changeKeys(ctx context.Context, app, doing string, change func(*transaction, []access.Key) error) error {
	err := s.transaction(ctx, func(tx *transaction) error {
		// An app without keys has no rows to lock: a row of its settings
		// stands for it.
		_, err := tx.ExecContext(ctx, `INSERT INTO settings (app, name, body, updated_at) VALUES ($1, 'lock/apikeys', $2, $3)
			ON CONFLICT (app, name) DO UPDATE SET updated_at = excluded.updated_at`, text(app), []byte{}, millis(s.clock()))
		if err != nil {
			return err
		}
		var keys []access.Key
		err = query(ctx, tx, `SELECT `+keyColumns+` FROM api_keys WHERE app = $1`, []any{text(app)}, func(rows *sql.Rows) error {
			key, err := scanKey(rows)
			keys = append(keys, key)
			return err
		})
		if err != nil {
			return err
		}
		return change(tx, keys)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}
