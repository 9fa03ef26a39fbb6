// Package watch is for servers of tests whose doings are awaited: what happens in
// them is counted under a lock, and whoever waits for a count is woken.
package watch

import (
	"context"
	"fmt"
	"sync"
)

// Bell wakes whoever awaits something. The zero value is one. It belongs to the
// lock of what is watched.
type Bell struct {
	news chan struct{} // closed at the next change; nil if nobody waits
}

// Ring says that something has changed. The lock is held.
func (b *Bell) Ring() {
	if b.news != nil {
		close(b.news)
		b.news = nil
	}
}

// Await returns what look sees once that satisfies the condition. Both are asked
// under the lock. If ctx ends before, the error tells what was seen last.
func Await[T any](ctx context.Context, lock sync.Locker, bell *Bell, look func() T, condition func(T) bool) (T, error) {
	for {
		lock.Lock()
		seen := look()
		if condition(seen) {
			lock.Unlock()
			return seen, nil
		}
		if bell.news == nil {
			bell.news = make(chan struct{})
		}
		news := bell.news
		lock.Unlock()
		select {
		case <-news:
		case <-ctx.Done():
			return seen, fmt.Errorf("%w; so far: %+v", ctx.Err(), seen)
		}
	}
}
