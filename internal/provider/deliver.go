package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/provider/address"
	"github.com/postrider/postrider/internal/provider/gateway"
	"github.com/postrider/postrider/internal/provider/render"
	"github.com/postrider/postrider/notification"
)

var _ outbox.Handler = (*Provider)(nil)

// lookupPause is how long a delivery rests when its address, or what else the
// mail needs, could not be looked up: a fault of ours, and no attempt of the
// mail.
const lookupPause = 5 * time.Second

// Handle implements [outbox.Handler]: address, render, send.
func (p *Provider) Handle(ctx context.Context, d outbox.Claimed) outbox.Outcome {
	if p.cfg.Clock().Sub(d.ArmedAt) > p.cfg.MaxAge {
		return skip(chat.ReasonExpired, "older than "+p.cfg.MaxAge.String())
	}
	n, err := notification.Decode(d.Payload)
	if err != nil {
		return fail(chat.ReasonUnreadable, err)
	}
	asked := p.cfg.Clock()
	to, err := p.cfg.Book.Find(ctx, d.App, n.Data.To.UID, n.Data.To.Email)
	if err != nil {
		return p.unaddressed(ctx, &d, asked, to.Source, err)
	}
	e, err := p.envelope(ctx, &d, n, to.Address)
	if err != nil {
		p.cfg.Logger.Warn("look up how the mail is to look; trying again", "delivery", d.ID, "error", err)
		return outbox.GiveBack(lookupPause)
	}
	data, err := p.cfg.Render.Mail(n, e)
	if err != nil {
		return fail(chat.ReasonUnreadable, err)
	}
	outcome := p.send(ctx, d, gateway.Mail{ID: d.ID, From: p.cfg.Render.From().Address, To: to.Address, Data: data})
	if outcome.Attempt != nil {
		outcome.Detail = withSource(outcome.Detail, to.Source)
	}
	return outcome
}

// unaddressed is the outcome of a delivery whose address was not found. asked
// is when the sources were.
func (p *Provider) unaddressed(ctx context.Context, d *outbox.Claimed, asked time.Time, source address.Source, err error) outbox.Outcome {
	var none *address.NoneError
	var invalid *address.InvalidError
	var directory *address.DirectoryError
	switch {
	case errors.As(err, &none):
		return skip(chat.ReasonMissingEmail, none.Said)
	case errors.As(err, &invalid):
		return skip(chat.ReasonInvalidEmail, withSource(invalid.Error(), source))
	case ctx.Err() != nil:
		return outbox.GiveBack(0) // we are stopping
	case errors.As(err, &directory):
		// It is asked as often as a server that refuses for the time being.
		outcome := p.again(d, directory.Error(), &outbox.Attempt{
			At: asked, Duration: p.cfg.Clock().Sub(asked), Gateway: string(address.SourceDirectory), Target: directory.Target,
			Result: outbox.ResultTemporary, Code: directory.Status, Reply: directory.Err.Error(),
		})
		if outcome.State == outbox.Pending {
			outcome.After = max(outcome.After, directory.RetryAfter)
		}
		return outcome
	}
	p.cfg.Logger.Warn("look up address; trying again", "delivery", d.ID, "error", err)
	return outbox.GiveBack(lookupPause)
}

// withSource adds to a detail where the address came from, unless that can be
// seen from the notification.
func withSource(detail string, source address.Source) string {
	if source == address.SourceNotification {
		return detail
	}
	from := "address from the " + string(source)
	if detail == "" {
		return from
	}
	return detail + " (" + from + ")"
}

// envelope returns what the mail needs beyond the notification. It is dated by
// the delivery, not by the attempt: sent again, it is the same mail to the
// byte.
func (p *Provider) envelope(ctx context.Context, d *outbox.Claimed, n *notification.Notification, to string) (render.Envelope, error) {
	e := render.Envelope{
		DeliveryID: d.ID, To: to, Date: d.ArmedAt,
		App: d.App, Recipient: d.Recipient, Conversation: d.Conversation,
	}
	var err error
	if e.Brand, err = p.cfg.Brand(ctx, d.App); err != nil {
		return e, fmt.Errorf("find brand: %w", err)
	}
	tellsTimes := slices.ContainsFunc(n.Data.Messages, func(m notification.Message) bool { return m.Object != nil })
	if p.cfg.Zone == nil || !tellsTimes {
		return e, nil
	}
	if e.Zone, err = p.cfg.Zone(ctx, d.App, d.Recipient); err != nil {
		return e, fmt.Errorf("find time zone: %w", err)
	}
	return e, nil
}

// send hands the mail over and turns what became of it into an outcome.
func (p *Provider) send(ctx context.Context, d outbox.Claimed, m gateway.Mail) outbox.Outcome {
	started := p.cfg.Clock()
	reply, err := p.cfg.Gateway.Send(ctx, m)
	attempt := &outbox.Attempt{
		At: started, Duration: p.cfg.Clock().Sub(started), Gateway: p.cfg.Gateway.Name(), Target: m.To,
		Result: outbox.ResultSent, Code: reply.Code, Reply: reply.Text,
	}
	if err == nil {
		p.cfg.Gate.Succeeded()
		return outbox.Outcome{State: outbox.Sent, Attempt: attempt}
	}
	var failure *gateway.Error
	if !errors.As(err, &failure) {
		failure = &gateway.Error{Fault: gateway.FaultTemporary, Step: "send", Err: err}
	}
	if ctx.Err() != nil && failure.Code == 0 {
		return outbox.GiveBack(0) // we are stopping: nobody gave a verdict
	}
	attempt.Code, attempt.Reply = failure.Code, failure.Error()
	switch failure.Fault {
	case gateway.FaultGateway:
		p.cfg.Gate.Failed(failure)
		return outbox.GiveBack(0)
	case gateway.FaultPermanent:
		p.cfg.Gate.Succeeded() // it answered; the mail is at fault
		attempt.Result = outbox.ResultRefused
		return outbox.Outcome{State: outbox.Failed, Reason: string(chat.ReasonRejected), Detail: failure.Error(), Attempt: attempt}
	default:
		p.cfg.Gate.Refused(d.ID, failure)
		attempt.Result = outbox.ResultTemporary
		return p.again(&d, failure.Error(), attempt)
	}
}

// again is the outcome of an attempt that failed for the time being: there is
// another one, unless the schedule is at its end.
func (p *Provider) again(d *outbox.Claimed, detail string, attempt *outbox.Attempt) outbox.Outcome {
	pause, more := p.cfg.Retries.Next(d.Tries+1, p.cfg.Random())
	if !more {
		return outbox.Outcome{State: outbox.Failed, Reason: string(chat.ReasonRetriesExhausted), Detail: detail, Attempt: attempt}
	}
	return outbox.Outcome{State: outbox.Pending, Detail: detail, After: pause, Attempt: attempt}
}

func skip(reason chat.Reason, detail string) outbox.Outcome {
	return outbox.Outcome{State: outbox.Skipped, Reason: string(reason), Detail: detail}
}

func fail(reason chat.Reason, err error) outbox.Outcome {
	return outbox.Outcome{State: outbox.Failed, Reason: string(reason), Detail: err.Error()}
}
