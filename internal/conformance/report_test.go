package conformance_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/conformance"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// TestReports: what build servers and programs read.
func TestReports(t *testing.T) {
	t.Parallel()
	report := &conformance.Report{
		URL: "https://hooks.example.org/email?a=1&b=<2>", StartedAt: time.Date(2026, 1, 31, 12, 0, 0, 0, time.FixedZone("", 3600)),
		Lines: []conformance.Line{
			{ID: "https", Says: "The URL is https", State: conformance.Holds, Detail: "hooks.example.org"},
			{ID: "empty-basic", Says: "“Basic ” is refused", State: conformance.Fails, Detail: "200 OK in \x1b[31m7ms", Why: "Everybody passes.", Mend: "Compare.", Took: 7 * time.Millisecond},
			{ID: "burst", Says: "100 at once", State: conformance.NotAsked, Detail: "only with --burst"},
		},
	}
	var junit bytes.Buffer
	if err := report.WriteJUnit(&junit); err != nil {
		t.Fatal(err)
	}
	golden(t, "junit.xml", junit.Bytes())
	document, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "report.json", append(document, '\n'))
}
