package daemon

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine"
	"github.com/postrider/postrider/internal/web"
	"github.com/postrider/postrider/notification"
)

// wireApps reads the apps that there are besides the default one.
func (d *Daemon) wireApps(ctx context.Context) (err error) {
	d.apps, err = access.NewApps(ctx, d.data.Store, access.App{
		Key: App, ID: d.appID(), Region: d.settings.Region, AnyID: d.settings.AppID == "",
	}, d.clock)
	if errors.Is(err, access.ErrAppID) {
		return fmt.Errorf("POSTRIDER_APP_ID: %w", err)
	}
	return err
}

// engineApps are the apps whose windows are decided: closed ones too, until
// nothing of theirs waits.
func (d *Daemon) engineApps(ctx context.Context) ([]engine.App, error) {
	apps, err := d.apps.List(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]engine.App, len(apps))
	for i, app := range apps {
		all[i] = engine.App{Key: app.Key, ID: app.ID, Region: app.Region}
	}
	return all, nil
}

// knownApp returns the app of an endpoint's address. While nobody has said the
// default app's id, it answers to all that are no other's.
func (d *Daemon) knownApp(ctx context.Context, id string) (access.App, error) {
	app, err := d.apps.ByID(ctx, id)
	if first := d.apps.Default(); errors.Is(err, access.ErrNoApp) && first.AnyID {
		return first, nil
	}
	return app, err
}

// openApp is knownApp for apps that take something new.
func (d *Daemon) openApp(ctx context.Context, id string) (access.App, error) {
	app, err := d.knownApp(ctx, id)
	if err == nil && app.Closed() {
		err = access.ErrNoApp
	}
	return app, err
}

// regionOf returns the region of an app that takes calls.
func (d *Daemon) regionOf(ctx context.Context, key string) (string, error) {
	app, err := d.apps.ByKey(ctx, key)
	if err == nil && app.Closed() {
		err = access.ErrNoApp
	}
	return app.Region, err
}

// takes says which appIds belong to an app.
func (d *Daemon) takes(ctx context.Context, app access.App) func(string) (bool, error) {
	return func(id string) (bool, error) { return d.apps.Takes(ctx, &app, id) }
}

// handlers keeps what serves an app, which is made when it is first called.
type handlers struct {
	of    sync.Map // by the app's key
	build func(ctx context.Context, app access.App) (http.Handler, error)
}

func (h *handlers) get(ctx context.Context, app access.App) (http.Handler, error) {
	if known, ok := h.of.Load(app.Key); ok {
		handler, _ := known.(http.Handler)
		return handler, nil
	}
	handler, err := h.build(ctx, app)
	if err == nil {
		h.of.Store(app.Key, handler)
	}
	return handler, err
}

// webhookByApp is /webhook of every app. The default app's callers prove who they
// are as the configuration says; those of others by user name and password.
//
// own is the same for calls of our own engine, which finishes what waits of an
// app that was closed meanwhile.
func (d *Daemon) webhookByApp(ctx context.Context) (public, own http.Handler, err error) {
	cfg, err := d.webhookAuth()
	if err != nil {
		return nil, nil, err
	}
	all := &handlers{build: func(ctx context.Context, app access.App) (http.Handler, error) {
		own := cfg
		if !app.Default {
			own = notification.AuthConfig{Method: notification.MethodBasic}
		}
		return d.webhookOf(ctx, app, own)
	}}
	if _, err := all.get(ctx, d.apps.Default()); err != nil {
		return nil, nil, fmt.Errorf("POSTRIDER_WEBHOOK_AUTH: %w: set POSTRIDER_WEBHOOK_SECRET", err) // a password there always is
	}
	by := func(find func(context.Context, string) (access.App, error)) http.Handler {
		return web.ByApp("/webhook", func(ctx context.Context, id string) (http.Handler, error) {
			app, err := find(ctx, id)
			if err != nil {
				return nil, err
			}
			return all.get(ctx, app)
		})
	}
	return by(d.openApp), by(d.knownApp), nil
}

func (d *Daemon) webhookOf(ctx context.Context, app access.App, cfg notification.AuthConfig) (http.Handler, error) {
	callers, err := d.doorkeeperOf(ctx, &app, access.NameWebhook, cfg)
	if err != nil {
		return nil, err
	}
	return &notification.Handler{
		Accept: func(ctx context.Context, r *notification.Request) error {
			return d.provider.Accept(ctx, app.Key, r, d.takes(ctx, app))
		},
		Authenticate: callers.authenticate,
		Verify:       callers.verify,
		MaxBody:      int64(d.settings.MaxBody),
		OnAnswer: func(r *http.Request, status int, cause error) {
			if status == http.StatusUnauthorized {
				if why := callers.explain(r); why != nil {
					cause = why
				}
			}
			d.observeAnswer(r, status, cause)
		},
	}, nil
}

// eventsByApp is /events of every app.
func (d *Daemon) eventsByApp() http.Handler {
	all := &handlers{build: func(ctx context.Context, app access.App) (http.Handler, error) {
		callers, err := d.doorkeeperOf(ctx, &app, access.NameEvents, notification.AuthConfig{Method: notification.MethodBasic})
		if err != nil {
			return nil, err
		}
		return web.NewEvents(web.EventsConfig{
			Record:       func(ctx context.Context, events []chat.Event) error { return d.engine.Record(ctx, app.Key, events) },
			Takes:        func(ctx context.Context, id string) (bool, error) { return d.takes(ctx, app)(id) },
			Authenticate: callers.authenticate,
			MaxBody:      int64(d.settings.MaxBody),
			OnAnswer:     d.observeEvents,
			OnEvent:      d.metrics.observeEvent,
		}), nil
	}}
	return web.ByApp("/events", func(ctx context.Context, id string) (http.Handler, error) {
		app, err := d.openApp(ctx, id)
		if err != nil {
			return nil, err
		}
		return all.get(ctx, app)
	})
}
