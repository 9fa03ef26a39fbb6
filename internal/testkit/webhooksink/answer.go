package webhooksink

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Answer is how the endpoint answers a request. The zero value is 200 with the
// message of a receiver that has taken the webhook.
type Answer struct {
	status int
	header http.Header
	body   string
	delay  time.Duration
	wait   <-chan struct{}
	fault  fault
}

type fault int

const (
	none     fault = iota
	hang           // says nothing until the caller goes
	hangBody       // says its status, but does not come to the end of its body
	hangUp         // closes the connection without a word
	garbage        // says something that is not HTTP
)

const defaultBody = `{"message":"Webhook received successfully"}`

// OK is the zero value.
func OK() Answer { return Answer{} }

// Status answers with a status and a small JSON body.
func Status(status int) Answer {
	return Body(status, `{"message":`+strconv.Quote(http.StatusText(status))+`}`)
}

// Body answers with a status and a body.
func Body(status int, body string) Answer { return Answer{status: status, body: body} }

// Redirect sends the caller elsewhere, with 307.
func Redirect(to string) Answer {
	return Status(http.StatusTemporaryRedirect).With("Location", to)
}

// Hang says nothing until the caller goes or the sink is closed.
func Hang() Answer { return Answer{fault: hang} }

// HangInBody says its status and the beginning of a body, and then nothing
// more until the caller goes.
func HangInBody(status int, beginning string) Answer {
	return Answer{status: status, body: beginning, fault: hangBody}
}

// HangUp closes the connection without an answer.
func HangUp() Answer { return Answer{fault: hangUp} }

// Garbage answers with something that is not HTTP.
func Garbage() Answer { return Answer{fault: garbage} }

// With adds a header.
func (a Answer) With(name, value string) Answer {
	a.header = a.header.Clone()
	if a.header == nil {
		a.header = make(http.Header)
	}
	a.header.Add(name, value)
	return a
}

// After delays the answer, unless the caller goes before.
func (a Answer) After(delay time.Duration) Answer {
	a.delay = delay
	return a
}

// When delays the answer until a channel is closed, unless the caller goes
// before.
func (a Answer) When(ready <-chan struct{}) Answer {
	a.wait = ready
	return a
}

// give answers. closed ends every wait.
func (a Answer) give(w http.ResponseWriter, r *http.Request, closed <-chan struct{}) {
	gone := r.Context().Done()
	await := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return true
		case <-gone:
		case <-closed:
		}
		return false
	}
	if a.delay > 0 {
		timer := time.NewTimer(a.delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-gone:
			return
		case <-closed:
			return
		}
	}
	if a.wait != nil && !await(a.wait) {
		return
	}
	switch a.fault {
	case hang:
		await(nil)
		panic(http.ErrAbortHandler)
	case hangUp:
		panic(http.ErrAbortHandler)
	case garbage:
		a.raw(w, "220 ready when you are\r\n\r\n")
		return
	}
	a.say(w)
	if a.fault == hangBody {
		_ = http.NewResponseController(w).Flush() // who is gone sees nothing
		await(nil)
		panic(http.ErrAbortHandler)
	}
}

func (a Answer) say(w http.ResponseWriter) {
	body := a.body
	if a.status == 0 {
		a.status, body = http.StatusOK, defaultBody
	}
	header := w.Header()
	header.Set("Content-Type", "application/json; charset=utf-8")
	for name, values := range a.header {
		header[name] = values
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, body) // the caller may be gone
}

// raw takes the connection over, writes to it and closes it.
func (a Answer) raw(w http.ResponseWriter, text string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer func(c net.Conn) { _ = c.Close() }(conn)
	_, _ = io.WriteString(conn, text)
}
