package rule_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/rule"
)

// TestUpToWhenRulesCount has each rule refuse, of what is to be called already
// and of what a person has ordered.
func TestUpToWhenRulesCount(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit           func(*rule.Facts)
		again, ordered rule.Decision
	}{
		"nothing against it": {func(*rule.Facts) {}, rule.Decision{Send: all()}, rule.Decision{Send: all()}},
		"some are read":      {of([]int{1}, func(m *rule.Message) { m.Read = true }), rule.Decision{Send: []int{0, 2}}, rule.Decision{Send: []int{0, 2}}},
		"all are read": {
			of(all(), func(m *rule.Message) { m.Read = true }), skips(chat.ReasonRead, all()...), skips(chat.ReasonRead, all()...),
		},
		"all are deleted": {
			of(all(), func(m *rule.Message) { m.State = chat.StateDeleted }), skips(chat.ReasonDeleted, all()...), skips(chat.ReasonDeleted, all()...),
		},
		"too old": {
			func(f *rule.Facts) { f.MaxAge = time.Minute }, skips(chat.ReasonExpired, all()...), skips(chat.ReasonExpired, all()...),
		},
		"deactivated":  {func(f *rule.Facts) { f.Deactivated = true }, skips(chat.ReasonNoUser, all()...), rule.Decision{Send: all()}},
		"not a member": {func(f *rule.Facts) { f.Member = false }, skips(chat.ReasonNotMember, all()...), rule.Decision{Send: all()}},
		"switched off": {
			func(f *rule.Facts) { f.Settings.Preferences.Email.IsEnabled = false }, skips(chat.ReasonOff, all()...), rule.Decision{Send: all()},
		},
		"large group": {
			func(f *rule.Facts) { f.Settings.Preferences.Email.MaxGroupSize = 1 }, skips(chat.ReasonGroupSize, all()...), rule.Decision{Send: all()},
		},
		"blocked": {of(all(), func(m *rule.Message) { m.Blocked = true }), skips(chat.ReasonBlocked, all()...), rule.Decision{Send: all()}},
		"no messages wanted": {
			func(f *rule.Facts) { f.Effective.Group["messages"] = chat.EventSetting{Value: chat.NotifyNever} },
			skips(chat.ReasonMessages, all()...),
			rule.Decision{Send: all()},
		},
		"do not disturb": {func(f *rule.Facts) { f.Effective.DND = true }, skips(chat.ReasonDND, all()...), rule.Decision{Send: all()}},
		"do not disturb, lifted": {func(f *rule.Facts) {
			f.Effective.DND, f.Settings.Preferences.BypassPreferencesForMentions, f.Messages[1].Mentioned = true, true, true
		}, rule.Decision{Send: all()}, rule.Decision{Send: all()}},
		"muted": {func(f *rule.Facts) { f.MutedUntil = now.Add(time.Hour) }, skips(chat.ReasonMute, all()...), rule.Decision{Send: all()}},
		"outside of the hours": {
			func(f *rule.Facts) { f.Effective.Schedule = daily(1800, 1900) },
			waits(chat.ReasonWaitingForSchedule, now.Add(6*time.Hour)),
			rule.Decision{Send: all()},
		},
		"hours that never come": {
			func(f *rule.Facts) { f.Effective.Schedule = days(nil) }, skips(chat.ReasonSchedule, all()...), rule.Decision{Send: all()},
		},
		"over the quota, of which it is part": {func(f *rule.Facts) { f.SentToday, f.SentTodayHere = 20, 2 }, rule.Decision{Send: all()}, rule.Decision{Send: all()}},
		"busy, by itself":                     {func(f *rule.Facts) { f.BusyUntil = now.Add(time.Hour) }, rule.Decision{Send: all()}, rule.Decision{Send: all()}},
		"a longer interval by now":            {func(f *rule.Facts) { f.Interval = 24 * time.Hour }, rule.Decision{Send: all()}, rule.Decision{Send: all()}},
		"no provider":                         {func(f *rule.Facts) { f.Providers = nil }, rule.Decision{Send: all()}, rule.Decision{Send: all()}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			compare(t, rule.Again(facts(c.edit)), c.again)
			compare(t, rule.Ordered(facts(c.edit)), c.ordered)
		})
	}
}

// TestAgainDecidesAsBefore: but for what is over, it is the same decision.
func TestAgainDecidesAsBefore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := genFacts(t)
		settled := *f
		settled.BusyUntil, settled.Interval = time.Time{}, -1000*time.Hour
		settled.SentToday, settled.SentTodayHere = 0, 0
		settled.Providers = []rule.Provider{{Name: "custom"}}
		want := rule.Decide(&settled)
		want.To = nil
		if diff := cmp.Diff(want, rule.Again(f), cmpopts.EquateEmpty(), cmpopts.IgnoreFields(rule.Decision{}, "Trace")); diff != "" {
			t.Fatalf("(-at first +again)\n%s", diff)
		}
	})
}

// TestOrdersCountMore: of what is ordered no less is told than of what is not.
func TestOrdersCountMore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := genFacts(t)
		ordered := rule.Ordered(f)
		if ordered.Waits() {
			t.Fatalf("it waits for %s", ordered.Reason)
		}
		for _, i := range rule.Again(f).Send {
			if !slices.Contains(ordered.Send, i) && !slices.ContainsFunc(ordered.Skipped, func(s rule.Skip) bool { return s.Reason == chat.ReasonExpired }) {
				t.Fatalf("message %d is told only if nobody has ordered it", i)
			}
		}
	})
}
