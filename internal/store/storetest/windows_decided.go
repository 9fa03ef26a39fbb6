package storetest

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine"
	"github.com/postrider/postrider/internal/outbox"
)

func windowPutOff(t *testing.T, f *fixture) {
	s := newScene(f)
	s.record(t, s.message("ann", chat.OneOnOne("ann", "bob")))
	s.due()
	until := s.clock.Now().Add(time.Minute)
	s.decide(t, &told{verdict: func(_ *engine.Case, v *engine.Verdict) {
		*v = engine.Verdict{Wait: until, Reason: chat.ReasonWaitingForSchedule}
	}})
	s.wantCalls(t)
	if next, err := s.NextWindow(t.Context(), app); err != nil || !next.Equal(until) {
		t.Errorf("the window is due at %v, %v; want %v", next, err, until)
	}
	s.clock.Advance(time.Minute)
	j := &told{}
	s.decide(t, j)
	s.wantCalls(t, "bob 1")
	if len(j.seen) != 1 || j.seen[0].WaitsFor != chat.ReasonWaitingForSchedule {
		t.Errorf("the case does not say why it waited: %+v", j.seen)
	}
}

func windowProblem(t *testing.T, f *fixture) {
	s := newScene(f)
	s.record(t, s.message("ann", chat.OneOnOne("ann", "bob")), s.message("ann", chat.OneOnOne("ann", "cid")))
	s.due()
	broken := errors.New("the template is broken")
	d := s.decide(t, &told{fail: broken})
	if len(d.Problems) != 2 || !errors.Is(d.Problems[0], broken) {
		t.Errorf("problems %v, want the two that there were", d.Problems)
	}
	if n := s.count(t, "quotas"); n != 0 {
		t.Errorf("%d quotas were taken for nothing", n)
	}
	s.clock.Advance(2 * time.Minute)
	s.decide(t, &told{})
	s.wantCalls(t, "bob 1", "cid 2")
}

func windowBusy(t *testing.T, f *fixture) {
	s := newScene(f)
	c := chat.OneOnOne("ann", "bob")
	s.record(t, s.message("ann", c))
	s.due()
	s.decide(t, &told{})
	s.record(t, s.message("ann", c), s.message("ann", chat.OneOnOne("ann", "cid")))
	s.due()
	busy := make(map[string]bool)
	look := &told{verdict: func(c *engine.Case, v *engine.Verdict) {
		busy[c.UID] = !c.BusyUntil.IsZero()
		if !c.BusyUntil.IsZero() {
			*v = engine.Verdict{Wait: c.BusyUntil, Reason: chat.ReasonWaitingForCall}
		}
	}}
	s.decide(t, look)
	if diff := gocmp.Diff(map[string]bool{"bob": true, "cid": false}, busy); diff != "" {
		t.Errorf("whose window waits for a call (-want +got):\n%s", diff)
	}
	claimed, err := s.Claim(t.Context(), outbox.LaneCall, 1, time.Hour)
	if err != nil || len(claimed) != 1 || claimed[0].Recipient != "bob" {
		t.Fatalf("claimed %+v, %v; want the call for bob", claimed, err)
	}
	s.settle(t, f.settlement(claimed[0], outbox.Sent))
	s.clock.Advance(10 * time.Second)
	s.decide(t, look)
	s.wantCalls(t, "bob 1", "bob 2", "cid 3")
}

func windowProcesses(t *testing.T, f *fixture) {
	s := newScene(f)
	uids := crowdOf(300)
	g := s.group(t, "g", uids...)
	for _, uid := range uids {
		s.record(t, s.message("ann", chat.OneOnOne("ann", uid)))
	}
	s.record(t, s.message("ann", g))
	s.due()
	second := f.open(t)
	together(4, func(i int) {
		store := engine.Store(s.Store)
		if i%2 == 1 {
			store = second
		}
		for {
			d, err := store.Decide(t.Context(), app, &told{}, 20, outbox.Hand{})
			if err != nil {
				t.Error(err)
				return
			}
			if d.Windows == 0 {
				return
			}
		}
	})
	if calls := s.calls(t); len(calls) != 600 {
		t.Errorf("%d calls, want 600", len(calls))
	}
}

// windowRace has messages arrive while windows are decided. Every message must
// be called about once, by the end.
func windowRace(t *testing.T, f *fixture) {
	s := newScene(f)
	g := s.group(t, "g", crowdOf(20)...)
	pairs := []chat.Conversation{g, chat.OneOnOne("ann", "bob"), chat.OneOnOne("ann", "cid")}
	const rounds = 60
	second := f.open(t)
	var sending, deciding sync.WaitGroup
	var lock sync.Mutex
	ended := make(chan struct{})
	for i, c := range pairs {
		sending.Go(func() {
			store := engine.Store(s.Store)
			if i%2 == 1 {
				store = second
			}
			for range rounds {
				lock.Lock()
				m := s.message("ann", c)
				lock.Unlock()
				if err := store.Record(t.Context(), engine.Recording{App: app, Events: []chat.Event{{Change: m}}, At: s.clock.Now()}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		deciding.Go(func() {
			for {
				_, err := second.Decide(t.Context(), app, &told{}, 7, outbox.Hand{})
				if err != nil {
					t.Error(err)
				}
				select {
				case <-ended:
					return
				default:
				}
			}
		})
	}
	sending.Wait()
	close(ended)
	deciding.Wait()
	s.decide(t, &told{})
	told := make(map[string]int)
	for _, call := range s.calls(t) {
		uid, ids, _ := strings.Cut(call, " ")
		for id := range strings.SplitSeq(ids, ",") {
			told[uid+" "+id]++
		}
	}
	if want := rounds * (20 + 1 + 1); len(told) != want {
		t.Errorf("%d messages for people were called about, want %d", len(told), want)
	}
	for what, times := range told {
		if times != 1 {
			t.Errorf("%s was called about %d times", what, times)
		}
	}
	if f.engine.Deadlocks != nil {
		if n := f.engine.Deadlocks(t, s.raw(t)); n > 0 {
			t.Errorf("%d deadlocks", n)
		}
	}
}
