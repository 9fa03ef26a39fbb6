package engine

import (
	"context"
	"encoding/json"

	"github.com/postrider/postrider/internal/engine/answer"
	"github.com/postrider/postrider/internal/engine/sendgrid"
	"github.com/postrider/postrider/internal/outbox"
)

// way is how a call gets to its provider.
type way struct {
	name     string
	endpoint string // what is paused when it keeps failing
	call     func(ctx context.Context, d *outbox.Claimed) answer.Answer
}

// way returns the way to a provider, or nil if it is switched off or gone. A
// call that names none, because it was decided against at first, takes the
// first one that there is.
func (j *judge) way(provider string) *way {
	if c := j.providers.Custom; c != nil && c.IsEnabled && (provider == ProviderCustom || provider == "") {
		return &way{ProviderCustom, c.Endpoint(), func(ctx context.Context, d *outbox.Claimed) answer.Answer {
			return j.cfg.Webhook.Call(ctx, c, d.ID, d.Payload)
		}}
	}
	if s := j.providers.SendGrid; s != nil && s.IsEnabled && (provider == ProviderSendGrid || provider == "") {
		return &way{ProviderSendGrid, ProviderSendGrid, func(ctx context.Context, d *outbox.Claimed) answer.Answer {
			return j.sendGrid(ctx, s, d)
		}}
	}
	return nil
}

func (j *judge) sendGrid(ctx context.Context, s *sendgrid.Config, d *outbox.Claimed) answer.Answer {
	var payload struct {
		Data json.RawMessage `json:"data"`
	}
	var data struct {
		To sendgrid.Recipient `json:"to"`
	}
	// It was encoded by us a moment ago; what is not readable SendGrid will
	// refuse in its own words.
	_ = json.Unmarshal(d.Payload, &payload)
	_ = json.Unmarshal(payload.Data, &data)
	return j.cfg.SendGrid.Send(ctx, s, data.To, payload.Data, d.ID)
}
