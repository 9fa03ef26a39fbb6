// Package answer asks a provider over HTTP and says what became of it: was the
// notification delivered, is it worth another try, or is it refused for good.
//
// What is asked stands in the packages of the providers. When to try again is
// decided by whoever calls them.
package answer

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/outbound"
)

// Verdict is what an answer means for the notification.
type Verdict string

// The verdicts (S1, S2).
const (
	Delivered Verdict = "delivered" // any 2xx
	Temporary Verdict = "temporary" // network, timeout, 408, 425, 429, 5xx
	Refused   Verdict = "refused"   // other answers, redirects among them, and refused targets
)

// MaxBody is how many bytes of an answer's body are kept.
const MaxBody = 1 << 10

// Answer is what became of one call to a provider.
type Answer struct {
	Verdict Verdict
	// Reason says why it was not delivered: [chat.ReasonTimedOut],
	// [chat.ReasonNotFound] for 404 and 410, otherwise [chat.ReasonRejected].
	Reason chat.Reason
	Status int    // 0 if there was no answer
	Body   string // its beginning, at most MaxBody bytes, UTF-8 without NUL
	// Message is what the provider says in its body, where that could be
	// understood.
	Message string
	// RetryAfter is the pause that the provider asked for with a temporary
	// answer, at most MaxRetryAfter; 0 if it asked for none. The caller takes
	// the longer one of this and its own.
	RetryAfter time.Duration
	Duration   time.Duration
	Err        error // why there was no answer
	// Interrupted means that the caller's context ended first, which says
	// nothing about the provider. The notification may have arrived.
	Interrupted bool
}

// Alive reports whether the endpoint gave a sign of life: any answer below
// 500. A target that was refused was not asked; it counts as alive, for it
// makes no sense to wait for it.
func (a *Answer) Alive() bool {
	return a.Status != 0 && a.Status < http.StatusInternalServerError || outbound.IsRefused(a.Err)
}

// Text is the answer in words, for the log of attempts.
func (a *Answer) Text() string {
	switch {
	case a.Interrupted:
		return "interrupted while the provider was called"
	case a.Status == 0 && a.Reason == chat.ReasonTimedOut:
		return "no answer within " + a.Duration.Round(10*time.Millisecond).String()
	case a.Status == 0 && a.Err != nil:
		return clean([]byte(a.Err.Error()))
	}
	text := strconv.Itoa(a.Status)
	if name := http.StatusText(a.Status); name != "" {
		text += " " + name
	}
	switch {
	case a.Message != "":
		return text + ": " + a.Message
	case a.Body != "":
		return text + ": " + a.Body
	}
	return text
}

// failed is the answer that an error stands for. parent is the context of the
// caller, who may have gone.
func failed(parent context.Context, err error) Answer {
	a := Answer{Verdict: Temporary, Reason: chat.ReasonRejected, Err: err}
	switch {
	case parent.Err() != nil:
		a.Interrupted = true
	case outbound.IsRefused(err):
		a.Verdict = Refused
	case timedOut(err):
		a.Reason = chat.ReasonTimedOut
	}
	return a
}

func timedOut(err error) bool {
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout()
}

// answered is the answer that a status stands for.
func answered(status int) Answer {
	a := Answer{Verdict: Refused, Reason: chat.ReasonRejected, Status: status}
	switch {
	case status >= 200 && status < 300:
		a.Verdict, a.Reason = Delivered, ""
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests, status >= 500:
		a.Verdict = Temporary
	case status == http.StatusNotFound, status == http.StatusGone:
		a.Reason = chat.ReasonNotFound
	}
	return a
}
