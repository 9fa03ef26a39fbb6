package provider

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/provider/address"
	"github.com/postrider/postrider/internal/provider/gateway"
	"github.com/postrider/postrider/internal/provider/render"
)

// Config is what a [Provider] works with. All fields are required unless they
// say otherwise.
type Config struct {
	Outbox  outbox.Store
	Book    *address.Book
	Render  *render.Renderer
	Gateway gateway.Gateway
	Gate    *gateway.Gate

	// Brand returns the look of an app's mails. It is asked for every mail.
	Brand func(ctx context.Context, app string) (render.Brand, error)
	// Zone, if set, returns the time zone of somebody, nil if it is not
	// known: mails then tell times in UTC. It is asked for mails that tell
	// times.
	Zone func(ctx context.Context, app, uid string) (*time.Location, error)

	MaxAge  time.Duration
	Retries outbox.Schedule

	Clock  func() time.Time
	Random func() float64 // in [0, 1)
	Logger *slog.Logger

	// OnAccept, if set, is told of every notification that was stored, or
	// recognised as a duplicate. New ones are worth waking a worker for.
	OnAccept func(duplicate bool)
}

// Provider accepts notifications and delivers them by mail.
type Provider struct {
	cfg       Config
	accepting atomic.Int64
}

// New returns a provider.
func New(cfg Config) *Provider { return &Provider{cfg: cfg} }

// Accepting counts the calls that wait for their answer: for the outbox's
// worker more urgent than mails. A caller waits two seconds at the most, a mail
// has time.
func (p *Provider) Accepting() int { return int(p.accepting.Load()) }

// Admit tells the outbox's worker how many deliveries may be taken; it blocks
// while the gateway is paused.
func (p *Provider) Admit(ctx context.Context) (int, error) { return p.cfg.Gate.Admit(ctx) }
