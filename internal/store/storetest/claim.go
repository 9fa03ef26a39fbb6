package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/outbox"
)

var claimTests = []test{
	{"takes what is due, oldest first", claimOrder},
	{"takes what is due at one moment in the order of ids", claimTies},
	{"returns the whole delivery", claimReturns},
	{"takes fewer when payloads are large", claimLarge},
	{"hands out what has lost its payload", claimWithoutPayload},
	{"keeps lanes apart", claimLanes},
	{"never hands out a delivery twice", claimTogether},
	{"knows when the next is due", claimNextDue},
}

func dueIn(d time.Duration) func(*outbox.Entry) {
	return func(e *outbox.Entry) { e.NextAt = e.NextAt.Add(d) }
}

func claimedIDs(claimed []outbox.Claimed) []string {
	ids := make([]string, 0, len(claimed))
	for i := range claimed {
		ids = append(ids, claimed[i].ID)
	}
	return ids
}

func claimOrder(t *testing.T, f *fixture) {
	second := f.put(t, dueIn(-time.Hour))
	later := f.put(t, dueIn(time.Millisecond))
	third := f.put(t, dueIn(0))
	first := f.put(t, dueIn(-48*time.Hour))

	want := []string{first.ID, second.ID}
	if diff := cmp.Diff(want, claimedIDs(f.claim(t, 2, time.Hour))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{third.ID}, claimedIDs(f.claim(t, 1, time.Hour))); diff != "" {
		t.Error(diff)
	}
	if claimed, err := f.Claim(t.Context(), outbox.LaneMail, 10, time.Hour); err != nil || len(claimed) > 0 {
		t.Errorf("claimed %v, %v before anything was due", claimedIDs(claimed), err)
	}
	f.clock.Advance(time.Millisecond)
	if diff := cmp.Diff([]string{later.ID}, claimedIDs(f.claim(t, 1, time.Hour))); diff != "" {
		t.Error(diff)
	}
}

