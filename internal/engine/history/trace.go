package history

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/rule"
	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/notification"
)

// Traced is a delivery with its attempts.
type Traced struct {
	outbox.Delivery
	AttemptLog []outbox.Attempt `json:"attemptLog"`
}

// Message is what is known of a message of a digest, but for its text.
type Message struct {
	ID        string            `json:"id"`
	Sender    string            `json:"sender"`
	Category  chat.Category     `json:"category"`
	Type      string            `json:"type"`
	State     chat.MessageState `json:"state"`
	SentAt    time.Time         `json:"sentAt,omitzero"`
	ArrivedAt time.Time         `json:"arrivedAt"`
}

// Decided is what a call rests on: its window, and what each rule said.
type Decided struct {
	OpenedAt time.Time   `json:"windowOpenedAt"`
	DueAt    time.Time   `json:"windowDueAt"`
	Rules    []rule.Step `json:"rules"`
}

// Trace is what became of a delivery, and of the same notification on the other
// side of the wire.
type Trace struct {
	Traced
	Payload []byte `json:"-"`
	// Entry is what the log says of the call; zero where nothing is known of one.
	Entry Entry `json:"-"`
	// Messages are those of the call that are still kept, oldest first, up to
	// [MaxTracedMessages].
	Messages []Message `json:"messages,omitempty"`
	// Decided is nil where there was no decision of ours, or one before it was
	// kept.
	Decided *Decided `json:"decided,omitempty"`
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

// MaxTracedMessages is of how many messages of a digest a trace tells: the
// newest.
const MaxTracedMessages = 100

// Tracer is the store that traces are made from.
type Tracer interface {
	Get(ctx context.Context, id string) (outbox.Delivery, []byte, error)
	Attempts(ctx context.Context, id string) ([]outbox.Attempt, error)
	List(ctx context.Context, filter outbox.Filter, limit int) ([]outbox.Delivery, error)
	// Notice returns what the log says of one call, or [outbox.ErrNotFound].
	Notice(ctx context.Context, id string) (Entry, error)
	// Evidence returns what a call rests on, as [rule.DecodeEvidence] reads it;
	// nothing where nothing is kept.
	Evidence(ctx context.Context, id string) ([]byte, error)
	// Messages returns those of an app that are kept, by when they arrived.
	Messages(ctx context.Context, app string, ids []string) ([]Message, error)
}

// clockSlack is by how much a mail may seem to be older or younger than the
// attempt that brought it: clocks of several processes differ.
const clockSlack = 5 * time.Second

// NewTrace returns what became of a delivery, or [outbox.ErrNotFound].
func NewTrace(ctx context.Context, store Tracer, id string) (*Trace, error) {
	delivery, payload, err := store.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	trace := &Trace{Payload: payload}
	if trace.Traced, err = traced(ctx, store, &delivery); err != nil {
		return nil, err
	}
	call := id
	if delivery.Lane == outbox.LaneCall {
		if trace.Mails, err = mailsOf(ctx, store, &trace.Traced); err != nil {
			return nil, err
		}
	} else {
		if trace.Call, err = callOf(ctx, store, &delivery); err != nil || trace.Call == nil {
			return trace, err
		}
		call = trace.Call.ID
	}
	return trace, trace.explain(ctx, store, call)
}

// explain adds what a call was about, and why it was made.
func (t *Trace) explain(ctx context.Context, store Tracer, call string) (err error) {
	t.Entry, err = store.Notice(ctx, call)
	if errors.Is(err, outbox.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	t.MessageIDs = t.Entry.MessageIDs
	ids := t.MessageIDs[max(0, len(t.MessageIDs)-MaxTracedMessages):]
	if t.Messages, err = store.Messages(ctx, t.App, ids); err != nil {
		return err
	}
	evidence, err := store.Evidence(ctx, call)
	if err != nil || len(evidence) == 0 {
		return err
	}
	decoded, err := rule.DecodeEvidence(evidence)
	if err != nil {
		return fmt.Errorf("read what %s rests on: %w", call, err)
	}
	t.Decided = &Decided{decoded.OpenedAt, decoded.DueAt, decoded.Steps}
	return nil
}

func traced(ctx context.Context, store Tracer, delivery *outbox.Delivery) (Traced, error) {
	attempts, err := store.Attempts(ctx, delivery.ID)
	return Traced{*delivery, attempts}, err
}

// mailsOf returns the mails that a call brought: one at the most, unless it was
// replayed. A mail was stored while the call waited for its answer, so that
// little has to be looked through. That the answer came too late does not mean
// that there is none.
func mailsOf(ctx context.Context, store Tracer, call *Traced) ([]Traced, error) {
	const most = 100
	var mails []Traced
	for i := range call.AttemptLog {
		a := &call.AttemptLog[i]
		listed, err := store.List(ctx, outbox.Filter{
			App: call.App, Lane: outbox.LaneMail, Recipient: call.Recipient, Origin: call.ID,
			Since: a.At.Add(-clockSlack), Until: a.At.Add(a.Duration + clockSlack),
		}, most)
		if err != nil {
			return nil, err
		}
		for _, mail := range slices.Backward(listed) {
			if slices.ContainsFunc(mails, func(t Traced) bool { return t.ID == mail.ID }) {
				continue
			}
			found, err := traced(ctx, store, &mail)
			if err != nil {
				return nil, err
			}
			mails = append(mails, found)
		}
	}
	return mails, nil
}

// callOf returns the call that brought a mail, or nil where it was not ours or
// is forgotten. Its webhook-id was the id of the call.
func callOf(ctx context.Context, store Tracer, mail *outbox.Delivery) (*Traced, error) {
	if mail.Origin == "" {
		return nil, nil //nolint:nilnil // nobody said which call it was
	}
	call, _, err := store.Get(ctx, mail.Origin)
	switch {
	case errors.Is(err, outbox.ErrNotFound), err == nil && (call.Lane != outbox.LaneCall || call.App != mail.App):
		return nil, nil //nolint:nilnil // another engine's
	case err != nil:
		return nil, err
	}
	found, err := traced(ctx, store, &call)
	if err != nil {
		return nil, err
	}
	return &found, nil
}
