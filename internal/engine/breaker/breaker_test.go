package breaker_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/engine/breaker"
)

const hooks = "https://hooks.example.org"

func newBreaker(cfg breaker.Config) *breaker.Breaker {
	cfg.Clock = time.Now
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return breaker.New(cfg)
}

// acquire returns a permit that there must be.
func acquire(t *testing.T, b *breaker.Breaker, name string) *breaker.Permit {
	t.Helper()
	p, wait := b.Acquire(t.Context(), name)
	if p == nil {
		t.Fatalf("no permit for %s, come back in %v", name, wait)
	}
	return p
}

// away returns how long to stay away, at once.
func away(t *testing.T, b *breaker.Breaker, name string) time.Duration {
	t.Helper()
	begin := time.Now()
	p, wait := b.Acquire(t.Context(), name)
	if p != nil || wait <= 0 {
		t.Fatalf("got permit %v, wait %v", p, wait)
	}
	if took := time.Since(begin); took > 0 {
		t.Errorf("was told only after %v", took)
	}
	return wait
}

func fail(t *testing.T, b *breaker.Breaker, name string, n int) {
	t.Helper()
	for range n {
		acquire(t, b, name).Failed("down")
	}
}

func TestPausesAndProbes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(breaker.Config{})
		fail(t, b, hooks, 4)
		acquire(t, b, hooks).Answered()
		fail(t, b, hooks, 5)
		for _, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
			if wait := away(t, b, hooks); wait != want*time.Second {
				t.Fatalf("told to wait %v, want %v", wait, want*time.Second)
			}
			time.Sleep(want*time.Second - time.Nanosecond)
			away(t, b, hooks)
			time.Sleep(time.Nanosecond)
			probe := acquire(t, b, hooks)
			if wait := away(t, b, hooks); wait < time.Second || wait > 2*time.Second {
				t.Errorf("beside a probe: told to wait %v", wait)
			}
			time.Sleep(2 * time.Second)
			probe.Failed("down")
		}
		time.Sleep(30 * time.Second)
		acquire(t, b, hooks).Answered()
		for range 64 {
			defer acquire(t, b, hooks).Cancel()
		}
	})
}

func TestPauseBeginsAgainAfterASuccess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(breaker.Config{})
		fail(t, b, hooks, 5)
		time.Sleep(time.Second)
		fail(t, b, hooks, 1)
		time.Sleep(2 * time.Second)
		acquire(t, b, hooks).Answered()
		fail(t, b, hooks, 4)
		acquire(t, b, hooks).Failed("down")
		if wait := away(t, b, hooks); wait != time.Second {
			t.Errorf("told to wait %v", wait)
		}
	})
}

func TestSpeedDividesPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(breaker.Config{Speed: 60})
		fail(t, b, hooks, 5)
		if wait := away(t, b, hooks); wait != time.Second/60 {
			t.Errorf("told to wait %v", wait)
		}
	})
}

func TestOthersGoOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(breaker.Config{MaxInFlight: 1})
		fail(t, b, hooks, 5)
		defer acquire(t, b, "https://other.example.org").Cancel()
		defer acquire(t, b, "https://third.example.org").Cancel()
		away(t, b, hooks)
	})
}

// What was under way when the pause began, or came from before the probe that
// ended it, tells nothing new.
func TestOldCallsTellNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(breaker.Config{})
		var old []*breaker.Permit
		for range 20 {
			old = append(old, acquire(t, b, hooks))
		}
		fail(t, b, hooks, 5)
		old[0].Answered()
		old[1].Failed("down")
		old[2].Cancel()
		if wait := away(t, b, hooks); wait != time.Second {
			t.Errorf("told to wait %v", wait)
		}
		time.Sleep(time.Second)
		acquire(t, b, hooks).Answered()
		for _, p := range old[3:] {
			p.Failed("down")
		}
		acquire(t, b, hooks).Answered()
		if s := b.Snapshot()[hooks]; s.InFlight != 0 || s.State != breaker.Closed {
			t.Errorf("stands at %+v", s)
		}
	})
}

func TestAProbeThatTellsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(breaker.Config{})
		fail(t, b, hooks, 5)
		time.Sleep(time.Second)
		probe := acquire(t, b, hooks)
		probe.Cancel()
		probe.Answered() // it has ended
		if s := b.Snapshot()[hooks]; s.State != breaker.HalfOpen {
			t.Errorf("stands at %+v", s)
		}
		acquire(t, b, hooks).Answered()
	})
}

func TestBound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(breaker.Config{MaxInFlight: 2})
		first, second := acquire(t, b, hooks), acquire(t, b, hooks)
		defer second.Cancel()
		// Soon there is room: Acquire waits for it.
		time.AfterFunc(40*time.Millisecond, first.Answered)
		begin := time.Now()
		third := acquire(t, b, hooks)
		if took := time.Since(begin); took != 40*time.Millisecond {
			t.Errorf("waited %v", took)
		}
		defer third.Cancel()
		// There is none: it does not wait for long.
		begin = time.Now()
		p, wait := b.Acquire(t.Context(), hooks)
		if took := time.Since(begin); p != nil || took != 100*time.Millisecond || wait < 50*time.Millisecond || wait > time.Second {
			t.Errorf("got %v, %v after %v", p, wait, took)
		}
	})
}

// A slow endpoint is not worth waiting for, and who is sent away comes back no
// faster than it answers.
func TestSlowEndpoint(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(breaker.Config{MaxInFlight: 4})
		for range 50 {
			p := acquire(t, b, hooks)
			time.Sleep(2 * time.Second)
			p.Answered()
		}
		for range 4 {
			defer acquire(t, b, hooks).Cancel()
		}
		var last time.Duration
		for i := range 100 {
			wait := away(t, b, hooks)
			if i > 0 && (wait-last < 450*time.Millisecond || wait-last > 500*time.Millisecond) {
				t.Fatalf("number %d comes %v after the one before", i, wait-last)
			}
			last = wait
		}
	})
}

// A backlog does not come back all at once when a pause ends.
func TestBacklogIsSpread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(breaker.Config{})
		fail(t, b, hooks, 5)
		perSecond := make(map[time.Duration]int)
		for i := range 50_000 {
			wait := away(t, b, hooks)
			if i == 0 && wait != time.Second {
				t.Errorf("nobody comes for the probe: %v", wait)
			}
			if wait < time.Second || wait > 121*time.Second {
				t.Fatalf("told to wait %v", wait)
			}
			perSecond[wait.Truncate(time.Second)]++
		}
		for second, n := range perSecond {
			if n > 600 {
				t.Errorf("%d come after %v", n, second)
			}
		}
	})
}

func TestWhoWaitsIsToldOfAPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(breaker.Config{MaxInFlight: 8, Failures: 1})
		p := acquire(t, b, hooks)
		for range 7 {
			defer acquire(t, b, hooks).Cancel()
		}
		time.AfterFunc(10*time.Millisecond, func() { p.Failed("down") })
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				p, wait := b.Acquire(t.Context(), hooks)
				if p != nil || wait < time.Second {
					t.Errorf("got %v, %v", p, wait)
				}
			})
		}
		begin := time.Now()
		group.Wait()
		if took := time.Since(begin); took != 10*time.Millisecond {
			t.Errorf("told after %v", took)
		}
	})
}

// full returns a breaker whose endpoint has all the calls in flight that may
// be, and one of them.
func full(t *testing.T) (*breaker.Breaker, *breaker.Permit) {
	t.Helper()
	b := newBreaker(breaker.Config{MaxInFlight: 8})
	p := acquire(t, b, hooks)
	for range 7 {
		acquire(t, b, hooks)
	}
	return b, p
}

