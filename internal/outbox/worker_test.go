package outbox_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/store"
)

// The tests run a worker on a real SQLite store in virtual time. A bubble that
// ends while one of its goroutines is left fails its test, so each of them is
// also a check for leaks.

// office is a store, a worker on it, and what the worker was told to do.
type office struct {
	t *testing.T
	*store.Store
	cfg    outbox.WorkerConfig
	worker *outbox.Worker
	fault  *faultyStore

	mu       sync.Mutex
	begun    []string // ids in the order in which handling began
	busy     int
	busiest  int
	observed map[string][]outbox.State
}

// handler is what happens to one delivery.
type handler func(ctx context.Context, d outbox.Claimed) outbox.Outcome

func sent(context.Context, outbox.Claimed) outbox.Outcome {
	return outbox.Outcome{State: outbox.Sent, Attempt: &outbox.Attempt{At: time.Now(), Gateway: "test", Result: outbox.ResultSent}}
}

// inBubble runs a test in virtual time.
func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

// open opens an office. change adapts the worker's configuration.
func open(t *testing.T, handle handler, change func(*outbox.WorkerConfig)) *office {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	s, err := store.Open(t.Context(), store.Config{
		URL: "sqlite:" + filepath.Join(t.TempDir(), "postrider.db"), Exclusive: true, Clock: time.Now, Logger: logger,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	o := &office{t: t, Store: s, fault: &faultyStore{Store: s}, observed: make(map[string][]outbox.State)}
	cfg := outbox.WorkerConfig{
		Store: o.fault, Lane: outbox.LaneMail, Clock: time.Now, Logger: logger,
		Handler: handlerFunc(func(ctx context.Context, d outbox.Claimed) outbox.Outcome {
			o.begin(d)
			defer o.end()
			return handle(ctx, d)
		}),
		Observe: func(d outbox.Claimed, outcome outbox.Outcome) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.observed[d.ID] = append(o.observed[d.ID], outcome.State)
		},
	}
	if change != nil {
		change(&cfg)
	}
	o.cfg, o.worker = cfg, outbox.NewWorker(cfg)
	return o
}

type handlerFunc func(context.Context, outbox.Claimed) outbox.Outcome

func (f handlerFunc) Handle(ctx context.Context, d outbox.Claimed) outbox.Outcome { return f(ctx, d) }

func (o *office) begin(d outbox.Claimed) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.begun = append(o.begun, d.ID)
	o.busy++
	o.busiest = max(o.busiest, o.busy)
}

func (o *office) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.busy--
}

func (o *office) begunIDs() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.begun)
}

func (o *office) observedOf(id string) []outbox.State {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.observed[id])
}

// sorted returns ids in the order in which they were made; what is handled in
// parallel begins in any.
func sorted(ids []string) []string {
	slices.Sort(ids)
	return ids
}

// run starts the worker. stop tells it to stop and returns how long it took.
func (o *office) run() (stop func() time.Duration) {
	ctx, cancel := context.WithCancel(o.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		o.worker.Run(ctx)
	}()
	return func() time.Duration {
		begin := time.Now()
		cancel()
		<-ended
		return time.Since(begin)
	}
}

// put puts n deliveries that are due after a while.
func (o *office) put(n int, due time.Duration) []string {
	o.t.Helper()
	ids := make([]string, 0, n)
	for range n {
		id, err := uuid.NewV7()
		if err != nil {
			o.t.Fatal(err)
		}
		e := outbox.Entry{
			ID: id.String(), App: "app", Lane: outbox.LaneMail, Payload: []byte(id.String()), CreatedAt: time.Now(), NextAt: time.Now().Add(due),
		}
		if _, err := o.Put(o.t.Context(), e); err != nil {
			o.t.Fatal(err)
		}
		ids = append(ids, e.ID)
	}
	return ids
}

func (o *office) get(id string) outbox.Delivery {
	o.t.Helper()
	d, _, err := o.Get(context.WithoutCancel(o.t.Context()), id)
	if err != nil {
		o.t.Fatal(err)
	}
	return d
}

