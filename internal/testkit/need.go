// Package testkit is what tests of several packages need: servers to talk to,
// faults to inject, and what to do where a part is not installed. Its parts
// stand in packages of their own below it.
//
// Only tests and the commands that run them import it.
package testkit

import (
	"os"
	"testing"
)

// RequireVariable is the environment variable that, set to 1, turns the skips
// of [Need] into failures.
const RequireVariable = "POSTRIDER_TEST_REQUIRE"

// Need ends a test that cannot run here: unless ok it is skipped with a
// message that says what was not tested, or fails where everything has to be
// tested. what names what is missing and, ideally, how to get it.
func Need(t testing.TB, ok bool, what string) {
	t.Helper()
	switch {
	case ok:
	case os.Getenv(RequireVariable) == "1":
		t.Fatalf("%s is needed, and %s=1 forbids to skip", what, RequireVariable)
	default:
		t.Skipf("NOT TESTED: %s is needed", what)
	}
}
