// Package load posts webhooks or events over keep-alive connections and measures the
// answers. It does as little as it can beyond that, for it shares the cores
// with what it measures: requests are made beforehand, a number is patched in.
package load

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Template makes bodies of one length, each with a number written into it.
type Template interface {
	Len() int
	Copy() []byte
	// Number writes a number into a copy.
	Number(body []byte, number uint64)
}

// Plan is what to post, where, and for how long.
type Plan struct {
	URL         string // http://…
	Username    string
	Password    string
	Template    Template
	Connections int
	// First is the number of the first webhook. No two runs against one
	// receiver may share numbers.
	First uint64

	// Warmup comes before the window that is measured.
	Warmup time.Duration
	// Window is how long is measured.
	Window time.Duration
	// Count, unless 0, ends the run after so many webhooks instead, all of
	// which are measured.
	Count uint64
	// Rate, unless 0, is how many webhooks are due in a second, whether or
	// not earlier ones were answered (an open loop). Their latency counts
	// from when they were due. At 0 every connection posts the next when the
	// last was answered (a closed loop).
	Rate float64

	// OnWindow, if set, is called when the window begins.
	OnWindow func()
}

// Result is what came back within the window.
type Result struct {
	Accepted uint64        `json:"accepted"` // answered 200
	Refused  uint64        `json:"refused"`  // answered anything else
	Broken   uint64        `json:"broken"`   // connections lost, in the whole run
	Posted   uint64        `json:"posted"`   // answered 200 in the whole run
	Took     time.Duration `json:"took"`
	P50      time.Duration `json:"p50"`
	P95      time.Duration `json:"p95"`
	P99      time.Duration `json:"p99"`
	Max      time.Duration `json:"max"`
}

// PerSecond is the rate of accepted webhooks.
func (r *Result) PerSecond() float64 { return float64(r.Accepted) / r.Took.Seconds() }

const (
	// A receiver that does not answer for so long has failed.
	patience = 30 * time.Second
	// So many lost connections are not an accident.
	maxBroken = 1000
	// What is refused is not repeated at once.
	refusedPause = 10 * time.Millisecond
)

// run is one run of a plan.
type run struct {
	Plan
	address string
	head    []byte

	begin  time.Time
	from   time.Time // of the window
	until  time.Time // of the window; zero when a count ends it
	next   atomic.Uint64
	broken atomic.Uint64
	cancel context.CancelCauseFunc
}

// tally is what one connection saw.
type tally struct {
	posted, refused uint64
	latencies       []time.Duration
}

// note adds an answer. Only what counts belongs to the window.
func (t *tally) note(status int, latency time.Duration, counts bool) {
	if status == http.StatusOK {
		t.posted++
	}
	switch {
	case !counts:
	case status == http.StatusOK:
		t.latencies = append(t.latencies, latency)
	default:
		t.refused++
	}
}

// Run posts as planned.
func Run(ctx context.Context, plan Plan) (*Result, error) {
	target, err := url.Parse(plan.URL)
	if err != nil {
		return nil, fmt.Errorf("target: %w", err)
	}
	if plan.Connections <= 0 || plan.Count == 0 && plan.Window <= 0 {
		return nil, errors.New("a run needs connections, and a window or a count")
	}
	r := &run{Plan: plan, address: target.Host, head: head(target, &plan)}
	ctx, r.cancel = context.WithCancelCause(ctx)
	defer r.cancel(nil)

	r.begin = time.Now()
	r.from = r.begin.Add(plan.Warmup)
	if plan.Count == 0 {
		r.until = r.from.Add(plan.Window)
		watchdog := time.AfterFunc(plan.Warmup+plan.Window+patience, func() { r.cancel(errors.New("the receiver does not answer any more")) })
		defer watchdog.Stop()
	}
	if plan.OnWindow != nil {
		defer time.AfterFunc(plan.Warmup, plan.OnWindow).Stop()
	}
	tallies := make([]tally, plan.Connections)
	var posters sync.WaitGroup
	for i := range tallies {
		posters.Go(func() { r.post(ctx, &tallies[i]) })
	}
	posters.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return r.sum(tallies), nil
}