// states counts the deliveries in each state.
func (o *office) states() map[outbox.State]int {
	o.t.Helper()
	all, err := o.List(context.WithoutCancel(o.t.Context()), outbox.Filter{}, 100_000)
	if err != nil {
		o.t.Fatal(err)
	}
	states := make(map[outbox.State]int)
	for i := range all {
		states[all[i].State]++
	}
	return states
}

func (o *office) wantStates(want map[outbox.State]int) {
	o.t.Helper()
	if diff := cmp.Diff(want, o.states()); diff != "" {
		o.t.Errorf("states: %s", diff)
	}
}

// faultyStore disturbs a store.
type faultyStore struct {
	outbox.Store

	mu sync.Mutex
	// before, if set, is called before every call; its error is the call's.
	before func(method string) error
	// after, if set, is called after every call that succeeded.
	after func(ctx context.Context, method string) error
	// limits are those of all claims so far.
	limits []int
}

func (f *faultyStore) disturb(before func(method string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before = before
}

func (f *faultyStore) call(ctx context.Context, method string, run func() error) error {
	f.mu.Lock()
	before, after := f.before, f.after
	f.mu.Unlock()
	if before != nil {
		if err := before(method); err != nil {
			return err
		}
	}
	if err := run(); err != nil || after == nil {
		return err
	}
	return after(ctx, method)
}

func (f *faultyStore) Claim(ctx context.Context, lane outbox.Lane, limit int, lease time.Duration) (claimed []outbox.Claimed, err error) {
	f.mu.Lock()
	f.limits = append(f.limits, limit)
	f.mu.Unlock()
	err = f.call(ctx, "Claim", func() (err error) {
		claimed, err = f.Store.Claim(ctx, lane, limit, lease)
		return err
	})
	return claimed, err
}

func (f *faultyStore) Renew(ctx context.Context, refs []outbox.Ref, lease time.Duration) (lost []outbox.Ref, err error) {
	err = f.call(ctx, "Renew", func() (err error) {
		lost, err = f.Store.Renew(ctx, refs, lease)
		return err
	})
	return lost, err
}

func (f *faultyStore) Settle(ctx context.Context, settlements []outbox.Settlement) (lost []outbox.Ref, err error) {
	err = f.call(ctx, "Settle", func() (err error) {
		lost, err = f.Store.Settle(ctx, settlements)
		return err
	})
	return lost, err
}

func (f *faultyStore) Expire(ctx context.Context, lane outbox.Lane) (n int, err error) {
	err = f.call(ctx, "Expire", func() (err error) {
		n, err = f.Store.Expire(ctx, lane)
		return err
	})
	return n, err
}

func (f *faultyStore) NextDue(ctx context.Context, lane outbox.Lane) (next time.Time, err error) {
	err = f.call(ctx, "NextDue", func() (err error) {
		next, err = f.Store.NextDue(ctx, lane)
		return err
	})
	return next, err
}

var errAway = errors.New("the store is away")

func away(string) error { return errAway }

func TestWorkerHandlesWhatIsDue(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		o := open(t, func(ctx context.Context, d outbox.Claimed) outbox.Outcome {
			if d.State != outbox.InHand || string(d.Payload) != d.ID {
				t.Errorf("handed %+v", d)
			}
			time.Sleep(10 * time.Millisecond)
			return sent(ctx, d)
		}, func(cfg *outbox.WorkerConfig) { cfg.Parallel, cfg.Ahead = 4, 20 })
		ids := o.put(100, 0)
		if o.worker.Alive() {
			t.Error("alive before it runs")
		}
		stop := o.run()
		time.Sleep(time.Minute)
		if !o.worker.Alive() {
			t.Error("not alive while it runs")
		}
		stop()
		if o.worker.Alive() {
			t.Error("alive after it ended")
		}
		o.wantStates(map[outbox.State]int{outbox.Sent: 100})
		if diff := cmp.Diff(ids, sorted(o.begunIDs())); diff != "" {
			t.Errorf("begun: %s", diff)
		}
		if o.busiest != 4 {
			t.Errorf("%d were handled at one time, want 4", o.busiest)
		}
		for _, limit := range o.fault.limits {
			if limit > 24 {
				t.Errorf("claimed up to %d, want no more than 24 in hand", limit)
			}
		}
		for _, id := range ids {
			if diff := cmp.Diff([]outbox.State{outbox.Sent}, o.observedOf(id)); diff != "" {
				t.Errorf("observed: %s", diff)
			}
			attempts, err := o.Attempts(t.Context(), id)
			if err != nil || len(attempts) != 1 || attempts[0].Number != 1 || attempts[0].Gateway != "test" {
				t.Errorf("attempts %+v, %v; want the one that was made", attempts, err)
			}
		}
	})
}

