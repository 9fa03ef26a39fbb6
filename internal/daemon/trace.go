package daemon

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/notification"
)

// Traced is a delivery with its attempts.
type Traced struct {
	outbox.Delivery
	AttemptLog []outbox.Attempt `json:"attemptLog"`
}

// Trace is what became of a delivery, and of the same notification on the other
// side of the wire.
type Trace struct {
	Traced
	Payload []byte `json:"-"`
	// MessageIDs are what a call is about, oldest first.
	MessageIDs []string `json:"messageIds,omitempty"`
	// Call is what brought a mail, where our own engine called.
	Call *Traced `json:"call,omitempty"`
	// Mails are what came of a call, where our own provider took it.
	Mails []Traced `json:"mails,omitempty"`
}

// CarriesAddress reports whether the notification brought the address along:
// then no other source was asked. A mail's detail names the source otherwise.
func (t *Trace) CarriesAddress() bool {
	n, err := notification.Decode(t.Payload)
	return err == nil && t.Lane == outbox.LaneMail && strings.TrimSpace(n.Data.To.Email) != ""
}

// clockSlack is by how much a mail may seem to be older or younger than the
// attempt that brought it: clocks of several processes differ.
const clockSlack = 5 * time.Second

// Trace returns what became of a delivery, or [outbox.ErrNotFound].
func (d *Data) Trace(ctx context.Context, id string) (*Trace, error) {
	delivery, payload, err := d.Store.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	trace := &Trace{Payload: payload}
	if trace.Traced, err = d.traced(ctx, &delivery); err != nil {
		return nil, err
	}
	if delivery.Lane == outbox.LaneCall {
		notice, err := d.Store.Notice(ctx, id)
		if err != nil && !errors.Is(err, outbox.ErrNotFound) {
			return nil, err
		}
		trace.MessageIDs = notice.MessageIDs
		trace.Mails, err = d.mailsOf(ctx, &trace.Traced)
		return trace, err
	}
	trace.Call, err = d.callOf(ctx, &delivery)
	return trace, err
}

func (d *Data) traced(ctx context.Context, delivery *outbox.Delivery) (Traced, error) {
	attempts, err := d.Store.Attempts(ctx, delivery.ID)
	return Traced{*delivery, attempts}, err
}

// mailsOf returns the mails that a call brought: one at the most, unless it was
// replayed. A mail was stored while the call waited for its answer, so that
// little has to be looked through. That the answer came too late does not mean
// that there is none.
func (d *Data) mailsOf(ctx context.Context, call *Traced) ([]Traced, error) {
	const most = 100
	var mails []Traced
	for i := range call.AttemptLog {
		a := &call.AttemptLog[i]
		found, err := d.Store.List(ctx, outbox.Filter{
			App: call.App, Lane: outbox.LaneMail, Recipient: call.Recipient, Origin: call.ID,
			Since: a.At.Add(-clockSlack), Until: a.At.Add(a.Duration + clockSlack),
		}, most)
		if err != nil {
			return nil, err
		}
		for _, mail := range slices.Backward(found) {
			if slices.ContainsFunc(mails, func(t Traced) bool { return t.ID == mail.ID }) {
				continue
			}
			traced, err := d.traced(ctx, &mail)
			if err != nil {
				return nil, err
			}
			mails = append(mails, traced)
		}
	}
	return mails, nil
}

// callOf returns the call that brought a mail, or nil where it was not ours or
// is forgotten. Its webhook-id was the id of the call.
func (d *Data) callOf(ctx context.Context, mail *outbox.Delivery) (*Traced, error) {
	if mail.Origin == "" {
		return nil, nil //nolint:nilnil // nobody said which call it was
	}
	call, _, err := d.Store.Get(ctx, mail.Origin)
	switch {
	case errors.Is(err, outbox.ErrNotFound), err == nil && (call.Lane != outbox.LaneCall || call.App != mail.App):
		return nil, nil //nolint:nilnil // another engine's
	case err != nil:
		return nil, err
	}
	traced, err := d.traced(ctx, &call)
	if err != nil {
		return nil, err
	}
	return &traced, nil
}
