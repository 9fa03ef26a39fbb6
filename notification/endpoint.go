package notification

import (
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
	// A caller that is still sending does not read: a refusal reaches it only
	// if enough of the body is taken first. Past these bounds it is cut off.
	drainBytes = 64 << 20
	drainTime  = 5 * time.Second

	retryAfterSeconds = 5

	unauthorized = "Unauthorized" // all that strangers are told
)

// Refusal is an answer other than 200. When a Receive function returns one, the
// caller is told Message with that status; Err, if set, is the cause.
type Refusal struct {
	Status  int
	Message string
	Err     error
}

func (e *Refusal) Error() string { return e.Message }
func (e *Refusal) Unwrap() error { return e.Err }

// Endpoint takes JSON that programs post: it checks method, credentials,
// content type and size, in this order, reads the body, verifies it and hands
// it to Receive. The fields must not change once it serves.
//
// Answers are JSON with a message: 200 accepted, 401 credentials, 405 method,
// 413 too large, 415 content type, what a [Refusal] says, and 503 with
// Retry-After when Receive fails otherwise or too much is in flight.
type Endpoint struct {
	// Receive does something with a body, which is its own to keep. It must
	// return nil only once nothing can lose it any more.
	Receive func(r *http.Request, body []byte) error
	// Accepted is the message of a 200.
	Accepted string
	// Authenticate says whether the caller may call, before the body is read.
	// See [BasicAuth]. Nil lets everybody call.
	Authenticate func(*http.Request) bool
	// Verify, if set, says why a body is not the caller's, or nil: a signature
	// can only be checked once the body is there. See [Authenticator].
	Verify func(r *http.Request, body []byte) error
	// MaxBody is the largest body in bytes; 0 is DefaultMaxBody.
	MaxBody int64
	// MaxInFlight bounds the bytes of all bodies being read and received at
	// one time; 0 is four times MaxBody. Calls beyond it are answered 503.
	MaxInFlight int64
	// OnAnswer, if set, is told the status of every answer, and why when it
	// is not 200. The error may quote field names, never field values.
	OnAnswer func(r *http.Request, status int, cause error)

	inFlight atomic.Int64
}

func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := e.receive(w, r)
	status, message := http.StatusOK, e.Accepted
	if err != nil {
		var no *Refusal
		if !errors.As(err, &no) {
			no = &Refusal{http.StatusServiceUnavailable, "It could not be stored; try again later", err}
		}
		status, message = no.Status, no.Message
		header := w.Header()
		switch status {
		case http.StatusUnauthorized:
			header.Set("WWW-Authenticate", `Basic realm="`+DefaultRealm+`"`)
		case http.StatusMethodNotAllowed:
			header.Set("Allow", http.MethodPost)
		case http.StatusServiceUnavailable:
			header.Set("Retry-After", strconv.Itoa(retryAfterSeconds))
		}
		if no.Err != nil {
			err = no.Err
		}
	}
	writeMessage(w, status, message)
	if e.OnAnswer != nil {
		e.OnAnswer(r, status, err)
	}
}

func (e *Endpoint) receive(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		return &Refusal{http.StatusMethodNotAllowed, "Method not allowed; use POST", nil}
	}
	if e.Authenticate != nil && !e.Authenticate(r) {
		return &Refusal{http.StatusUnauthorized, unauthorized, nil}
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return &Refusal{http.StatusUnsupportedMediaType, "Content-Type must be application/json", nil}
	}
	body, release, err := e.read(w, r)
	defer release()
	if err != nil {
		return err
	}
	if e.Verify != nil {
		if err := e.Verify(r, body); err != nil {
			return &Refusal{http.StatusUnauthorized, unauthorized, err}
		}
	}
	return e.Receive(r, body)
}

// read takes the body within MaxBody and MaxInFlight. What it took counts as
// in flight until release is called.
func (e *Endpoint) read(w http.ResponseWriter, r *http.Request) (body []byte, release func(), err error) {
	limit, bound := e.MaxBody, e.MaxInFlight
	if limit <= 0 {
		limit = DefaultMaxBody
	}
	if bound <= 0 {
		bound = 4 * limit
	}
	var held int64
	release = func() { e.inFlight.Add(-held) }
	reserve := func(n int64) error {
		held += n
		if e.inFlight.Add(n) <= bound {
			return nil
		}
		// What follows passes through and is not held: the room is others'
		// before it has all come.
		release()
		held, body = 0, nil
		drain(w, r)
		return &Refusal{http.StatusServiceUnavailable, "Too much in flight; try again later", nil}
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
			return nil, release, &Refusal{http.StatusBadRequest, "body: could not be read to its end", err}
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
	return &Refusal{http.StatusRequestEntityTooLarge, "body: is larger than " + strconv.FormatInt(limit, 10) + " bytes", nil}
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
