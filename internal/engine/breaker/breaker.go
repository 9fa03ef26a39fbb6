// Package breaker keeps one bad endpoint from holding up everybody's calls: it
// bounds how many calls an endpoint has in flight, and pauses one that keeps
// failing until a single call as a probe finds it alive.
//
// It never makes a caller wait for long. Who cannot call now is told when to
// come back, so that the delivery can go back to its queue without an attempt
// being counted. It calls nobody and knows no notification.
package breaker

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Config is what a [Breaker] works with. Clock and Logger are required.
type Config struct {
	// MaxInFlight is how many calls to one endpoint may be under way; 0 is 64.
	MaxInFlight int
	// Failures in a row pause an endpoint; 0 is 5.
	Failures int
	// FirstPause comes before the first probe, then it doubles up to
	// MaxPause; 0 is 1 s and 30 s.
	FirstPause, MaxPause time.Duration
	// Speed divides the pauses; 0 is 1.
	Speed float64
	// Patience is the longest that Acquire itself waits for room; 0 is 100 ms.
	Patience time.Duration
	Clock    func() time.Time
	Logger   *slog.Logger
}

const (
	// Deliveries that are held back during a pause come back one by one, a
	// step apart, over laps of several of the longest pauses: thousands of them at
	// one moment would be work for the queue and none for the endpoint.
	laps = 4
	step = 10 * time.Millisecond

	forgetAfter = 10 * time.Minute // without a call
	sweepEvery  = time.Minute
)

// Breaker holds the state of all endpoints that are called from this process.
// It is safe for concurrent use.
type Breaker struct {
	cfg  Config
	step time.Duration
	lap  time.Duration

	mu        sync.Mutex
	endpoints map[string]*endpoint
	sweptAt   time.Time
}

// endpoint is closed while pause is 0.
type endpoint struct {
	name     string
	inFlight int
	failures int           // in a row
	usual    time.Duration // that a call takes
	waiting  []*place
	usedAt   time.Time

	pause    time.Duration
	until    time.Time // of the pause
	openedAt time.Time // when the first pause in a row began
	probing  bool
	era      int       // counts the changes between open and closed
	booked   time.Time // when the last one who was sent away may come back
}

// place is somebody's in the line for room.
type place struct {
	endpoint *endpoint
	room     chan struct{} // closed when there may be some
}

// New returns a breaker that lets everything through.
func New(cfg Config) *Breaker {
	setDefault(&cfg.MaxInFlight, 64)
	setDefault(&cfg.Failures, 5)
	setDefault(&cfg.FirstPause, time.Second)
	setDefault(&cfg.MaxPause, 30*time.Second)
	setDefault(&cfg.Speed, 1)
	setDefault(&cfg.Patience, 100*time.Millisecond)
	divide := func(d time.Duration) time.Duration { return max(1, time.Duration(float64(d)/cfg.Speed)) }
	cfg.FirstPause, cfg.MaxPause = divide(cfg.FirstPause), divide(cfg.MaxPause)
	return &Breaker{
		cfg: cfg, step: divide(step), lap: laps * cfg.MaxPause,
		endpoints: make(map[string]*endpoint), sweptAt: cfg.Clock(),
	}
}

func setDefault[T int | float64 | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// Acquire asks to call an endpoint. It returns a permit, which the caller must
// end, or how long to stay away: the endpoint is paused, or has as many calls
// in flight as may be. With its context ended it returns neither.
//
// The name is shown in logs and metrics. Two apps that call one server need
// two names, if the trouble of one is not to be the other's.
func (b *Breaker) Acquire(ctx context.Context, name string) (*Permit, time.Duration) {
	if ctx.Err() != nil {
		return nil, 0
	}
	permit, wait, line := b.try(name, true)
	if line == nil {
		return permit, wait
	}
	patience := time.NewTimer(b.cfg.Patience)
	defer patience.Stop()
	for {
		select {
		case <-line.room:
			if permit, wait, line = b.try(name, false); line == nil {
				return permit, wait
			}
		case <-patience.C:
			return nil, b.leave(line)
		case <-ctx.Done():
			b.leave(line)
			return nil, 0
		}
	}
}

// try returns one of: a permit, how long to stay away, or a place in line.
func (b *Breaker) try(name string, first bool) (*Permit, time.Duration, *place) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.cfg.Clock()
	b.sweep(now)
	e := b.endpoints[name]
	if e == nil {
		e = &endpoint{name: name, usual: b.cfg.Patience}
		b.endpoints[name] = e
	}
	e.usedAt = now
	if e.pause > 0 {
		switch {
		case now.Before(e.until):
			return nil, b.book(e, now, e.until, b.step), nil
		case e.probing:
			return nil, b.book(e, now, now.Add(b.cfg.FirstPause), b.step), nil
		}
		e.probing = true
		return b.permit(e, now), 0, nil
	}
	// Whoever waits goes first, but for who has waited already.
	if e.inFlight < b.cfg.MaxInFlight && (!first || len(e.waiting) == 0) {
		return b.permit(e, now), 0, nil
	}
	if time.Duration(len(e.waiting)+1)*b.turn(e) > b.cfg.Patience {
		return nil, b.book(e, now, now.Add(b.cfg.Patience), b.turn(e)), nil
	}
	line := &place{e, make(chan struct{})}
	e.waiting = append(e.waiting, line)
	return nil, 0, line
}

// turn is how long it usually takes until one of the calls in flight ends.
func (b *Breaker) turn(e *endpoint) time.Duration {
	return max(1, e.usual/time.Duration(b.cfg.MaxInFlight))
}

// book tells somebody when to come back: not before a moment, and a step after
// the one who was told before.
func (b *Breaker) book(e *endpoint, now, from time.Time, step time.Duration) time.Duration {
	next := e.booked.Add(step)
	if next.Before(from) || next.After(from.Add(b.lap)) {
		next = from
	}
	e.booked = next
	return max(1, next.Sub(now))
}

// leave ends the wait for room, and tells when to come back.
func (b *Breaker) leave(line *place) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := line.endpoint
	if i := slices.Index(e.waiting, line); i >= 0 {
		e.waiting = slices.Delete(e.waiting, i, i+1)
	} else {
		e.wake() // the room it was told of is another's
	}
	now := b.cfg.Clock()
	return b.book(e, now, now.Add(b.cfg.Patience), b.turn(e))
}

// wake tells the one who has waited longest that there is room.
func (e *endpoint) wake() {
	if len(e.waiting) > 0 {
		close(e.waiting[0].room)
		e.waiting = e.waiting[1:]
	}
}

// sweep forgets endpoints that nobody calls any more.
func (b *Breaker) sweep(now time.Time) {
	if now.Sub(b.sweptAt) < sweepEvery {
		return
	}
	b.sweptAt = now
	for name, e := range b.endpoints {
		if e.inFlight == 0 && len(e.waiting) == 0 && now.Sub(e.usedAt) >= forgetAfter {
			delete(b.endpoints, name)
		}
	}
}
