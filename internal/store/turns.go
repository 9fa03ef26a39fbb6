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

// backgroundTurns is how many transactions of the background an answer waits for at
// the most, while more of them wait. With two, twice as many answers share a
// transaction as with one, and the time of the others is the background's.
const backgroundTurns = 2

// turns lets one writer in at a time. While both kinds wait they take turns, one
// of the foreground after each two of the background: an answer waits for no
// more than these, however many there are, and the background gets on however
// much is to be answered.
type turns struct {
	mu      sync.Mutex
	busy    bool
	passed  int // turns of the background since the last of the foreground
	waiting [2][]chan struct{}
}

// take waits for a turn, which is ended with give. It fails when ctx ends first.
func (t *turns) take(ctx context.Context, kind int) error {
	t.mu.Lock()
	if !t.busy {
		t.busy = true
		t.count(kind)
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
	kind := foreground
	if len(t.waiting[foreground]) == 0 || t.passed < backgroundTurns && len(t.waiting[background]) > 0 {
		kind = background
	}
	if len(t.waiting[kind]) == 0 {
		t.busy = false
		return
	}
	t.count(kind)
	close(t.waiting[kind][0])
	t.waiting[kind] = t.waiting[kind][1:]
}

// count notes whose turn it is. t.mu is held.
func (t *turns) count(kind int) {
	t.passed++
	if kind == foreground {
		t.passed = 0
	}
}
