package engine_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/postrider/postrider/internal/testkit/postgres"
)

// soak: take the time that certainty takes.
var soak = os.Getenv("POSTRIDER_TEST_SOAK") == "1"

// server is the PostgreSQL of this test binary.
var server postgres.Shared

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
