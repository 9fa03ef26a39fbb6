package breaker

import "time"

// State is where an endpoint stands.
type State string

// The states.
const (
	Closed   State = "closed"    // it is called
	Open     State = "open"      // it is paused
	HalfOpen State = "half-open" // a probe may go, or is under way
)

// Status is what is known of an endpoint.
type Status struct {
	State    State
	InFlight int
	Failures int       // in a row
	OpenedAt time.Time // since when it is not closed
	ProbeAt  time.Time // when it is, or was, to be probed next
}

// Snapshot returns the endpoints that were called of late, by their names.
func (b *Breaker) Snapshot() map[string]Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.cfg.Clock()
	b.sweep(now)
	all := make(map[string]Status, len(b.endpoints))
	for name, e := range b.endpoints {
		s := Status{State: Closed, InFlight: e.inFlight, Failures: e.failures}
		if e.pause > 0 {
			s.State, s.OpenedAt, s.ProbeAt = Open, e.openedAt, e.until
			if !now.Before(e.until) {
				s.State = HalfOpen
			}
		}
		all[name] = s
	}
	return all
}
