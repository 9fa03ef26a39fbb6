package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/gofrs/flock"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrationFiles embed.FS

// migrate brings the schema up to date. On SQLite that is the business of the
// process that holds the file; a command beside it migrates only when nobody
// serves.
func (s *Store) migrate(ctx context.Context, exclusive bool, file *flock.Flock) (err error) {
	provider, err := s.migrations()
	if err != nil {
		return fmt.Errorf("prepare migrations: %w", err)
	}
	var current, target int64
	// Of several that open a new file at one time SQLite refuses some at once
	// while one changes its kind of journal, however long they would wait.
	err = s.dialect.retry(ctx, func() (err error) {
		current, target, err = provider.GetVersions(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if current > target {
		return fmt.Errorf("the database has schema %d, this program knows up to %d: it was written by a newer release", current, target)
	}
	if current == target {
		return nil
	}
	if !exclusive {
		locked, err := file.TryLock()
		if err != nil {
			return fmt.Errorf("lock database file: %w", err)
		}
		if !locked {
			return awaitMigration(ctx, provider)
		}
		defer func() { err = errors.Join(err, file.Unlock()) }()
	}
	if current > 0 {
		s.logger.Info("migrating the database", "from", current, "to", target)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate from schema %d to %d: %w", current, target, err)
	}
	return nil
}

// awaitMigration waits until the process that holds the file, which may just
// be starting, has brought the schema up to date.
func awaitMigration(ctx context.Context, provider *goose.Provider) error {
	ctx, cancel := context.WithTimeout(ctx, migrationPatience)
	defer cancel()
	ticker := time.NewTicker(migrationPatience / 50)
	defer ticker.Stop()
	for {
		current, target, err := provider.GetVersions(ctx)
		if err == nil && current == target {
			return nil
		}
		select {
		case <-ctx.Done():
			if err != nil {
				return fmt.Errorf("read schema version: %w", err)
			}
			return fmt.Errorf("the database has schema %d, this program needs %d, and another release is serving from it", current, target)
		case <-ticker.C:
		}
	}
}

// migrationPatience is how long a command waits for a server that starts.
const migrationPatience = 5 * time.Second

func (s *Store) migrations() (*goose.Provider, error) {
	scripts, err := migrationScripts("migrations/" + s.dialect.name)
	if err != nil {
		return nil, err
	}
	if s.dialect.name == "sqlite" {
		return goose.NewProvider(goose.DialectSQLite3, s.write, nil, goose.WithGoMigrations(scripts...))
	}
	// Processes that start together on an empty database would all create
	// the tables. The lock is a row with a heartbeat, not an advisory lock.
	locker, err := lock.NewPostgresTableLocker(lock.WithTableLockTimeout(time.Second, 60))
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, s.write, nil, goose.WithGoMigrations(scripts...), goose.WithLocker(locker))
}

// migrationScripts returns the files of a directory, each as one script in a
// transaction of its own. Both drivers take several statements at a time; were
// goose to cut the files into statements, it would take up to 4 MB for each line.
func migrationScripts(dir string) ([]*goose.Migration, error) {
	entries, err := migrationFiles.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	all := make([]*goose.Migration, len(entries))
	for i, entry := range entries {
		version, err := goose.NumericComponent(entry.Name())
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", entry.Name(), err)
		}
		script, err := migrationFiles.ReadFile(path.Join(dir, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		all[i] = goose.NewGoMigration(version, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, string(script)); err != nil {
				return fmt.Errorf("%s: %w", entry.Name(), err)
			}
			return nil
		}}, nil)
	}
	return all, nil
}
