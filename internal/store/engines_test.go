package store_test

import (
	"database/sql"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postrider/postrider/internal/store"
	"github.com/postrider/postrider/internal/store/storetest"
	"github.com/postrider/postrider/internal/testkit/postgres"
)

var (
	server = &store.TestServer
	soak   = os.Getenv("POSTRIDER_TEST_SOAK") == "1"
)

func TestMain(m *testing.M) {
	// Fewer but longer histories than usual: they find more. What the command
	// line says wins.
	checks := "4"
	if soak {
		checks = "100"
	}
	for name, value := range map[string]string{"rapid.steps": "100", "rapid.checks": checks} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	code := server.Main(m)
	if err := durable.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func emptyFile(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "postrider.db") }

func sqliteEngine() storetest.Engine {
	return storetest.Engine{
		URL:    emptyFile,
		Empty:  emptyFile,
		Driver: "sqlite",
		Source: func(database string) string {
			path := strings.TrimPrefix(database, "sqlite:")
			return "file:" + (&url.URL{Path: path}).EscapedPath() + "?_pragma=busy_timeout(10000)"
		},
	}
}

func postgresEngine() storetest.Engine {
	return storetest.Engine{
		URL:      func(t testing.TB) string { return server.URL(t) },
		Empty:    func(t testing.TB) string { return server.Empty(t) },
		Driver:   "pgx",
		Source:   func(database string) string { return database },
		OwnClock: true,
		Deadlocks: func(t testing.TB, db *sql.DB) (n int) {
			err := db.QueryRow(`SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`).Scan(&n)
			if err != nil {
				t.Fatal(err)
			}
			return n
		},
	}
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, sqliteEngine())
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	storetest.Run(t, postgresEngine())
}

// historySteps is how long random histories are compared with the model, on
// each engine.
func historySteps() int {
	if soak {
		return 20_000
	}
	return 4000
}

func TestHistoriesOnSQLite(t *testing.T) {
	t.Parallel()
	storetest.Histories(t, sqliteEngine(), historySteps())
}

func TestHistoriesOnPostgres(t *testing.T) {
	t.Parallel()
	storetest.Histories(t, postgresEngine(), historySteps())
}

// durable is a server that keeps what it says, for measurements. One that
// POSTRIDER_TEST_POSTGRES names is measured as it is.
var durable = postgres.Shared{Options: postgres.Options{Fsync: true}}

func benchmarkEngines(b *testing.B, benchmark func(*testing.B, storetest.Engine)) {
	b.Run("sqlite", func(b *testing.B) { benchmark(b, sqliteEngine()) })
	b.Run("postgres", func(b *testing.B) {
		e := postgresEngine()
		e.URL = func(t testing.TB) string { return durable.URL(t) }
		benchmark(b, e)
	})
}

func BenchmarkPut(b *testing.B)           { benchmarkEngines(b, storetest.BenchmarkPut) }
func BenchmarkClaimSettle(b *testing.B)   { benchmarkEngines(b, storetest.BenchmarkClaimSettle) }
func BenchmarkRecord(b *testing.B)        { benchmarkEngines(b, storetest.BenchmarkRecord) }
func BenchmarkDecide(b *testing.B)        { benchmarkEngines(b, storetest.BenchmarkDecide) }
func BenchmarkHistory(b *testing.B)       { benchmarkEngines(b, storetest.BenchmarkHistory) }
func BenchmarkMailboxSearch(b *testing.B) { benchmarkEngines(b, storetest.BenchmarkMailboxSearch) }
func BenchmarkMailboxAdd(b *testing.B)    { benchmarkEngines(b, storetest.BenchmarkMailboxAdd) }
