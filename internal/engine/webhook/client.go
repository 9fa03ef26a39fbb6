package webhook

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/answer"
	"github.com/postrider/postrider/notification"
)

// Timeout is how long a call may take in all (F090, S3).
const Timeout = 2 * time.Second

// Client calls custom providers. It is safe for concurrent use.
type Client struct {
	exchange  answer.Exchange
	userAgent string
}

// New returns a client that goes out through a transport: the guarded one of
// package outbound, or a [Here] before it.
func New(transport http.RoundTripper, version string, clock func() time.Time) *Client {
	return &Client{
		exchange:  answer.Exchange{Transport: transport, Clock: clock, Timeout: Timeout},
		userAgent: "Postrider/" + version,
	}
}

// Call posts a notification, ready-made JSON, to a provider. id is the
// delivery's: the same on every attempt. Nothing is tried twice here, but for
// a kept connection that the provider had closed in the meantime.
func (c *Client) Call(ctx context.Context, cfg *Config, id string, body []byte) answer.Answer {
	r, err := c.request(ctx, cfg, id, body)
	if err != nil {
		// What was saved was valid then. It can be mended, but not by waiting.
		return answer.Answer{Verdict: answer.Refused, Reason: chat.ReasonRejected, Err: fmt.Errorf("make request: %w", err)}
	}
	return c.exchange.Do(ctx, r)
}

func (c *Client) request(ctx context.Context, cfg *Config, id string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, cfg.WebhookURL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("User-Agent", c.userAgent)
	r.Header.Set(notification.HeaderID, id)
	// Without a value it is not sent: it tells net/http that the call may be
	// made again when a kept connection turns out to be closed. The receiver
	// would know it by its id.
	r.Header["Idempotency-Key"] = nil
	if cfg.UseBasicAuth {
		r.SetBasicAuth(cfg.BasicAuthUsername, cfg.BasicAuthPassword)
	}
	if cfg.SignatureSecret != "" {
		if err := c.sign(r, cfg.SignatureSecret, id, body); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (c *Client) sign(r *http.Request, secret, id string, body []byte) error {
	secrets, err := notification.ParseSecrets(secret)
	if err != nil {
		return fmt.Errorf("signatureSecret: %w", err)
	}
	now := c.exchange.Clock()
	signature, err := notification.Sign(secrets, id, now, body)
	if err != nil {
		return err
	}
	r.Header.Set(notification.HeaderTimestamp, strconv.FormatInt(now.Unix(), 10))
	r.Header.Set(notification.HeaderSignature, signature)
	return nil
}
