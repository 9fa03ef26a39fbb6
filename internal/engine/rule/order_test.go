package rule_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/rule"
)

// TestTheFirstReasonCounts has every two rules refuse at once: the earlier one
// in the list is the reason (S18).
func TestTheFirstReasonCounts(t *testing.T) {
	t.Parallel()
	refusals := []struct {
		reason chat.Reason
		edit   func(*rule.Facts)
	}{
		{chat.ReasonNoUser, func(f *rule.Facts) { f.Deactivated = true }},
		{chat.ReasonNotMember, func(f *rule.Facts) { f.Member = false }},
		{chat.ReasonOff, func(f *rule.Facts) { f.Settings.Preferences.Email.IsEnabled = false }},
		{chat.ReasonNoProvider, func(f *rule.Facts) { f.Providers = nil }},
		{chat.ReasonGroupSize, func(f *rule.Facts) { f.Settings.Preferences.Email.MaxGroupSize = 1 }},
		{chat.ReasonWaitingForCall, func(f *rule.Facts) { f.BusyUntil = now.Add(time.Minute) }},
		{chat.ReasonBlocked, of(all(), func(m *rule.Message) { m.Blocked = true })},
		{chat.ReasonRead, of(all(), func(m *rule.Message) { m.Read = true })},
		{chat.ReasonWaitingForInterval, func(f *rule.Facts) { f.Interval = 24 * time.Hour }},
		{chat.ReasonExpired, func(f *rule.Facts) { f.MaxAge = time.Minute }},
		{chat.ReasonMessages, func(f *rule.Facts) { f.Effective.Group["messages"] = chat.EventSetting{Value: chat.NotifyNever} }},
		{chat.ReasonDND, func(f *rule.Facts) { f.Effective.DND = true }},
		{chat.ReasonMute, func(f *rule.Facts) { f.MutedUntil = now.Add(time.Hour) }},
		{chat.ReasonWaitingForSchedule, func(f *rule.Facts) { f.Effective.Schedule = daily(1800, 1900) }},
		{chat.ReasonQuota, func(f *rule.Facts) { f.SentToday = 20 }},
		{chat.ReasonMissingEmail, func(f *rule.Facts) {
			for i := range f.Providers {
				f.Providers[i].NeedsAddress = true
			}
		}},
	}
	for i, first := range refusals {
		for _, second := range refusals[i:] {
			t.Run(fmt.Sprintf("%s before %s", first.reason, second.reason), func(t *testing.T) {
				t.Parallel()
				d := rule.Decide(facts(first.edit, second.edit))
				switch {
				case d.Waits():
					if d.Reason != first.reason {
						t.Errorf("it waits for %s", d.Reason)
					}
				case len(d.Skipped) != 1 || d.Skipped[0].Reason != first.reason || len(d.Send)+len(d.To) != 0:
					t.Errorf("%+v", d)
				}
			})
		}
	}
}

// TestEveryReasonIsListed holds the reasons that rules give against those that
// they say they give.
func TestEveryReasonIsListed(t *testing.T) {
	t.Parallel()
	listed := make(map[chat.Reason]string)
	for _, r := range rule.List() {
		for _, reason := range r.Reasons {
			if other, ok := listed[reason]; ok {
				t.Errorf("%s is given by %s and by %s", reason, other, r.Name)
			}
			listed[reason] = r.Name
		}
	}
	for name, c := range map[string]struct {
		edit func(*rule.Facts)
		rule string
	}{
		"DELETED":             {of(all(), func(m *rule.Message) { m.State = chat.StateDeleted }), "message"},
		"QUOTA_PREFERENCE":    {func(f *rule.Facts) { f.SentTodayHere = 2 }, "quota"},
		"SCHEDULE_PREFERENCE": {func(f *rule.Facts) { f.Effective.Schedule = days(nil) }, "schedule"},
		"WAITING_FOR_CALL":    {func(f *rule.Facts) { f.BusyUntil = now.Add(1) }, "call"},
	} {
		d := rule.Decide(facts(c.edit))
		if last := d.Trace[len(d.Trace)-1]; last.Rule != c.rule || listed[chat.Reason(name)] != c.rule {
			t.Errorf("%s: given by %s, listed by %s, not by %s", name, last.Rule, listed[chat.Reason(name)], c.rule)
		}
	}
}
