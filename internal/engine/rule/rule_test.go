package rule_test

import (
	"slices"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/rule"
)

// now is a Wednesday.
var now = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

// facts returns a window of a group that becomes a mail, changed by edits.
func facts(edits ...func(*rule.Facts)) *rule.Facts {
	settings := chat.DefaultSettings()
	f := &rule.Facts{
		Now:          now,
		Settings:     settings,
		Effective:    settings.Merge(nil),
		Conversation: chat.InGroup("walkers"),
		Recipient:    "ada",
		Member:       true,
		GroupSize:    3,
		Messages:     []rule.Message{message(11), message(12), message(13)},
		Location:     time.UTC,
		Providers:    []rule.Provider{{Name: "custom"}},
		MaxAge:       72 * time.Hour,
		Interval:     2 * time.Hour,
	}
	for _, edit := range edits {
		edit(f)
	}
	return f
}

// message returns a message of bob's that has waited for long enough.
func message(number int64) rule.Message {
	at := now.Add(-3*time.Hour + time.Duration(number)*time.Minute)
	return rule.Message{
		Number: number, ID: "m", Sender: "bob", Kind: chat.KindMessage, State: chat.StateVisible, SentAt: at, ArrivedAt: at.Add(time.Second),
	}
}

// of changes some messages.
func of(indexes []int, edit func(*rule.Message)) func(*rule.Facts) {
	return func(f *rule.Facts) {
		for _, i := range indexes {
			edit(&f.Messages[i])
		}
	}
}

func all() []int { return []int{0, 1, 2} }

// sends is the decision that mails some messages.
func sends(indexes ...int) rule.Decision {
	return rule.Decision{Send: indexes, To: []string{"custom"}}
}

func skips(reason chat.Reason, indexes ...int) rule.Decision {
	return rule.Decision{Skipped: []rule.Skip{{Reason: reason, Messages: indexes}}}
}

func waits(reason chat.Reason, until time.Time) rule.Decision {
	return rule.Decision{Reason: reason, Until: until}
}

// with adds what is not told beside what is.
func with(d rule.Decision, skipped ...rule.Skip) rule.Decision {
	d.Skipped = append(d.Skipped, skipped...)
	return d
}

// compare leaves out words.
func compare(t *testing.T, got, want rule.Decision) {
	t.Helper()
	options := cmp.Options{
		cmpopts.EquateEmpty(), cmpopts.IgnoreFields(rule.Decision{}, "Detail", "Trace"), cmpopts.IgnoreFields(rule.Skip{}, "Detail"),
	}
	if diff := cmp.Diff(want, got, options); diff != "" {
		t.Errorf("decision (-want +got):\n%s\ntrace: %v", diff, got.Trace)
	}
}

func TestRulesAreNamedAndSayWhatTheyAreFor(t *testing.T) {
	t.Parallel()
	names := make(map[string]bool)
	for _, r := range rule.List() {
		if r.Name == "" || r.For == "" || names[r.Name] {
			t.Errorf("%+v: without a name of its own, or a purpose", r)
		}
		names[r.Name] = true
	}
}

func TestTraceTellsEveryRuleThatWasAsked(t *testing.T) {
	t.Parallel()
	names := func(steps []rule.Step) (names []string) {
		for _, s := range steps {
			if s.Verdict == "" || s.Detail == "" {
				t.Errorf("%+v: says nothing", s)
			}
			names = append(names, s.Rule)
		}
		return names
	}
	var listed []string
	for _, r := range rule.List() {
		listed = append(listed, r.Name)
	}
	if got := names(rule.Decide(facts()).Trace); !slices.Equal(got, listed) {
		t.Errorf("asked %v, listed %v", got, listed)
	}
	muted := rule.Decide(facts(func(f *rule.Facts) { f.MutedUntil = now.Add(time.Hour) }))
	if got := names(muted.Trace); got[len(got)-1] != "mute" || muted.Trace[len(got)-1].Verdict != rule.VerdictSkip {
		t.Errorf("the trace of a muted conversation ends with %+v", muted.Trace[len(got)-1])
	}
}
