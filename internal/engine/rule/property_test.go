package rule_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/rule"
)

// told turns a decision into what became of each message, and refuses one that
// tells of a message twice.
func told(t *rapid.T, f *rule.Facts, d *rule.Decision) []string {
	fate := make([]string, len(f.Messages))
	put := func(indexes []int, what string) {
		if !slices.IsSorted(indexes) {
			t.Fatalf("not oldest first: %v", indexes)
		}
		for _, i := range indexes {
			if fate[i] != "" {
				t.Fatalf("message %d is %s and %s", i, fate[i], what)
			}
			fate[i] = what
		}
	}
	put(d.Send, "sent")
	for _, s := range d.Skipped {
		switch {
		case len(s.Messages) == 0 || s.Detail == "":
			t.Fatalf("a skip of nothing, or without words: %+v", s)
		case s.Provider == "":
			put(s.Messages, string(s.Reason))
		case len(d.Send) > 0 && !slices.Equal(s.Messages, d.Send):
			t.Fatalf("one provider misses %v of %v", s.Messages, d.Send)
		case len(d.Send) == 0 && fate[s.Messages[0]] == "":
			put(s.Messages, string(s.Reason))
		}
	}
	return fate
}

func TestDecideAgreesWithTheModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := genFacts(t)
		d := rule.Decide(f)
		want := model(f)
		if d.Reason != want.waits || d.Waits() != (want.waits != "") {
			t.Fatalf("it waits until %s for %q, want %q", d.Until, d.Reason, want.waits)
		}
		if d.Waits() {
			if !d.Until.After(f.Now) || len(d.Send)+len(d.To)+len(d.Skipped) != 0 {
				t.Fatalf("a wait that lies in the past, or takes something: %+v", d)
			}
			return
		}
		fate := told(t, f, &d)
		for i := range want.fate {
			if want.fate[i] == "read" {
				want.fate[i] = ""
			}
		}
		if diff := cmp.Diff(want.fate, fate); diff != "" {
			t.Fatalf("(-want +got)\n%s\n%v", diff, d.Trace)
		}
	})
}

func TestWhatIsSentMayBeSent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := genFacts(t)
		d := rule.Decide(f)
		if (len(d.Send) == 0) != (len(d.To) == 0) {
			t.Fatalf("%v to %v", d.Send, d.To)
		}
		if len(d.Send) == 0 {
			return
		}
		mentioned := false
		for _, i := range d.Send {
			m := f.Messages[i]
			if m.Sender == f.Recipient || m.State != chat.StateVisible || m.Number <= f.Since || m.Blocked {
				t.Fatalf("not to be told: %+v", m)
			}
			if m.Read && f.Effective.Email.NotifyForUnreadOnly {
				t.Fatalf("was read: %+v", m)
			}
			mentioned = mentioned || m.Mentioned || m.MentionsAll
		}
		if f.SentToday >= f.Effective.Email.MaxPerDay || f.SentTodayHere >= f.Effective.Email.MaxPerDayPerConversation {
			t.Fatal("over the quota")
		}
		if week := f.Effective.Schedule; week != nil && !mentioned && !openByText(week, f.Now, f.Location) {
			t.Fatalf("outside of the schedule, at %s", f.Now.In(f.Location))
		}
		if !slices.Equal(d.To, reachable(f)) {
			t.Fatalf("to %v, not to %v", d.To, reachable(f))
		}
	})
}

func TestDecideIsDeterministicAndChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := genFacts(t)
		messages, providers := slices.Clone(f.Messages), slices.Clone(f.Providers)
		first := rule.Decide(f)
		if diff := cmp.Diff(first, rule.Decide(f)); diff != "" {
			t.Fatal(diff)
		}
		if !slices.Equal(messages, f.Messages) || !slices.Equal(providers, f.Providers) {
			t.Fatal("the facts changed")
		}
	})
}

// TestWaitingEnds follows a window through its waits: each ends, and the next
// look is not for the same reason at the same moment.
func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := genFacts(t)
		f.BusyUntil = time.Time{}
		for range 4 {
			d := rule.Decide(f)
			if !d.Waits() {
				return
			}
			f.Now = d.Until
		}
		t.Fatalf("it waits and waits: %+v", rule.Decide(f))
	})
}

// TestDecideNeverPanics decides about facts that make no sense.
func TestDecideNeverPanics(t *testing.T) {
	t.Parallel()
	number := func(t *rapid.T) int { return rapid.OneOf(rapid.Int(), rapid.IntRange(-3000, 3000)).Draw(t, "number") }
	moment := func(t *rapid.T) time.Time { return time.Unix(int64(number(t)), int64(number(t))) }
	rapid.Check(t, func(t *rapid.T) {
		f := genFacts(t)
		f.Interval, f.MaxAge, f.Since = time.Duration(number(t)), time.Duration(number(t)), int64(number(t))
		f.SentToday, f.SentTodayHere, f.GroupSize = number(t), number(t), number(t)
		f.Now, f.BusyUntil, f.MutedUntil = moment(t), rapid.SampledFrom([]time.Time{{}, moment(t)}).Draw(t, "busy"), moment(t)
		f.Effective.Email.MaxPerDay = number(t)
		week := chat.WholeWeek()
		for day := range time.Weekday(7) {
			*week.Day(day) = chat.Day{From: number(t), To: number(t), DND: rapid.Bool().Draw(t, "dnd")}
		}
		f.Effective.Schedule = rapid.SampledFrom([]*chat.Week{nil, &week}).Draw(t, "week")
		for i := range f.Messages {
			f.Messages[i].ArrivedAt = rapid.SampledFrom([]time.Time{{}, moment(t)}).Draw(t, "arrived")
			f.Messages[i].Kind = chat.Kind(rapid.String().Draw(t, "kind"))
		}
		switch rapid.IntRange(0, 5).Draw(t, "missing") {
		case 0:
			f.Settings = nil
		case 1:
			f.Location = nil
		case 2:
			f.Effective = chat.Effective{Schedule: &week}
		case 3:
			f = &rule.Facts{Messages: f.Messages}
		}
		if d := rule.Decide(f); d.Waits() && !d.Until.After(f.Now) {
			t.Fatalf("it waits until %s, which was before %s", d.Until, f.Now)
		}
	})
}

func BenchmarkDecide(b *testing.B) {
	f := facts()
	b.ReportAllocs()
	for b.Loop() {
		rule.Decide(f)
	}
}