func TestWorkerRetriesOnSchedule(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		schedule := outbox.Schedule{30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour}
		var tries []time.Duration
		start := time.Now()
		o := open(t, func(_ context.Context, d outbox.Claimed) outbox.Outcome {
			tries = append(tries, time.Since(start))
			if d.Attempts != len(tries)-1 || d.Tries != d.Attempts {
				t.Errorf("try %d comes with %d attempts and %d tries", len(tries), d.Attempts, d.Tries)
			}
			attempt := &outbox.Attempt{At: time.Now(), Gateway: "test", Result: outbox.ResultTemporary, Code: 450}
			pause, more := schedule.Next(d.Tries+1, 0.5)
			if !more {
				return outbox.Outcome{State: outbox.Failed, Reason: "EXHAUSTED", Attempt: attempt}
			}
			return outbox.Outcome{State: outbox.Pending, Detail: "busy", After: pause, Attempt: attempt}
		}, func(cfg *outbox.WorkerConfig) { cfg.Poll = time.Hour })
		id := o.put(1, 0)[0]
		stop := o.run()
		time.Sleep(12 * time.Minute)
		if d := o.get(id); d.State != outbox.Pending || d.Detail != "busy" || d.Tries != 3 {
			t.Errorf("between the tries: %+v", d)
		}
		time.Sleep(2 * time.Hour)
		stop()
		want := []time.Duration{
			0, 30 * time.Second, 150 * time.Second, 750 * time.Second, 750*time.Second + time.Hour,
		}
		if len(tries) != len(want) {
			t.Fatalf("tried at %v, want %v", tries, want)
		}
		for i, at := range tries {
			if late := at - want[i]; late < 0 || late > time.Second {
				t.Errorf("try %d came at %v, want %v", i+1, at, want[i])
			}
		}
		if d := o.get(id); d.State != outbox.Failed || d.Reason != "EXHAUSTED" || d.Attempts != 5 {
			t.Errorf("in the end: %+v", d)
		}
		attempts, err := o.Attempts(t.Context(), id)
		if err != nil || len(attempts) != 5 {
			t.Fatalf("%d attempts, %v; want 5", len(attempts), err)
		}
		for i, a := range attempts {
			if a.Number != i+1 || a.Code != 450 {
				t.Errorf("attempt %d is recorded as %+v", i+1, a)
			}
		}
	})
}

func TestWorkerComesWhenSomethingIsDue(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var begun []time.Duration
		start := time.Now()
		o := open(t, func(ctx context.Context, d outbox.Claimed) outbox.Outcome {
			begun = append(begun, time.Since(start).Round(time.Second))
			return sent(ctx, d)
		}, func(cfg *outbox.WorkerConfig) { cfg.Poll = time.Hour })
		stop := o.run()
		time.Sleep(10 * time.Minute)
		o.put(1, 0) // at 10 min, told of
		o.worker.Wake()
		time.Sleep(10 * time.Minute)
		o.put(1, 5*time.Minute) // at 20 min, due at 25 min, told of
		o.worker.Wake()
		time.Sleep(10 * time.Minute)
		o.put(1, 0) // at 30 min, found by the poll an hour after the last look
		time.Sleep(2 * time.Hour)
		stop()
		if want := []time.Duration{10 * time.Minute, 25 * time.Minute, 85 * time.Minute}; !slices.Equal(begun, want) {
			t.Errorf("handled at %v, want %v", begun, want)
		}
	})
}

