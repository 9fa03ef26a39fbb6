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

// openApp returns the app of an endpoint's address. While nobody has said the
// default app's id, it answers to all that are no other's.
func (d *Daemon) openApp(ctx context.Context, id string) (access.App, error) {
	app, err := d.apps.ByID(ctx, id)
	if first := d.apps.Default(); errors.Is(err, access.ErrNoApp) && first.AnyID {
		return first, nil
	}
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

// pair returns the user name and the password of an endpoint of an app besides
// the default one, which are generated.
func (d *Daemon) pair(ctx context.Context, app access.App, name string) (notification.Credentials, error) {
	c := d.Credential(name)
	if !app.Default {
		var err error
		keyring := &access.Keyring{Store: d.data.Store, Sealer: d.data.Keyring.Sealer, App: app.Key}
		if c, err = keyring.Get(ctx, name, "", ""); err != nil {
			return notification.Credentials{}, fmt.Errorf("credential %s of the app %s: %w", name, app.ID, err)
		}
	}
	return notification.Credentials{Username: c.Username, Password: c.Password}, nil
}

// webhookByApp is /webhook of every app. auth is the default app's; others ask
// for their own user name and password.
func (d *Daemon) webhookByApp(auth *notification.Authenticator) http.Handler {
	all := &handlers{build: func(ctx context.Context, app access.App) (http.Handler, error) {
		auth := auth
		if !app.Default {
			pair, err := d.pair(ctx, app, access.NameWebhook)
			if err != nil {
				return nil, err
			}
			auth, err = notification.NewAuthenticator(notification.AuthConfig{
				Method: notification.MethodBasic, Pairs: []notification.Credentials{pair}, Clock: d.clock,
			})
			if err != nil {
				return nil, err
			}
		}
		return d.webhookOf(app, auth), nil
	}}
	return web.ByApp("/webhook", func(ctx context.Context, id string) (http.Handler, error) {
		app, err := d.openApp(ctx, id)
		if err != nil {
			return nil, err
		}
		return all.get(ctx, app)
	})
}

func (d *Daemon) webhookOf(app access.App, auth *notification.Authenticator) http.Handler {
	return &notification.Handler{
		Accept: func(ctx context.Context, r *notification.Request) error {
			return d.provider.AcceptFor(ctx, app.Key, r, d.takes(ctx, app))
		},
		Authenticate: auth.Authenticate,
		Verify:       auth.Verify,
		MaxBody:      int64(d.settings.MaxBody),
		OnAnswer: func(r *http.Request, status int, cause error) {
			if why := auth.Explain(r); status == http.StatusUnauthorized && why != nil {
				cause = why
			}
			d.observeAnswer(r, status, cause)
		},
	}
}

// eventsByApp is /events of every app.
func (d *Daemon) eventsByApp() http.Handler {
	all := &handlers{build: func(ctx context.Context, app access.App) (http.Handler, error) {
		pair, err := d.pair(ctx, app, access.NameEvents)
		if err != nil {
			return nil, err
		}
		return web.NewEvents(web.EventsConfig{
			Record:       func(ctx context.Context, events []chat.Event) error { return d.engine.Record(ctx, app.Key, events) },
			Takes:        func(ctx context.Context, id string) (bool, error) { return d.takes(ctx, app)(id) },
			Authenticate: notification.BasicAuth(pair),
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