func claimTies(t *testing.T, f *fixture) {
	entries := f.putMany(t, 100, nil)
	want := make([]string, 0, len(entries))
	for _, e := range entries {
		want = append(want, e.ID)
	}
	slices.Sort(want)
	got := claimedIDs(f.claim(t, len(entries), time.Hour))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func claimReturns(t *testing.T, f *fixture) {
	// More than one chunk of each size.
	const n = 64 + 16 + 4 + 3
	entries := f.putMany(t, n, func(i int, e *outbox.Entry) {
		e.Recipient, e.Payload = fmt.Sprint("recipient ", i), fmt.Append(nil, "payload ", i)
	})
	byID := make(map[string]outbox.Entry, n)
	for _, e := range entries {
		byID[e.ID] = e
	}
	for _, got := range f.claim(t, n, time.Hour) {
		e := byID[got.ID]
		want := outbox.Claimed{
			Delivery: outbox.Delivery{
				ID: e.ID, App: e.App, Lane: e.Lane, Recipient: e.Recipient, Conversation: e.Conversation, Origin: e.Origin,
				State: outbox.InHand, CreatedAt: e.CreatedAt, ArmedAt: e.CreatedAt, NextAt: e.NextAt,
			},
			Payload: e.Payload, Claim: 1,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	}
}

// A backlog of large payloads does not come into memory at one time, and does
// not stand still either.
func claimLarge(t *testing.T, f *fixture) {
	const megabyte, enough = 1 << 20, 20 << 20
	var want []string
	for i := range 14 {
		size := 3 * megabyte
		if i == 5 {
			size = enough // more than any claim takes, but one has to
		}
		want = append(want, f.put(t, func(e *outbox.Entry) { e.Payload = make([]byte, size) }).ID)
	}
	var got []string
	claims := 0
	for ; len(got) < len(want); claims++ {
		claimed, err := f.Claim(t.Context(), outbox.LaneMail, 100, time.Hour)
		if err != nil || len(claimed) == 0 {
			t.Fatalf("claimed %d after %d of %d, %v", len(claimed), len(got), len(want), err)
		}
		bytes := 0
		for _, c := range claimed {
			bytes += len(c.Payload)
			if len(c.Payload) < 3*megabyte {
				t.Errorf("%s comes with %d bytes of its payload", c.ID, len(c.Payload))
			}
		}
		if bytes > enough+8*megabyte {
			t.Errorf("one claim took %d bytes", bytes)
		}
		got = append(got, claimedIDs(claimed)...)
		f.expire(t, 0) // what was left is nobody's
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("not oldest first: %s", diff)
	}
	if claims < 3 {
		t.Errorf("all was taken by %d claims", claims)
	}
	if depth, err := f.Depth(t.Context(), outbox.LaneMail); err != nil || depth.InHand != len(want) {
		t.Errorf("%+v, %v; want all in hand", depth, err)
	}
}

func claimWithoutPayload(t *testing.T, f *fixture) {
	first := f.put(t)
	f.put(t)
	if _, err := f.raw(t).Exec(`DELETE FROM payloads WHERE delivery_id = $1`, first.ID); err != nil {
		t.Fatal(err)
	}
	if claimed := f.claim(t, 2, time.Hour); claimed[0].ID != first.ID || len(claimed[0].Payload) > 0 {
		t.Errorf("claimed %+v, want the first without a payload", claimed[0])
	}
}

func claimLanes(t *testing.T, f *fixture) {
	call := f.put(t, func(e *outbox.Entry) { e.Lane = outbox.LaneCall })
	mail := f.put(t)
	for lane, want := range map[outbox.Lane]string{outbox.LaneCall: call.ID, outbox.LaneMail: mail.ID} {
		claimed, err := f.Claim(t.Context(), lane, 10, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{want}, claimedIDs(claimed)); diff != "" {
			t.Errorf("%s: %s", lane, diff)
		}
	}
}

func claimTogether(t *testing.T, f *fixture) {
	const entries, workers = 400, 8
	f.putMany(t, entries, nil)
	other := f.open(t)
	var mu sync.Mutex
	claims := make(map[string]int)
	together(workers, func(i int) {
		s := f.Store
		if i%2 == 0 {
			s = other
		}
		for {
			claimed, err := s.Claim(t.Context(), outbox.LaneMail, 7, time.Hour)
			if err != nil {
				t.Errorf("claim: %v", err)
				return
			}
			mu.Lock()
			for _, c := range claimed {
				claims[c.ID]++
			}
			all := len(claims) == entries
			mu.Unlock()
			// What others have locked is passed over: nothing now does not
			// mean nothing more.
			if all || t.Failed() {
				return
			}
		}
	})
	if len(claims) != entries {
		t.Errorf("%d of %d deliveries were claimed", len(claims), entries)
	}
	for id, n := range claims {
		if n != 1 {
			t.Errorf("%s was claimed %d times", id, n)
		}
	}
}

func claimNextDue(t *testing.T, f *fixture) {
	check := func(when string, want time.Time) {
		t.Helper()
		if got, err := f.NextDue(t.Context(), outbox.LaneMail); err != nil || !got.Equal(want) {
			t.Errorf("%s: NextDue = %v, %v; want %v", when, got, err, want)
		}
	}
	check("nothing is stored", time.Time{})
	f.put(t, func(e *outbox.Entry) { e.Lane = outbox.LaneCall })
	check("another lane has something", time.Time{})
	later := f.put(t, dueIn(time.Hour))
	check("something is due later", later.NextAt)
	due := f.put(t, dueIn(-time.Hour))
	check("something is due", due.NextAt)
	c := f.claim(t, 1, time.Hour)[0]
	check("it is in hand", later.NextAt)
	s := f.settlement(c, outbox.Pending)
	f.settle(t, s)
	check("it waits for its next attempt", s.NextAt)
	if err := f.Cancel(t.Context(), due.ID); err != nil {
		t.Fatal(err)
	}
	check("it is cancelled", later.NextAt)

	f.put(t, func(e *outbox.Entry) { e.NextAt = time.Time{} })
	if got, err := f.NextDue(t.Context(), outbox.LaneMail); err != nil || got.IsZero() || got.After(f.clock.Now()) {
		t.Errorf("something was always due: NextDue = %v, %v; want a moment in the past", got, err)
	}
}