func TestWorkerKeepsItsLeases(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		o := open(t, func(ctx context.Context, d outbox.Claimed) outbox.Outcome {
			time.Sleep(10 * time.Minute)
			return sent(ctx, d)
		}, func(cfg *outbox.WorkerConfig) { cfg.Parallel, cfg.Poll = 1, time.Hour })
		ids := o.put(3, 0)
		stop := o.run()
		// Somebody else looks for work that was left behind.
		for range 60 {
			time.Sleep(30 * time.Second)
			if n, err := o.Expire(t.Context(), outbox.LaneMail); err != nil || n != 0 {
				t.Fatalf("Expire took %d back, %v; want 0", n, err)
			}
		}
		time.Sleep(time.Minute)
		stop()
		o.wantStates(map[outbox.State]int{outbox.Sent: 3})
		if diff := cmp.Diff(ids, o.begunIDs()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWorkerTakesBackWhatOthersLeft(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		o := open(t, sent, nil)
		o.put(3, 0)
		if claimed, err := o.Claim(t.Context(), outbox.LaneMail, 3, 30*time.Second); err != nil || len(claimed) != 3 {
			t.Fatalf("claimed %d, %v", len(claimed), err)
		}
		stop := o.run()
		time.Sleep(29 * time.Second)
		o.wantStates(map[outbox.State]int{outbox.InHand: 3})
		time.Sleep(15 * time.Second)
		o.wantStates(map[outbox.State]int{outbox.Sent: 3})
		stop()
	})
}

func TestWorkerStops(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		o := open(t, func(ctx context.Context, d outbox.Claimed) outbox.Outcome {
			time.Sleep(6 * time.Second)
			return sent(ctx, d)
		}, func(cfg *outbox.WorkerConfig) { cfg.Parallel, cfg.Ahead = 2, 10 })
		ids := o.put(20, -time.Minute)
		before := o.get(ids[19])
		stop := o.run()
		time.Sleep(time.Second)
		o.wantStates(map[outbox.State]int{outbox.InHand: 12, outbox.Pending: 8})
		if took := stop().Round(time.Second); took != 5*time.Second {
			t.Errorf("stopping took %v, want the 5 s that the handlers needed", took)
		}
		o.wantStates(map[outbox.State]int{outbox.Sent: 2, outbox.Pending: 18})
		if diff := cmp.Diff(ids[:2], sorted(o.begunIDs())); diff != "" {
			t.Errorf("begun: %s", diff)
		}
		// What was given back looks as if it had never been claimed.
		after := o.get(ids[11])
		before.ID, before.CreatedAt, before.ArmedAt, before.NextAt = after.ID, after.CreatedAt, after.ArmedAt, after.CreatedAt.Add(-time.Minute)
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("what was given back: %s", diff)
		}
	})
}

func TestWorkerStopsWithinGrace(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		o := open(t, func(ctx context.Context, _ outbox.Claimed) outbox.Outcome {
			<-ctx.Done()
			return outbox.GiveBack(0)
		}, func(cfg *outbox.WorkerConfig) { cfg.Parallel, cfg.Grace = 2, 20*time.Second })
		o.put(5, 0)
		stop := o.run()
		time.Sleep(time.Minute)
		if took := stop().Round(time.Second); took != 20*time.Second {
			t.Errorf("stopping took %v, want the grace of 20 s", took)
		}
		o.wantStates(map[outbox.State]int{outbox.Pending: 5})
	})
}

