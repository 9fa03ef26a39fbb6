package store

import (
	"context"
	"sync"
)

// Writers of SQLite are of two kinds: those for whose answer somebody waits,
// and those who work in the background.
const (
	foreground = iota
	background
)

// turns lets one writer in at a time. While both kinds wait they take turns: an
// answer waits for one transaction of the background at most, however many
// there are, and the background gets on however much is to be answered.
type turns struct {
	mu      sync.Mutex
	busy    bool
	last    int // the kind that was let in last
	waiting [2][]chan struct{}
}

// take waits for a turn, which is ended with give. It fails when ctx ends first.
func (t *turns) take(ctx context.Context, kind int) error {
	t.mu.Lock()
	if !t.busy {
		t.busy, t.last = true, kind
		t.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	t.waiting[kind] = append(t.waiting[kind], turn)
	t.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, other := range t.waiting[kind] {
		if other == turn {
			t.waiting[kind] = append(t.waiting[kind][:i:i], t.waiting[kind][i+1:]...)
			return ctx.Err()
		}
	}
	t.next() // it had come meanwhile
	return ctx.Err()
}

func (t *turns) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next()
}

// next lets the next one in. t.mu is held.
func (t *turns) next() {
	kind := 1 - t.last
	if len(t.waiting[kind]) == 0 {
		kind = t.last
	}
	if len(t.waiting[kind]) == 0 {
		t.busy = false
		return
	}
	t.last = kind
	close(t.waiting[kind][0])
	t.waiting[kind] = t.waiting[kind][1:]
}
