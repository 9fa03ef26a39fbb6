package rule

import (
	"fmt"

	"github.com/postrider/postrider/internal/chat"
)

// askBypass: a mention lifts DND, mute and schedule, where the app says so,
// and nothing else (F075, F076). It does so for the whole digest: a digest is
// one mail, and what is held back of it would need a mark of its own.
func askBypass(w *weighing) (verdict, why string) {
	p := &w.Settings.Preferences
	switch {
	case p.BypassPreferencesForMentions && w.any(func(m *Message) bool { return m.Mentioned }):
		w.bypass = "the person is mentioned"
	case p.BypassPreferencesForAll && w.kind() == chat.ReceiverGroup && w.any(func(m *Message) bool { return m.MentionsAll }):
		w.bypass = "everybody is mentioned"
	default:
		return pass("nothing lifts preferences")
	}
	return pass(w.bypass)
}

// askDND: the person wants no notifications at all (F066).
func askDND(w *weighing) (verdict, why string) {
	switch {
	case !w.Effective.DND:
		return pass("off")
	case w.bypass != "":
		return VerdictLifted, w.bypass
	default:
		return w.skipAll(chat.ReasonDND, "do not disturb is on")
	}
}

// askMute: the conversation is muted, and mutes of its kind count (F067,
// F070).
func askMute(w *weighing) (verdict, why string) {
	switch {
	case !w.MutedUntil.After(w.Now):
		return pass("not muted")
	case !w.Effective.Mutes(w.kind()):
		return pass("muted, but the app allows no mutes")
	case w.bypass != "":
		return VerdictLifted, w.bypass
	default:
		return w.skipAll(chat.ReasonMute, "muted until "+stamp(w.MutedUntil))
	}
}

// askSchedule: outside of the person's hours a digest waits for them, or is
// dropped (F071 to F073, S12). It does not wait for longer than it is worth
// reading.
func askSchedule(w *weighing) (verdict, why string) {
	week, loc := w.Effective.Schedule, w.location()
	if week == nil {
		return pass("no schedule")
	}
	here := w.Now.In(loc).Format("Monday 15:04 MST")
	switch {
	case Open(week, w.Now, loc):
		return pass(here + " is within the schedule")
	case w.bypass != "":
		return VerdictLifted, w.bypass
	case w.email().ScheduleMode == chat.ScheduleDrop:
		return w.skipAll(chat.ReasonSchedule, here+" is outside of the schedule")
	}
	opening, ever := NextOpening(week, w.Now, loc)
	switch {
	case !ever:
		return w.skipAll(chat.ReasonSchedule, "the schedule never opens")
	case w.MaxAge > 0 && opening.Sub(w.newest()) > w.MaxAge:
		return w.skipAll(chat.ReasonSchedule, fmt.Sprintf("the schedule opens at %s, too late for what is at most %s old", stamp(opening), w.MaxAge))
	default:
		return w.wait(opening, chat.ReasonWaitingForSchedule, "the schedule opens at "+stamp(opening))
	}
}
