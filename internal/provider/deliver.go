package provider

import (
	"context"
	"errors"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/provider/address"
	"github.com/postrider/postrider/internal/provider/gateway"
	"github.com/postrider/postrider/internal/provider/render"
	"github.com/postrider/postrider/notification"
)

var _ outbox.Handler = (*Provider)(nil)

// lookupPause is how long a delivery rests when its address could not be
// looked up: a fault of ours, and no attempt of the mail.
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
	to, err := p.cfg.Book.Find(ctx, d.App, n.Data.To.UID, n.Data.To.Email)
	var invalid *address.InvalidError
	switch {
	case errors.Is(err, address.ErrUnknown):
		return skip(chat.ReasonMissingEmail, "the notification carries no address and contacts hold none")
	case errors.As(err, &invalid):
		return skip(chat.ReasonInvalidEmail, invalid.Error())
	case err != nil:
		p.cfg.Logger.Warn("look up address; trying again", "delivery", d.ID, "error", err)
		return outbox.GiveBack(lookupPause)
	}
	// Dated by the delivery, not by the attempt: sent again, it is the same
	// mail to the byte.
	data, err := p.cfg.Render.Mail(n, render.Envelope{DeliveryID: d.ID, To: to, Date: d.ArmedAt})
	if err != nil {
		return fail(chat.ReasonUnreadable, err)
	}
	return p.send(ctx, d, gateway.Mail{ID: d.ID, From: p.cfg.Render.From().Address, To: to, Data: data})
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
		pause, more := p.cfg.Retries.Next(d.Tries+1, p.cfg.Random())
		if !more {
			return outbox.Outcome{State: outbox.Failed, Reason: string(chat.ReasonRetriesExhausted), Detail: failure.Error(), Attempt: attempt}
		}
		return outbox.Outcome{State: outbox.Pending, Detail: failure.Error(), After: pause, Attempt: attempt}
	}
}

func skip(reason chat.Reason, detail string) outbox.Outcome {
	return outbox.Outcome{State: outbox.Skipped, Reason: string(reason), Detail: detail}
}

func fail(reason chat.Reason, err error) outbox.Outcome {
	return outbox.Outcome{State: outbox.Failed, Reason: string(reason), Detail: err.Error()}
}
