package engine

import (
	"context"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/answer"
	"github.com/postrider/postrider/internal/outbox"
)

var _ outbox.Handler = (*Engine)(nil)

const (
	// readPause is how long a call rests when what it needs could not be read,
	// or its payload not be made: a fault of ours, and no attempt.
	readPause = 5 * time.Second
	// providerPause is how long it rests while its provider is switched off or
	// gone: it waits with a reason until it is too old.
	providerPause = time.Minute
	// fresh is for how long a decision holds: a call that waited longer than
	// that is asked again whether it is still to be made.
	fresh = 5 * time.Second
)

// Handle implements [outbox.Handler]: it makes one call to one provider.
func (e *Engine) Handle(ctx context.Context, d outbox.Claimed) outbox.Outcome {
	j, err := e.recentJudge(ctx)
	if err != nil {
		e.cfg.Logger.Warn("read what a call needs; trying again", "delivery", d.ID, "error", err)
		return outbox.GiveBack(readPause)
	}
	age := e.cfg.Clock().Sub(d.ArmedAt)
	if e.cfg.MaxAge > 0 && age > e.cfg.MaxAge {
		// Also while nobody can be called: see left for what is younger.
		return *end(outbox.Skipped, chat.ReasonExpired, "it was to be handed over for longer than "+e.cfg.MaxAge.String())
	}
	way := j.way(d.Provider)
	if way == nil {
		return outbox.Outcome{
			State: outbox.Pending, Reason: string(chat.ReasonNoProvider), Detail: "the provider is switched off or gone", After: e.faster(providerPause),
		}
	}
	permit, wait := e.cfg.Breaker.Acquire(ctx, way.endpoint)
	if permit == nil { // paused, or we are stopping
		return outbox.GiveBack(wait)
	}
	defer permit.Cancel()
	var changed []byte
	if d.Tries > 0 || len(d.Payload) == 0 || !d.ArmedAt.Equal(d.CreatedAt) || age > fresh {
		again, outcome := e.again(ctx, j, &d)
		if outcome != nil {
			return *outcome
		}
		if again != nil {
			d.Payload, changed = again, again
		}
	}
	started := e.cfg.Clock()
	a := way.call(ctx, &d)
	switch {
	case a.Interrupted:
		return outbox.GiveBack(0)
	case a.Alive():
		permit.Answered()
	default:
		permit.Failed(a.Brief())
	}
	outcome := e.outcome(&d, way, &a, started)
	outcome.Payload = changed
	return outcome
}

// outcome turns an answer into what becomes of the delivery.
func (e *Engine) outcome(d *outbox.Claimed, way *way, a *answer.Answer, started time.Time) outbox.Outcome {
	o := outbox.Outcome{State: outbox.Sent, Attempt: &outbox.Attempt{
		At: started, Duration: a.Duration, Gateway: way.name, Target: way.endpoint, Result: outbox.ResultSent, Code: a.Status, Reply: a.Text(),
	}}
	switch a.Verdict {
	case answer.Delivered:
		o.Attempt.Reply = a.Body
	case answer.Refused:
		o.State, o.Reason, o.Detail = outbox.Failed, string(a.Reason), a.Text()
		o.Attempt.Result = outbox.ResultRefused
	default:
		o.Attempt.Result = outbox.ResultTemporary
		o.Detail = a.Text()
		pause, more := e.cfg.Retries.Next(d.Tries+1, e.cfg.Random())
		if !more {
			o.State, o.Reason = outbox.Failed, string(chat.ReasonRetriesExhausted)
			if a.Reason == chat.ReasonTimedOut {
				o.Reason = string(chat.ReasonTimedOut)
			}
			return o
		}
		o.State, o.Reason = outbox.Pending, string(a.Reason)
		o.After = max(e.faster(pause), a.RetryAfter)
	}
	return o
}

// again asks whether a call is still to be made, of what is left of it: what
// was read, deleted or disapproved meanwhile is taken out. It returns the
// payload of what is left, or how the delivery ends.
func (e *Engine) again(ctx context.Context, j *judge, d *outbox.Claimed) ([]byte, *outbox.Outcome) {
	c, ok, err := e.cfg.Store.Case(ctx, d.ID, j)
	if err != nil {
		e.cfg.Logger.Warn("read what a call needs; trying again", "delivery", d.ID, "error", err)
		back := outbox.GiveBack(readPause)
		return nil, &back
	}
	if !ok || len(c.Messages) == 0 {
		if len(d.Payload) == 0 {
			return nil, end(outbox.Failed, chat.ReasonUnreadable, "nothing is left of its messages")
		}
		return nil, nil // older than what we remember: as it was decided
	}
	send, skip := j.left(c)
	if skip == nil && c.Email == "" && j.needsAddress(d.Provider) {
		skip = &Skip{Reason: chat.ReasonMissingEmail, Detail: "no address is stored"}
	}
	if skip != nil {
		return nil, end(outbox.Skipped, skip.Reason, skip.Detail)
	}
	calls, err := j.Compose(c, &Verdict{Send: send, To: []string{d.Provider}})
	if err != nil {
		e.cfg.Logger.Error("a digest could not be made; it is tried again", "delivery", d.ID, "error", err)
		back := outbox.GiveBack(readPause)
		return nil, &back
	}
	return calls[0].Payload, nil
}

func end(state outbox.State, reason chat.Reason, detail string) *outbox.Outcome {
	return &outbox.Outcome{State: state, Reason: string(reason), Detail: detail}
}

// left returns the messages of a call that are still to be told, or why there
// are none.
func (j *judge) left(c *Case) ([]int64, *Skip) {
	unreadOnly := j.settings.Merge(c.Preferences).Email.NotifyForUnreadOnly
	var send []int64
	var newest time.Time
	read := false
	for i := range c.Messages {
		m := &c.Messages[i]
		switch {
		case m.State != chat.StateVisible:
		case unreadOnly && c.Mark.Covers(m.SentAt, m.ID):
			read = true
		default:
			send = append(send, m.Number)
			written := m.ArrivedAt
			if !m.SentAt.IsZero() && m.SentAt.Before(written) {
				written = m.SentAt
			}
			if written.After(newest) {
				newest = written
			}
		}
	}
	switch {
	case len(send) > 0 && j.cfg.MaxAge > 0 && c.Now.Sub(newest) > j.cfg.MaxAge:
		return nil, &Skip{Reason: chat.ReasonExpired, Detail: "the newest message is older than " + j.cfg.MaxAge.String()}
	case len(send) > 0:
		return send, nil
	case read:
		return nil, &Skip{Reason: chat.ReasonRead, Detail: "it was read before it could be handed over"}
	default:
		return nil, &Skip{Reason: chat.ReasonDeleted, Detail: "it was deleted before it could be handed over"}
	}
}
