package rule_test

import (
	"testing"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/rule"
)

func TestEventPreferences(t *testing.T) {
	t.Parallel()
	// The three messages are a message, a reply and a quoted reply.
	set := func(messages, replies, quoted int) func(*rule.Facts) {
		return func(f *rule.Facts) {
			f.Messages[1].Kind, f.Messages[2].Kind = chat.KindReply, chat.KindQuotedReply
			f.Effective.Group = chat.EventSettings{"messages": {Value: messages}, "replies": {Value: replies}, "quotedReplies": {Value: quoted}}
		}
	}
	const never, every, mentions = chat.NotifyNever, chat.NotifyAll, chat.NotifyMentions
	skip := func(reason chat.Reason, i ...int) rule.Skip { return rule.Skip{Reason: reason, Messages: i} }
	run(t, []testCase{
		{"all kinds", set(every, every, every), sends(0, 1, 2)},
		{"no messages", set(never, every, every), with(sends(1, 2), skip(chat.ReasonMessages, 0))},
		{"no replies", set(every, never, every), with(sends(0, 2), skip(chat.ReasonReplies, 1))},
		{"no quoted replies", set(every, every, never), with(sends(0, 1), skip(chat.ReasonQuotedReplies, 2))},
		{"nothing", set(never, never, never), with(rule.Decision{},
			skip(chat.ReasonMessages, 0), skip(chat.ReasonReplies, 1), skip(chat.ReasonQuotedReplies, 2))},
		{"mentions, and there are none", set(mentions, mentions, every), with(sends(2), skip(chat.ReasonMessages, 0), skip(chat.ReasonReplies, 1))},
		{"mentions by name", both(set(mentions, mentions, mentions), of(all(), func(m *rule.Message) { m.Mentioned = true })), sends(0, 1, 2)},
		{"mentions of everybody", both(set(mentions, mentions, mentions), of(all(), func(m *rule.Message) { m.MentionsAll = true })), sends(0, 1, 2)},
		{"a mention does not lift never", both(set(never, never, never), func(f *rule.Facts) {
			f.Settings.Preferences.BypassPreferencesForMentions = true
			f.Messages[0].Mentioned = true
		}), with(rule.Decision{}, skip(chat.ReasonMessages, 0), skip(chat.ReasonReplies, 1), skip(chat.ReasonQuotedReplies, 2))},
		{"those of a group do not count one-on-one", both(set(never, never, never), func(f *rule.Facts) {
			f.Conversation = chat.OneOnOne("ada", "bob")
		}), sends(0, 1, 2)},
		{"a kind that was never set is told", func(f *rule.Facts) { f.Effective.Group = nil }, sends(0, 1, 2)},
	})
}

func TestDNDAndMute(t *testing.T) {
	t.Parallel()
	dnd := func(f *rule.Facts) { f.Effective.DND = true }
	mute := func(d time.Duration) func(*rule.Facts) {
		return func(f *rule.Facts) { f.MutedUntil = now.Add(d) }
	}
	run(t, []testCase{
		{"do not disturb", dnd, skips(chat.ReasonDND, 0, 1, 2)},
		{"muted", mute(1), skips(chat.ReasonMute, 0, 1, 2)},
		{"muted until now", mute(0), sends(0, 1, 2)},
		{"muted, but mutes of groups do not count", both(mute(time.Hour), func(f *rule.Facts) { f.Effective.MutedGroups = false }), sends(0, 1, 2)},
		{"muted one-on-one, where those of groups do not count", both(mute(time.Hour), func(f *rule.Facts) {
			f.Conversation, f.Effective.MutedGroups = chat.OneOnOne("ada", "bob"), false
		}), skips(chat.ReasonMute, 0, 1, 2)},
		{"muted one-on-one, but those mutes do not count", both(mute(time.Hour), func(f *rule.Facts) {
			f.Conversation, f.Effective.MutedOneOnOnes = chat.OneOnOne("ada", "bob"), false
		}), sends(0, 1, 2)},
		{"with what the event preference refuses already", both(dnd, func(f *rule.Facts) {
			f.Messages[0].Kind = chat.KindReply
			f.Effective.Group["replies"] = chat.EventSetting{Value: chat.NotifyNever}
		}), with(skips(chat.ReasonReplies, 0), rule.Skip{Reason: chat.ReasonDND, Messages: []int{1, 2}})},
	})
}

