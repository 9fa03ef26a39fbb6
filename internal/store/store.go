package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
	_ "modernc.org/sqlite"             // registers the driver "sqlite"

	"github.com/postrider/postrider/internal/outbox"
)

// ErrLocked: another process serves from this SQLite file.
var ErrLocked = errors.New("another postrider is serving from this database file")

// Config says which database to open, and how.
type Config struct {
	// URL is postgres://… or sqlite:PATH.
	URL string
	// Exclusive takes the SQLite file for this process: a second one that
	// asks for it gets ErrLocked. Without it the database is opened beside a
	// running server.
	Exclusive bool
	Clock     func() time.Time
	Logger    *slog.Logger
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	dialect *dialect
	write   *sql.DB // SQLite: one connection, so that writers queue in Go
	read    *sql.DB
	clock   func() time.Time
	logger  *slog.Logger
	puts    *batcher[outbox.Entry, outbox.PutResult]
	mails   *batcher[storedMail, struct{}]
	lock    *flock.Flock
	path    string // of the SQLite file

	checkpoints sync.WaitGroup
	stop        context.CancelFunc
}

// Open opens the database and brings its schema up to date. A schema that is
// newer than this program is refused.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if path, ok := strings.CutPrefix(cfg.URL, "sqlite:"); ok {
		return openSQLite(ctx, cfg, path)
	}
	if strings.HasPrefix(cfg.URL, "postgres://") || strings.HasPrefix(cfg.URL, "postgresql://") {
		return openPostgres(ctx, cfg)
	}
	return nil, errors.New("database URL must begin with postgres:// or sqlite:")
}

func openSQLite(ctx context.Context, cfg Config, path string) (_ *Store, err error) {
	s := &Store{dialect: &sqliteDialect, path: path, clock: cfg.Clock, logger: cfg.Logger}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("create data directory: %w", err)
	}
	lock := flock.New(path+".lock", flock.SetPermissions(0o600))
	if cfg.Exclusive {
		locked, err := lock.TryLock()
		if err != nil {
			return nil, fmt.Errorf("lock database file: %w", err)
		}
		if !locked {
			return nil, fmt.Errorf("%w: %s", ErrLocked, path)
		}
		s.lock = lock
	}
	// The driver would create the file readable for everybody.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open database file: %w", err)
	}
	if err := file.Close(); err != nil {
		return nil, fmt.Errorf("open database file: %w", err)
	}
	// Pragmas stand in the DSN because they must reach every connection.
	// busy_timeout comes first: the others may have to wait.
	open := func(conns int, pragmas ...string) (*sql.DB, error) {
		query := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{
			"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "temp_store(MEMORY)",
		}, pragmas...)}
		db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+query.Encode())
		if err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(conns)
		db.SetMaxIdleConns(conns)
		return db, nil
	}
	// Checkpoints are made beside the writer, not by it: see checkpoint.go.
	if s.write, err = open(1, "cache_size(-16000)", "wal_autocheckpoint(0)"); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := s.migrate(ctx, cfg.Exclusive, lock); err != nil {
		return nil, err
	}
	if s.read, err = open(4, "query_only(1)", "wal_autocheckpoint(0)"); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	s.start(ctx)
	if cfg.Exclusive {
		s.startCheckpoints(ctx)
		// Whoever held a lease is gone: nobody else serves from this file.
		if err := s.releaseAll(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func openPostgres(ctx context.Context, cfg Config) (_ *Store, err error) {
	s := &Store{dialect: &postgresDialect, clock: cfg.Clock, logger: cfg.Logger}
	if s.write, err = sql.Open("pgx", cfg.URL); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	s.read = s.write
	s.write.SetMaxOpenConns(16)
	s.write.SetMaxIdleConns(8)
	s.write.SetConnMaxIdleTime(5 * time.Minute)
	if err := s.migrate(ctx, true, nil); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.start(ctx)
	return s, nil
}

func (s *Store) start(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	s.puts = newBatcher(ctx, s.dialect.putters, s.putBatch)
	s.mails = newBatcher(ctx, 1, s.addMails)
}

// Close ends what the store does in the background and closes the database.
// Calls must not be under way.
func (s *Store) Close() error {
	var errs []error
	if s.puts != nil {
		s.puts.close()
		s.mails.close()
	}
	if s.stop != nil {
		s.stop()
		s.checkpoints.Wait()
	}
	if s.read != nil && s.read != s.write {
		errs = append(errs, s.read.Close())
	}
	if s.write != nil {
		errs = append(errs, s.write.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Unlock())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return nil
}

// Engine returns the name of the database engine: sqlite or postgres.
func (s *Store) Engine() string { return s.dialect.name }

// Ping reports whether the database can be written to.
func (s *Store) Ping(ctx context.Context) error {
	return s.transaction(ctx, func(tx *sql.Tx) error {
		// An update of no row takes the writer's way without leaving a trace.
		_, err := tx.ExecContext(ctx, `UPDATE deliveries SET claim = claim WHERE id = ''`)
		return err
	})
}

// transaction runs fn in one transaction, again when that may help.
func (s *Store) transaction(ctx context.Context, fn func(*sql.Tx) error) error {
	return s.dialect.retry(ctx, func() error {
		tx, err := s.write.BeginTx(ctx, nil)
		if err != nil {
			return fmt.Errorf("begin: %w", err)
		}
		if err := fn(tx); err != nil {
			// After a failed COMMIT or a lost connection there is nothing to
			// roll back; the first error is the one that explains.
			_ = tx.Rollback()
			return err
		}
		if err := tx.Commit(); err != nil {
			return fmt.Errorf("commit: %w", err)
		}
		return nil
	})
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// text makes a string acceptable to both engines: valid UTF-8 without NUL.
func text(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	}
	return s
}
