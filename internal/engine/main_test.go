package engine_test

import (
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
	code := server.Main(m)
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}
