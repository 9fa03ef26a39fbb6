package rule

import (
	"fmt"
	"time"

	"github.com/postrider/postrider/internal/chat"
)

// askUser: people who are deactivated or deleted (S29).
func askUser(w *weighing) (verdict, why string) {
	switch {
	case w.Unknown:
		return w.skipAll(chat.ReasonNoUser, "nobody knows the person: never told of, or deleted")
	case w.Deactivated:
		return w.skipAll(chat.ReasonNoUser, "the person is deactivated")
	default:
		return pass("the person is active")
	}
}

// askMember: former members of a group (S29).
func askMember(w *weighing) (verdict, why string) {
	switch {
	case w.kind() != chat.ReceiverGroup:
		return pass("one-on-one")
	case !w.Member:
		return w.skipAll(chat.ReasonNotMember, "the person is not in the group")
	default:
		return pass("the person is in the group")
	}
}

// askEnabled: the app's switch (F001).
func askEnabled(w *weighing) (verdict, why string) {
	if !w.email().IsEnabled {
		return w.skipAll(chat.ReasonOff, "email is switched off")
	}
	return pass("email is switched on")
}

// askProvider: without an enabled provider there is nothing to call (S23).
func askProvider(w *weighing) (verdict, why string) {
	if len(w.Providers) == 0 {
		return w.skipAll(chat.ReasonNoProvider, "no provider is enabled")
	}
	return pass(fmt.Sprintf("%d enabled", len(w.Providers)))
}

// askGroupSize: the app's limit on groups (F029, C1, S25).
func askGroupSize(w *weighing) (verdict, why string) {
	most := w.email().MaxGroupSize
	switch {
	case w.kind() != chat.ReceiverGroup:
		return pass("one-on-one")
	case most <= 0:
		return pass("no limit")
	}
	detail := fmt.Sprintf("%d members, at most %d", w.GroupSize, most)
	if w.GroupSize > most {
		return w.skipAll(chat.ReasonGroupSize, detail)
	}
	return pass(detail)
}

// askCall: while an earlier call is under way it is not known what the person
// has been told, nor whether it counts.
func askCall(w *weighing) (verdict, why string) {
	if w.BusyUntil.IsZero() {
		return pass("no earlier call is open")
	}
	return w.wait(w.BusyUntil, chat.ReasonWaitingForCall, "an earlier notification of the conversation is not settled")
}

// stamp writes a moment for people who read a log.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