func TestBypass(t *testing.T) {
	t.Parallel()
	silent := func(f *rule.Facts) {
		week := chat.Week{Monday: chat.Day{From: 900, To: 1700}}
		for day := range 7 {
			week.Day(time.Weekday(day)).DND = true
		}
		f.Effective.DND, f.Effective.Schedule, f.MutedUntil = true, &week, now.Add(time.Hour)
	}
	one := func(f *rule.Facts) { f.Messages[1].Mentioned = true }
	everybody := func(f *rule.Facts) { f.Messages[1].MentionsAll = true }
	allow := func(mentions, all bool) func(*rule.Facts) {
		return func(f *rule.Facts) {
			f.Settings.Preferences.BypassPreferencesForMentions, f.Settings.Preferences.BypassPreferencesForAll = mentions, all
		}
	}
	refused := skips(chat.ReasonDND, 0, 1, 2)
	run(t, []testCase{
		{"no mention", both(silent, allow(true, true)), refused},
		{"a mention, not allowed", both(both(silent, one), allow(false, true)), refused},
		{"a mention lifts all three, for all of the digest", both(both(silent, one), allow(true, false)), sends(0, 1, 2)},
		{"of everybody, not allowed", both(both(silent, everybody), allow(true, false)), refused},
		{"of everybody", both(both(silent, everybody), allow(false, true)), sends(0, 1, 2)},
		{"of everybody, but one-on-one", both(both(silent, everybody), func(f *rule.Facts) {
			f.Conversation = chat.OneOnOne("ada", "bob")
			f.Settings.Preferences.BypassPreferencesForAll = true
		}), refused},
		{"a mention that was read lifts nothing", both(both(silent, one), func(f *rule.Facts) {
			f.Settings.Preferences.BypassPreferencesForMentions = true
			f.Messages[1].Read = true
		}), skips(chat.ReasonDND, 0, 2)},
		{"the interval stays", both(both(silent, one), func(f *rule.Facts) {
			f.Settings.Preferences.BypassPreferencesForMentions = true
			f.Messages[0].ArrivedAt = now
		}), waits(chat.ReasonWaitingForInterval, now.Add(2*time.Hour))},
	})
	d := rule.Decide(facts(silent, one, allow(true, false)))
	var lifted []string
	for _, step := range d.Trace {
		if step.Verdict == rule.VerdictLifted {
			lifted = append(lifted, step.Rule)
		}
	}
	if len(lifted) != 3 {
		t.Errorf("the trace tells of %v, not of DND, mute and schedule", lifted)
	}
}

func TestScheduleOfADigest(t *testing.T) {
	t.Parallel()
	// now is Wednesday noon in UTC.
	hours := func(from, to int) func(*rule.Facts) {
		return func(f *rule.Facts) {
			d := chat.Day{From: from, To: to}
			f.Effective.Schedule = &chat.Week{Monday: d, Tuesday: d, Wednesday: d, Thursday: d, Friday: d, Saturday: d, Sunday: d}
		}
	}
	drop := func(f *rule.Facts) { f.Settings.Preferences.Email.ScheduleMode = chat.ScheduleDrop }
	never := func(f *rule.Facts) {
		d := chat.Day{To: 2359, DND: true}
		f.Effective.Schedule = &chat.Week{Monday: d, Tuesday: d, Wednesday: d, Thursday: d, Friday: d, Saturday: d, Sunday: d}
	}
	opening := now.Add(6 * time.Hour)
	run(t, []testCase{
		{"open", hours(900, 1700), sends(0, 1, 2)},
		{"no schedule", func(f *rule.Facts) { f.Effective.Schedule = nil }, sends(0, 1, 2)},
		{"closed, and it waits", hours(1800, 1900), waits(chat.ReasonWaitingForSchedule, opening)},
		{"closed, and it is dropped", both(hours(1800, 1900), drop), skips(chat.ReasonSchedule, 0, 1, 2)},
		{"open where the person is", both(hours(1730, 1730), func(f *rule.Facts) { f.Location = time.FixedZone("IST", 19_800) }), sends(0, 1, 2)},
		{"closed where the person is", both(hours(900, 1700), func(f *rule.Facts) { f.Location = time.FixedZone("IST", 19_800) }),
			waits(chat.ReasonWaitingForSchedule, now.Add(15*time.Hour+30*time.Minute))},
		{"nowhere is UTC", both(hours(900, 1700), func(f *rule.Facts) { f.Location = nil }), sends(0, 1, 2)},
		{"never opens", never, skips(chat.ReasonSchedule, 0, 1, 2)},
		{"opens when the newest is just young enough", both(hours(1800, 1900), func(f *rule.Facts) {
			f.MaxAge = opening.Sub(f.Messages[2].SentAt)
		}), waits(chat.ReasonWaitingForSchedule, opening)},
		{"opens too late", both(hours(1800, 1900), func(f *rule.Facts) {
			f.MaxAge = opening.Sub(f.Messages[2].SentAt) - 1
		}), skips(chat.ReasonSchedule, 0, 1, 2)},
	})
}