// A claim that is under way when the worker is told to stop is given back,
// although its answer comes later.
func TestWorkerGivesBackAClaimUnderWay(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		o := open(t, sent, nil)
		o.put(5, 0)
		var stopping sync.WaitGroup
		stop := make(chan func() time.Duration, 1)
		o.fault.after = func(ctx context.Context, method string) error {
			if method == "Claim" {
				stopping.Go(func() { (<-stop)() })
				time.Sleep(time.Second) // stopped by now
				return ctx.Err()        // as of a connection that is closed with its context
			}
			return nil
		}
		stop <- o.run()
		time.Sleep(time.Minute)
		stopping.Wait()
		o.wantStates(map[outbox.State]int{outbox.Pending: 5})
		if begun := o.begunIDs(); len(begun) > 0 {
			t.Errorf("%v were begun after the stop", begun)
		}
	})
}

func TestWorkerOutlivesItsStore(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		o := open(t, func(ctx context.Context, d outbox.Claimed) outbox.Outcome {
			time.Sleep(5 * time.Second)
			return sent(ctx, d)
		}, func(cfg *outbox.WorkerConfig) { cfg.Parallel, cfg.Ahead = 4, 16 })
		o.put(60, 0)
		stop := o.run()
		time.Sleep(12 * time.Second)
		o.fault.disturb(away)
		time.Sleep(5 * time.Minute) // far beyond the lease
		if o.worker.Alive() {
			t.Error("alive while its store is away")
		}
		o.fault.disturb(nil)
		time.Sleep(5 * time.Minute)
		if !o.worker.Alive() {
			t.Error("not alive after its store came back")
		}
		stop()
		o.wantStates(map[outbox.State]int{outbox.Sent: 60})
		if begun := o.begunIDs(); len(begun) != 60 {
			t.Errorf("60 deliveries were begun %d times", len(begun))
		}
	})
}

// What it could not renew or settle in time it does not take for somebody
// else's that died.
func TestWorkerDoesNotTakeBackItsOwn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		o := open(t, func(ctx context.Context, d outbox.Claimed) outbox.Outcome {
			time.Sleep(5 * time.Second)
			return sent(ctx, d)
		}, nil)
		o.put(3, 0)
		stop := o.run()
		time.Sleep(time.Second)
		o.fault.disturb(func(method string) error {
			if method == "Renew" || method == "Settle" {
				return errAway
			}
			return nil
		})
		time.Sleep(5 * time.Minute)
		o.fault.disturb(nil)
		time.Sleep(5 * time.Minute)
		stop()
		o.wantStates(map[outbox.State]int{outbox.Sent: 3})
		if begun := o.begunIDs(); len(begun) != 3 {
			t.Errorf("3 deliveries were begun %d times", len(begun))
		}
	})
}

func TestWorkerStopsWithoutItsStore(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		o := open(t, sent, func(cfg *outbox.WorkerConfig) { cfg.Grace = 20 * time.Second })
		o.fault.disturb(func(method string) error {
			if method == "Settle" {
				return errAway
			}
			return nil
		})
		o.put(3, 0)
		stop := o.run()
		time.Sleep(time.Minute)
		if took := stop().Round(time.Second); took > 26*time.Second {
			t.Errorf("stopping took %v, want it to give up soon after the grace of 20 s", took)
		}
		// They come again: better twice than never.
		o.wantStates(map[outbox.State]int{outbox.InHand: 3})
	})
}

