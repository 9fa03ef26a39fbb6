package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite" // also registers the driver "sqlite"

	"github.com/postrider/postrider/internal/engine"
	"github.com/postrider/postrider/internal/outbox"
)

// ErrLocked means that another process serves from this SQLite file.
var ErrLocked = errors.New("another postrider is serving from this database file")

// busyTimeout is how long a connection to a SQLite file waits for another
// process's lock.
const busyTimeout = 10 * time.Second

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
	records *batcher[engine.Recording, struct{}]
	lock    *flock.Flock

	statements     statements // of the writer of SQLite
	readStatements statements

	turns     turns       // to write, on SQLite
	contended atomic.Bool // see Decide
	deciding  deciding
	grounds   grounds

	written atomic.Int64 // transactions so far
	upkeep  sync.WaitGroup
	stop    context.CancelFunc // of upkeep
}

// Open opens the database and brings its schema up to date. A schema that is
// newer than this program is refused.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if path, ok := strings.CutPrefix(cfg.URL, "sqlite:"); ok && path != "" {
		return openSQLite(ctx, cfg, path)
	}
	if strings.HasPrefix(cfg.URL, "postgres://") || strings.HasPrefix(cfg.URL, "postgresql://") {
		return openPostgres(ctx, cfg)
	}
	return nil, errors.New("the database URL must be postgres://… or sqlite:PATH")
}

func openSQLite(ctx context.Context, cfg Config, path string) (_ *Store, err error) {
	s := &Store{dialect: sqliteDialect(), clock: cfg.Clock, logger: cfg.Logger}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	// A COMMIT waits for the data and for what is needed to find it again, not
	// for the file's timestamps: as SQLite itself does on Linux, where this
	// translation of it waits for all. Where there is no such call all is
	// waited for.
	_, _ = sqlite.Fdatasync(true)
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
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // G304: the operator names the file
	if err != nil {
		return nil, fmt.Errorf("open database file: %w", err)
	}
	if err := file.Close(); err != nil {
		return nil, fmt.Errorf("open database file: %w", err)
	}
	// Pragmas stand in the DSN because they must reach every connection.
	// busy_timeout comes first: the others may have to wait.
	open := func(connected func(), conns int, pragmas ...string) (*sql.DB, error) {
		query := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{
			fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()), "journal_mode(WAL)", "synchronous(FULL)", "temp_store(MEMORY)",
		}, pragmas...)}
		connector, err := sqlite.NewConnector("file:" + (&url.URL{Path: path}).EscapedPath() + "?" + query.Encode())
		if err != nil {
			return nil, err
		}
		db := sql.OpenDB(&telling{connector, connected})
		db.SetMaxOpenConns(conns)
		db.SetMaxIdleConns(conns)
		return db, nil
	}
	// Checkpoints are made beside the writer, not by it: see checkpoint.go.
	if s.write, err = open(s.grounds.connected, 1, "cache_size(-16000)", "wal_autocheckpoint(0)"); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := s.migrate(ctx, cfg.Exclusive, lock); err != nil {
		return nil, err
	}
	if s.read, err = open(func() {}, 4, "query_only(1)", "wal_autocheckpoint(0)"); err != nil {
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

// telling is a connector that tells of each connection it makes.
type telling struct {
	driver.Connector
	connected func()
}

// Connect implements [driver.Connector].
func (t *telling) Connect(ctx context.Context) (driver.Conn, error) {
	t.connected()
	return t.Connector.Connect(ctx)
}

// idleInTransaction is how long a transaction may stand still before the server
// ends it. A process that is suspended, or cut off, in the middle of one holds
// locks, and whoever stores a repetition of the same notification waits for
// them.
const idleInTransaction = "5s"

func openPostgres(ctx context.Context, cfg Config) (_ *Store, err error) {
	s := &Store{dialect: postgresDialect(), clock: cfg.Clock, logger: cfg.Logger}
	parsed, err := pgx.ParseConfig(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	// Transactions look rows up by keys that they name, a few hundred at a time:
	// nested loops over indexes, and never a table read as a whole because it
	// is still small enough for that to look cheaper. Lists for people are read
	// with the planner as it is.
	s.write = openPool(parsed, 12, `SET idle_in_transaction_session_timeout = '`+idleInTransaction+`';
		SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off; SET random_page_cost = 1.1; SET jit = off`)
	s.read = openPool(parsed, 6, `SET plan_cache_mode = force_custom_plan`)
	if err := s.migrate(ctx, true, nil); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.start(ctx)
	s.startStatistics(ctx)
	return s, nil
}

// openPool opens up to so many connections, each of which begins with a
// statement.
func openPool(cfg *pgx.ConnConfig, conns int, first string) *sql.DB {
	db := stdlib.OpenDB(*cfg, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, first)
		return err
	}))
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns) // making one costs more than keeping it a while
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db
}

func (s *Store) start(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	s.puts = newBatcher(ctx, s.dialect.putters, s.putBatch)
	s.mails = newBatcher(ctx, 1, s.addMails)
	s.records = newBatcher(ctx, s.dialect.putters, s.recordBatch)
}

// Close ends what the store does in the background and closes the database.
// Calls must not be under way.
func (s *Store) Close() error {
	var errs []error
	if s.puts != nil {
		s.puts.close()
		s.mails.close()
		s.records.close()
	}
	if s.stop != nil {
		s.stop()
		s.upkeep.Wait()
	}
	errs = append(errs, s.statements.close(), s.readStatements.close())
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

// Ping reports whether the database can be written to, by writing.
func (s *Store) Ping(ctx context.Context) error {
	err := s.transaction(ctx, func(tx *transaction) error {
		tx.aside()
		_, err := tx.ExecContext(ctx, `INSERT INTO probe (id, written_at) VALUES (1, $1)
			ON CONFLICT (id) DO UPDATE SET written_at = excluded.written_at`, millis(s.clock()))
		return err
	})
	if err != nil {
		return fmt.Errorf("write a probe: %w", err)
	}
	return nil
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

// notNull makes no bytes into an empty value: nil would be NULL.
func notNull(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// text makes a string acceptable to both engines: valid UTF-8 without NUL.
func text(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	}
	return s
}
