package rule_test

import (
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/rule"
)

// outcome is what the model says: what becomes of each message, or what the
// window waits for.
type outcome struct {
	waits chat.Reason
	fate  []string // a reason, "sent", "read" or "" for what needs none
}

// model decides like the texts of the specification, without any order of
// work: it asks of the window which of the statements below is the first that
// holds.
func model(f *rule.Facts) outcome {
	group := f.Conversation.Type() == chat.ReceiverGroup
	e, p := &f.Effective, &f.Settings.Preferences
	out := outcome{fate: make([]string, len(f.Messages))}
	mine := func(m rule.Message) bool {
		return m.State == chat.StateVisible && m.Sender != "ada" && m.Number > f.Since && !m.SentAt.Before(f.Joined)
	}
	unblocked := func(m rule.Message) bool { return mine(m) && !m.Blocked }
	news := func(m rule.Message) bool { return unblocked(m) && (!m.Read || !e.Email.NotifyForUnreadOnly) }
	wanted := func(m rule.Message) bool {
		choice := map[bool]chat.EventSettings{true: e.Group, false: e.OneOnOne}[group][string(m.Kind)].Value
		return news(m) && (choice == 2 || choice == 3 && (m.Mentioned || m.MentionsAll))
	}
	count := func(is func(rule.Message) bool) (n int) {
		for _, m := range f.Messages {
			if is(m) {
				n++
			}
		}
		return n
	}
	put := func(is func(rule.Message) bool, fate func(rule.Message) string) {
		for i, m := range f.Messages {
			if is(m) && out.fate[i] == "" {
				out.fate[i] = fate(m)
			}
		}
	}
	always := func(fate chat.Reason) func(rule.Message) string {
		return func(rule.Message) string { return string(fate) }
	}
	// The moment of the youngest of some messages, and of the first one's arrival.
	youngest := func(is func(rule.Message) bool) (at time.Time) {
		for _, m := range f.Messages {
			written := m.SentAt
			if m.ArrivedAt.Before(written) {
				written = m.ArrivedAt
			}
			if is(m) && written.After(at) {
				at = written
			}
		}
		return at
	}

	if count(mine) == 0 {
		put(func(m rule.Message) bool {
			return (m.State == chat.StateDeleted || m.State == chat.StateDisapproved) && m.Sender != "ada" && m.Number > f.Since && !m.SentAt.Before(f.Joined)
		}, always(chat.ReasonDeleted))
		return out
	}
	for _, end := range []struct {
		holds  bool
		reason chat.Reason
	}{
		{f.Unknown || f.Deactivated, chat.ReasonNoUser},
		{group && !f.Member, chat.ReasonNotMember},
		{!p.Email.IsEnabled, chat.ReasonOff},
		{len(f.Providers) == 0, chat.ReasonNoProvider},
		{group && p.Email.MaxGroupSize > 0 && f.GroupSize > p.Email.MaxGroupSize, chat.ReasonGroupSize},
	} {
		if end.holds {
			put(mine, always(end.reason))
			return out
		}
	}
	if !f.BusyUntil.IsZero() {
		return outcome{waits: chat.ReasonWaitingForCall}
	}
	put(func(m rule.Message) bool { return mine(m) && m.Blocked }, always(chat.ReasonBlocked))
	if count(news) == 0 {
		put(unblocked, always(chat.ReasonRead))
		return out
	}
	for _, m := range f.Messages {
		if news(m) {
			if m.ArrivedAt.Add(f.Interval).After(f.Now) {
				return outcome{waits: chat.ReasonWaitingForInterval}
			}
			break
		}
	}
	put(func(m rule.Message) bool { return unblocked(m) && !news(m) }, func(rule.Message) string { return "read" })
	if f.MaxAge > 0 && youngest(news).Add(f.MaxAge).Before(f.Now) {
		put(news, always(chat.ReasonExpired))
		return out
	}
	put(func(m rule.Message) bool { return news(m) && !wanted(m) }, func(m rule.Message) string {
		return map[chat.Kind]string{"messages": "MESSAGES_PREFERENCE", "replies": "REPLIES_PREFERENCE", "quotedReplies": "QUOTED_REPLIES_PREFERENCE"}[m.Kind]
	})
	if count(wanted) == 0 {
		return out
	}
	loud := p.BypassPreferencesForMentions && count(func(m rule.Message) bool { return wanted(m) && m.Mentioned }) > 0 ||
		p.BypassPreferencesForAll && group && count(func(m rule.Message) bool { return wanted(m) && m.MentionsAll }) > 0
	end := chat.Reason("sent")
	switch mutes := group && e.MutedGroups || !group && e.MutedOneOnOnes; {
	case e.DND && !loud:
		end = chat.ReasonDND
	case f.MutedUntil.After(f.Now) && mutes && !loud:
		end = chat.ReasonMute
	case e.Schedule != nil && !openByText(e.Schedule, f.Now, f.Location) && !loud:
		end = chat.ReasonSchedule
		if p.Email.ScheduleMode == chat.ScheduleWait && opensWhileYoung(f, youngest(wanted)) {
			return outcome{waits: chat.ReasonWaitingForSchedule}
		}
	case f.SentToday >= e.Email.MaxPerDay || f.SentTodayHere >= e.Email.MaxPerDayPerConversation:
		end = chat.ReasonQuota
	case len(reachable(f)) == 0:
		end = chat.ReasonMissingEmail
	}
	put(wanted, always(end))
	return out
}

// opensWhileYoung scans the minutes until a digest is too old.
func opensWhileYoung(f *rule.Facts, written time.Time) bool {
	last := written.Add(f.MaxAge)
	if f.MaxAge == 0 {
		last = f.Now.Add(15 * 24 * time.Hour)
	}
	for at := f.Now; !at.After(last); at = at.Truncate(time.Minute).Add(time.Minute) {
		if openByText(f.Effective.Schedule, at, f.Location) {
			return true
		}
	}
	return false
}

func reachable(f *rule.Facts) (names []string) {
	for _, p := range f.Providers {
		if f.HasAddress || !p.NeedsAddress {
			names = append(names, p.Name)
		}
	}
	return names
}
