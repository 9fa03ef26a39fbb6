package outbox

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Handler hands one delivery over.
type Handler interface {
	// Handle does the work and says how it ended. When ctx ends it returns
	// soon; unless it knows better, with [GiveBack].
	Handle(ctx context.Context, d Claimed) Outcome
}

// Outcome is how handling a delivery ended.
type Outcome struct {
	State  State // Sent, Failed, Skipped, or Pending for another try
	Reason string
	Detail string
	After  time.Duration // pause before the next try, for Pending
	// Attempt is nil when nothing was tried that counts. Its Number is
	// filled in by the worker.
	Attempt *Attempt
	// Payload, unless nil, is what was handed over in place of the stored one.
	Payload []byte
}

// GiveBack is the outcome of a delivery that could not be tried: it is due
// again after the pause, without one as if it had not been claimed. Nothing is
// counted.
func GiveBack(after time.Duration) Outcome { return Outcome{State: Pending, After: after} }

// WorkerConfig is what a [Worker] works with. Store, Lane, Handler, Clock and
// Logger are required.
type WorkerConfig struct {
	Store   Store
	Lane    Lane
	Handler Handler
	Clock   func() time.Time
	Logger  *slog.Logger

	// Parallel is how many deliveries are handled at one time; 0 is 16.
	Parallel int
	// Ahead is how many more are claimed before their turn; 0 is 384.
	Ahead int
	// Lease is how long a claim is good without renewal; 0 is 30 s.
	Lease time.Duration
	// Poll is how often the store is asked when nothing says that there is
	// work; 0 is 1 s.
	Poll time.Duration
	// Grace is how long Run lets handlers finish once it is told to stop;
	// 0 is 20 s.
	Grace time.Duration
	// Admit, if set, is asked before every claim how many deliveries may be
	// taken. It blocks while there is no point in taking any.
	Admit func(ctx context.Context) (int, error)
	// Urgent, if set, counts what waits for the machine and is more urgent
	// than a delivery. Each takes the place of one handler, but for a quarter
	// of them, who go on in any case.
	Urgent func() int
	// Observe, if set, is told of every outcome that was settled.
	Observe func(Claimed, Outcome)
}

// Worker claims the due deliveries of one lane, has them handled, and settles
// them.
type Worker struct {
	cfg  WorkerConfig
	wake chan struct{}
	work chan Claimed
	done chan settled

	mu       sync.Mutex
	held     map[Ref]hold
	bytes    int           // of the payloads of what is held
	freed    chan struct{} // closed when there is more room
	running  bool
	behind   bool // more may be due than was claimed
	reserved int  // room that others may fill

	reservations sync.WaitGroup

	alive atomic.Bool
}

// hold is a claim in the worker's hand.
type hold struct {
	lease time.Time // when it ends
	bytes int       // of its payload
}

// NewWorker returns a worker that does nothing until Run.
func NewWorker(cfg WorkerConfig) *Worker {
	setDefault(&cfg.Parallel, 16)
	setDefault(&cfg.Ahead, 384)
	setDefault(&cfg.Lease, 30*time.Second)
	setDefault(&cfg.Poll, time.Second)
	setDefault(&cfg.Grace, 20*time.Second)
	size := cfg.Parallel + cfg.Ahead
	return &Worker{
		cfg:  cfg,
		wake: make(chan struct{}, 1),
		// Large enough for all that can be claimed, so that neither claiming
		// nor handling ever waits for the other's channel.
		work: make(chan Claimed, size),
		done: make(chan settled, size),
		held: make(map[Ref]hold, size),

		freed:  make(chan struct{}),
		behind: true,
	}
}

func setDefault[T int | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// Wake tells the worker that something new is due. It never blocks.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Alive reports whether the worker runs and its store answers.
func (w *Worker) Alive() bool { return w.alive.Load() }

// Run works until ctx ends; a worker runs once. Then it claims nothing more, gives back what was
// not begun, lets what is in hand finish within Grace, and returns when all is
// settled or given up on.
func (w *Worker) Run(ctx context.Context) {
	handling, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	storing, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()

	var handlers, keepers sync.WaitGroup
	for i := range w.cfg.Parallel {
		handlers.Go(func() {
			for {
				if i >= w.cfg.Parallel/4 {
					w.giveWay(ctx, w.cfg.Parallel-i)
				}
				d, more := <-w.work
				if !more {
					return
				}
				w.done <- settled{d, w.handle(ctx, handling, d)}
			}
		})
	}
	keepers.Go(func() { w.keep(storing) })
	keepers.Go(func() { w.limit(ctx, storing, abort, giveUp) })
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		w.settle(storing)
	}()

	w.setRunning(true)
	w.claim(ctx, storing)
	w.setRunning(false)
	w.reservations.Wait()
	close(w.work)
	handlers.Wait()
	close(w.done)
	<-finished
	giveUp()
	keepers.Wait()
	w.alive.Store(false)
}

func (w *Worker) setRunning(running bool) {
	w.mu.Lock()
	w.running = running
	w.mu.Unlock()
}

// limit bounds what goes on after running has ended: handlers are told to stop
// after Grace, and soon after that the store is given up on, which must not
// hold the process either. It returns when storing ends.
func (w *Worker) limit(running, storing context.Context, abort, giveUp context.CancelFunc) {
	select {
	case <-running.Done():
	case <-storing.Done():
		return
	}
	for _, then := range []struct {
		after time.Duration
		do    context.CancelFunc
	}{{w.cfg.Grace, abort}, {w.cfg.Grace / 4, giveUp}} {
		timer := time.NewTimer(then.after)
		select {
		case <-storing.Done():
			timer.Stop()
			return
		case <-timer.C:
			then.do()
		}
	}
}

// urgentPause is how often it is looked whether the urgent is over.
const urgentPause = 5 * time.Millisecond

// giveWay waits while as much as that, or more, is urgent.
func (w *Worker) giveWay(ctx context.Context, much int) {
	if w.cfg.Urgent == nil {
		return
	}
	for w.cfg.Urgent() >= much && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(urgentPause):
		}
	}
}

// handle runs the handler, unless the delivery should not be begun any more.
func (w *Worker) handle(running, handling context.Context, d Claimed) Outcome {
	if running.Err() != nil {
		return GiveBack(0)
	}
	w.mu.Lock()
	held, ok := w.held[Ref{d.ID, d.Claim}]
	w.mu.Unlock()
	switch {
	case !ok:
		return Outcome{} // somebody else's
	case !w.cfg.Clock().Before(held.lease):
		// After a pause of the whole process (a suspended machine) somebody
		// else may have it by now: not begun, it cannot arrive twice.
		return GiveBack(0)
	}
	return w.cfg.Handler.Handle(handling, d)
}

// claim keeps the handlers supplied until ctx ends. storing goes on beyond
// that: a claim that is under way has to be given back, so its answer must not
// be lost.
func (w *Worker) claim(ctx, storing context.Context) {
	failing := false
	for ctx.Err() == nil {
		room, freed := w.room()
		if room == 0 {
			select {
			case <-ctx.Done():
			case <-freed:
			}
			continue
		}
		n, err := w.claimSome(ctx, storing, room)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if !failing {
				w.cfg.Logger.Error("claim deliveries; trying again every second", "lane", w.cfg.Lane, "error", err)
			}
			failing = true
			w.alive.Store(false)
			w.pause(ctx, time.Second)
		default:
			if failing {
				w.cfg.Logger.Info("claiming deliveries works again", "lane", w.cfg.Lane)
			}
			failing = false
			w.alive.Store(true)
			if n == 0 {
				w.idle(ctx)
			}
		}
	}
}

// claimBatch is how many deliveries are claimed at one time: few large claims
// are cheaper than many small ones, and a very large one keeps others from
// writing.
const claimBatch = 64

// maxHeldBytes bounds the payloads in hand: with more than that nothing is
// claimed.
const maxHeldBytes = 8 << 20

// room returns how many deliveries may be claimed now. It is 0 until there is
// room for a good number; freed is closed when there is more.
func (w *Worker) room() (room int, freed <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.behind = true
	room = w.cfg.Parallel + w.cfg.Ahead - len(w.held) - w.reserved
	if room < max(1, min(claimBatch, w.cfg.Ahead/2)) || w.bytes > maxHeldBytes {
		return 0, w.freed
	}
	return min(room, claimBatch), w.freed
}

func (w *Worker) claimSome(ctx, storing context.Context, room int) (int, error) {
	if w.cfg.Admit != nil {
		admitted, err := w.cfg.Admit(ctx)
		if err != nil {
			return 0, err
		}
		room = min(room, admitted)
	}
	if room <= 0 {
		return 0, nil
	}
	// The lease is counted from before the claim: never longer than the
	// store counts it.
	lease := w.cfg.Clock().Add(w.cfg.Lease)
	claimed, err := w.cfg.Store.Claim(storing, w.cfg.Lane, room, w.cfg.Lease)
	if err != nil {
		return 0, err
	}
	w.mu.Lock()
	for _, d := range claimed {
		w.hold(d, lease)
	}
	if len(claimed) == 0 {
		w.behind = false
		w.signal()
	}
	w.mu.Unlock()
	for _, d := range claimed {
		w.work <- d
	}
	return len(claimed), nil
}

// idle waits until there may be something to claim: told so by Wake, when the
// next delivery is due, or at the next poll.
func (w *Worker) idle(ctx context.Context) {
	wait := w.cfg.Poll
	if due, err := w.cfg.Store.NextDue(ctx, w.cfg.Lane); err == nil && !due.IsZero() {
		if until := due.Sub(w.cfg.Clock()); until < wait {
			// A moment at least: what is due already may be locked by others.
			wait = max(until, 10*time.Millisecond)
		}
	}
	w.pause(ctx, wait)
}

func (w *Worker) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-w.wake:
	case <-timer.C:
	}
}

// keep renews the leases of what is in hand, and frees what workers that died
// left behind.
func (w *Worker) keep(ctx context.Context) {
	ticker := time.NewTicker(w.cfg.Lease / 3)
	defer ticker.Stop()
	for {
		// Our own leases first: what could not be renewed after a fault of the
		// store is ours all the same, and its result may be on its way.
		err := w.renew(ctx)
		if err == nil {
			err = w.expire(ctx)
		}
		// While Admit blocks nothing else asks the store.
		w.alive.Store(err == nil)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (w *Worker) expire(ctx context.Context) error {
	n, err := w.cfg.Store.Expire(ctx, w.cfg.Lane)
	if n > 0 {
		w.cfg.Logger.Warn("took back deliveries whose worker is gone", "lane", w.cfg.Lane, "count", n)
		w.Wake()
	}
	if err != nil && ctx.Err() == nil {
		w.cfg.Logger.Warn("take back deliveries whose worker is gone", "lane", w.cfg.Lane, "error", err)
	}
	return err
}

func (w *Worker) renew(ctx context.Context) error {
	w.mu.Lock()
	refs := make([]Ref, 0, len(w.held))
	for ref := range w.held {
		refs = append(refs, ref)
	}
	w.mu.Unlock()
	if len(refs) == 0 {
		return nil
	}
	lease := w.cfg.Clock().Add(w.cfg.Lease)
	lost, err := w.cfg.Store.Renew(ctx, refs, w.cfg.Lease)
	if err != nil {
		if ctx.Err() == nil {
			w.cfg.Logger.Warn("renew leases", "count", len(refs), "error", err)
		}
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, ref := range refs {
		if held, ok := w.held[ref]; ok {
			held.lease = lease
			w.held[ref] = held
		}
	}
	for _, ref := range lost {
		w.release(ref)
	}
	if len(lost) > 0 {
		w.signal()
	}
	return nil
}

// release lets go of a claim. w.mu is held.
func (w *Worker) release(ref Ref) {
	w.bytes -= w.held[ref].bytes
	delete(w.held, ref)
}