// A worker that cannot renew does not begin what somebody else may have.
func TestWorkerDoesNotBeginWithoutALease(t *testing.T) {
	for name, fault := range map[string]func(o *office, ids []string) func(string) error{
		"its lease has ended": func(*office, []string) func(string) error {
			return func(method string) error {
				if method == "Renew" {
					return errAway
				}
				return nil
			}
		},
		"another has claimed it": func(o *office, _ []string) func(string) error {
			var once sync.Once
			return func(method string) error {
				if method == "Renew" {
					once.Do(func() { takeOver(o) })
				}
				return nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				begun := make(map[string][]int64)
				o := open(t, func(ctx context.Context, d outbox.Claimed) outbox.Outcome {
					begun[d.ID] = append(begun[d.ID], d.Claim)
					if len(begun) == 1 {
						time.Sleep(37 * time.Second)
					}
					return sent(ctx, d)
				}, func(cfg *outbox.WorkerConfig) { cfg.Parallel, cfg.Ahead = 1, 2 })
				ids := o.put(3, 0)
				o.fault.disturb(fault(o, ids))
				stop := o.run()
				time.Sleep(38 * time.Second)
				o.fault.disturb(nil)
				time.Sleep(5 * time.Minute)
				stop()
				// The claims of the first round were not begun but for the first.
				for _, id := range ids[1:] {
					if slices.Contains(begun[id], 1) || len(begun[id]) != 1 {
						t.Errorf("%s was begun under its claims %v, want only a later one", id, begun[id])
					}
				}
				if states := o.states(); states[outbox.Sent] != 3 {
					t.Errorf("states %v, want all sent", states)
				}
			})
		})
	}
}

// takeOver claims all that is in hand for somebody else, who dies at once.
func takeOver(o *office) {
	ctx := context.WithoutCancel(o.t.Context())
	held, err := o.List(ctx, outbox.Filter{States: []outbox.State{outbox.InHand}}, 100)
	if err != nil {
		o.t.Error(err)
	}
	refs := make([]outbox.Ref, 0, len(held))
	for _, d := range held {
		refs = append(refs, outbox.Ref{ID: d.ID, Claim: 1})
	}
	if _, err := o.Store.Renew(ctx, refs, -time.Second); err != nil {
		o.t.Error(err)
	}
	if n, err := o.Store.Expire(ctx, outbox.LaneMail); err != nil || n != len(held) {
		o.t.Errorf("Expire = %d, %v; want %d", n, err, len(held))
	}
	if claimed, err := o.Store.Claim(ctx, outbox.LaneMail, len(held), 10*time.Second); err != nil || len(claimed) != len(held) {
		o.t.Errorf("claimed %d, %v; want %d", len(claimed), err, len(held))
	}
}

// A result that comes after somebody else has claimed the delivery changes
// nothing, and is not reported.
func TestWorkerLosesALateResult(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		o := open(t, func(ctx context.Context, d outbox.Claimed) outbox.Outcome {
			time.Sleep(5 * time.Second)
			return sent(ctx, d)
		}, nil)
		id := o.put(1, 0)[0]
		stop := o.run()
		time.Sleep(1500 * time.Millisecond) // between two polls
		takeOver(o)
		time.Sleep(8 * time.Second)
		if d := o.get(id); d.State != outbox.InHand || d.Attempts != 0 {
			t.Errorf("after the late result: %+v, want it in the other's hand", d)
		}
		if observed := o.observedOf(id); len(observed) > 0 {
			t.Errorf("observed %v, want nothing", observed)
		}
		time.Sleep(time.Minute) // the other one died
		stop()
		if d := o.get(id); d.State != outbox.Sent || d.Attempts != 1 {
			t.Errorf("in the end: %+v, want it sent in one attempt", d)
		}
	})
}

func TestWorkerTakesOnlyWhatIsAdmitted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		gate := make(chan int)
		o := open(t, sent, func(cfg *outbox.WorkerConfig) {
			cfg.Admit = func(ctx context.Context) (int, error) {
				select {
				case n := <-gate:
					return n, nil
				case <-ctx.Done():
					return 0, ctx.Err()
				}
			}
		})
		o.put(10, 0)
		stop := o.run()
		time.Sleep(time.Minute)
		o.wantStates(map[outbox.State]int{outbox.Pending: 10})
		if !o.worker.Alive() {
			t.Error("not alive because nothing is admitted")
		}
		gate <- 3
		time.Sleep(time.Minute)
		o.wantStates(map[outbox.State]int{outbox.Sent: 3, outbox.Pending: 7})
		gate <- 0
		time.Sleep(time.Minute)
		o.wantStates(map[outbox.State]int{outbox.Sent: 3, outbox.Pending: 7})
		gate <- 1000
		time.Sleep(time.Minute)
		o.wantStates(map[outbox.State]int{outbox.Sent: 10})
		if took := stop(); took > time.Second {
			t.Errorf("stopping took %v while nothing was admitted", took)
		}
	})
}

