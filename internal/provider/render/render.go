package render

import (
	"bytes"
	"context"
	"fmt"
	"net/mail"
	"strings"
	"sync"
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
	// pages holds buffers for HTML parts, which are copied into the mail.
	pages sync.Pool
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
	html, _ := r.pages.Get().(*bytes.Buffer)
	if html == nil {
		html = new(bytes.Buffer)
	}
	html.Reset()
	defer r.keep(html)
	if err := htmlPart(v).Render(context.Background(), html); err != nil {
		return nil, fmt.Errorf("render HTML: %w", err)
	}
	return r.compose(v, e, []byte(textPart(v)), html.Bytes())
}

// maxKept bounds a buffer that is kept for the next mail, in bytes.
const maxKept = 256 << 10

func (r *Renderer) keep(page *bytes.Buffer) {
	if page.Cap() <= maxKept {
		r.pages.Put(page)
	}
}
