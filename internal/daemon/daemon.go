package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine"
	"github.com/postrider/postrider/internal/engine/breaker"
	"github.com/postrider/postrider/internal/engine/vault"
	"github.com/postrider/postrider/internal/engine/webhook"
	"github.com/postrider/postrider/internal/jobs"
	"github.com/postrider/postrider/internal/outbound"
	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/provider"
	"github.com/postrider/postrider/internal/provider/branding"
	"github.com/postrider/postrider/internal/provider/gateway"
	"github.com/postrider/postrider/internal/provider/gateway/mailbox"
	"github.com/postrider/postrider/internal/provider/gateway/smtp"
	"github.com/postrider/postrider/internal/provider/render"
	"github.com/postrider/postrider/internal/web"
)

const (
	// stopGrace is how long a stop lets mails that are being sent finish.
	stopGrace = 20 * time.Second
	// answerGrace is how long it lets requests finish. Connections on which
	// nothing was sent yet are waited for too, by net/http, for 5 s: a little
	// longer, so that callers who connect in advance are no trouble.
	answerGrace = 7 * time.Second
	purgeEvery  = time.Minute
	keepTallies = 90 * 24 * time.Hour
	keepJobs    = 30 * 24 * time.Hour
)

// Daemon is a whole Postrider process.
type Daemon struct {
	settings Settings
	clock    func() time.Time
	logger   *slog.Logger

	data        *Data
	credentials []access.Credential
	metrics     *metrics
	provider    *provider.Provider
	apps        *access.Apps
	logins      *access.Logins
	engine      *engine.Group
	readiness   readiness
	worker      *outbox.Worker // of mails
	caller      *outbox.Worker // of calls to providers
	here        *webhook.Here
	vault       *vault.Vault
	accounts    *access.Accounts
	keys        *access.Keys
	passwords   *access.Passwords
	jobs        *jobs.Runner
	breakers    *breaker.Breaker
	gate        *gateway.Gate
	gatewayName string
	render      *render.Renderer
	brands      *branding.Keeper
	closers     []io.Closer // in the order in which they were opened

	metricsListener net.Listener
	server          *web.Server
	handler         http.Handler
}

type closerFunc func() error

func (f closerFunc) Close() error { return f() }

// Options is what a daemon is given besides its settings.
type Options struct {
	Clock  func() time.Time
	Random func() float64 // in [0, 1)
	Logger *slog.Logger
	// Version of the program.
	Version string
	// Lease is how long a claim on a delivery is good without renewal; 0 is
	// the outbox's default. Tests that wait for its end make it shorter.
	Lease time.Duration
	// Demo, if set, names people and groups of a demo by their ids: its mails
	// lead to pages of this server, which take the place of a chat.
	Demo func(id string) string
}

// New opens everything that settings name: database, listeners, gateway. When
// it returns, calls are accepted by the system but wait for Run.
func New(ctx context.Context, settings Settings, options Options) (_ *Daemon, err error) {
	if err := settings.complete(); err != nil {
		return nil, err
	}
	d := &Daemon{
		settings: settings, clock: options.Clock, logger: options.Logger, metrics: newMetrics(), passwords: access.NewPasswords(),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	if d.data, err = openData(ctx, &settings.Database, true, d.clock, d.logger); err != nil {
		return nil, err
	}
	d.closers = append(d.closers, d.data)
	if d.credentials, err = d.data.Credentials(ctx, &settings.Webhook, &settings.Chat, &settings.Server); err != nil {
		return nil, err
	}
	d.server, err = web.Listen(ctx, web.ServerConfig{
		Address: settings.Listen, CertFile: settings.TLSCert, KeyFile: settings.TLSKey,
		// The handler is made below: it has to know the address.
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.handler.ServeHTTP(w, r) }),
		Clock:   d.clock, Logger: d.logger,
	})
	if err != nil {
		variable := "POSTRIDER_LISTEN"
		if errors.Is(err, web.ErrCertificate) {
			variable = "POSTRIDER_TLS_CERT and POSTRIDER_TLS_KEY"
		}
		return nil, fmt.Errorf("%s: %w", variable, err)
	}
	d.closers = append(d.closers, closerFunc(func() error { return d.server.Shutdown(context.WithoutCancel(ctx)) }))
	if err := d.listenMetrics(ctx); err != nil {
		return nil, err
	}
	if d.settings.PublicURL == "" {
		d.settings.PublicURL = localURL(d.Addr().String(), settings.TLSCert != "")
	}
	if options.Demo != nil {
		d.settings.DeepLink = d.settings.PublicURL + web.DemoChatLink
		d.settings.PreferencesLink = d.settings.PublicURL + web.DemoSettingsLink
	}
	if err := d.wire(ctx, options); err != nil {
		return nil, err
	}
	return d, nil
}

