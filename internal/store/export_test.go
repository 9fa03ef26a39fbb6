package store

import (
	"context"
	"log/slog"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/testkit/postgres"
)

// TestServer is the PostgreSQL of this test binary. The external tests, which
// own TestMain, use it too.
var TestServer = postgres.Shared{Schema: migrated}

func migrated(ctx context.Context, url string) error {
	s, err := Open(ctx, Config{URL: url, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	return s.Close()
}

// testEngine opens stores for the tests that look inside.
type testEngine struct {
	name string
	// open returns a store on an empty database, and what to give the driver
	// to reach the same database.
	open func(t testing.TB) (s *Store, source string)
}

func testEngines() []testEngine {
	return []testEngine{
		{"sqlite", func(t testing.TB) (*Store, string) {
			path := filepath.Join(t.TempDir(), "postrider.db")
			source := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)"
			return openTest(t, "sqlite:"+path), source
		}},
		{"postgres", func(t testing.TB) (*Store, string) {
			url := TestServer.URL(t)
			return openTest(t, url), url
		}},
	}
}

func openTest(t testing.TB, url string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Config{URL: url, Exclusive: true, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
