// Package demo plays a small community, so that a stranger sees Postrider at
// work: it sets up a running server through its REST API, and tells it what
// happens in a chat, over HTTP like any chat back end.
//
// It knows the server by its address and credentials only, and nothing of how
// it works inside.
package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Target is the server to be shown.
type Target struct {
	URL     string // base, without a slash at the end
	Events  Login  // of /events
	Webhook Login  // of /webhook, which the server's engine is to call
	APIKey  string // of /v3, with full access
	Client  *http.Client
}

// Login is a pair for Basic Auth.
type Login struct {
	Username string
	Password string
}

// object is a JSON object.
type object = map[string]any

// tell posts events as one batch.
func (t *Target) tell(ctx context.Context, events []object) error {
	return t.call(ctx, http.MethodPost, "/events", events, func(r *http.Request) {
		r.SetBasicAuth(t.Events.Username, t.Events.Password)
	})
}

// set calls the REST API, in somebody's name where onBehalfOf is not empty.
func (t *Target) set(ctx context.Context, method, path, onBehalfOf string, body object) error {
	return t.call(ctx, method, "/v3"+path, body, func(r *http.Request) {
		r.Header.Set("apikey", t.APIKey)
		if onBehalfOf != "" {
			r.Header.Set("onBehalfOf", onBehalfOf)
		}
	})
}

// call sends JSON, and wants it accepted.
func (t *Target) call(ctx context.Context, method, path string, body any, sign func(*http.Request)) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s %s: %w", method, path, err)
		}
	}()
	encoded, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode body: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, method, t.URL+path, bytes.NewReader(encoded))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	sign(r)
	answer, err := t.Client.Do(r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	said, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s: %s", answer.Status, said)
	}
	return nil
}
