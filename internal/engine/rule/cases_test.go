package rule_test

import (
	"testing"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/rule"
)

type testCase struct {
	name string
	edit func(*rule.Facts)
	want rule.Decision
}

func run(t *testing.T, cases []testCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			compare(t, rule.Decide(facts(c.edit)), c.want)
		})
	}
}

func TestWhatThereIsToTell(t *testing.T) {
	t.Parallel()
	run(t, []testCase{
		{"messages of others", func(*rule.Facts) {}, sends(all()...)},
		{"no messages", func(f *rule.Facts) { f.Messages = nil }, rule.Decision{}},
		{"one's own are left out", of([]int{1}, func(m *rule.Message) { m.Sender = "ada" }), sends(0, 2)},
		{"only one's own", of(all(), func(m *rule.Message) { m.Sender = "ada" }), rule.Decision{}},
		{"before one joined", func(f *rule.Facts) { f.Since = 12 }, sends(2)},
		{"all before one joined", func(f *rule.Facts) { f.Since = 13 }, rule.Decision{}},
		{"sent before one joined, though they came later", func(f *rule.Facts) { f.Joined = f.Messages[1].SentAt }, sends(1, 2)},
		{"all sent before one joined", func(f *rule.Facts) { f.Joined = now }, rule.Decision{}},
		{"nobody says when they were sent", func(f *rule.Facts) {
			f.Joined = now
			f.Messages[0].SentAt = time.Time{}
		}, sends(0)},
		{"deleted ones are left out", of([]int{0}, func(m *rule.Message) { m.State = chat.StateDeleted }), sends(1, 2)},
		{"disapproved ones are left out", of([]int{0}, func(m *rule.Message) { m.State = chat.StateDisapproved }), sends(1, 2)},
		{"held ones are left out", of([]int{0}, func(m *rule.Message) { m.State = chat.StateHeld }), sends(1, 2)},
		{"all deleted", of(all(), func(m *rule.Message) { m.State = chat.StateDeleted }), skips(chat.ReasonDeleted, 0, 1, 2)},
		{"all held", of(all(), func(m *rule.Message) { m.State = chat.StateHeld }), rule.Decision{}},
		{"deleted, but for one's own", func(f *rule.Facts) {
			f.Messages[0].Sender = "ada"
			f.Messages[1].State = chat.StateDeleted
			f.Messages[2].State = chat.StateDisapproved
		}, skips(chat.ReasonDeleted, 1, 2)},
		{"deleted ones of one's own are no reason", of(all(), func(m *rule.Message) { m.State, m.Sender = chat.StateDeleted, "ada" }), rule.Decision{}},
	})
}

func TestWhatEndsAWindowSilently(t *testing.T) {
	t.Parallel()
	run(t, []testCase{
		{"deactivated", func(f *rule.Facts) { f.Deactivated = true }, skips(chat.ReasonNoUser, 0, 1, 2)},
		{"deleted person", func(f *rule.Facts) { f.Unknown = true }, skips(chat.ReasonNoUser, 0, 1, 2)},
		{"not a member", func(f *rule.Facts) { f.Member = false }, skips(chat.ReasonNotMember, 0, 1, 2)},
		{"one-on-one has no members", func(f *rule.Facts) { f.Member, f.Conversation = false, chat.OneOnOne("ada", "bob") }, sends(0, 1, 2)},
		{"switched off", func(f *rule.Facts) { f.Settings.Preferences.Email.IsEnabled = false }, skips(chat.ReasonOff, 0, 1, 2)},
		{"no settings", func(f *rule.Facts) { f.Settings = nil }, skips(chat.ReasonOff, 0, 1, 2)},
		{"no provider", func(f *rule.Facts) { f.Providers = nil }, skips(chat.ReasonNoProvider, 0, 1, 2)},
		{"group above the limit", func(f *rule.Facts) { f.Settings.Preferences.Email.MaxGroupSize, f.GroupSize = 30, 31 }, skips(chat.ReasonGroupSize, 0, 1, 2)},
		{"group at the limit", func(f *rule.Facts) { f.Settings.Preferences.Email.MaxGroupSize, f.GroupSize = 30, 30 }, sends(0, 1, 2)},
		{"no limit", func(f *rule.Facts) { f.GroupSize = 100_000 }, sends(0, 1, 2)},
		{"the limit is one of groups", func(f *rule.Facts) {
			f.Conversation = chat.OneOnOne("ada", "bob")
			f.Settings.Preferences.Email.MaxGroupSize, f.GroupSize = 1, 2
		}, sends(0, 1, 2)},
		{"deleted and own ones are in no reason", func(f *rule.Facts) {
			f.Deactivated = true
			f.Messages[0].State, f.Messages[1].Sender = chat.StateDeleted, "ada"
		}, skips(chat.ReasonNoUser, 2)},
	})
}

