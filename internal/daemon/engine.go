package daemon

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/directory"
	"github.com/postrider/postrider/internal/engine"
	"github.com/postrider/postrider/internal/engine/breaker"
	"github.com/postrider/postrider/internal/engine/sendgrid"
	"github.com/postrider/postrider/internal/engine/vault"
	"github.com/postrider/postrider/internal/engine/webhook"
	"github.com/postrider/postrider/internal/outbound"
	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/web/api"
)

// callers is how many calls to providers are made at one time. A call takes
// two seconds at the most, nearly all of them spent waiting.
const callers = 64

// wireEngine connects the engine to its ways out. own is the handler of our
// own webhook: a provider at our own address is called without the network.
func (d *Daemon) wireEngine(options Options, own http.Handler) (err error) {
	s := &d.settings
	transport := outbound.New(outbound.Config{AllowPrivate: s.AllowPrivateTargets})
	if d.here, err = webhook.NewHere(own, s.PublicURL, transport); err != nil {
		return fmt.Errorf("POSTRIDER_PUBLIC_URL: %w", err)
	}
	d.breakers = breaker.New(breaker.Config{MaxInFlight: callers, Speed: s.Speed, Clock: d.clock, Logger: d.logger})
	d.metrics.registry.MustRegister(&endpointCollector{d.breakers})
	d.vault = vault.New(d.data.Store, d.data.Keyring.Sealer)
	deciders := 3 // while one writes the others read
	if d.data.Store.Engine() == "postgres" {
		deciders = 2
	}
	d.engine = engine.NewGroup(engine.Config{
		Deciders: deciders,
		App:      App, AppID: d.appID(), Region: s.Region,
		Store: d.data.Store, Vault: d.vault,
		Webhook: webhook.New(d.here, options.Version, d.clock),
		// Its address is public, whatever else may be called.
		SendGrid: sendgrid.New(sendgrid.ClientConfig{Transport: outbound.New(outbound.Config{}), Clock: d.clock, Version: options.Version}),
		Breaker:  d.breakers,
		Speed:    s.Speed, MaxAge: s.MaxAge, Retries: s.ProviderRetrySchedule,
		Clock: d.clock, Random: options.Random, Logger: d.logger,
		OnDecided: d.metrics.observeDecided,
	}, d.engineApps)
	d.caller = outbox.NewWorker(outbox.WorkerConfig{
		Store: d.data.Store, Lane: outbox.LaneCall, Handler: d.engine, Parallel: callers, Ahead: 1024, Urgent: d.provider.Accepting,
		Clock: d.clock, Logger: d.logger, Lease: options.Lease, Grace: stopGrace,
		Observe: d.observeOutcome,
	})
	return nil
}

// appID is the id of the app as notifications carry it.
func (d *Daemon) appID() string {
	if d.settings.AppID != "" {
		return d.settings.AppID
	}
	return App
}

// api makes the REST API, and the first key with which it can be called.
func (d *Daemon) api(ctx context.Context, options Options) (http.Handler, error) {
	d.keys = access.NewKeys(d.data.Store, d.clock)
	if err := d.keys.EnsureFirst(ctx, App, d.Credential(access.NameAPIKey)); err != nil {
		return nil, fmt.Errorf("POSTRIDER_API_KEY: %w", err)
	}
	s := &d.settings
	people := directory.New(directory.Config{Store: d.data.Store, Recorder: d.engine, Clock: d.clock, HashPassword: d.passwords.Hash})
	return api.New(api.Config{
		Keys: d.keys, Vault: d.vault, People: d.data.Store, Personal: d.data.Store, History: d.data.Store, Directory: people,
		App: func(ctx context.Context, id string) (string, bool) {
			app, err := d.apps.ByFoldedID(ctx, id)
			return app.Key, err == nil
		},
		Record:   d.record,
		RegionOf: d.regionOf, AllowPrivateTargets: s.AllowPrivateTargets, Here: d.here.IsHere,
		PublicURL: s.PublicURL, Version: options.Version, Clock: d.clock, Logger: d.logger,
	}), nil
}

// record notes in the audit log what somebody has changed of an app.
func (d *Daemon) record(ctx context.Context, app string, by access.Actor, action access.Action, subject, detail string) error {
	if one, err := d.apps.ByKey(ctx, app); err == nil && !one.Default {
		detail = strings.TrimPrefix(detail+", app "+one.ID, ", ")
	}
	return d.accounts.Record(ctx, by, action, subject, detail)
}
