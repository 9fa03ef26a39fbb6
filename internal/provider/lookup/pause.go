package lookup

import (
	"fmt"
	"sync"
	"time"
)

const (
	// pauseAfter is how many questions in a row must fail until the directory
	// is left alone: with fewer it may be about the users asked for.
	pauseAfter = 3
	firstPause = time.Second
	maxPause   = 30 * time.Second
)

// pause leaves a directory alone that keeps failing, so that its timeouts do
// not hold up the mails whose addresses are known: they share their workers.
// After the pause one question goes out; when it fails, the next pause is
// twice as long.
type pause struct {
	mu       sync.Mutex
	failures int
	length   time.Duration
	until    time.Time // zero: not paused
	last     error
	// pauses counts them: what was asked before one says nothing about its
	// end.
	pauses int
}

// check says why the directory is not to be asked, or lets a question out and
// returns how many pauses there have been.
func (p *pause) check(now time.Time) (pauses int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.until.IsZero() {
		return p.pauses, nil
	}
	if left := p.until.Sub(now); left > 0 {
		return 0, fmt.Errorf("not asked for another %s, because it keeps failing: %w", left.Round(time.Second/10), p.last)
	}
	// This question is the probe: others wait until it is answered.
	p.until = now.Add(2 * Timeout)
	return p.pauses, nil
}

// failed counts a failure. pauses is what check returned for the question.
func (p *pause) failed(now time.Time, pauses int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if pauses != p.pauses {
		return
	}
	p.failures++
	p.last = err
	if p.failures < pauseAfter {
		return
	}
	p.pauses++
	p.length = min(max(2*p.length, firstPause), maxPause)
	p.until = now.Add(p.length)
}

func (p *pause) succeeded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failures, p.length, p.until, p.last = 0, 0, time.Time{}, nil
}
