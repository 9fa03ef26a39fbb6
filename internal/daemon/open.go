package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/store"
)

// sealCheck is a generated credential that nobody uses: that it opens shows
// that the secret key is the one that sealed the others.
const sealCheck = "seal-check"

// Data is the database and the credentials in it: what commands need that
// work beside a running server.
type Data struct {
	Store   *store.Store
	Keyring *access.Keyring

	clock  func() time.Time
	logger *slog.Logger
}

// OpenData opens the database beside whoever serves from it.
func OpenData(ctx context.Context, settings Database, clock func() time.Time, logger *slog.Logger) (*Data, error) {
	return openData(ctx, &settings, false, clock, logger)
}

func openData(ctx context.Context, settings *Database, exclusive bool, clock func() time.Time, logger *slog.Logger) (_ *Data, err error) {
	if err := settings.validate(); err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, store.Config{URL: settings.URL(), Exclusive: exclusive, Clock: clock, Logger: logger})
	if err != nil {
		variable := "POSTRIDER_DATA_DIR"
		if settings.DatabaseURL != "" {
			variable = "POSTRIDER_DATABASE_URL"
		}
		return nil, fmt.Errorf("%s: open %s: %w", variable, SecretURL(settings.URL()), err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	sealer, err := newSealer(settings)
	if err != nil {
		return nil, err
	}
	keyring := &access.Keyring{Store: s, Sealer: sealer, App: App}
	if _, err := keyring.Get(ctx, sealCheck, "", ""); err != nil {
		if errors.Is(err, access.ErrWrongKey) {
			return nil, fmt.Errorf("POSTRIDER_SECRET_KEY: %w", access.ErrWrongKey)
		}
		return nil, err
	}
	return &Data{Store: s, Keyring: keyring, clock: clock, logger: logger}, nil
}

func newSealer(settings *Database) (*access.Sealer, error) {
	if settings.SecretKey != "" {
		key, err := access.ParseKey(string(settings.SecretKey))
		if err != nil {
			return nil, fmt.Errorf("POSTRIDER_SECRET_KEY: %w", err)
		}
		return access.NewSealer(key)
	}
	key, err := access.KeyFile(filepath.Join(settings.DataDir, "secret.key"))
	if err != nil {
		return nil, err
	}
	return access.NewSealer(key)
}

// Close closes the database.
func (d *Data) Close() error { return d.Store.Close() }

// Credentials returns what is configured or, where nothing is, generated.
func (d *Data) Credentials(ctx context.Context, webhook *Webhook, chat *Chat, server *Server) ([]access.Credential, error) {
	var all []access.Credential
	for _, c := range []struct{ name, username, password string }{
		{access.NameWebhook, webhook.WebhookUsername, string(webhook.WebhookPassword)},
		{access.NameEvents, chat.EventsUsername, string(chat.EventsPassword)},
		{access.NameAPIKey, "", string(chat.APIKey)},
		{access.NameAdmin, server.AdminUsername, string(server.AdminPassword)},
	} {
		credential, err := d.Keyring.Get(ctx, c.name, c.username, c.password)
		if err != nil {
			return nil, fmt.Errorf("credential %s: %w", c.name, err)
		}
		all = append(all, credential)
	}
	return all, nil
}

// localURL is how a server that listens on an address is reached from the
// same machine.
func localURL(address string, tls bool) string {
	scheme := "http"
	if tls {
		scheme = "https"
	}
	host, port := address, ""
	if i := strings.LastIndexByte(address, ':'); i >= 0 {
		host, port = address[:i], address[i:]
	}
	switch host {
	case "", "0.0.0.0", "[::]", "127.0.0.1", "[::1]":
		host = "localhost"
	}
	return scheme + "://" + host + port
}
