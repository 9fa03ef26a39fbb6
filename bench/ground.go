package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/postrider/postrider/bench/internal/report"
	"github.com/postrider/postrider/internal/testkit/postgres"
)

// apiKey is the REST key of a server under test.
const apiKey = "be0cbe0cbe0cbe0cbe0cbe0cbe0cbe0cbe0cbe0c"

// noMail is the mail server of subjects that send none.
const noMail = "127.0.0.1:1"

// ground is a database on which servers are started, one after the other.
type ground struct {
	name     report.Subject
	database string // its URL
	env      []string
	release  func() error
}

func (r *rig) ground(name report.Subject) (*ground, error) {
	if name == report.PostgreSQL {
		server, err := postgres.Start(postgres.Options{Fsync: true})
		if err != nil {
			return nil, err
		}
		var key [32]byte
		_, _ = rand.Read(key[:]) // never fails
		return &ground{name, server.URL(), []string{
			"POSTRIDER_DATABASE_URL=" + server.URL(), "POSTRIDER_SECRET_KEY=" + base64.StdEncoding.EncodeToString(key[:]),
		}, server.Stop}, nil
	}
	dir, err := os.MkdirTemp(r.dir, "data-")
	if err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	return &ground{name, "sqlite:" + filepath.Join(dir, "postrider.db"), []string{"POSTRIDER_DATA_DIR=" + dir}, func() error { return os.RemoveAll(dir) }}, nil
}

// serveOn runs Postrider on a ground, which stays when it ends.
func (r *rig) serveOn(ctx context.Context, g *ground, mailServer string) (*subject, error) {
	return r.serve(ctx, g.name, mailServer, func() error { return nil }, append([]string{
		"POSTRIDER_EVENTS_USERNAME=" + username, "POSTRIDER_EVENTS_PASSWORD=" + password, "POSTRIDER_API_KEY=" + apiKey,
		"POSTRIDER_ALLOW_PRIVATE_TARGETS=true", "POSTRIDER_SPEED=" + strconv.FormatFloat(r.plan.Speed, 'f', -1, 64),
	}, g.env...)...)
}

// prepareGround makes a ground whose app calls a custom provider, and on which
// a chat has happened: see [chatCommand]. No server runs on it.
func (r *rig) prepareGround(ctx context.Context, name report.Subject, provider string, args ...string) (_ *ground, err error) {
	g, err := r.ground(name)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.release())
		}
	}()
	s, err := r.serveOn(ctx, g, noMail)
	if err != nil {
		return nil, err
	}
	err = s.useProvider(ctx, provider)
	s.Stop()
	if err != nil {
		return nil, err
	}
	if len(args) == 0 {
		return g, nil
	}
	begun := time.Now()
	if _, err := output(ctx, r.dir, r.self, append([]string{"chat", g.database}, args...)...); err != nil {
		return nil, err
	}
	r.progress("%-8s prepared %s in %v", name, strings.Join(args, " "), time.Since(begun).Round(time.Second/10))
	return g, nil
}

// useProvider has the app call a custom provider, over the REST API.
func (s *subject) useProvider(ctx context.Context, url string) error {
	body, err := json.Marshal(map[string]any{
		"isEnabled": true, "useStoredEmailID": false, "webhookURL": url, "useBasicAuth": true,
		"basicAuthUsername": username, "basicAuthPassword": password,
	})
	if err != nil {
		return fmt.Errorf("set up the provider: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/v3/notifications/email/v1/providers/custom", strings.NewReader(string(body)))
	if err != nil {
		return fmt.Errorf("set up the provider: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("apikey", apiKey)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("set up the provider: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("set up the provider: %s", resp.Status)
	}
	return nil
}
