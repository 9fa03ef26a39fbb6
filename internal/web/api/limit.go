package api

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Limits are how many requests of one app are answered in a minute (F105), by
// each process.
type Limits struct {
	Core     int // operations that create or delete users, and create groups
	Standard int // all others
}

// The documented limits.
const (
	defaultCore     = 10_000
	defaultStandard = 20_000
)

// limiter counts the requests of whole minutes.
type limiter struct {
	limits Limits
	clock  func() time.Time

	mu     sync.Mutex
	minute time.Time
	used   map[bucket]int
}

type bucket struct {
	app  string
	core bool
}

func newLimiter(limits Limits, clock func() time.Time) *limiter {
	if limits.Core == 0 {
		limits.Core = defaultCore
	}
	if limits.Standard == 0 {
		limits.Standard = defaultStandard
	}
	return &limiter{limits: limits, clock: clock, used: make(map[bucket]int)}
}

// allow counts a request, says in headers how many are left, and reports
// whether it may pass. Requests of no app are not counted: nobody's share
// shrinks by them.
func (l *limiter) allow(header http.Header, app string, core bool) bool {
	limit := l.limits.Standard
	if core {
		limit = l.limits.Core
	}
	now := l.clock()
	used := l.count(now, bucket{app, core})
	left := max(limit-used, 0)
	for name, value := range map[string]int{
		"X-Rate-Limit": limit, "X-RateLimit-Limit": limit, "X-Rate-Limit-Remaining": left, "X-RateLimit-Remaining": left,
	} {
		header.Set(name, strconv.Itoa(value))
	}
	if used <= limit {
		return true
	}
	reset := now.Truncate(time.Minute).Add(time.Minute)
	header.Set("Retry-After", strconv.Itoa(int((reset.Sub(now)+time.Second-1)/time.Second)))
	header.Set("X-Rate-Limit-Reset", strconv.FormatInt(reset.Unix(), 10))
	return false
}

func (l *limiter) count(now time.Time, b bucket) int {
	if b.app == "" {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if minute := now.Truncate(time.Minute); !minute.Equal(l.minute) {
		l.minute = minute
		clear(l.used)
	}
	l.used[b]++
	return l.used[b]
}
