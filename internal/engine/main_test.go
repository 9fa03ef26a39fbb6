package engine_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/postrider/postrider/internal/testkit/postgres"
)

// server is the PostgreSQL of this test binary.
var server postgres.Shared

// TestMain fails when something is left running: a bubble sees only what was
// started in it.
func TestMain(m *testing.M) {
	// A case is a history of days. What the command line says wins.
	if err := flag.Set("rapid.checks", "15"); err != nil {
		panic(err)
	}
	code := server.Main(m)
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}
