package notification

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	// DefaultMaxBody is the largest body a [Handler] reads, in bytes, unless
	// it is told otherwise.
	DefaultMaxBody = 8 << 20
	// DefaultRealm is the realm of the challenge in a 401.
	DefaultRealm = "postrider"

	// A caller that is still sending does not read: a refusal reaches it only
	// if enough of the body is taken first. Past these bounds it is cut off.
	drainBytes = 64 << 20
	drainTime  = 5 * time.Second

	retryAfterSeconds = 5
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
// Answers are JSON with a message: 200 accepted, 400 payload (names the
// field), 401 credentials, 403 another app, 405 method, 413 too large, 415
// content type, 503 with Retry-After when Accept fails or too much is in
// flight.
type Handler struct {
	// Accept keeps the notification. It must return nil only once nothing can
	// lose it any more: the caller is then answered 200 and forgets it. On an
	// error the caller is answered 503 and may call again.
	Accept func(context.Context, *Request) error
	// Authenticate says whether the caller may call, before the body is read.
	// See [BasicAuth]. Nil lets everybody call.
	Authenticate func(*http.Request) bool
	// MaxBody is the largest body in bytes; 0 is DefaultMaxBody.
	MaxBody int64
	// MaxInFlight bounds the bytes of all bodies being read and accepted at
	// one time; 0 is four times MaxBody. Calls beyond it are answered 503.
	MaxInFlight int64
	// OnAnswer, if set, is told the status of every answer, and why when it
	// is not 200. The error may quote field names, never field values.
	OnAnswer func(r *http.Request, status int, cause error)

	inFlight atomic.Int64
}

// refusal is an answer other than 200.
type refusal struct {
	status  int
	message string
	cause   error
}

func (e *refusal) Error() string { return e.message }
func (e *refusal) Unwrap() error { return e.cause }

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := h.receive(w, r)
	status, message := http.StatusOK, "Webhook received successfully"
	if err != nil {
		var no *refusal
		if !errors.As(err, &no) {
			no = &refusal{http.StatusServiceUnavailable, "The notification could not be stored; try again later", err}
		}
		status, message = no.status, no.message
		header := w.Header()
		switch status {
		case http.StatusUnauthorized:
			header.Set("WWW-Authenticate", `Basic realm="`+DefaultRealm+`"`)
		case http.StatusMethodNotAllowed:
			header.Set("Allow", http.MethodPost)
		case http.StatusServiceUnavailable:
			header.Set("Retry-After", strconv.Itoa(retryAfterSeconds))
		}
		if no.cause != nil {
			err = no.cause
		}
	}
	writeMessage(w, status, message)
	if h.OnAnswer != nil {
		h.OnAnswer(r, status, err)
	}
}

func (h *Handler) receive(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		return &refusal{http.StatusMethodNotAllowed, "Method not allowed; use POST", nil}
	}
	if h.Authenticate != nil && !h.Authenticate(r) {
		return &refusal{http.StatusUnauthorized, "Unauthorized", nil}
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return &refusal{http.StatusUnsupportedMediaType, "Content-Type must be application/json", nil}
	}
	body, release, err := h.read(w, r)
	defer release()
	if err != nil {
		return err
	}
	n, err := Decode(body)
	if err != nil {
		return &refusal{http.StatusBadRequest, err.Error(), err}
	}
	err = h.Accept(r.Context(), &Request{Notification: n, Body: body, WebhookID: r.Header.Get("Webhook-Id")})
	if errors.Is(err, ErrForbidden) {
		return &refusal{http.StatusForbidden, "appId does not belong to this endpoint", err}
	}
	return err
}

// read takes the body within MaxBody and MaxInFlight. What it took counts as
// in flight until release is called.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) (body []byte, release func(), err error) {
	limit, bound := h.MaxBody, h.MaxInFlight
	if limit <= 0 {
		limit = DefaultMaxBody
	}
	if bound <= 0 {
		bound = 4 * limit
	}
	var held int64
	release = func() { h.inFlight.Add(-held) }
	reserve := func(n int64) error {
		held += n
		if h.inFlight.Add(n) <= bound {
			return nil
		}
		// What follows passes through and is not held: the room is others'
		// before it has all come.
		release()
		held, body = 0, nil
		drain(w, r)
		return &refusal{http.StatusServiceUnavailable, "Too many notifications in flight; try again later", nil}
	}

	if r.ContentLength > limit {
		drain(w, r)
		return nil, release, tooLarge(limit)
	}
	// One byte more than announced, so that the end is seen without growing.
	size := r.ContentLength + 1
	if r.ContentLength < 0 {
		size = min(16<<10, limit+1)
	}
	if err := reserve(size); err != nil {
		return nil, release, err
	}
	body = make([]byte, 0, size)
	for {
		n, err := r.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if int64(len(body)) > limit {
			drain(w, r)
			return nil, release, tooLarge(limit)
		}
		switch {
		case errors.Is(err, io.EOF):
			return body, release, nil
		case err != nil:
			return nil, release, &refusal{http.StatusBadRequest, "body: could not be read to its end", err}
		case len(body) == cap(body):
			grow := min(int64(cap(body)), limit+1-int64(cap(body)))
			if err := reserve(grow); err != nil {
				return nil, release, err
			}
			body = append(make([]byte, 0, int64(cap(body))+grow), body...)
		}
	}
}

func tooLarge(limit int64) error {
	return &refusal{http.StatusRequestEntityTooLarge, "body: is larger than " + strconv.FormatInt(limit, 10) + " bytes", nil}
}

// drain takes what a caller is still sending, within bounds, and ends the
// connection after the answer.
func drain(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Connection", "close")
	if r.Header.Get("Expect") != "" {
		return // it waits for a word before it sends anything
	}
	// Without a deadline of its own a slow caller would hold the connection;
	// where the server has none to set, its ReadTimeout still ends it.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(drainTime)) //nolint:forbidigo // a deadline of the network is real time
	_, _ = io.CopyN(io.Discard, r.Body, drainBytes)
}

func writeMessage(w http.ResponseWriter, status int, message string) {
	body, err := json.Marshal(struct {
		Message string `json:"message"`
	}{message})
	if err != nil { // a string always marshals
		panic(err)
	}
	header := w.Header()
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller may be gone; there is nobody else to tell
}
