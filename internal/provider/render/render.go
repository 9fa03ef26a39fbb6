package render

import (
	"bytes"
	"net/mail"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/idna"
	"mvdan.cc/xurls/v2"

	"github.com/postrider/postrider/notification"
)

// Config is what all mails have in common.
type Config struct {
	// From is the sender of the mails.
	From mail.Address
	// ImageBase is a URL under which images may be shown although it is not
	// https: our own. Empty allows https only.
	ImageBase string
	// DeepLink is where the button leads: to the conversation. Without it
	// there is no button.
	DeepLink Link
	// PreferencesLink is where the footer's link to the email settings leads.
	// Without it there is no such link.
	PreferencesLink Link
}

// Renderer makes mails. It is safe for concurrent use.
type Renderer struct {
	cfg    Config
	domain string         // of ids
	links  *regexp.Regexp // finds URLs in texts
	// pages holds buffers for HTML parts, which are copied into the mail.
	pages sync.Pool
}

// New returns a renderer.
func New(cfg Config) *Renderer {
	_, domain, _ := strings.Cut(cfg.From.Address, "@")
	if ascii, err := idna.Lookup.ToASCII(domain); err == nil {
		domain = ascii // ids of mails have no other letters
	}
	links, err := xurls.StrictMatchingScheme("https?://")
	if err != nil { // the expression is a constant
		panic(err)
	}
	return &Renderer{cfg: cfg, domain: domain, links: links}
}

// From returns the sender of the mails.
func (r *Renderer) From() mail.Address { return r.cfg.From }

// Envelope is what a mail needs beyond the notification.
type Envelope struct {
	DeliveryID string // the Message-ID is made of it
	To         string // bare address
	Date       time.Time
	// App, Recipient and Conversation name the thread that the mail belongs
	// to: one for each person and conversation.
	App, Recipient, Conversation string
	// Brand is the look of the mail; the zero value is a plain one.
	Brand Brand
	// Zone is the time zone of the recipient; nil is UTC.
	Zone *time.Location
}

// Mail renders a notification as a complete message (RFC 5322) whose lines end
// in CR LF.
func (r *Renderer) Mail(n *notification.Notification, e Envelope) ([]byte, error) {
	v := r.newView(n, &e)
	html := r.buffer()
	defer r.keep(html)
	if err := r.writePage(html, v); err != nil {
		return nil, err
	}
	return r.compose(v, n, &e, []byte(textPart(v)), html.Bytes())
}

// maxKept bounds a buffer that is kept for the next mail, in bytes.
const maxKept = 256 << 10

func (r *Renderer) buffer() *bytes.Buffer {
	b, _ := r.pages.Get().(*bytes.Buffer)
	if b == nil {
		b = new(bytes.Buffer)
	}
	b.Reset()
	return b
}

func (r *Renderer) keep(b *bytes.Buffer) {
	if b.Cap() <= maxKept {
		r.pages.Put(b)
	}
}
