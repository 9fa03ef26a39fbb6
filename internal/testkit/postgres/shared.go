package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/postrider/postrider/internal/testkit"
)

// Variable names the environment variable with the URL of a maintenance
// database on a server that runs already. Where it is set no other server is
// started.
const Variable = "POSTRIDER_TEST_POSTGRES"

// adminTimeout bounds the making and the dropping of one database.
const adminTimeout = 30 * time.Second

// Shared is the server of one test binary. The zero value starts it when it is
// first asked for a database:
//
//	var server postgres.Shared
//
//	func TestMain(m *testing.M) { os.Exit(server.Main(m)) }
type Shared struct {
	Options Options
	// Schema, if set, fills an empty database, and leaves no connection to it.
	// It is called once; every database is a copy of what it made.
	Schema func(ctx context.Context, url string) error

	once     sync.Once
	started  *Server // nil when the server is somebody else's
	url      string
	template string // database that is copied; empty: the server's own
	err      error
}

// Main runs the tests and stops the server after them. It returns the exit
// code.
func (s *Shared) Main(m *testing.M) int {
	code := m.Run()
	if err := s.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	return code
}

// Stop stops the server if it was started: for a second one in a test binary.
func (s *Shared) Stop() error {
	if s.started != nil {
		return s.started.Stop()
	}
	if s.template == "" {
		return nil
	}
	return s.drop(s.template)
}

// URL returns the URL of a new database, empty but for what Schema has made,
// which is dropped at the end of the test. Where PostgreSQL is not installed
// the test is skipped, see [testkit.Need].
func (s *Shared) URL(t testing.TB) string {
	t.Helper()
	return s.copyOf(t, func() string { return s.template })
}

// Empty is URL without what Schema makes.
func (s *Shared) Empty(t testing.TB) string {
	t.Helper()
	return s.copyOf(t, func() string { return "" })
}

func (s *Shared) copyOf(t testing.TB, template func() string) string {
	t.Helper()
	s.once.Do(s.start)
	testkit.Need(t, !errors.Is(s.err, ErrNotInstalled), "an installed PostgreSQL (Debian: apt-get install postgresql)")
	if s.err != nil {
		t.Fatal(s.err)
	}
	name, err := s.create(template())
	if err != nil {
		t.Fatalf("create a database: %v", err)
	}
	t.Cleanup(func() {
		if err := s.drop(name); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	database, err := s.urlOf(name)
	if err != nil {
		t.Fatal(err)
	}
	return database
}

func (s *Shared) create(template string) (name string, err error) {
	name = "test_" + strings.ToLower(rand.Text())
	return name, s.administer(func(server *pgx.Conn) string {
		statement := "CREATE DATABASE " + name
		if template != "" {
			statement += " TEMPLATE " + template
		}
		if server.PgConn().ParameterStatus("server_version") >= "15" {
			statement += " STRATEGY FILE_COPY" // far faster without fsync
		}
		return statement
	})
}

// drop drops a database by force: a test that failed may have left connections.
func (s *Shared) drop(name string) error {
	return s.administer(func(*pgx.Conn) string { return "DROP DATABASE " + name + " WITH (FORCE)" })
}

func (s *Shared) urlOf(name string) (string, error) {
	database, err := url.Parse(s.url)
	if err != nil {
		return "", fmt.Errorf("%s: %w", Variable, err)
	}
	database.Path = "/" + name
	return database.String(), nil
}

func (s *Shared) start() {
	if s.url = os.Getenv(Variable); s.url == "" {
		if s.started, s.err = Start(s.Options); s.err != nil {
			return
		}
		s.url = s.started.URL()
	}
	if s.Schema != nil {
		if s.err = s.makeTemplate(); s.err != nil {
			s.err = fmt.Errorf("make the database that is copied: %w", s.err)
		}
	}
}

func (s *Shared) makeTemplate() error {
	name, err := s.create("")
	if err != nil {
		return err
	}
	s.template = name
	database, err := s.urlOf(name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	return s.Schema(ctx, database)
}

func (s *Shared) administer(statement func(*pgx.Conn) string) error {
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	connection, err := pgx.Connect(ctx, s.url)
	if err != nil {
		return err
	}
	_, err = connection.Exec(ctx, statement(connection))
	return errors.Join(err, connection.Close(ctx))
}
