package web

import (
	"context"
	"errors"
	"net/http"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/event"
	"github.com/postrider/postrider/notification"
)

// EventsConfig is what the endpoint of /events works with. All fields are
// required unless they say otherwise.
type EventsConfig struct {
	// Record stores events. It must return nil only once nothing can lose them
	// any more.
	Record func(ctx context.Context, events []chat.Event) error
	// Takes, if set, says whether an event that names an appId is the app's.
	Takes        func(ctx context.Context, appID string) (bool, error)
	Authenticate func(*http.Request) bool
	// MaxBody is the largest body in bytes; 0 is the default of package
	// notification.
	MaxBody int64
	// OnAnswer, if set, is told the status of every answer, and why when it is
	// not 200.
	OnAnswer func(r *http.Request, status int, cause error)
	// OnEvent, if set, is told the trigger of every event that was accepted,
	// and whether it is one that is known.
	OnEvent func(trigger string, known bool)
}

// NewEvents returns the handler of /events: what happens in a chat, one event
// or a batch (F110 to F113). It is answered 200 when all of it is durable.
func NewEvents(cfg EventsConfig) http.Handler {
	return &notification.Endpoint{
		Accepted:     "Event received successfully",
		Authenticate: cfg.Authenticate,
		MaxBody:      cfg.MaxBody,
		OnAnswer:     cfg.OnAnswer,
		Receive: func(r *http.Request, body []byte) error {
			return cfg.receive(r.Context(), body)
		},
	}
}

func (cfg *EventsConfig) receive(ctx context.Context, body []byte) error {
	decoded, err := event.Decode(body)
	if err != nil {
		return &notification.Refusal{Status: http.StatusBadRequest, Message: err.Error(), Err: err}
	}
	events := make([]chat.Event, len(decoded))
	for i := range decoded {
		if cfg.Takes == nil || decoded[i].AppID == "" {
			events[i] = decoded[i].Event
			continue
		}
		ours, err := cfg.Takes(ctx, decoded[i].AppID)
		if err != nil {
			return err
		}
		if !ours {
			return &notification.Refusal{
				Status: http.StatusForbidden, Message: "appId does not belong to this endpoint", Err: errForeignApp,
			}
		}
		events[i] = decoded[i].Event
	}
	if err := cfg.Record(ctx, events); err != nil {
		return err
	}
	if cfg.OnEvent != nil {
		for i := range events {
			cfg.OnEvent(events[i].Trigger, event.Known(events[i].Trigger))
		}
	}
	return nil
}

var errForeignApp = errors.New("the event is of another app")
