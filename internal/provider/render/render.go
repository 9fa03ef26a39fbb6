package render

import (
	"bytes"
	"embed"
	"fmt"
	htmltemplate "html/template"
	"net/mail"
	"strings"
	"text/template"
	"time"

	"github.com/postrider/postrider/notification"
)

//go:embed mail.html.tmpl mail.txt.tmpl
var templates embed.FS

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
	html   *htmltemplate.Template
	text   *template.Template
}

// New returns a renderer.
func New(cfg Config) (*Renderer, error) {
	html, err := htmltemplate.ParseFS(templates, "mail.html.tmpl")
	if err != nil {
		return nil, fmt.Errorf("parse mail template: %w", err)
	}
	text, err := template.ParseFS(templates, "mail.txt.tmpl")
	if err != nil {
		return nil, fmt.Errorf("parse mail template: %w", err)
	}
	_, domain, _ := strings.Cut(cfg.From.Address, "@")
	return &Renderer{cfg: cfg, domain: domain, html: html, text: text}, nil
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
	var html, text bytes.Buffer
	if err := r.html.Execute(&html, v); err != nil {
		return nil, fmt.Errorf("render HTML: %w", err)
	}
	if err := r.text.Execute(&text, v); err != nil {
		return nil, fmt.Errorf("render text: %w", err)
	}
	return r.compose(v, e, text.Bytes(), html.Bytes())
}