// wire connects the parts, from the gateway back to the listener: the way of a
// notification in reverse.
func (d *Daemon) wire(ctx context.Context, options Options) error {
	if err := d.wireApps(ctx); err != nil {
		return err
	}
	webhook, own, err := d.wireProvider(ctx, options)
	if err != nil {
		return err
	}
	if err := d.wireEngine(options, own); err != nil {
		return err
	}
	return d.wireWeb(ctx, options, webhook)
}

// wireProvider connects our own custom provider, and returns the handlers of its
// webhook: for everybody, and for our own engine.
func (d *Daemon) wireProvider(ctx context.Context, options Options) (public, own http.Handler, err error) {
	s := &d.settings
	out, err := d.gateway(options)
	if err != nil {
		return nil, nil, err
	}
	book, err := d.book(options)
	if err != nil {
		return nil, nil, err
	}
	gate := gateway.NewGate(out.Name(), d.clock, d.logger)
	renderer, err := d.renderer()
	if err != nil {
		return nil, nil, err
	}
	d.gatewayName, d.gate, d.render = out.Name(), gate, renderer
	d.brands = branding.New(d.data.Store, s.brand(), d.clock)
	d.provider = provider.New(provider.Config{
		Outbox: d.data.Store, Book: book,
		Render: renderer, Gateway: out, Gate: gate, Brand: d.brands.Recent, Zone: d.zoneOf,
		MaxAge: s.MaxAge, Retries: s.EmailRetrySchedule,
		Clock: d.clock, Random: options.Random, Logger: d.logger,
		OnAccept: func(duplicate bool) {
			d.metrics.observeAccept(duplicate)
			if !duplicate {
				d.worker.Wake()
			}
		},
	})
	d.worker = outbox.NewWorker(outbox.WorkerConfig{
		Store: d.data.Store, Lane: outbox.LaneMail, Handler: d.provider, Admit: d.provider.Admit, Urgent: d.provider.Accepting,
		Clock: d.clock, Logger: d.logger, Lease: options.Lease, Grace: stopGrace,
		Observe: d.observeOutcome,
	})
	d.metrics.registry.MustRegister(&queueCollector{store: d.data.Store, clock: d.clock, gate: gate})
	d.wireLogins()
	return d.webhookByApp(ctx)
}

// wireWeb makes the handler of all addresses.
func (d *Daemon) wireWeb(ctx context.Context, options Options, webhook http.Handler) error {
	s := &d.settings
	d.readiness = readiness{
		ping: d.data.Store.Ping, clock: d.clock, logger: d.logger,
		alive: func() bool { return d.worker.Alive() && d.caller.Alive() && d.engine.Alive() },
	}
	api, err := d.api(ctx, options)
	if err != nil {
		return err
	}
	if err := d.wireAccounts(ctx); err != nil {
		return err
	}
	cfg := web.Config{
		Webhook: webhook, API: api, AppID: s.AppID, Demo: options.Demo,
		Events:    d.eventsByApp(),
		Accounts:  d.accounts,
		OpenID:    d.openID(),
		Engine:    d.dashboardEngine(options),
		Ready:     d.readiness.check,
		PublicURL: s.PublicURL,
		Clock:     d.clock,
		Logger:    d.logger,
	}
	if d.keepsMails() {
		targets := outbound.New(outbound.Config{AllowPrivate: s.AllowPrivateTargets})
		d.closers = append(d.closers, closerFunc(func() error { targets.CloseIdleConnections(); return nil }))
		cfg.Mailbox = &web.Mailbox{
			Store: d.data.Store, Keep: s.MailboxKeep, PlaysFaults: s.SMTPURL == "", Targets: targets, Closing: d.server.Closing(),
		}
	}
	d.handler = web.New(cfg)
	return nil
}

