package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/notification"
)

// wireLogins connects the user names and passwords of /webhook and /events.
func (d *Daemon) wireLogins() {
	s := &d.settings
	d.logins = access.NewLogins(access.LoginsConfig{
		Store: d.data.Store, Sealer: d.data.Keyring.Sealer, Clock: d.clock,
		Configured: map[string]access.Configured{
			access.NameWebhook: {
				Username: s.WebhookUsername, Password: string(s.WebhookPassword),
				PreviousUsername: s.WebhookPreviousUsername, PreviousPassword: string(s.WebhookPreviousPassword),
			},
			access.NameEvents: {Username: s.EventsUsername, Password: string(s.EventsPassword)},
		},
	})
}

// doorkeeper knows who may call an endpoint of an app, also after its password
// was rotated.
type doorkeeper struct {
	pairs  func(context.Context) ([]access.Pair, error)
	build  func([]notification.Credentials) (*notification.Authenticator, error)
	logger *slog.Logger

	mu   sync.Mutex
	seen []access.Pair // of auth
	auth *notification.Authenticator
}

// doorkeeperOf returns the one of an endpoint. The user names and passwords are
// read once, so that what is wrong is known at once.
func (d *Daemon) doorkeeperOf(ctx context.Context, app *access.App, name string, cfg notification.AuthConfig) (*doorkeeper, error) {
	k := &doorkeeper{
		pairs: func(ctx context.Context) ([]access.Pair, error) { return d.logins.Pairs(ctx, app, name) },
		build: func(pairs []notification.Credentials) (*notification.Authenticator, error) {
			cfg := cfg
			cfg.Pairs, cfg.Clock = pairs, d.clock
			return notification.NewAuthenticator(cfg)
		},
		logger: d.logger,
	}
	pairs, err := k.pairs(ctx)
	if err != nil {
		return nil, fmt.Errorf("the user name and password of /%s of the app %s: %w", name, app.ID, err)
	}
	k.auth, err = k.build(credentials(pairs))
	k.seen = pairs
	return k, err
}

func credentials(pairs []access.Pair) []notification.Credentials {
	all := make([]notification.Credentials, len(pairs))
	for i, p := range pairs {
		all[i] = notification.Credentials{Username: p.Username, Password: p.Password}
	}
	return all
}

// now returns who counts for a request.
func (k *doorkeeper) now(ctx context.Context) *notification.Authenticator {
	pairs, err := k.pairs(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	if err == nil && slices.Equal(pairs, k.seen) {
		return k.auth
	}
	var auth *notification.Authenticator
	if err == nil {
		auth, err = k.build(credentials(pairs))
	}
	if err != nil {
		k.logger.Error("read who may call; those who might before still may", "error", err)
		return k.auth
	}
	k.seen, k.auth = pairs, auth
	return auth
}

func (k *doorkeeper) authenticate(r *http.Request) bool {
	return k.now(r.Context()).Authenticate(r)
}

func (k *doorkeeper) verify(r *http.Request, body []byte) error {
	return k.now(r.Context()).Verify(r, body)
}

func (k *doorkeeper) explain(r *http.Request) error { return k.now(r.Context()).Explain(r) }

// webhookAuth is who may call /webhook of the default app.
func (d *Daemon) webhookAuth() (notification.AuthConfig, error) {
	s := &d.settings
	secrets, err := notification.ParseSecrets(string(s.WebhookSecret))
	if err != nil {
		return notification.AuthConfig{}, fmt.Errorf("POSTRIDER_WEBHOOK_SECRET: %w", err)
	}
	method := notification.Method(s.WebhookAuth)
	switch {
	case method == notification.MethodNone:
		d.logger.Warn("everybody may call /webhook, and have mails sent: POSTRIDER_WEBHOOK_AUTH is none")
	case method == notification.MethodBasic && secrets.Len() > 0:
		d.logger.Warn("signatures are not looked at: POSTRIDER_WEBHOOK_AUTH is basic, though POSTRIDER_WEBHOOK_SECRET is set")
	}
	return notification.AuthConfig{Method: method, Secrets: secrets}, nil
}
