package breaker

import "time"

// Permit lets one call be made. It is ended by the first of Answered, Failed
// and Cancel; what is said after that does nothing, so that Cancel can be
// deferred. It belongs to one goroutine.
type Permit struct {
	breaker  *Breaker
	endpoint *endpoint
	era      int
	begunAt  time.Time
	ended    bool
}

func (b *Breaker) permit(e *endpoint, now time.Time) *Permit {
	e.inFlight++
	return &Permit{breaker: b, endpoint: e, era: e.era, begunAt: now}
}

// Answered says that the endpoint gave a sign of life, be it a refusal.
func (p *Permit) Answered() {
	p.end(func(b *Breaker, e *endpoint, now time.Time) {
		e.failures = 0
		if e.pause == 0 {
			return
		}
		b.cfg.Logger.Info("endpoint works again", "endpoint", e.name, "paused", now.Sub(e.openedAt))
		e.pause, e.probing, e.openedAt, e.booked = 0, false, time.Time{}, time.Time{}
		e.era++
	})
}

// Failed says that the endpoint did not answer, or that it is not well. why is
// for the log and must not tell what is in a notification.
func (p *Permit) Failed(why string) {
	p.end(func(b *Breaker, e *endpoint, now time.Time) {
		e.failures++
		switch {
		case e.pause > 0: // a probe
			e.pause, e.probing = min(2*e.pause, b.cfg.MaxPause), false
		case e.failures < b.cfg.Failures:
			return
		default:
			b.cfg.Logger.Warn("endpoint paused", "endpoint", e.name, "failures", e.failures, "error", why)
			e.pause, e.openedAt = b.cfg.FirstPause, now
			e.era++
			for len(e.waiting) > 0 {
				e.wake() // to be told of the pause
			}
		}
		e.until, e.booked = now.Add(e.pause), time.Time{}
	})
}

// Cancel says that nothing became known of the endpoint.
func (p *Permit) Cancel() {
	p.end(func(_ *Breaker, e *endpoint, _ time.Time) { e.probing = false })
}

// end gives the place in flight to the next, and learns from the call. A call
// that was begun before the last pause, or before its end, tells nothing new.
func (p *Permit) end(learn func(*Breaker, *endpoint, time.Time)) {
	b, e := p.breaker, p.endpoint
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.ended {
		return
	}
	p.ended = true
	now := b.cfg.Clock()
	e.inFlight--
	e.usedAt = now
	e.usual += (now.Sub(p.begunAt) - e.usual) / 8 // an average that forgets
	if p.era == e.era {
		learn(b, e, now)
	}
	e.wake()
}
