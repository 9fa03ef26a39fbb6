package sendgrid

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/answer"
)

const (
	// Timeout is how long a call may take in all.
	Timeout = 10 * time.Second
	// DefaultURL is where the API is.
	DefaultURL = "https://api.sendgrid.com"
	// IDArgument is the custom argument that carries the delivery's id: it
	// comes back in SendGrid's events.
	IDArgument = "postrider_id"

	sendPath = "/v3/mail/send"
)

// ClientConfig is what a [Client] works with. Transport and Clock are
// required.
type ClientConfig struct {
	Transport http.RoundTripper // the guarded one of package outbound
	Clock     func() time.Time
	Version   string // of this program
	URL       string // of the API, without a slash at its end; empty is DefaultURL
}

// Client sends by SendGrid. It is safe for concurrent use.
type Client struct {
	exchange  answer.Exchange
	url       string
	userAgent string
}

// New returns a client.
func New(cfg ClientConfig) *Client {
	if cfg.URL == "" {
		cfg.URL = DefaultURL
	}
	return &Client{
		exchange:  answer.Exchange{Transport: cfg.Transport, Clock: cfg.Clock, Timeout: Timeout, Explain: explain(cfg.Clock)},
		url:       cfg.URL + sendPath,
		userAgent: "Postrider/" + cfg.Version,
	}
}

// Endpoint names the server that is called, for the breaker and for metrics.
func (c *Client) Endpoint() string { return strings.TrimSuffix(c.url, sendPath) }

// Recipient is who gets a mail. The name may be empty.
type Recipient struct {
	Email string `json:"email"`
	Name  string `json:"name,omitempty"`
}

// request is the body of mail/send, as far as we use it.
type request struct {
	From             Recipient         `json:"from"`
	Personalizations []personalization `json:"personalizations"`
	TemplateID       string            `json:"template_id"`
	ASM              asm               `json:"asm"`
}

type personalization struct {
	To         []Recipient       `json:"to"`
	Data       json.RawMessage   `json:"dynamic_template_data"`
	CustomArgs map[string]string `json:"custom_args"`
}

// asm is SendGrid's advanced suppression management.
type asm struct {
	GroupID GroupID `json:"group_id"`
}

// Send hands one mail to SendGrid. templateData is a JSON object: what a custom
// provider gets under data, with to.avatar besides (F009). id is the
// delivery's.
//
// SendGrid knows no duplicates: a mail whose answer was lost and that is tried
// again may arrive twice.
func (c *Client) Send(ctx context.Context, cfg *Config, to Recipient, templateData json.RawMessage, id string) answer.Answer {
	r, err := c.request(ctx, cfg, to, templateData, id)
	if err != nil {
		return answer.Answer{Verdict: answer.Refused, Reason: chat.ReasonRejected, Err: fmt.Errorf("make request: %w", err)}
	}
	return c.exchange.Do(ctx, r)
}

func (c *Client) request(ctx context.Context, cfg *Config, to Recipient, templateData json.RawMessage, id string) (*http.Request, error) {
	body, err := json.Marshal(request{
		From: Recipient{Email: cfg.SenderEmail, Name: cfg.SenderName},
		Personalizations: []personalization{{
			To: []Recipient{to}, Data: templateData, CustomArgs: map[string]string{IDArgument: id},
		}},
		TemplateID: cfg.TemplateID,
		ASM:        asm{cfg.UnsubscribeGroupID},
	})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Authorization", "Bearer "+cfg.APIKey)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", c.userAgent)
	return r, nil
}

// explain reads what SendGrid says of an error: the first of its errors, and
// when its limit of rate ends.
func explain(clock func() time.Time) func(http.Header, []byte, *answer.Answer) {
	return func(header http.Header, body []byte, a *answer.Answer) {
		var said struct {
			Errors []struct {
				Message string `json:"message"`
				Field   string `json:"field"`
			} `json:"errors"`
		}
		// What is no JSON (a proxy on the way) is in the answer's Body.
		if json.Unmarshal(body, &said) == nil && len(said.Errors) > 0 {
			a.Message = said.Errors[0].Message
			if field := said.Errors[0].Field; field != "" {
				a.Message += " (" + field + ")"
			}
		}
		if a.Status == http.StatusTooManyRequests && a.RetryAfter == 0 {
			a.RetryAfter = untilReset(header.Get("X-RateLimit-Reset"), clock())
		}
	}
}

// untilReset reads X-RateLimit-Reset: the second, since 1970, at which there
// is room again.
func untilReset(value string, now time.Time) time.Duration {
	second, err := strconv.ParseInt(value, 10, 64)
	if err != nil || second <= 0 {
		return 0
	}
	if second-now.Unix() > int64(answer.MaxRetryAfter/time.Second) {
		return answer.MaxRetryAfter
	}
	return max(time.Unix(second, 0).Sub(now), 0)
}