// get counts a permit, if there is one.
func get(t *testing.T, b *breaker.Breaker, got *atomic.Int64) {
	if p, _ := b.Acquire(t.Context(), hooks); p != nil {
		got.Add(1)
	}
}

func TestWhoLeftTheLineIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, p := full(t)
		var got atomic.Int64
		for range 3 {
			get(t, b, &got)
		}
		time.AfterFunc(10*time.Millisecond, p.Answered)
		if get(t, b, &got); got.Load() != 1 {
			t.Error("there was room, but not for who waited")
		}
	})
}

func TestRoomIsNotLostToWhoLeaves(t *testing.T) {
	t.Parallel()
	for range 100 { // who comes first in one moment is chance
		synctest.Test(t, func(t *testing.T) {
			b, p := full(t)
			var got atomic.Int64
			var group sync.WaitGroup
			group.Go(func() { get(t, b, &got) })
			time.AfterFunc(100*time.Millisecond, p.Answered)
			time.Sleep(50 * time.Millisecond)
			group.Go(func() { get(t, b, &got) })
			group.Wait()
			if got.Load() != 1 {
				t.Errorf("%d of two got the room", got.Load())
			}
		})
	}
}

func TestFirstComeFirstServed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, p := full(t)
		var got atomic.Int64
		var group sync.WaitGroup
		for range 2 {
			group.Go(func() { get(t, b, &got) })
		}
		synctest.Wait()
		p.Answered()
		if p, _ := b.Acquire(t.Context(), hooks); p != nil {
			t.Error("who came last was served first")
		}
		if group.Wait(); got.Load() != 1 {
			t.Errorf("%d of those who had waited were served", got.Load())
		}
	})
}

func TestContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(breaker.Config{MaxInFlight: 1})
		p := acquire(t, b, hooks)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		for range 2 {
			if p, wait := b.Acquire(ctx, hooks); p != nil || wait != 0 {
				t.Errorf("got %v, %v", p, wait)
			}
		}
		p.Answered()
		defer acquire(t, b, hooks).Cancel() // nobody stands in line any more
	})
}

func TestForgetsWhatIsNotCalled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(breaker.Config{})
		fail(t, b, "gone", 5)
		hanging := acquire(t, b, "hanging")
		time.Sleep(9 * time.Minute)
		acquire(t, b, "used").Answered()
		time.Sleep(2 * time.Minute)
		got := make(map[string]int)
		for name, s := range b.Snapshot() {
			got[name] = s.InFlight
		}
		if diff := cmp.Diff(map[string]int{"hanging": 1, "used": 0}, got); diff != "" {
			t.Error(diff)
		}
		hanging.Cancel()
	})
}

func TestSnapshot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(breaker.Config{})
		begin := time.Now()
		fail(t, b, "open", 5)
		fail(t, b, "half", 5)
		fail(t, b, "closed", 2)
		defer acquire(t, b, "closed").Cancel()
		time.Sleep(time.Second)
		fail(t, b, "open", 1)
		defer acquire(t, b, "half").Cancel()
		want := map[string]breaker.Status{
			"open":   {State: breaker.Open, Failures: 6, OpenedAt: begin, ProbeAt: begin.Add(3 * time.Second)},
			"half":   {State: breaker.HalfOpen, InFlight: 1, Failures: 5, OpenedAt: begin, ProbeAt: begin.Add(time.Second)},
			"closed": {State: breaker.Closed, InFlight: 1, Failures: 2},
		}
		if diff := cmp.Diff(want, b.Snapshot()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		b := newBreaker(breaker.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		fail(t, b, hooks, 5)
		for _, pause := range []time.Duration{1, 2, 4} {
			time.Sleep(pause * time.Second)
			acquire(t, b, hooks).Failed("503 Service Unavailable")
		}
		time.Sleep(8 * time.Second)
		acquire(t, b, hooks).Answered()
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(lines) != 2 || !strings.Contains(lines[0], `level=WARN msg="endpoint paused" endpoint=`+hooks+` failures=5 error=down`) ||
			!strings.Contains(lines[1], `level=INFO msg="endpoint works again" endpoint=`+hooks+` paused=15s`) {
			t.Errorf("logged:\n%s", log.String())
		}
	})
}

