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

// backgroundTurns is after how many writers of the background at the most an
// answer has its turn. With two, twice as many answers share a transaction as
// with one, and the time of the others is the background's.
const backgroundTurns = 2

// turns lets one writer in at a time. While both kinds wait they take turns, one
// of the foreground after each two of the background: an answer waits for no
// more than these, however many there are, and the background gets on however
// much is to be answered.
type turns struct {
	mu      sync.Mutex
	busy    bool
	passed  int // writers of the background since the last of the foreground
	waiting [2][]*writer
}

// writer is somebody who wants to write.
type writer struct {
	kind  int
	write func(*transaction) error
	alone bool          // not together with another
	come  chan struct{} // closed when the turn has come, or another's has ended that took this one along

	// Set before come is closed:
	along bool // another has taken this one along
	done  bool // and has written it
}

func newWriter(kind int, write func(*transaction) error) *writer {
	return &writer{kind: kind, write: write, come: make(chan struct{})}
}

// take waits for a turn, which is ended with give, unless another took the
// writer along. It fails when ctx ends first.
func (t *turns) take(ctx context.Context, w *writer) error {
	t.mu.Lock()
	if !t.busy {
		t.busy = true
		t.count(w.kind)
		t.mu.Unlock()
		return nil
	}
	t.waiting[w.kind] = append(t.waiting[w.kind], w)
	t.mu.Unlock()
	select {
	case <-w.come:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	for i, other := range t.waiting[w.kind] {
		if other == w {
			t.waiting[w.kind] = append(t.waiting[w.kind][:i:i], t.waiting[w.kind][i+1:]...)
			t.mu.Unlock()
			return ctx.Err()
		}
	}
	along := w.along
	t.mu.Unlock()
	if along {
		<-w.come // until then its function runs
		return nil
	}
	t.give() // it had come meanwhile
	return ctx.Err()
}

// companion returns a writer of the background to be taken along by one whose
// turn it is, or nil: two that share a transaction wait for the disk once.
// It is sent away with dismiss.
func (t *turns) companion(w *writer) *writer {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.waiting[background]
	if w.kind != background || w.alone || t.passed >= backgroundTurns && len(t.waiting[foreground]) > 0 || len(all) == 0 || all[0].alone {
		return nil
	}
	other := all[0]
	other.along = true
	t.waiting[background] = all[1:]
	t.count(background)
	return other
}

// dismiss tells a companion whether it was written.
func (t *turns) dismiss(w *writer, done bool) {
	w.done = done
	close(w.come)
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
	close(t.waiting[kind][0].come)
	t.waiting[kind] = t.waiting[kind][1:]
}

// count notes whose turn it is. t.mu is held.
func (t *turns) count(kind int) {
	t.passed++
	if kind == foreground {
		t.passed = 0
	}
}