func TestAnEarlierCall(t *testing.T) {
	t.Parallel()
	run(t, []testCase{
		{"is waited for", func(f *rule.Facts) { f.BusyUntil = now.Add(time.Minute) }, waits(chat.ReasonWaitingForCall, now.Add(time.Minute))},
		{"that is late is still waited for", func(f *rule.Facts) { f.BusyUntil = now.Add(-time.Minute) }, waits(chat.ReasonWaitingForCall, now.Add(time.Second))},
		{"takes nothing with it", func(f *rule.Facts) {
			f.BusyUntil = now.Add(time.Minute)
			f.Messages[0].Blocked = true
		}, waits(chat.ReasonWaitingForCall, now.Add(time.Minute))},
	})
}

func TestReadAndBlocked(t *testing.T) {
	t.Parallel()
	everything := func(f *rule.Facts) { f.Effective.Email.NotifyForUnreadOnly = false }
	read := func(m *rule.Message) { m.Read = true }
	blocked := func(m *rule.Message) { m.Blocked = true }
	run(t, []testCase{
		{"read ones are left out", of([]int{0, 1}, read), sends(2)},
		{"all read", of(all(), read), skips(chat.ReasonRead, 0, 1, 2)},
		{"all read, but all messages are to be told", both(of(all(), read), everything), sends(0, 1, 2)},
		{"blocked ones are left out", of([]int{1}, blocked), with(sends(0, 2), rule.Skip{Reason: chat.ReasonBlocked, Messages: []int{1}})},
		{"all blocked", of(all(), blocked), skips(chat.ReasonBlocked, 0, 1, 2)},
		{"blocked in all-messages mode", both(of(all(), blocked), everything), skips(chat.ReasonBlocked, 0, 1, 2)},
		{
			"blocked and read", both(of([]int{0}, blocked), of([]int{1, 2}, read)),
			with(skips(chat.ReasonBlocked, 0), rule.Skip{Reason: chat.ReasonRead, Messages: []int{1, 2}}),
		},
	})
}

func both(a, b func(*rule.Facts)) func(*rule.Facts) {
	return func(f *rule.Facts) { a(f); b(f) }
}

func TestInterval(t *testing.T) {
	t.Parallel()
	arrived := func(ago ...time.Duration) func(*rule.Facts) {
		return func(f *rule.Facts) {
			for i, d := range ago {
				f.Messages[i].ArrivedAt = now.Add(-d)
			}
		}
	}
	run(t, []testCase{
		{"to the moment", arrived(2*time.Hour, 0, 0), sends(0, 1, 2)},
		{"not yet", arrived(2*time.Hour-time.Nanosecond, 0, 0), waits(chat.ReasonWaitingForInterval, now.Add(time.Nanosecond))},
		{
			"all-messages mode waits too", both(arrived(time.Hour, 0, 0), func(f *rule.Facts) { f.Effective.Email.NotifyForUnreadOnly = false }),
			waits(chat.ReasonWaitingForInterval, now.Add(time.Hour)),
		},
		{
			"of the oldest one that is left", both(arrived(3*time.Hour, time.Hour, 0), of([]int{0}, func(m *rule.Message) { m.Read = true })),
			waits(chat.ReasonWaitingForInterval, now.Add(time.Hour)),
		},
		{
			"of the oldest one that is not blocked", both(arrived(3*time.Hour, time.Hour, 0), of([]int{0}, func(m *rule.Message) { m.Blocked = true })),
			waits(chat.ReasonWaitingForInterval, now.Add(time.Hour)),
		},
	})
}

