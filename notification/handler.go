package notification

import (
	"context"
	"errors"
	"net/http"
	"sync"
)

const (
	// DefaultMaxBody is the largest body a [Handler] or an [Endpoint] reads,
	// in bytes, unless it is told otherwise.
	DefaultMaxBody = 8 << 20
	// DefaultRealm is the realm of the challenge in a 401.
	DefaultRealm = "postrider"
)

// ErrForbidden when returned by an Accept function, is answered 403: the
// notification is for an app that this endpoint does not serve.
var ErrForbidden = errors.New("notification: not for this app")

// Request is one call that was authenticated, decoded and found valid.
type Request struct {
	Notification *Notification
	// Body is the payload byte for byte. It is the receiver's to keep.
	Body []byte
	// WebhookID is the webhook-id header (Standard Webhooks): the same on
	// every attempt of one call. Callers other than Postrider may send none.
	WebhookID string
}

// Handler receives webhooks for a custom email provider. The zero value with
// an Accept function is ready to use; the fields must not change once it
// serves.
//
// Answers are those of an [Endpoint]: 200 accepted, 400 payload (names the
// field), 403 another app, 503 when Accept fails, and so on.
type Handler struct {
	// Accept keeps the notification. It must return nil only once nothing can
	// lose it any more: the caller is then answered 200 and forgets it. On an
	// error the caller is answered 503 and may call again.
	Accept func(context.Context, *Request) error
	// Authenticate says whether the caller may call, before the body is read.
	// See [BasicAuth]. Nil lets everybody call.
	Authenticate func(*http.Request) bool
	// Verify, if set, says why a body is not the caller's, or nil. See
	// [Authenticator] and [Verify].
	Verify func(r *http.Request, body []byte) error
	// MaxBody is the largest body in bytes; 0 is DefaultMaxBody.
	MaxBody int64
	// MaxInFlight bounds the bytes of all bodies being read and accepted at
	// one time; 0 is four times MaxBody. Calls beyond it are answered 503.
	MaxInFlight int64
	// OnAnswer, if set, is told the status of every answer, and why when it
	// is not 200. The error may quote field names, never field values.
	OnAnswer func(r *http.Request, status int, cause error)

	once     sync.Once
	endpoint Endpoint
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.once.Do(func() {
		h.endpoint.Receive, h.endpoint.Accepted = h.receive, "Webhook received successfully"
		h.endpoint.Authenticate, h.endpoint.Verify, h.endpoint.OnAnswer = h.Authenticate, h.Verify, h.OnAnswer
		h.endpoint.MaxBody, h.endpoint.MaxInFlight = h.MaxBody, h.MaxInFlight
	})
	h.endpoint.ServeHTTP(w, r)
}

func (h *Handler) receive(r *http.Request, body []byte) error {
	n, err := Decode(body)
	if err != nil {
		return &Refusal{http.StatusBadRequest, err.Error(), err}
	}
	err = h.Accept(r.Context(), &Request{Notification: n, Body: body, WebhookID: r.Header.Get("Webhook-Id")})
	if errors.Is(err, ErrForbidden) {
		return &Refusal{http.StatusForbidden, "appId does not belong to this endpoint", err}
	}
	return err
}
