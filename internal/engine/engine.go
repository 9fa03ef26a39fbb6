package engine

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/breaker"
	"github.com/postrider/postrider/internal/engine/digest"
	"github.com/postrider/postrider/internal/engine/rule"
	"github.com/postrider/postrider/internal/engine/sendgrid"
	"github.com/postrider/postrider/internal/engine/vault"
	"github.com/postrider/postrider/internal/engine/webhook"
	"github.com/postrider/postrider/internal/outbox"
)

// Names of providers, as logs show them.
const (
	ProviderCustom   = "custom"
	ProviderSendGrid = "sendgrid"
)

// Config is what an [Engine] works with. All fields are required unless they
// say otherwise.
type Config struct {
	// App is under which name the app's data is kept; AppID and Region are
	// what its notifications say of it.
	App    string
	AppID  string
	Region string
	// Apart stands before the names of endpoints in the breaker, so that what one
	// app finds out about an endpoint is not held against another.
	Apart string

	Store    Store
	Vault    *vault.Vault
	Webhook  *webhook.Client
	SendGrid *sendgrid.Client
	Breaker  *breaker.Breaker

	// Speed divides what the engine waits for; 0 is 1. Schedules, mutes, days
	// and ages stay as they are.
	Speed   float64
	MaxAge  time.Duration
	Retries outbox.Schedule
	// Deciders is how many batches of windows are decided at one time while
	// many are due; 0 is 1. OnDecided is called by all of them.
	Deciders int
	// Poll is how often it is looked for due windows when none is known to
	// become due: an event, or another process, may have stored one. 0 is 1 s.
	Poll time.Duration

	Clock  func() time.Time
	Random func() float64 // in [0, 1)
	Logger *slog.Logger

	// OnDecided, if set, is told what became of windows.
	OnDecided func(Decided)
}

// Callers make the calls that were decided on: an [outbox.Worker] whose handler
// is the engine. What is more than they have room for waits in the outbox.
type Callers interface {
	Reserve(ctx context.Context, n int) outbox.Hand
	Take(hand outbox.Hand, calls []outbox.Claimed)
	Wake()
}

// Engine decides who is to be notified of what, and calls providers.
type Engine struct {
	cfg Config

	alive atomic.Bool

	locations locations
	clerk     *rule.Clerk

	mu       sync.Mutex
	settings *chat.Settings
	read     time.Time // when settings were
	// templates are those of compiled.
	templates *digest.Templates
	compiled  *chat.Settings

	// reading is held while recent, the judge of calls made at recentAt, is
	// looked at or made anew.
	reading  sync.Mutex
	recent   *judge
	recentAt time.Time
}

// New returns an engine. Windows are decided while Run runs.
func New(cfg Config) *Engine {
	if cfg.Speed <= 0 {
		cfg.Speed = 1
	}
	if cfg.Poll <= 0 {
		cfg.Poll = time.Second
	}
	return &Engine{cfg: cfg, clerk: rule.NewClerk()}
}

// settingsFor is how long settings may be used that were read before: every
// event needs them, and they hardly ever change.
const settingsFor = time.Second

// currentSettings returns the app's settings, which must not be changed.
func (e *Engine) currentSettings(ctx context.Context) (*chat.Settings, error) {
	now := e.cfg.Clock()
	e.mu.Lock()
	known, age := e.settings, now.Sub(e.read)
	e.mu.Unlock()
	if known != nil && age >= 0 && age < settingsFor {
		return known, nil
	}
	settings, err := e.cfg.Vault.Settings(ctx, e.cfg.App)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	e.settings, e.read = settings, now
	e.mu.Unlock()
	return settings, nil
}

// templatesOf compiles the texts of settings, once as long as they stay the
// same.
func (e *Engine) templatesOf(settings *chat.Settings) *digest.Templates {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.compiled != settings {
		e.templates, e.compiled = digest.CompileTemplates(&settings.Templates), settings
	}
	return e.templates
}

// locations remembers time zones: finding one takes longer than a decision.
type locations struct{ known sync.Map }

// find returns a time zone by its IANA name, or nil if there is none.
func (l *locations) find(name string) *time.Location {
	if known, ok := l.known.Load(name); ok {
		location, _ := known.(*time.Location)
		return location
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	l.known.Store(name, location)
	return location
}

// faster divides a wait by the engine's speed.
func (e *Engine) faster(wait time.Duration) time.Duration {
	return time.Duration(float64(wait) / e.cfg.Speed)
}
