package preview

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/digest"
	"github.com/postrider/postrider/internal/provider/gateway/mailbox"
	"github.com/postrider/postrider/internal/provider/render"
)

// ErrNotFound means that there is no such sample, or that nothing is left of a
// call's messages.
var ErrNotFound = errors.New("there is no such conversation to be shown")

// Config is what previews are made with. All fields are required.
type Config struct {
	AppID, Region string
	Renderer      *render.Renderer
	// Pictures is the base of the addresses of the samples' pictures; empty:
	// they have none.
	Pictures string
	// Facts returns what a call of an app was made of; ok is false if it has
	// none, or nothing is left of it.
	Facts func(ctx context.Context, app, delivery string) (f *digest.Facts, ok bool, err error)
	Clock func() time.Time
}

// Previewer makes previews. It is safe for concurrent use.
type Previewer struct {
	cfg     Config
	samples func() ([]made, error) // with their digests
}

// New returns a previewer.
func New(cfg Config) *Previewer {
	return &Previewer{cfg, sync.OnceValues(func() ([]made, error) { return makeAll(&cfg) })}
}

// Request says what is to be shown.
type Request struct {
	// Sample is the id of one of the [Samples]; Call that of a delivery of the
	// app, whose messages take its place.
	Sample, Call, App string
	// Settings are the app's, with the texts that are being tried.
	Settings *chat.Settings
	// Private: as to somebody who wants their mail to tell nothing.
	Private bool
	Brand   render.Brand
	// Dark: as in a client in dark mode; else as in a light one.
	Dark bool
}

// Mail is what somebody would get.
type Mail struct {
	From, To, Subject string
	HTML, Text        string
	// Lines are the texts of the messages, as the payload has them.
	Lines []string
}

// Mail makes the mail, or returns ErrNotFound.
func (p *Previewer) Mail(ctx context.Context, r *Request) (*Mail, error) {
	facts, err := p.facts(ctx, r)
	if err != nil {
		return nil, err
	}
	n, err := digest.Build(facts)
	if err != nil {
		return nil, fmt.Errorf("make preview: %w", err)
	}
	raw, err := p.cfg.Renderer.Mail(n, render.Envelope{
		DeliveryID: "preview", To: n.Data.To.Email, Date: p.cfg.Clock(), App: "preview", Recipient: n.Data.To.UID,
		Conversation: string(facts.Conversation), Brand: r.Brand,
	})
	if err != nil {
		return nil, fmt.Errorf("render preview: %w", err)
	}
	content := mailbox.ReadContent(raw)
	from := p.cfg.Renderer.From()
	m := &Mail{From: from.String(), To: n.Data.To.Name, Subject: n.Data.Subject, HTML: inScheme(content.HTML, r.Dark), Text: content.Text}
	for i := range n.Data.Messages {
		m.Lines = append(m.Lines, n.Data.Messages[i].Text)
	}
	return m, nil
}

func (p *Previewer) facts(ctx context.Context, r *Request) (*digest.Facts, error) {
	facts, err := p.found(ctx, r)
	if err != nil {
		return nil, err
	}
	facts.AppID, facts.Region = p.cfg.AppID, p.cfg.Region
	facts.Settings, facts.Templates, facts.Privacy = r.Settings, nil, r.Private
	if facts.Email == "" {
		facts.Email = "somebody@example.com"
	}
	return facts, nil
}

func (p *Previewer) found(ctx context.Context, r *Request) (*digest.Facts, error) {
	if r.Call != "" {
		facts, ok, err := p.cfg.Facts(ctx, r.App, r.Call)
		if err != nil {
			return nil, fmt.Errorf("read what the call was made of: %w", err)
		}
		if !ok {
			return nil, ErrNotFound
		}
		return facts, nil
	}
	for _, sample := range Samples() {
		if sample.ID == r.Sample {
			return sample.facts(p.cfg.Pictures, p.cfg.Clock())
		}
	}
	return nil, ErrNotFound
}

// darkMode is how the style of a mail asks for a dark client.
const darkMode = "@media (prefers-color-scheme: dark)"

// inScheme makes a mail look as it does in clients of one colour scheme,
// whatever the viewer's own browser prefers.
func inScheme(document string, dark bool) string {
	always, scheme := "@media not all", "light"
	if dark {
		always, scheme = "@media all", "dark"
	}
	document = strings.ReplaceAll(document, darkMode, always)
	return strings.Replace(document, "color-scheme: light dark", "color-scheme: "+scheme, 1)
}
