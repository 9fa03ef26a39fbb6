package engine_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/postrider/postrider/internal/store"
	"github.com/postrider/postrider/internal/testkit/postgres"
)

// soak: take the time that certainty takes.
var soak = os.Getenv("POSTRIDER_TEST_SOAK") == "1"

// server is the PostgreSQL of this test binary.
var server = postgres.Shared{Schema: func(ctx context.Context, url string) error {
	s, err := store.Open(ctx, store.Config{URL: url, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	return s.Close()
}}

// TestMain fails when something is left running: a bubble sees only what was
// started in it.
func TestMain(m *testing.M) {
	// A case is a history of days, and new ones are told in every run. What the
	// command line says wins.
	checks := "4"
	if soak {
		checks = "100"
	}
	if err := flag.Set("rapid.checks", checks); err != nil {
		panic(err)
	}
	code := server.Main(m)
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}