// A backlog of large payloads does not fill the memory.
func TestWorkerHoldsLittleOfWhatIsLarge(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var o *office
		most := 0
		o = open(t, func(ctx context.Context, d outbox.Claimed) outbox.Outcome {
			depth, err := o.Depth(ctx, outbox.LaneMail)
			if err != nil {
				t.Error(err)
			}
			most = max(most, depth.InHand)
			time.Sleep(time.Second)
			return sent(ctx, d)
		}, func(cfg *outbox.WorkerConfig) { cfg.Parallel = 1 })
		now := time.Now()
		for range 30 {
			id, err := uuid.NewV7()
			if err != nil {
				t.Fatal(err)
			}
			e := outbox.Entry{ID: id.String(), Lane: outbox.LaneMail, Payload: make([]byte, 2<<20), CreatedAt: now, NextAt: now}
			if _, err := o.Put(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		stop := o.run()
		time.Sleep(time.Minute)
		stop()
		o.wantStates(map[outbox.State]int{outbox.Sent: 30})
		if most < 4 || most > 10 {
			t.Errorf("up to %d payloads of 2 MiB were in hand, want 4 to 10", most)
		}
	})
}

// What is given back keeps what it said before.
func TestWorkerGivesBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := 0
		o := open(t, func(_ context.Context, _ outbox.Claimed) outbox.Outcome {
			n++
			switch n {
			case 1:
				return outbox.Outcome{
					State: outbox.Pending, Reason: "BUSY", Detail: "in words", After: time.Minute,
					Attempt: &outbox.Attempt{At: time.Now(), Result: outbox.ResultTemporary},
				}
			default:
				return outbox.GiveBack(time.Hour)
			}
		}, nil)
		id := o.put(1, 0)[0]
		stop := o.run()
		time.Sleep(2 * time.Minute)
		stop()
		d := o.get(id)
		if d.State != outbox.Pending || d.Reason != "BUSY" || d.Detail != "in words" || d.Attempts != 1 || d.Tries != 1 {
			t.Errorf("after a try and a give-back: %+v", d)
		}
		if wait := time.Until(d.NextAt).Round(time.Minute); wait != 59*time.Minute {
			t.Errorf("due again in %v, want 59 min", wait)
		}
	})
}

// In real time, so that the race detector sees real concurrency: workers start
// and stop while deliveries come in. Each is begun exactly once.
func TestWorkersStartAndStop(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	const rounds, each = 12, 25
	results := make(chan outbox.State, 100*rounds*each)
	o := open(t, sent, func(cfg *outbox.WorkerConfig) {
		cfg.Parallel, cfg.Ahead = 8, 16
		cfg.Observe = func(_ outbox.Claimed, outcome outbox.Outcome) { results <- outcome.State }
	})
	defer o.Store.Close() // before the check for leaks
	await := func(sent int) {
		for sent > 0 {
			if <-results == outbox.Sent {
				sent--
			}
		}
	}
	for round := range rounds {
		o.worker = outbox.NewWorker(o.cfg)
		stop := o.run()
		o.put(each, 0)
		o.worker.Wake()
		await(min(round, 5)) // stopped at different moments
		stop()
	}
	o.worker = outbox.NewWorker(o.cfg)
	stop := o.run()
	for o.states()[outbox.Sent] < rounds*each {
		await(1)
	}
	stop()
	begun := sorted(o.begunIDs())
	if len(begun) != rounds*each || len(slices.Compact(begun)) != rounds*each {
		t.Errorf("%d deliveries were begun %d times", rounds*each, len(begun))
	}
}
