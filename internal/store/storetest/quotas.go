package storetest

import (
	"fmt"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine"
	"github.com/postrider/postrider/internal/outbox"
)

var quotaTests = []test{
	{"is kept by windows of one batch", quotaBatch},
	{"is kept by two processes", quotaProcesses},
	{"comes back from a digest that came to nothing", quotaGivenBack},
	{"is taken again by a replay", quotaReplayed},
	{"comes back when a call is cancelled", quotaCancelled},
}

// strangers records a message to bob from each of n people, and lets time pass
// until their windows are due.
func (s *scene) strangers(t testing.TB, n int) {
	t.Helper()
	for i := range n {
		s.record(t, s.message(fmt.Sprintf("s%02d", i), chat.OneOnOne("bob", fmt.Sprintf("s%02d", i))))
	}
	s.due()
}

// reasons counts what was decided, by state and reason.
func (s *scene) reasons(t testing.TB) map[string]int {
	t.Helper()
	deliveries, err := s.List(t.Context(), outbox.Filter{Lane: outbox.LaneCall}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]int)
	for i := range deliveries {
		all[string(deliveries[i].State)+" "+deliveries[i].Reason]++
	}
	return all
}

func (s *scene) wantReasons(t testing.TB, want map[string]int) {
	t.Helper()
	if diff := gocmp.Diff(want, s.reasons(t)); diff != "" {
		t.Errorf("decisions by state and reason (-want +got):\n%s", diff)
	}
}

// taken is how many mails of bob's day count.
func (s *scene) taken(t testing.TB) (n int) {
	t.Helper()
	err := s.raw(t).QueryRow(`SELECT COALESCE(SUM(n), 0) FROM quotas WHERE uid = 'bob' AND conversation = ''`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (s *scene) wantTaken(t testing.TB, want int) {
	t.Helper()
	if got := s.taken(t); got != want {
		t.Errorf("%d mails of the day count, want %d", got, want)
	}
}

func quotaBatch(t *testing.T, f *fixture) {
	s := newScene(f)
	s.strangers(t, 7)
	s.decide(t, &told{max: 5})
	s.wantReasons(t, map[string]int{"pending ": 5, "skipped QUOTA_PREFERENCE": 2})
	s.wantTaken(t, 5)
	s.clock.Advance(24 * time.Hour)
	s.record(t, s.message("new", chat.OneOnOne("bob", "new")))
	s.due()
	s.decide(t, &told{max: 5})
	s.wantReasons(t, map[string]int{"pending ": 6, "skipped QUOTA_PREFERENCE": 2})
}

func quotaProcesses(t *testing.T, f *fixture) {
	s := newScene(f)
	s.strangers(t, 40)
	second := f.open(t)
	together(4, func(i int) {
		store := engine.Store(s.Store)
		if i%2 == 1 {
			store = second
		}
		for {
			d, err := store.Decide(t.Context(), app, &told{max: 7}, 3, outbox.Hand{})
			if err != nil {
				t.Error(err)
				return
			}
			if d.Windows == 0 {
				return
			}
		}
	})
	// What another process has locked is not looked for again.
	s.decide(t, &told{max: 7})
	s.wantReasons(t, map[string]int{"pending ": 7, "skipped QUOTA_PREFERENCE": 33})
	s.wantTaken(t, 7)
}

// both is a judge that tells two providers.
func both() *told {
	return &told{verdict: func(_ *engine.Case, v *engine.Verdict) {
		if len(v.Send) > 0 {
			v.To = []string{"custom", "sendgrid"}
		}
	}}
}

func (s *scene) settleCalls(t testing.TB, states ...outbox.State) []outbox.Claimed {
	t.Helper()
	claimed, err := s.Claim(t.Context(), outbox.LaneCall, len(states), time.Hour)
	if err != nil || len(claimed) != len(states) {
		t.Fatalf("claimed %d calls, %v; want %d", len(claimed), err, len(states))
	}
	for i, state := range states {
		s.settle(t, s.settlement(claimed[i], state))
	}
	return claimed
}

func quotaGivenBack(t *testing.T, f *fixture) {
	s := newScene(f)
	s.strangers(t, 1)
	s.decide(t, both())
	s.wantTaken(t, 1)
	s.settleCalls(t, outbox.Failed)
	s.wantTaken(t, 1) // the other one may succeed
	s.settleCalls(t, outbox.Failed)
	s.wantTaken(t, 0)

	s.record(t, s.message("new", chat.OneOnOne("bob", "new")))
	s.due()
	s.decide(t, both())
	s.settleCalls(t, outbox.Sent)
	s.settleCalls(t, outbox.Skipped)
	s.wantTaken(t, 1)

	s.record(t, s.message("third", chat.OneOnOne("bob", "third")))
	s.due()
	s.decide(t, both())
	s.wantTaken(t, 2)
	// Both fail in one moment, in two processes.
	claimed, err := s.Claim(t.Context(), outbox.LaneCall, 2, time.Hour)
	if err != nil || len(claimed) != 2 {
		t.Fatalf("claimed %d calls, %v; want 2", len(claimed), err)
	}
	together(2, func(i int) {
		if _, err := s.Settle(t.Context(), []outbox.Settlement{s.settlement(claimed[i], outbox.Failed)}); err != nil {
			t.Error(err)
		}
	})
	s.wantTaken(t, 1)
}

func quotaReplayed(t *testing.T, f *fixture) {
	s := newScene(f)
	s.strangers(t, 1)
	s.decide(t, &told{})
	failed := s.settleCalls(t, outbox.Failed)[0]
	s.wantTaken(t, 0)
	if id, err := s.Replay(t.Context(), failed.ID); err != nil || id != failed.ID {
		t.Fatalf("replayed as %s, %v; want its own id", id, err)
	}
	s.wantTaken(t, 1)
	s.settleCalls(t, outbox.Sent)
	id, err := s.Replay(t.Context(), failed.ID)
	if err != nil || id == failed.ID {
		t.Fatalf("replayed as %s, %v; want a new delivery", id, err)
	}
	s.wantTaken(t, 2)
	c, ok, err := s.Case(t.Context(), id, &told{})
	if err != nil || !ok || len(c.Messages) != 1 || c.UID != "bob" {
		t.Errorf("the case of the replay is %+v, %v, %v; want that of bob's message", c, ok, err)
	}
	s.settleCalls(t, outbox.Failed)
	s.wantTaken(t, 1)
}

func quotaCancelled(t *testing.T, f *fixture) {
	s := newScene(f)
	s.strangers(t, 1)
	s.decide(t, &told{})
	deliveries, err := s.List(t.Context(), outbox.Filter{Lane: outbox.LaneCall}, 2)
	if err != nil || len(deliveries) != 1 {
		t.Fatalf("%d calls, %v; want one", len(deliveries), err)
	}
	if err := s.Cancel(t.Context(), deliveries[0].ID); err != nil {
		t.Fatal(err)
	}
	s.wantTaken(t, 0)
}
