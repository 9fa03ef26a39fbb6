package dashboard

import (
	"slices"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/postrider/postrider/internal/outbox"
)

// A chart is drawn on the server, as a picture that the page's style sheet
// colours: bars of what was sent, skipped and failed, one on the other, and the
// same numbers in a table.
const (
	chartHeight = 120
	barStep     = 10 // from bar to bar
	barWidth    = 8
	leastHeight = 1.5 // of what is not nothing
)

// chart is what came to an end in a lane over time.
type chart struct {
	Name, Title string
	Width       int
	Height      int
	Bars        []bar
	Lines       []string // heights of lines across
	Most        string   // the tallest bar
	Total       tallied
	Axis        []time.Time
	Rows        []tallied // newest first, those of nothing left out
	Empty       bool
}

// bar is one time of a chart.
type bar struct {
	X, Width int
	Label    string
	Parts    []barPart
}

// barPart is a part of a bar.
type barPart struct{ Class, Y, Height string }

// tallied is how many deliveries came to an end.
type tallied struct {
	At                    time.Time
	Sent, Skipped, Failed int
}

func (t *tallied) all() int { return t.Sent + t.Skipped + t.Failed }

func (t *tallied) add(state outbox.State, n int) {
	switch state {
	case outbox.Sent:
		t.Sent += n
	case outbox.Failed:
		t.Failed += n
	case outbox.Skipped:
		t.Skipped += n
	default: // what a person has cancelled is no outcome
	}
}

// span is what a chart reaches over.
type span struct {
	name, label string
	by          time.Duration
	n           int // bars
	layout      string
}

func spans() []span {
	return []span{
		{"hour", "48 hours", time.Hour, 48, "2 Jan, 15:04 UTC"},
		{"day", "30 days", 24 * time.Hour, 30, "Mon, 2 Jan (UTC)"},
	}
}

// begin is when the first bar of a span begins that ends now.
func (s *span) begin(now time.Time) time.Time {
	return now.UTC().Truncate(s.by).Add(-time.Duration(s.n-1) * s.by)
}

// newChart draws the tallies of a lane.
func newChart(name, title string, lane outbox.Lane, tallies []outbox.Tally, s *span, now time.Time) chart {
	begin := s.begin(now)
	times := make([]tallied, s.n)
	for i := range times {
		times[i].At = begin.Add(time.Duration(i) * s.by)
	}
	c := chart{Name: name, Title: title, Width: s.n*barStep - barStep + barWidth, Height: chartHeight}
	for _, t := range tallies {
		if i := int(t.From.Sub(begin) / s.by); t.Lane == lane && i >= 0 && i < s.n {
			times[i].add(t.State, t.N)
			c.Total.add(t.State, t.N)
		}
	}
	most := 0
	for i := range times {
		most = max(most, times[i].all())
	}
	c.Empty = most == 0
	c.Most = humanize.Comma(int64(most))
	for i := range times {
		c.Bars = append(c.Bars, newBar(i, &times[i], most, s))
		if times[i].all() > 0 {
			c.Rows = append(c.Rows, times[i])
		}
	}
	slices.Reverse(c.Rows)
	for _, share := range []float64{0, 0.5, 1} {
		c.Lines = append(c.Lines, coordinate(share*chartHeight))
	}
	c.Axis = []time.Time{times[0].At, times[s.n/2].At, times[s.n-1].At}
	return c
}

func newBar(i int, t *tallied, most int, s *span) bar {
	b := bar{X: i * barStep, Width: barWidth, Label: t.At.Format(s.layout) + ": " + t.words()}
	y := float64(chartHeight)
	for _, part := range []struct {
		class string
		n     int
	}{{"sent", t.Sent}, {"skipped", t.Skipped}, {"failed", t.Failed}} {
		if part.n == 0 {
			continue
		}
		height := max(float64(part.n)/float64(most)*chartHeight, leastHeight)
		y = max(y-height, 0)
		b.Parts = append(b.Parts, barPart{part.class, coordinate(y), coordinate(height)})
	}
	return b
}

func (t *tallied) words() string {
	return humanize.Comma(int64(t.Sent)) + " sent, " + humanize.Comma(int64(t.Skipped)) + " skipped, " + humanize.Comma(int64(t.Failed)) + " failed"
}

func coordinate(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }
