package outbox

import (
	"context"
	"time"
)

// Hand is room in a worker's hand, for deliveries that are stored as being in
// hand already: nobody has to claim them, nor read their payload again.
type Hand struct {
	// Room is how many deliveries may be stored in this way.
	Room int
	// Lease is how long they are the worker's unless it renews them.
	Lease time.Duration

	until time.Time // when the lease ends, at the earliest
}

// reservePatience is how long a reservation waits for a good amount of room.
const reservePatience = 20 * time.Millisecond

// Reserve returns room for up to n deliveries; after a moment's wait whatever
// there is, which may be none. What is due already comes first: while the worker
// has not claimed all of it there is no room. Each reservation is ended by
// [Worker.Take].
func (w *Worker) Reserve(ctx context.Context, n int) Hand {
	patience := time.NewTimer(reservePatience)
	defer patience.Stop()
	for enough := min(n, w.cfg.Parallel); ; {
		hand, freed := w.reserve(n, enough)
		if hand.Room > 0 {
			return hand
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return Hand{}
		case <-patience.C:
			hand, _ = w.reserve(n, 1)
			return hand
		}
	}
}

// reserve reserves room for n deliveries, but at least for enough of them.
// freed is closed when there is more.
func (w *Worker) reserve(n, enough int) (h Hand, freed <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	room := min(n, w.free())
	if room < max(enough, 1) {
		return Hand{}, w.freed
	}
	w.reserved += room
	w.reservations.Add(1)
	return Hand{room, w.cfg.Lease, w.cfg.Clock().Add(w.cfg.Lease)}, w.freed
}

// free returns how many deliveries may be put into the worker's hand by others.
// w.mu is held.
func (w *Worker) free() int {
	if !w.running || w.behind || w.bytes > maxHeldBytes {
		return 0
	}
	return w.cfg.Parallel + w.cfg.Ahead - len(w.held) - w.reserved
}

// Take ends a reservation: the worker has these deliveries, which were stored
// as in hand, from now on.
func (w *Worker) Take(h Hand, claimed []Claimed) {
	if h.Room == 0 {
		return
	}
	w.mu.Lock()
	w.reserved -= h.Room
	for _, d := range claimed {
		w.hold(d, h.until)
	}
	w.signal()
	w.mu.Unlock()
	for _, d := range claimed {
		w.work <- d
	}
	w.reservations.Done()
}

// hold takes a delivery into the hand. w.mu is held.
func (w *Worker) hold(d Claimed, lease time.Time) {
	w.held[Ref{d.ID, d.Claim}] = hold{lease, len(d.Payload)}
	w.bytes += len(d.Payload)
}

// signal tells all who wait for room that there may be some. w.mu is held.
func (w *Worker) signal() {
	close(w.freed)
	w.freed = make(chan struct{})
}
