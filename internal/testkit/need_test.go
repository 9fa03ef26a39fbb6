package testkit_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/testkit"
)

// outcome records how Need ends a test. Unlike with a real test, the caller
// goes on.
type outcome struct {
	testing.TB
	ended []string
}

func (*outcome) Helper()                 {}
func (o *outcome) Skipf(string, ...any)  { o.ended = append(o.ended, "skipped") }
func (o *outcome) Fatalf(string, ...any) { o.ended = append(o.ended, "failed") }

func TestNeed(t *testing.T) {
	for _, c := range []struct {
		name, require string
		ok            bool
		want          []string
	}{
		{"there", "", true, nil},
		{"there and required", "1", true, nil},
		{"missing", "", false, []string{"skipped"}},
		{"missing and required", "1", false, []string{"failed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(testkit.RequireVariable, c.require)
			var got outcome
			testkit.Need(&got, c.ok, "a part")
			if diff := cmp.Diff(c.want, got.ended); diff != "" {
				t.Error(diff)
			}
		})
	}
}
