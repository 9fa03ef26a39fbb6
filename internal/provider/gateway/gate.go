package gateway

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	firstProbe = time.Second
	lastProbe  = 30 * time.Second
	// So many mails in a row that were refused for the time being tell more
	// about the gateway than about the mails.
	refusalsToPause = 3
	// While it is open a gate admits as many as anybody asks for.
	unbounded = 1 << 20
)

// Gate holds mails back while their gateway cannot be used, and lets single
// ones through as probes: after a second, then after pauses that double up to
// 30 seconds.
type Gate struct {
	name   string
	clock  func() time.Time
	logger *slog.Logger

	mu      sync.Mutex
	refused map[string]bool // mails refused temporarily since the last success
	pause   time.Duration   // 0: open
	until   time.Time       // of the pause
	since   time.Time       // when the first of the pauses in a row began
	cause   string          // of the pause
	probing bool            // a probe is under way
}

// NewGate returns an open gate for the gateway of that name.
func NewGate(name string, clock func() time.Time, logger *slog.Logger) *Gate {
	return &Gate{name: name, clock: clock, logger: logger, refused: make(map[string]bool)}
}

// Admit returns how many mails may be taken for the gateway. While it is
// paused, Admit waits for the time of the next probe and then admits one.
func (g *Gate) Admit(ctx context.Context) (int, error) {
	for {
		n, wait := g.admit()
		if n > 0 {
			return n, nil
		}
		timer := time.NewTimer(min(wait, firstProbe))
		select {
		case <-ctx.Done():
			timer.Stop()
			return 0, ctx.Err()
		case <-timer.C:
		}
	}
}

func (g *Gate) admit() (n int, wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pause == 0 {
		return unbounded, 0
	}
	now := g.clock()
	if wait := g.until.Sub(now); wait > 0 {
		return 0, wait
	}
	// One probe at a time. Should its result never come, because nothing was
	// there to be probed with, the next may go after another pause.
	g.probing, g.until = true, now.Add(g.pause)
	return 1, 0
}

// Paused reports whether mails are being held back.
func (g *Gate) Paused() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pause > 0
}

// GateStatus is how a gate stands.
type GateStatus struct {
	Paused  bool
	Since   time.Time // when it was paused
	ProbeAt time.Time // when the next mail is let through
	Cause   string    // in words, without an address
}

// Status returns how the gate stands.
func (g *Gate) Status() GateStatus {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pause == 0 {
		return GateStatus{}
	}
	return GateStatus{true, g.since, g.until, g.cause}
}

// Succeeded says that the gateway works.
func (g *Gate) Succeeded() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pause > 0 {
		g.logger.Info("gateway works again", "gateway", g.name)
	}
	g.pause, g.probing = 0, false
	clear(g.refused)
}

// Refused says that a mail was refused for the time being.
func (g *Gate) Refused(mailID string, cause *Error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refused[mailID] = true
	if g.pause > 0 || len(g.refused) >= refusalsToPause {
		g.close(cause)
	}
}

// Failed says that the gateway could not be used.
func (g *Gate) Failed(cause *Error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.close(cause)
}

// close begins a pause or, after a failed probe, the next and longer one.
// Other mails that were under way when the pause began say nothing new.
func (g *Gate) close(cause *Error) {
	switch {
	case g.pause == 0:
		g.pause, g.since = firstProbe, g.clock()
		g.logger.Warn("gateway paused", "gateway", g.name, "error", cause.Brief())
	case g.probing:
		g.pause = min(2*g.pause, lastProbe)
	default:
		return
	}
	g.probing, g.until, g.cause = false, g.clock().Add(g.pause), cause.Brief()
	clear(g.refused)
}
