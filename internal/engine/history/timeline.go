package history

import (
	"slices"
	"time"

	"github.com/postrider/postrider/internal/engine/rule"
	"github.com/postrider/postrider/internal/outbox"
)

// What happens to a notification, in the order of its way.
const (
	HappenedArrived  = "arrived"  // a message, by an event
	HappenedOpened   = "opened"   // a window, for what came after
	HappenedDue      = "due"      // the window
	HappenedDecided  = "decided"  // a call, or not to make one
	HappenedAccepted = "accepted" // a mail, at the webhook
	HappenedReplayed = "replayed" // a delivery, by a person
	HappenedAttempt  = "attempt"  // at handing it over
	HappenedSettled  = "settled"  // a delivery has come to an end
)

// Moment is something that happened to a notification, on either side of the
// wire.
type Moment struct {
	At   time.Time
	What string // one of the above
	// Delivery is whom it happened to, from when it was decided or accepted.
	Delivery *Traced
	Attempt  *outbox.Attempt // of an attempt
	Message  *Message        // that arrived
	More     int             // other messages that arrived and are not told one by one
	Rules    []rule.Step     // of a decision
}

// Of the messages of a digest so many are told one by one, from its beginning
// and its end.
const (
	firstTold = 3
	lastTold  = 2
)

// Timeline returns what happened, in its order.
func (t *Trace) Timeline() []Moment {
	var all []Moment
	for i := range t.Messages {
		m := &t.Messages[i]
		moment := Moment{At: m.ArrivedAt, What: HappenedArrived, Message: m}
		if left := len(t.Messages) - firstTold - lastTold; left > 1 && i >= firstTold && i < firstTold+left {
			if i > firstTold {
				continue
			}
			moment.More = left - 1
		}
		all = append(all, moment)
	}
	if t.Decided != nil {
		all = append(all, Moment{At: t.Decided.OpenedAt, What: HappenedOpened}, Moment{At: t.Decided.DueAt, What: HappenedDue})
	}
	if t.Call != nil {
		all = append(all, t.moments(t.Call)...)
	}
	all = append(all, t.moments(&t.Traced)...)
	for i := range t.Mails {
		all = append(all, t.moments(&t.Mails[i])...)
	}
	// What happened in the same millisecond stays in the order of the way.
	slices.SortStableFunc(all, func(a, b Moment) int { return a.At.Truncate(time.Millisecond).Compare(b.At.Truncate(time.Millisecond)) })
	return all
}

func (t *Trace) moments(d *Traced) []Moment {
	created := Moment{At: d.CreatedAt, What: HappenedAccepted, Delivery: d}
	if d.Lane == outbox.LaneCall {
		created.What = HappenedDecided
		if t.Decided != nil && d.Replays == "" {
			created.Rules = t.Decided.Rules
		}
	}
	if d.Replays != "" {
		created.What = HappenedReplayed
	}
	all := []Moment{created}
	if !d.ArmedAt.Equal(d.CreatedAt) {
		all = append(all, Moment{At: d.ArmedAt, What: HappenedReplayed, Delivery: d})
	}
	for i := range d.AttemptLog {
		all = append(all, Moment{At: d.AttemptLog[i].At, What: HappenedAttempt, Delivery: d, Attempt: &d.AttemptLog[i]})
	}
	if !d.SettledAt.IsZero() {
		all = append(all, Moment{At: d.SettledAt, What: HappenedSettled, Delivery: d})
	}
	return all
}
