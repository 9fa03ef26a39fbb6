package daemon

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/webhook"
)

// An app that is made while the server runs has its windows decided, and its own
// provider called with its own id and region.
func TestEngineOfSecondApp(t *testing.T) {
	t.Parallel()
	type told struct{ AppID, Region, path string }
	calls := make(chan told, 10)
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		one := told{path: r.URL.Path}
		_ = json.Unmarshal(body, &one)
		calls <- one
		w.WriteHeader(http.StatusOK)
	}))
	t.Cleanup(provider.Close)
	d := newDaemonAt(t, "first", 100_000)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	second, err := d.apps.Create(t.Context(), "second", "eu")
	if err != nil {
		t.Fatal(err)
	}
	for _, app := range []access.App{d.apps.Default(), second} {
		err := d.vault.AddCustom(t.Context(), app.Key, &webhook.Config{IsEnabled: true, WebhookURL: provider.URL + "/" + app.ID})
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		err = d.engine.Record(t.Context(), app.Key, []chat.Event{{
			Trigger: "message_sent", Users: []chat.User{{UID: "ann", Name: "Ann"}, {UID: "bob", Name: "Bob"}},
			Change: chat.MessageSent{Message: chat.Message{
				ID: "1", Conversation: chat.OneOnOne("ann", "bob"), Sender: "ann", Category: chat.CategoryMessage, Type: "text", SentAt: now, State: chat.StateVisible, Body: []byte(`{"data":{"text":"Hello"}}`),
			}},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	got := make(map[told]bool)
	for range 2 {
		select {
		case one := <-calls:
			got[one] = true
		case <-time.After(10 * time.Second):
			t.Fatalf("called: %v", got)
		}
	}
	if !got[told{"first", "us", "/first"}] || !got[told{"second", "eu", "/second"}] {
		t.Errorf("called: %v", got)
	}
}
