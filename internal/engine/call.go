package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/answer"
	"github.com/postrider/postrider/internal/engine/rule"
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
	// fresh is for how long a decision holds, divided by the engine's speed: a
	// call that waited longer than that is asked again whether it is still to be
	// made.
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
	permit, wait := e.cfg.Breaker.Acquire(ctx, e.cfg.Apart+way.endpoint)
	if permit == nil { // paused, or we are stopping
		return outbox.GiveBack(wait)
	}
	defer permit.Cancel()
	var changed []byte
	var less string
	if d.Tries > 0 || len(d.Payload) == 0 || !d.ArmedAt.Equal(d.CreatedAt) || d.Reason != "" || age > e.faster(fresh) {
		var again []byte
		var instead *outbox.Outcome
		if again, less, instead = e.again(ctx, j, &d); instead != nil {
			return *instead
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
	if outcome.State == outbox.Sent {
		outcome.Detail = less
	}
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
// was read, deleted or disapproved meanwhile is taken out, and the rules that
// count until it is made are asked once more. It returns the payload of what is
// left and, in words, what is not, or what becomes of the delivery instead.
func (e *Engine) again(ctx context.Context, j *judge, d *outbox.Claimed) (payload []byte, less string, instead *outbox.Outcome) {
	c, ok, err := e.cfg.Store.Case(ctx, d.ID, j)
	if err != nil {
		e.cfg.Logger.Warn("read what a call needs; trying again", "delivery", d.ID, "error", err)
		back := outbox.GiveBack(readPause)
		return nil, "", &back
	}
	if !ok || len(c.Messages) == 0 {
		if len(d.Payload) == 0 {
			return nil, "", end(outbox.Failed, chat.ReasonUnreadable, "nothing is left of its messages")
		}
		return nil, "", nil // older than what we remember: as it was decided
	}
	facts := j.facts(c)
	ask := rule.Again
	if ordered(&d.Delivery) {
		ask = rule.Ordered
	}
	decision := ask(facts)
	switch {
	case decision.Waits():
		return nil, "", &outbox.Outcome{
			State: outbox.Pending, Reason: string(decision.Reason), Detail: decision.Detail, After: decision.Until.Sub(c.Now),
		}
	case len(decision.Send) == 0:
		return nil, "", nothingLeft(&decision)
	case c.Email == "" && j.needsAddress(d.Provider):
		return nil, "", end(outbox.Skipped, chat.ReasonMissingEmail, "no address is stored")
	}
	calls, err := j.Compose(c, &Verdict{Send: numbers(c, decision.Send), To: []string{d.Provider}})
	if err != nil {
		e.cfg.Logger.Error("a digest could not be made; it is tried again", "delivery", d.ID, "error", err)
		back := outbox.GiveBack(readPause)
		return nil, "", &back
	}
	return calls[0].Payload, leftOut(&decision), nil
}

// ordered reports whether a person had a call replayed: then what they have
// against it does not count.
func ordered(d *outbox.Delivery) bool { return d.Replays != "" || !d.ArmedAt.Equal(d.CreatedAt) }

// nothingLeft ends a call of which nothing is to be told any more: the rule that
// had the last word is why.
func nothingLeft(d *rule.Decision) *outbox.Outcome {
	if len(d.Skipped) == 0 { // who has left, and came back, begins anew
		return end(outbox.Skipped, chat.ReasonNotMember, "nothing of it is for the person any more")
	}
	last := d.Skipped[len(d.Skipped)-1]
	return end(outbox.Skipped, last.Reason, last.Detail)
}

// leftOut says what a call leaves out for which reasons. What was read or deleted
// is not worth a word.
func leftOut(d *rule.Decision) string {
	all := make([]string, 0, len(d.Skipped))
	for _, skip := range d.Skipped {
		all = append(all, fmt.Sprintf("%s: %s", skip.Reason, skip.Detail))
	}
	return strings.Join(all, "; ")
}

func end(state outbox.State, reason chat.Reason, detail string) *outbox.Outcome {
	return &outbox.Outcome{State: state, Reason: string(reason), Detail: detail}
}