func TestAge(t *testing.T) {
	t.Parallel()
	old := func(sent, arrived time.Duration) func(*rule.Facts) {
		return of(all(), func(m *rule.Message) { m.SentAt, m.ArrivedAt = now.Add(-sent), now.Add(-arrived) })
	}
	run(t, []testCase{
		{"at the limit", old(72*time.Hour, 72*time.Hour), sends(0, 1, 2)},
		{"above it", old(72*time.Hour+1, 72*time.Hour+1), skips(chat.ReasonExpired, 0, 1, 2)},
		{"imported ones are as old as they say", old(100*time.Hour, 3*time.Hour), skips(chat.ReasonExpired, 0, 1, 2)},
		{"a clock that runs ahead keeps nothing young", old(-time.Hour, 100*time.Hour), skips(chat.ReasonExpired, 0, 1, 2)},
		{"one young message is enough", both(old(100*time.Hour, 100*time.Hour), of([]int{1}, func(m *rule.Message) { m.SentAt, m.ArrivedAt = now, now })), sends(0, 1, 2)},
		{"no limit", both(old(1000*time.Hour, 1000*time.Hour), func(f *rule.Facts) { f.MaxAge = 0 }), sends(0, 1, 2)},
	})
}

func TestQuota(t *testing.T) {
	t.Parallel()
	sent := func(today, here int) func(*rule.Facts) {
		return func(f *rule.Facts) { f.SentToday, f.SentTodayHere = today, here }
	}
	run(t, []testCase{
		{"the last one of a day", sent(19, 0), sends(0, 1, 2)},
		{"one above a day's", sent(20, 0), skips(chat.ReasonQuota, 0, 1, 2)},
		{"the last one of a conversation", sent(5, 1), sends(0, 1, 2)},
		{"one above a conversation's", sent(5, 2), skips(chat.ReasonQuota, 0, 1, 2)},
		{"a mention does not lift it", both(sent(20, 0), func(f *rule.Facts) {
			f.Settings.Preferences.BypassPreferencesForMentions, f.Messages[0].Mentioned = true, true
		}), skips(chat.ReasonQuota, 0, 1, 2)},
	})
}

func TestAddress(t *testing.T) {
	t.Parallel()
	custom, sendgrid := rule.Provider{Name: "custom"}, rule.Provider{Name: "sendgrid", NeedsAddress: true}
	strict := rule.Provider{Name: "custom", NeedsAddress: true}
	given := func(known bool, providers ...rule.Provider) func(*rule.Facts) {
		return func(f *rule.Facts) { f.HasAddress, f.Providers = known, providers }
	}
	missing := func(provider string) rule.Skip {
		return rule.Skip{Reason: chat.ReasonMissingEmail, Messages: all(), Provider: provider}
	}
	run(t, []testCase{
		{"nobody needs one", given(false, custom), sends(0, 1, 2)},
		{"known", given(true, strict, sendgrid), rule.Decision{Send: all(), To: []string{"custom", "sendgrid"}}},
		{"missing for one of two", given(false, custom, sendgrid), with(sends(0, 1, 2), missing("sendgrid"))},
		{"missing for all", given(false, strict, sendgrid), with(rule.Decision{}, missing("custom"), missing("sendgrid"))},
	})
}
