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

	once    sync.Once
	started *Server // nil when the server is somebody else's
	url     string
	err     error
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
	if s.started == nil {
		return nil
	}
	return s.started.Stop()
}

// URL returns the URL of a new, empty database, which is dropped at the end of
// the test. Where PostgreSQL is not installed the test is skipped, see
// [testkit.Need].
func (s *Shared) URL(t testing.TB) string {
	t.Helper()
	s.once.Do(s.start)
	testkit.Need(t, !errors.Is(s.err, ErrNotInstalled), "an installed PostgreSQL (Debian: apt-get install postgresql)")
	if s.err != nil {
		t.Fatal(s.err)
	}
	name := "test_" + strings.ToLower(rand.Text())
	if err := s.administer(func(server *pgx.Conn) string {
		if server.PgConn().ParameterStatus("server_version") < "15" {
			return "CREATE DATABASE " + name
		}
		return "CREATE DATABASE " + name + " STRATEGY FILE_COPY" // far faster without fsync
	}); err != nil {
		t.Fatalf("create a database: %v", err)
	}
	t.Cleanup(func() {
		// By force: a test that failed may have left connections.
		drop := func(*pgx.Conn) string { return "DROP DATABASE " + name + " WITH (FORCE)" }
		if err := s.administer(drop); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	database, err := url.Parse(s.url)
	if err != nil {
		t.Fatalf("%s: %v", Variable, err)
	}
	database.Path = "/" + name
	return database.String()
}

func (s *Shared) start() {
	if s.url = os.Getenv(Variable); s.url != "" {
		return
	}
	if s.started, s.err = Start(s.Options); s.err == nil {
		s.url = s.started.URL()
	}
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
