package daemon

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/engine/breaker"
	"github.com/postrider/postrider/internal/engine/sendgrid"
	"github.com/postrider/postrider/internal/jobs"
	"github.com/postrider/postrider/internal/outbound"
	"github.com/postrider/postrider/internal/preview"
	"github.com/postrider/postrider/internal/web/dashboard"
	"github.com/postrider/postrider/internal/web/page"
	"github.com/postrider/postrider/notification"
)

// wireAccounts connects the people of the dashboard, and makes sure that there
// is one.
func (d *Daemon) wireAccounts(ctx context.Context) error {
	d.accounts = access.NewAccounts(access.AccountsConfig{
		Store: d.data.Store, Keyring: d.data.Keyring, Passwords: d.passwords, Clock: d.clock, Logger: d.logger,
		PasswordsOff: d.settings.OIDCOnly, OpenID: d.settings.policy(),
	})
	err := d.accounts.EnsureFirst(ctx, d.Credential(access.NameAdmin))
	var problem *access.Problem
	switch {
	case errors.As(err, &problem):
		return fmt.Errorf("POSTRIDER_ADMIN_USERNAME: %s", problem.Text)
	case errors.Is(err, access.ErrAccountExists):
		return fmt.Errorf("POSTRIDER_ADMIN_USERNAME: %w", err)
	case err != nil:
		return fmt.Errorf("the first account of the dashboard: %w", err)
	}
	return nil
}

// dashboardEngine is what the dashboard's pages of the engine work with.
func (d *Daemon) dashboardEngine(options Options) *dashboard.Engine {
	s := &d.settings
	d.jobs = jobs.NewRunner(d.data.Store, d.clock, d.logger)
	d.closers = append(d.closers, d.jobs)
	return &dashboard.Engine{
		Log: d.data.Store, Jobs: dashboard.Jobs{Runner: d.jobs, Store: d.data.Store}, Health: d.health,
		App: App, AppID: d.appID(), Region: s.Region, Apps: d.apps, Logins: d.logins, WebhookAuth: notification.Method(s.WebhookAuth), Vault: d.vault, Keys: d.keys, Depth: d.data.Store.DepthAtMost,
		Contacts: d.data.Store, Personal: d.data.Store,
		Transport: d.here,
		// Its address is public, whatever else may be called.
		SendGrid:            sendgrid.ClientConfig{Transport: outbound.New(outbound.Config{}), Clock: d.clock, Version: options.Version},
		AllowPrivateTargets: s.AllowPrivateTargets, Here: d.here.IsHere, Version: options.Version,
		Brands: d.brands, Preview: preview.New(preview.Config{
			AppID: d.appID(), Region: s.Region, Renderer: d.render, Facts: d.engine.Facts, Clock: d.clock,
			Pictures: d.PublicURL() + page.AssetsPath + "avatars/",
		}),
	}
}

// health tells how the ways out do, as this process sees it: endpoints that were
// called of late, and the gateway.
func (d *Daemon) health() []dashboard.Health {
	var all []dashboard.Health
	endpoints := d.breakers.Snapshot()
	for _, name := range slices.Sorted(maps.Keys(endpoints)) {
		e := endpoints[name]
		all = append(all, dashboard.Health{
			Name: name, Kind: dashboard.HealthProvider, Paused: e.State != breaker.Closed, Failures: e.Failures, Since: e.OpenedAt, ProbeAt: e.ProbeAt,
		})
	}
	gate := d.gate.Status()
	return append(all, dashboard.Health{
		Name: d.gatewayName, Kind: dashboard.HealthGateway, Paused: gate.Paused, Since: gate.Since, ProbeAt: gate.ProbeAt, Cause: gate.Cause,
	})
}

// SignInLink returns the address of a page that signs its reader in to the first
// account, once, within an hour.
func (d *Daemon) SignInLink(ctx context.Context) (string, error) {
	token, _, err := d.accounts.SignInLink(ctx, access.Actor{}, d.Credential(access.NameAdmin).Username, time.Hour)
	if err != nil {
		return "", fmt.Errorf("make a sign-in link: %w", err)
	}
	return signInURL(d.PublicURL(), token), nil
}
