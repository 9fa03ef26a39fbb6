package render

import (
	"bytes"
	"context"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/postrider/postrider/notification"
)

// Config is what all mails have in common.
type Config struct {
	// From is the sender of the mails.
	From mail.Address
	// ImageBase is a URL under which images may be shown although it is not
	// https: our own. Empty allows https only.
	ImageBase string
}

// Renderer makes mails. It is safe for concurrent use.
type Renderer struct {
	cfg    Config
	domain string // of message ids
}

// New returns a renderer.
func New(cfg Config) *Renderer {
	_, domain, _ := strings.Cut(cfg.From.Address, "@")
	return &Renderer{cfg: cfg, domain: domain}
}

// From returns the sender of the mails.
func (r *Renderer) From() mail.Address { return r.cfg.From }

// Envelope is what a mail needs beyond the notification.
type Envelope struct {
	DeliveryID string // the Message-ID is made of it
	To         string // bare address
	Date       time.Time
}

// Mail renders a notification as a complete message (RFC 5322) whose lines end
// in CR LF.
func (r *Renderer) Mail(n *notification.Notification, e Envelope) ([]byte, error) {
	v := newView(n, r.cfg.ImageBase)
	var html bytes.Buffer
	html.Grow(6<<10 + 3<<10*len(v.Messages))
	if err := htmlPart(v).Render(context.Background(), &html); err != nil {
		return nil, fmt.Errorf("render HTML: %w", err)
	}
	return r.compose(v, e, []byte(textPart(v)), html.Bytes())
}
