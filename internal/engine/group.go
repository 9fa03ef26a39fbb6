package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/digest"
	"github.com/postrider/postrider/internal/outbox"
)

// App is one of the apps of a [Group].
type App struct{ Key, ID, Region string }

// newApp is how long after a call was made its app may not be known yet.
const newApp = time.Minute

// errNoApp means that nobody knows the app of an event or a call.
var errNoApp = errors.New("there is no such app")

// Group runs an engine for every app: each decides under its own settings, calls
// its own providers, and pauses its own endpoints.
type Group struct {
	cfg  Config
	list func(context.Context) ([]App, error)

	reading sync.Mutex // held while apps are listed and engines made of them
	mu      sync.Mutex
	engines map[string]*Engine // by key
}

// NewGroup returns the engines of all apps that list returns. The configuration
// is that of the app which it names, and of the others but for their names.
func NewGroup(cfg Config, list func(context.Context) ([]App, error)) *Group {
	return &Group{cfg: cfg, list: list, engines: map[string]*Engine{cfg.App: New(cfg)}}
}

// first is the engine of the app that the configuration names.
func (g *Group) first() *Engine { return g.known(g.cfg.App) }

func (g *Group) known(key string) *Engine {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.engines[key]
}

// of returns an app's engine.
func (g *Group) of(ctx context.Context, key string) (*Engine, error) {
	if e := g.known(key); e != nil {
		return e, nil
	}
	if _, err := g.read(ctx); err != nil {
		return nil, err
	}
	if e := g.known(key); e != nil {
		return e, nil
	}
	return nil, errNoApp
}

// read makes the engines of apps that have come, and forgets those of apps that
// are gone.
func (g *Group) read(ctx context.Context) (map[string]*Engine, error) {
	g.reading.Lock()
	defer g.reading.Unlock()
	apps, err := g.list(ctx)
	if err != nil {
		return nil, fmt.Errorf("list apps: %w", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	there := map[string]*Engine{g.cfg.App: g.engines[g.cfg.App]}
	for _, app := range apps {
		if there[app.Key] != nil {
			continue
		}
		if there[app.Key] = g.engines[app.Key]; there[app.Key] == nil {
			cfg := g.cfg
			cfg.App, cfg.AppID, cfg.Region, cfg.Apart = app.Key, app.ID, app.Region, app.ID+" "
			there[app.Key] = New(cfg)
		}
	}
	g.engines = there
	return there, nil
}

// Record stores what happened in an app; see [Engine.Record].
func (g *Group) Record(ctx context.Context, app string, events []chat.Event) error {
	e, err := g.of(ctx, app)
	if err != nil {
		return err
	}
	return e.Record(ctx, app, events)
}

// Facts returns what the digest of an app's call is made of; see [Engine.Facts].
func (g *Group) Facts(ctx context.Context, app, delivery string) (*digest.Facts, bool, error) {
	e, err := g.of(ctx, app)
	if err != nil {
		return nil, false, err
	}
	return e.Facts(ctx, delivery)
}

// Handle implements [outbox.Handler].
func (g *Group) Handle(ctx context.Context, d outbox.Claimed) outbox.Outcome {
	e, err := g.of(ctx, d.App)
	// An app may be known a moment later than its first call.
	if errors.Is(err, errNoApp) && g.cfg.Clock().Sub(d.CreatedAt) > newApp {
		return outbox.Outcome{State: outbox.Failed, Reason: string(chat.ReasonNoProvider), Detail: "its app was deleted"}
	}
	if err != nil {
		g.cfg.Logger.Warn("read what a call needs; trying again", "delivery", d.ID, "error", err)
		return outbox.GiveBack(readPause)
	}
	return e.Handle(ctx, d)
}

// Alive reports whether windows are being decided, going by the app that the
// configuration names: all are decided on one database, and what is wrong with one
// of the others alone must not take the whole server out of service.
func (g *Group) Alive() bool { return g.first().Alive() }

// Run decides the windows of all apps until ctx ends. An app that is new is
// noticed within a poll.
func (g *Group) Run(ctx context.Context, callers Callers) {
	var running sync.WaitGroup
	defer running.Wait()
	stops := make(map[string]context.CancelFunc)
	defer func() {
		for _, stop := range stops {
			stop()
		}
	}()
	start := func(key string, e *Engine) {
		if stops[key] != nil {
			return
		}
		own, stop := context.WithCancel(ctx)
		stops[key] = stop
		running.Go(func() { e.Run(own, callers) })
	}
	start(g.cfg.App, g.first())
	failing := false
	for ctx.Err() == nil {
		there, err := g.read(ctx)
		switch {
		case err == nil:
			failing = false
			for key, e := range there {
				start(key, e)
			}
			for key, stop := range stops {
				if there[key] == nil {
					stop()
					delete(stops, key)
				}
			}
		case ctx.Err() == nil && !failing:
			failing = true
			g.cfg.Logger.Error("read the apps; trying again", "error", err)
		}
		g.rest(ctx)
	}
}

// rest waits for the next look at the apps.
func (g *Group) rest(ctx context.Context) {
	timer := time.NewTimer(g.first().cfg.Poll)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