// One dead endpoint with a long backlog does not keep the workers from the
// others.
func TestNoConvoy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(breaker.Config{MaxInFlight: 8})
		begin := time.Now()
		queue := newQueue()
		for i := range 5000 {
			queue.put("dead", 0)
			if i%10 == 0 {
				queue.put("alive", 0)
			}
		}
		var group sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for range 16 {
			group.Go(func() {
				for ctx.Err() == nil {
					name, ok := queue.take()
					if !ok {
						time.Sleep(10 * time.Millisecond)
						continue
					}
					p, wait := b.Acquire(ctx, name)
					switch {
					case p == nil:
						queue.put(name, wait)
					case name == "dead":
						time.Sleep(2 * time.Second)
						p.Failed("timeout")
						queue.put(name, 10*time.Second)
					default:
						time.Sleep(5 * time.Millisecond)
						p.Answered()
						if queue.delivered() == 500 {
							cancel()
						}
					}
				}
			})
		}
		group.Wait()
		// 8 workers were caught for 2 s before the endpoint was known to be
		// dead; the rest went on.
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// queue is a delayed queue in virtual time.
type queue struct {
	mu    sync.Mutex
	items []item
	done  int
}

type item struct {
	name string
	at   time.Time
}

func newQueue() *queue { return &queue{} }

func (q *queue) put(name string, after time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.items = append(q.items, item{name, time.Now().Add(after)})
}

// take returns the first that is due.
func (q *queue) take() (string, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, it := range q.items {
		if !it.at.After(time.Now()) {
			q.items = append(q.items[:i], q.items[i+1:]...)
			return it.name, true
		}
	}
	return "", false
}

func (q *queue) delivered() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.done++
	return q.done
}

// Whatever happens: no more calls in flight than may be, one at most during a
// pause, and an answer to Acquire within its patience.
func TestProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		bound := rapid.IntRange(1, 4).Draw(rt, "bound")
		steps := rapid.SliceOfN(rapid.IntRange(0, 6), 1, 200).Draw(rt, "steps")
		which := rapid.SliceOfN(rapid.IntRange(0, 9), len(steps), len(steps)).Draw(rt, "which")
		synctest.Test(t, func(t *testing.T) {
			b := newBreaker(breaker.Config{MaxInFlight: bound, Failures: 2})
			var held []*breaker.Permit
			for i, step := range steps {
				before := b.Snapshot()[hooks]
				switch {
				case step <= 2:
					begin := time.Now()
					p, wait := b.Acquire(t.Context(), hooks)
					if took := time.Since(begin); took > 100*time.Millisecond {
						rt.Errorf("Acquire took %v", took)
					}
					if (p == nil) == (wait == 0) {
						rt.Errorf("got %v, %v", p, wait)
					}
					if p != nil && before.State == breaker.Open {
						rt.Errorf("a permit during a pause: %+v", before)
					}
					if p != nil {
						held = append(held, p)
					}
				case step == 6:
					time.Sleep(time.Duration(which[i]) * 300 * time.Millisecond)
				case len(held) > 0:
					n := which[i] % len(held)
					[]func(){held[n].Answered, func() { held[n].Failed("down") }, held[n].Cancel}[step-3]()
					held = append(held[:n], held[n+1:]...)
				}
				after := b.Snapshot()[hooks]
				// A probe may go beside what was under way when the pause began.
				if after.InFlight != len(held) || after.InFlight > bound+1 {
					rt.Errorf("%d held, stands at %+v", len(held), after)
				}
			}
			for _, p := range held {
				p.Cancel()
			}
			if s := b.Snapshot()[hooks]; s.InFlight != 0 {
				rt.Errorf("at the end: %+v", s)
			}
		})
	})
}