func head(target *url.URL, plan *Plan) []byte {
	credentials := base64.StdEncoding.EncodeToString([]byte(plan.Username + ":" + plan.Password))
	return []byte("POST " + target.RequestURI() + " HTTP/1.1\r\nHost: " + target.Host +
		"\r\nAuthorization: Basic " + credentials + "\r\nContent-Type: application/json\r\nContent-Length: " +
		strconv.Itoa(plan.Template.Len()) + "\r\n\r\n")
}

// post works on one connection until the run ends.
func (r *run) post(ctx context.Context, t *tally) {
	request := append(slices.Clone(r.head), r.Template.Copy()...)
	body := request[len(r.head):]
	t.latencies = make([]time.Duration, 0, 1<<14)
	var c *connection
	defer func() { c.close() }()
	for {
		number := r.next.Add(1) - 1
		begun, ok := r.begins(ctx, number)
		if !ok {
			return
		}
		if c == nil {
			var err error
			if c, err = dial(ctx, r.address); err != nil {
				r.lose(err)
				continue
			}
		}
		r.Template.Number(body, r.First+number)
		status, err := c.exchange(request)
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			c.close()
			c = nil
			r.lose(err)
			continue
		}
		answered := time.Now()
		t.note(status, answered.Sub(begun), r.counts(begun, answered))
		if status != http.StatusOK {
			time.Sleep(refusedPause)
		}
	}
}

// begins waits until a webhook is due, and returns the moment from which its
// latency counts. It is false when there is nothing more to post.
func (r *run) begins(ctx context.Context, number uint64) (time.Time, bool) {
	if ctx.Err() != nil || r.Count > 0 && number >= r.Count {
		return time.Time{}, false
	}
	now := time.Now()
	if r.Rate == 0 {
		return now, r.until.IsZero() || now.Before(r.until)
	}
	due := r.begin.Add(time.Duration(float64(number) / r.Rate * float64(time.Second)))
	if !r.until.IsZero() && !due.Before(r.until) {
		return time.Time{}, false
	}
	time.Sleep(due.Sub(now))
	return due, true
}

// counts reports whether an answer belongs to the window: in a closed loop the
// answers that came within it, in an open one those that were due within it,
// however late they came.
func (r *run) counts(begun, answered time.Time) bool {
	at := answered
	if r.Rate > 0 {
		at = begun
	}
	return !at.Before(r.from) && (r.until.IsZero() || at.Before(r.until))
}

func (r *run) lose(err error) {
	if r.broken.Add(1) >= maxBroken {
		r.cancel(fmt.Errorf("%d connections lost, the last one: %w", maxBroken, err))
	}
	time.Sleep(refusedPause)
}

func (r *run) sum(tallies []tally) *Result {
	result := &Result{Took: r.Window, Broken: r.broken.Load()}
	if r.until.IsZero() {
		result.Took = time.Since(r.from)
	}
	var all []time.Duration
	for i := range tallies {
		result.Posted += tallies[i].posted
		result.Refused += tallies[i].refused
		all = append(all, tallies[i].latencies...)
	}
	result.Accepted = uint64(len(all))
	if len(all) == 0 {
		return result
	}
	slices.Sort(all)
	result.P50, result.P95, result.P99 = all[len(all)*50/100], all[len(all)*95/100], all[len(all)*99/100]
	result.Max = all[len(all)-1]
	return result
}

// connection speaks just enough HTTP/1.1.
type connection struct {
	net.Conn
	stop   func() bool
	buffer []byte
}

func dial(ctx context.Context, address string) (*connection, error) {
	c, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	return &connection{c, stop, make([]byte, 0, 4<<10)}, nil
}

func (c *connection) close() {
	if c != nil {
		c.stop()
		_ = c.Conn.Close() // nothing is lost with it
	}
}

// exchange posts a request and returns the status of its answer.
func (c *connection) exchange(request []byte) (status int, err error) {
	if _, err := c.Write(request); err != nil {
		return 0, fmt.Errorf("post: %w", err)
	}
	c.buffer = c.buffer[:0]
	for {
		if len(c.buffer) == cap(c.buffer) {
			return 0, errors.New("answer is longer than expected")
		}
		n, err := c.Read(c.buffer[len(c.buffer):cap(c.buffer)])
		if err != nil {
			return 0, fmt.Errorf("read answer: %w", err)
		}
		c.buffer = c.buffer[:len(c.buffer)+n]
		status, complete, err := answer(c.buffer)
		if err != nil || complete {
			return status, err
		}
	}
}
