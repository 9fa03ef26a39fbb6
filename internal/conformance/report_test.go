package conformance_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

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

// Whatever a provider answered, build servers can read the report, and find in
// it what the lines say.
func TestJUnitIsXML(t *testing.T) {
	t.Parallel()
	type outcome struct {
		Message string `xml:"message,attr"`
	}
	rapid.Check(t, func(t *rapid.T) {
		report := &conformance.Report{URL: rapid.String().Draw(t, "url"), StartedAt: time.Unix(1769850000, 0)}
		for i := range rapid.IntRange(1, 5).Draw(t, "lines") {
			report.Lines = append(report.Lines, conformance.Line{
				ID: strconv.Itoa(i), Says: "It holds", Detail: rapid.OneOf(rapid.String(), rapid.Just("]]>\x00\xff\ufffe<")).Draw(t, "detail"),
				State: rapid.SampledFrom([]conformance.State{conformance.Holds, conformance.Fails, conformance.NotAsked}).Draw(t, "state"),
			})
		}
		var document bytes.Buffer
		if err := report.WriteJUnit(&document); err != nil {
			t.Fatal(err)
		}
		var suites struct {
			XMLName xml.Name `xml:"testsuites"`
			Suites  []struct {
				Name      string `xml:"name,attr"`
				Tests     int    `xml:"tests,attr"`
				Failures  int    `xml:"failures,attr"`
				Errors    int    `xml:"errors,attr"`
				Skipped   int    `xml:"skipped,attr"`
				Timestamp string `xml:"timestamp,attr"`
				Cases     []struct {
					Class   string   `xml:"classname,attr"`
					Name    string   `xml:"name,attr"`
					Time    float64  `xml:"time,attr"`
					Failure *outcome `xml:"failure"`
					Skipped *outcome `xml:"skipped"`
				} `xml:"testcase"`
			} `xml:"testsuite"`
		}
		if err := xml.Unmarshal(document.Bytes(), &suites); err != nil || len(suites.Suites) != 1 {
			t.Fatalf("%v\n%s", err, document.String())
		}
		suite := suites.Suites[0]
		if suite.Tests != len(report.Lines) || suite.Tests != len(suite.Cases) || suite.Name == "" || suite.Timestamp != "2026-01-31T09:00:00" || suite.Errors != 0 {
			t.Errorf("the suite is %+v", suite)
		}
		failed, skipped := 0, 0
		for i, c := range suite.Cases {
			state := report.Lines[i].State
			if c.Class == "" || c.Name != "It holds" || (c.Failure != nil) != (state == conformance.Fails) || (c.Skipped != nil) != (state == conformance.NotAsked) {
				t.Errorf("line %d is %+v", i, c)
			}
			if c.Failure != nil {
				failed++
			}
			if c.Skipped != nil {
				skipped++
			}
		}
		if suite.Failures != failed || suite.Skipped != skipped {
			t.Errorf("%d failures and %d skipped, of %d and %d", failed, skipped, suite.Failures, suite.Skipped)
		}
	})
}
