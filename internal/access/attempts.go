package access

import (
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// Bounds of attempts to sign in that failed, counted from the first one on for
// as long as attemptsFor. Each process counts its own.
const (
	attemptsFor        = 15 * time.Minute
	attemptsOfPair     = 10  // on one account from one address
	attemptsOfAccount  = 100 // on one account from anywhere: more would let others lock somebody out
	attemptsOfAddress  = 100 // from one address on any account
	maxAttemptsCounted = 10_000
)

// LimitError means that too many attempts to sign in have failed.
type LimitError struct{ Wait time.Duration }

func (e *LimitError) Error() string {
	return fmt.Sprintf("too many attempts to sign in have failed; wait %s", e.Wait.Round(time.Second))
}

// attempts counts attempts to sign in that failed.
type attempts struct {
	clock func() time.Time

	mu     sync.Mutex
	counts map[attemptKey]*attemptCount
}

// attemptKey is what is counted: one of both, or both.
type attemptKey struct{ account, address string }

type attemptCount struct {
	n     int
	until time.Time
}

func newAttempts(clock func() time.Time) *attempts {
	return &attempts{clock: clock, counts: make(map[attemptKey]*attemptCount)}
}

// limits are what an attempt counts for, and how often that may fail.
func (a *attempts) limits(account, address string) [3]attemptLimit {
	address = network(address)
	return [...]attemptLimit{
		{attemptKey{account, address}, attemptsOfPair},
		{attemptKey{account: account}, attemptsOfAccount},
		{attemptKey{address: address}, attemptsOfAddress},
	}
}

type attemptLimit struct {
	key  attemptKey
	most int
}

// check returns a [*LimitError] if there were too many.
func (a *attempts) check(account, address string) error {
	now := a.clock()
	a.mu.Lock()
	defer a.mu.Unlock()
	var wait time.Duration
	for _, l := range a.limits(account, address) {
		if c := a.counts[l.key]; c != nil && now.Before(c.until) && c.n >= l.most {
			wait = max(wait, c.until.Sub(now))
		}
	}
	if wait > 0 {
		return &LimitError{wait}
	}
	return nil
}

// failed counts one.
func (a *attempts) failed(account, address string) {
	now := a.clock()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.makeRoom(now)
	for _, l := range a.limits(account, address) {
		a.count(l.key, now)
	}
}

// checkAddress and failedFrom do so for what names no account, and cannot hold
// one up.
func (a *attempts) checkAddress(address string) error {
	now := a.clock()
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.counts[attemptKey{address: network(address)}]; c != nil && now.Before(c.until) && c.n >= attemptsOfAddress {
		return &LimitError{c.until.Sub(now)}
	}
	return nil
}

func (a *attempts) failedFrom(address string) {
	now := a.clock()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.makeRoom(now)
	a.count(attemptKey{address: network(address)}, now)
}

func (a *attempts) count(key attemptKey, now time.Time) {
	c := a.counts[key]
	if c == nil || !now.Before(c.until) {
		c = &attemptCount{until: now.Add(attemptsFor)}
		a.counts[key] = c
	}
	c.n++
}

// succeeded forgets those of a pair: whoever knows the password was not
// guessing.
func (a *attempts) succeeded(account, address string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.counts, attemptKey{account, network(address)})
}

// makeRoom forgets what has ended, and everything if that is not enough.
func (a *attempts) makeRoom(now time.Time) {
	if len(a.counts) < maxAttemptsCounted {
		return
	}
	for key, c := range a.counts {
		if !now.Before(c.until) {
			delete(a.counts, key)
		}
	}
	if len(a.counts) < maxAttemptsCounted {
		return
	}
	// Somebody guesses at many names from many addresses. What is counted for
	// accounts alone is what holds them up; the rest goes.
	for key := range a.counts {
		if key.address != "" {
			delete(a.counts, key)
		}
	}
	if len(a.counts) >= maxAttemptsCounted {
		clear(a.counts)
	}
}

// network is what one caller has: an address, and with IPv6 the /64 that it is
// in.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		if prefix, err := ip.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return ip.String()
}