// keepsMails reports whether mails go to the built-in mailbox.
func (d *Daemon) keepsMails() bool {
	if d.settings.Mailbox != nil {
		return *d.settings.Mailbox
	}
	return d.settings.SMTPURL == ""
}

func (d *Daemon) gateway(options Options) (gateway.Gateway, error) {
	box := &mailbox.Gateway{Store: d.data.Store, Keep: d.settings.MailboxKeep, Clock: d.clock, Random: options.Random}
	if d.settings.SMTPURL == "" {
		return box, nil
	}
	cfg, err := smtp.Parse(string(d.settings.SMTPURL))
	if err != nil {
		return nil, fmt.Errorf("POSTRIDER_SMTP_URL: %w", err)
	}
	out := smtp.New(cfg)
	d.closers = append(d.closers, closerFunc(func() error { out.Close(); return nil }))
	d.metrics.registry.MustRegister(&poolCollector{out})
	if d.keepsMails() {
		return &mailbox.Copying{Next: out, Mailbox: box, Logger: d.logger}, nil
	}
	return out, nil
}

// Credential returns a credential by its name.
func (d *Daemon) Credential(name string) access.Credential {
	for _, c := range d.credentials {
		if c.Name == name {
			return c
		}
	}
	return access.Credential{}
}

// Credentials returns all credentials in the order in which they are shown.
func (d *Daemon) Credentials() []access.Credential { return d.credentials }

// PublicURL returns the base of this server's links, without a slash at the
// end.
func (d *Daemon) PublicURL() string { return d.settings.PublicURL }

// Addr returns where the server listens.
func (d *Daemon) Addr() net.Addr { return d.server.Addr() }

// MetricsAddr returns where /metrics listens, or nil.
func (d *Daemon) MetricsAddr() net.Addr {
	if d.metricsListener == nil {
		return nil
	}
	return d.metricsListener.Addr()
}

// Run serves until ctx ends or a part fails. It then stops taking calls, lets
// what is in hand finish, gives back the rest and closes everything.
func (d *Daemon) Run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	background, endBackground := context.WithCancel(context.WithoutCancel(ctx))
	defer endBackground()

	var parts sync.WaitGroup
	parts.Go(func() { d.engine.Run(ctx, d.caller) })
	parts.Go(func() { d.caller.Run(ctx) })
	parts.Go(func() { d.worker.Run(ctx) })
	parts.Go(func() { d.purge(ctx) })
	metricsServer := d.serveMetrics(stop)
	parts.Go(func() {
		if err := d.server.Serve(); err != nil {
			stop(err)
		}
	})
	serving := []any{"address", d.server.Addr().String(), "database", d.data.Store.Engine(), "public_url", d.PublicURL()}
	if metrics := d.MetricsAddr(); metrics != nil {
		serving = append(serving, "metrics", metrics.String())
	}
	d.logger.Info("serving", serving...)

	<-ctx.Done()
	d.logger.Info("stopping")
	answering, cancel := context.WithTimeout(background, answerGrace)
	defer cancel()
	err := d.server.Shutdown(answering)
	if metricsServer != nil {
		err = errors.Join(err, metricsServer.Shutdown(answering))
	}
	if err != nil {
		d.logger.Warn("stop answering", "error", err)
	}
	parts.Wait()
	d.here.Wait()
	err = d.close()
	d.logger.Info("stopped")
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		err = errors.Join(cause, err)
	}
	return err
}

