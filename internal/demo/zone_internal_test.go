package demo

import (
	"testing"
	"time"
	_ "time/tzdata"
)

// TestAwayFrom: at whatever moment the demo is played, there is a place where
// the hours of mail are over, and do not begin soon.
func TestAwayFrom(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	for now := start; now.Year() == 2026; now = now.Add(97 * time.Minute) {
		place, err := awayFrom(now)
		if err != nil {
			t.Fatal(err)
		}
		location, err := time.LoadLocation(place.zone)
		if err != nil {
			t.Fatal(err)
		}
		for _, moment := range []time.Time{now.Add(-30 * time.Minute), now, now.Add(6 * time.Hour)} {
			there := moment.In(location)
			if clock := there.Hour()*100 + there.Minute(); clock >= workFrom && clock <= workTo {
				t.Fatalf("at %v it is %v in %s", now, there, place.city)
			}
		}
	}
}

// The uids that the story speaks of are people's, and its texts are written out.
func TestStory(t *testing.T) {
	t.Parallel()
	c := newCommunity()
	s := newStage(c, "http://localhost", time.Now)
	for _, act := range story(away{"Tokyo", "Asia/Tokyo"}) {
		for _, step := range act.steps {
			for _, do := range step {
				if events := do(s); len(events) == 0 {
					t.Errorf("in %q nothing happens", act.title)
				}
			}
		}
	}
	for name, m := range s.said {
		if c.person(m.from) == nil || c.group(m.to) == nil && c.person(m.to) == nil {
			t.Errorf("%s is from %s to %s, whom nobody knows", name, m.from, m.to)
		}
		if text, ok := m.data["text"].(string); !ok || len(text) < 5 {
			t.Errorf("%s says %q", name, text)
		}
	}
	if len(s.said) != s.n {
		t.Errorf("%d messages have %d names", s.n, len(s.said))
	}
}
