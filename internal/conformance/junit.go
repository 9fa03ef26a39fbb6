package conformance

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// The format that build servers read: one suite, a case for each line.
type (
	junitSuites struct {
		XMLName xml.Name   `xml:"testsuites"`
		Suite   junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name      string      `xml:"name,attr"`
		Tests     int         `xml:"tests,attr"`
		Failures  int         `xml:"failures,attr"`
		Errors    int         `xml:"errors,attr"`
		Skipped   int         `xml:"skipped,attr"`
		Time      string      `xml:"time,attr"`
		Timestamp string      `xml:"timestamp,attr"`
		Cases     []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitOutcome `xml:"failure,omitempty"`
		Skipped *junitOutcome `xml:"skipped,omitempty"`
	}
	junitOutcome struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes a report as JUnit's XML.
func (r *Report) WriteJUnit(w io.Writer) error {
	suite := junitSuite{
		Name: visible("postrider check " + r.URL), Tests: len(r.Lines), Failures: r.Count(Fails), Skipped: r.Count(NotAsked),
		Timestamp: r.StartedAt.UTC().Format("2006-01-02T15:04:05"),
	}
	var all time.Duration
	for i := range r.Lines {
		l := &r.Lines[i]
		all += l.Took
		c := junitCase{Class: "postrider.check." + l.ID, Name: l.Says, Time: seconds(l.Took)}
		switch l.State {
		case Fails:
			c.Failure = &junitOutcome{visible(l.Detail), "Why: " + l.Why + "\nMend: " + l.Mend}
		case NotAsked:
			c.Skipped = &junitOutcome{Message: visible(l.Detail)}
		case Holds:
		}
		suite.Cases = append(suite.Cases, c)
	}
	suite.Time = seconds(all)
	document, err := xml.MarshalIndent(junitSuites{Suite: suite}, "", "  ")
	if err != nil {
		return fmt.Errorf("make JUnit report: %w", err)
	}
	if _, err := io.WriteString(w, xml.Header+string(document)+"\n"); err != nil {
		return fmt.Errorf("write JUnit report: %w", err)
	}
	return nil
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }

// visible is a text without what XML cannot hold.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}
