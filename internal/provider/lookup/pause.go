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
	// MaxRetryAfter bounds the pause that a directory may ask for.
	MaxRetryAfter = time.Hour
)

// pause leaves a directory alone that keeps failing, so that its timeouts do
// not hold up the mails whose addresses are known: they share their workers.
// After the pause one question goes out; when it fails, the next pause is
// twice as long. A directory that says itself when to ask again (Retry-After)
// is left alone for that time, from its first refusal on.
type pause struct {
	mu       sync.Mutex
	failures int
	length   time.Duration
	until    time.Time // zero: not paused
	asked    bool      // the directory asked for it
	last     error
	// pauses counts them: what was asked before one says nothing about its
	// end.
	pauses int
}

// check says why the directory is not to be asked and for how long, or lets a
// question out and returns how many pauses there have been.
func (p *pause) check(now time.Time) (pauses int, left time.Duration, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.until.IsZero() {
		return p.pauses, 0, nil
	}
	if left = p.until.Sub(now); left > 0 {
		why := "it keeps failing"
		if p.asked {
			why = "it asked for a pause"
		}
		return 0, left, fmt.Errorf("not asked for another %s, because %s: %w", left.Round(time.Second/10), why, p.last)
	}
	// This question is the probe: others wait until it is answered.
	p.until = now.Add(2 * Timeout)
	return p.pauses, 0, nil
}

// failed counts a failure. pauses is what check returned for the question,
// asked the pause that the directory asked for, 0 if it asked for none.
func (p *pause) failed(now time.Time, pauses int, asked time.Duration, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := now.Add(asked); asked > 0 && (pauses == p.pauses || until.After(p.until)) {
		// It knows best; of answers to what was asked before a pause the longest
		// counts.
		p.pauses++
		p.until, p.asked, p.last = until, true, err
		return
	}
	if pauses != p.pauses {
		return
	}
	p.failures++
	p.last = err
	if p.failures < pauseAfter {
		p.freed()
		return
	}
	p.pauses++
	p.length = min(max(2*p.length, firstPause), maxPause)
	p.until, p.asked = now.Add(p.length), false
}

// freed ends a pause that was asked for, when its probe has failed without
// asking for another: that is a failure like the first.
func (p *pause) freed() {
	if p.asked {
		p.until, p.asked = time.Time{}, false
	}
}

// succeeded ends the pause. pauses is what check returned for the question:
// one that was asked before the pause ends nothing.
func (p *pause) succeeded(pauses int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if pauses != p.pauses {
		return
	}
	p.failures, p.length, p.until, p.asked, p.last = 0, 0, time.Time{}, false, nil
}
