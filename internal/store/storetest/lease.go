package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/outbox"
)

var leaseTests = []test{
	{"ends, and the delivery can be claimed again", leaseEnds},
	{"is renewed", leaseRenewed},
	{"is lost", leaseLost},
	{"of two claims of one delivery is told apart", leaseOfTwoClaims},
	{"is counted by one clock", leaseClock},
}

// ended is a lease that is over when it is given: it ends on every engine
// without waiting.
const ended = -time.Second

func (f *fixture) expire(t testing.TB, want int) {
	t.Helper()
	if n, err := f.Expire(t.Context(), outbox.LaneMail); err != nil || n != want {
		t.Fatalf("Expire = %d, %v; want %d", n, err, want)
	}
}

func leaseEnds(t *testing.T, f *fixture) {
	// Beyond what one transaction takes back.
	const n = 1200
	entries := f.putMany(t, n, nil)
	f.put(t, func(e *outbox.Entry) { e.Lane = outbox.LaneCall })
	if claimed, err := f.Claim(t.Context(), outbox.LaneCall, 1, ended); err != nil || len(claimed) != 1 {
		t.Fatalf("claimed %d, %v", len(claimed), err)
	}
	f.claim(t, n-1, ended)
	held := f.claim(t, 1, time.Hour)[0]
	f.expire(t, n-1)
	f.expire(t, 0)

	claimed := f.claim(t, n-1, time.Hour)
	for _, c := range claimed {
		if c.Claim != 2 || c.Attempts != 0 || c.Tries != 0 || c.ID == held.ID {
			t.Fatalf("claimed again: %+v; want a second claim that counts no attempt", c)
		}
	}
	if d := f.get(t, entries[0].ID); !d.NextAt.Equal(entries[0].NextAt) {
		t.Errorf("due at %v after its lease, want %v as before", d.NextAt, entries[0].NextAt)
	}
	if n, err := f.Expire(t.Context(), outbox.LaneCall); err != nil || n != 1 {
		t.Errorf("the other lane: Expire = %d, %v; want 1", n, err)
	}
}

func leaseRenewed(t *testing.T, f *fixture) {
	const n = 70
	f.putMany(t, n, nil)
	claimed := f.claim(t, n, ended)
	refs := make([]outbox.Ref, 0, n)
	for _, c := range claimed[1:] {
		refs = append(refs, ref(c))
	}
	if lost, err := f.Renew(t.Context(), refs, time.Hour); err != nil || len(lost) > 0 {
		t.Fatalf("Renew: lost %v, %v; want none", lost, err)
	}
	f.expire(t, 1)
	// A renewal may shorten a lease, too.
	if lost, err := f.Renew(t.Context(), refs, ended); err != nil || len(lost) > 0 {
		t.Fatalf("Renew: lost %v, %v; want none", lost, err)
	}
	f.expire(t, n-1)
	if lost, err := f.Renew(t.Context(), nil, time.Hour); err != nil || len(lost) > 0 {
		t.Errorf("Renew of nothing: lost %v, %v", lost, err)
	}
}

func leaseLost(t *testing.T, f *fixture) {
	f.putMany(t, 4, nil)
	claimed := f.claim(t, 4, ended)
	settled, cancelled, expired, taken := claimed[0], claimed[1], claimed[2], claimed[3]
	f.settle(t, f.settlement(settled, outbox.Sent))
	f.expire(t, 3)
	// What a person cancels is not any worker's.
	if err := f.Cancel(t.Context(), cancelled.ID); err != nil {
		t.Fatal(err)
	}
	f.claim(t, 2, ended)
	f.expire(t, 2)
	// The latest claim of them all is still good.
	again := f.claim(t, 2, time.Hour)
	refs := []outbox.Ref{ref(settled), ref(cancelled), ref(expired), ref(taken), ref(again[0]), {ID: "unknown", Claim: 1}}
	lost, err := f.Renew(t.Context(), refs, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	want := []outbox.Ref{ref(settled), ref(cancelled), ref(expired), ref(taken), {ID: "unknown", Claim: 1}}
	if diff := cmp.Diff(want, lost, anyOrder); diff != "" {
		t.Error(diff)
	}
}

func leaseOfTwoClaims(t *testing.T, f *fixture) {
	f.put(t)
	first := f.claim(t, 1, ended)[0]
	f.expire(t, 1)
	second := f.claim(t, 1, time.Hour)[0]
	lost, err := f.Renew(t.Context(), []outbox.Ref{ref(second), ref(first)}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]outbox.Ref{ref(first)}, lost); diff != "" {
		t.Error(diff)
	}
}

func leaseClock(t *testing.T, f *fixture) {
	f.put(t)
	f.claim(t, 1, time.Hour)
	f.clock.Advance(time.Hour)
	f.expire(t, 0) // good until its last moment
	f.clock.Advance(time.Millisecond)
	if f.engine.OwnClock {
		f.expire(t, 0) // a process whose clock is wrong takes nothing away
		return
	}
	f.expire(t, 1)
}