// close closes what New opened, last one first.
func (d *Daemon) close() error {
	var errs []error
	for i := len(d.closers) - 1; i >= 0; i-- {
		if err := d.closers[i].Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	d.closers = nil
	return errors.Join(errs...)
}

// purge deletes what is older than the retention, until ctx ends.
func (d *Daemon) purge(ctx context.Context) {
	ticker := time.NewTicker(purgeEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		switch n, err := d.data.Store.Purge(ctx, d.clock().Add(-d.settings.Retention)); {
		case err != nil && ctx.Err() == nil:
			d.logger.Warn("delete what is older than the retention", "error", err)
		case n > 0:
			d.logger.Info("deleted what is older than the retention", "deliveries", n)
		}
		if err := d.data.Store.FoldTallies(ctx, d.clock().Add(-keepTallies)); err != nil && ctx.Err() == nil {
			d.logger.Warn("fold the counts of what came to an end", "error", err)
		}
		if err := d.data.Store.PurgeJobs(ctx, d.clock().Add(-keepJobs)); err != nil && ctx.Err() == nil {
			d.logger.Warn("delete what is known of old jobs", "error", err)
		}
		if err := d.accounts.Purge(ctx); err != nil && ctx.Err() == nil {
			d.logger.Warn("delete what has expired of accounts", "error", err)
		}
		if err := d.data.Store.PurgeMessages(ctx, d.clock().Add(-d.messageRetention())); err != nil && ctx.Err() == nil {
			d.logger.Warn("delete messages that are older than the retention", "error", err)
		}
	}
}

// messageRetention is how long messages are kept: beyond the retention for as
// long as a window may wait, so that none loses what it is about.
func (d *Daemon) messageRetention() time.Duration {
	return max(d.settings.Retention, d.settings.MaxAge+2*chat.MaxInterval*time.Second)
}

func (d *Daemon) observeAnswer(r *http.Request, status int, cause error) {
	d.metrics.observeAnswer(status)
	switch status {
	case http.StatusOK:
	case http.StatusServiceUnavailable:
		d.logger.Warn("webhook not accepted", "status", status, "error", cause)
	default:
		d.logger.Info("webhook refused", "status", status, "remote", r.RemoteAddr, "error", cause)
	}
}

func (d *Daemon) observeEvents(r *http.Request, status int, cause error) {
	d.metrics.observeEventAnswer(status)
	switch status {
	case http.StatusOK:
	case http.StatusServiceUnavailable:
		d.logger.Warn("events not accepted", "status", status, "error", cause)
	default:
		d.logger.Info("events refused", "status", status, "remote", r.RemoteAddr, "error", cause)
	}
}

func (d *Daemon) observeOutcome(claimed outbox.Claimed, o outbox.Outcome) {
	d.metrics.observeOutcome(d.clock(), &claimed, &o)
	attrs := []any{"delivery", claimed.ID, "state", o.State}
	if o.Reason != "" {
		attrs = append(attrs, "reason", o.Reason)
	}
	if o.Attempt != nil {
		attrs = append(attrs, "attempt", o.Attempt.Number, "gateway", o.Attempt.Gateway, "code", o.Attempt.Code,
			"duration", o.Attempt.Duration)
	}
	event := "mail.attempted"
	if claimed.Lane == outbox.LaneCall {
		event = "call.attempted"
	}
	switch o.State {
	case outbox.Sent:
		d.logger.Debug(event, attrs...)
	default:
		d.logger.Info(event, attrs...)
	}
}

// listenMetrics opens the metrics listener. The default port may be taken:
// that must not stop a second server on one machine.
func (d *Daemon) listenMetrics(ctx context.Context) error {
	address, asked := d.settings.MetricsAddress()
	if address == "" {
		return nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	switch {
	case err != nil && asked:
		return fmt.Errorf("POSTRIDER_METRICS_LISTEN: %w", err)
	case err != nil:
		d.logger.Warn("no metrics: the default address is taken; set POSTRIDER_METRICS_LISTEN", "address", address, "error", err)
		return nil
	}
	d.metricsListener = listener
	d.closers = append(d.closers, listener)
	return nil
}

// serveMetrics serves /metrics in the background. It returns nil when metrics
// are off.
func (d *Daemon) serveMetrics(stop context.CancelCauseFunc) *http.Server {
	if d.metricsListener == nil {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(d.metrics.registry, promhttp.HandlerOpts{}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: time.Minute}
	go func() { // ends with Shutdown
		if err := server.Serve(d.metricsListener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			stop(fmt.Errorf("serve metrics: %w", err))
		}
	}()
	return server
}
