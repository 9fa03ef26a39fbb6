package rule

import (
	"fmt"
	"time"

	"github.com/postrider/postrider/internal/chat"
)

// askMessage finds what there is to tell: visible messages of others since the
// person joined (F030, F080, S30). Only if there is none, those that were
// deleted are why.
func askMessage(w *weighing) (verdict, why string) {
	var deleted []int
	for i := range w.Messages {
		m := &w.Messages[i]
		if m.Sender == w.Recipient || m.Number <= w.Since || !m.SentAt.IsZero() && m.SentAt.Before(w.Joined) {
			continue
		}
		switch m.State {
		case chat.StateVisible:
			w.left = append(w.left, i)
		case chat.StateDeleted, chat.StateDisapproved:
			deleted = append(deleted, i)
		case chat.StateHeld:
			// It comes back as a new arrival, if it does.
		}
	}
	detail := fmt.Sprintf("%d of %d messages are to be told", len(w.left), len(w.Messages))
	switch {
	case len(w.left) > 0:
		return pass(detail)
	case len(deleted) > 0:
		w.out.Skipped = append(w.out.Skipped, Skip{Reason: chat.ReasonDeleted, Detail: "every message was deleted in time", Messages: deleted})
		return VerdictSkip, detail
	default:
		return VerdictDone, detail
	}
}

// askBlocked: senders whom the recipient has blocked, or who have blocked them
// (S28).
func askBlocked(w *weighing) (verdict, why string) {
	blocked := w.split(func(m *Message) bool { return m.Blocked })
	if len(blocked) == 0 {
		return pass("no sender is blocked")
	}
	detail := fmt.Sprintf("%d of %d messages are from blocked senders", len(blocked), len(blocked)+len(w.left))
	w.out.Skipped = append(w.out.Skipped, Skip{Reason: chat.ReasonBlocked, Detail: detail, Messages: blocked})
	return VerdictSkip, detail
}

// askUnread: what was read is not told, unless all messages are to be (F019,
// F020, F081, C4).
func askUnread(w *weighing) (verdict, why string) {
	if !w.Effective.Email.NotifyForUnreadOnly {
		return pass("read messages are told too")
	}
	all := len(w.left)
	read := w.split(func(m *Message) bool { return m.Read })
	detail := fmt.Sprintf("%d of %d messages are unread", len(w.left), all)
	if len(w.left) > 0 {
		return pass(detail)
	}
	w.out.Skipped = append(w.out.Skipped, Skip{Reason: chat.ReasonRead, Detail: "everything was read in time", Messages: read})
	return VerdictSkip, detail
}

// askInterval: the window of the oldest message (F021, F022, S6, S7). A person
// who has read what opened the window gets the whole wait for what came since.
func askInterval(w *weighing) (verdict, why string) {
	due := w.Messages[w.left[0]].ArrivedAt.Add(w.Interval)
	detail := fmt.Sprintf("the oldest message waits until %s", stamp(due))
	if due.After(w.Now) {
		return w.wait(due, chat.ReasonWaitingForInterval, detail)
	}
	return pass(detail)
}

// askAge: a digest whose newest message is too old is not worth a mail.
func askAge(w *weighing) (verdict, why string) {
	if w.MaxAge <= 0 {
		return pass("no limit")
	}
	age := w.Now.Sub(w.newest())
	detail := fmt.Sprintf("the newest message is %s old, at most %s", age.Truncate(time.Second), w.MaxAge)
	if age > w.MaxAge {
		return w.skipAll(chat.ReasonExpired, detail)
	}
	return pass(detail)
}

// askEvent: the preference for each kind of message (F057 to F059).
func askEvent(w *weighing) (verdict, why string) {
	events := w.Effective.Events(w.kind())
	all, before := len(w.left), len(w.out.Skipped)
	for _, kind := range []chat.Kind{chat.KindMessage, chat.KindReply, chat.KindQuotedReply} {
		var detail string
		refused := w.split(func(m *Message) bool { return m.Kind == kind && !m.wanted(events[string(kind)].Value) })
		switch {
		case len(refused) == 0:
			continue
		case events[string(kind)].Value == chat.NotifyMentions:
			detail = fmt.Sprintf("%s only with mentions", kind)
		default:
			detail = fmt.Sprintf("no %s", kind)
		}
		w.out.Skipped = append(w.out.Skipped, Skip{Reason: chat.PreferenceReason(kind), Detail: detail, Messages: refused})
	}
	detail := fmt.Sprintf("%d of %d messages are wanted", len(w.left), all)
	if len(w.out.Skipped) > before {
		return VerdictSkip, detail
	}
	return pass(detail)
}

func (m *Message) wanted(choice int) bool {
	switch choice {
	case chat.NotifyNever:
		return false
	case chat.NotifyMentions:
		return m.Mentioned || m.MentionsAll
	default:
		return true
	}
}
