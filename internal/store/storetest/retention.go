package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/outbox"
)

var retentionTests = []test{
	{"deletes what is old and settled", purgeOld},
	{"deletes more than fits one transaction", purgeMany},
	{"deletes dedupe keys that have expired", purgeKeys},
}

func purgeOld(t *testing.T, f *fixture) {
	var keep []string
	var gone []string
	for _, state := range outbox.States() {
		e := f.putIn(t, state)
		if state == outbox.Pending || state == outbox.InHand {
			keep = append(keep, e.ID)
		} else {
			gone = append(gone, e.ID)
		}
	}
	f.clock.Advance(time.Millisecond)
	before := f.clock.Now()
	for _, state := range outbox.States() {
		keep = append(keep, f.putIn(t, state).ID)
	}
	n, err := f.Purge(t.Context(), before)
	if err != nil || n != len(gone) {
		t.Errorf("Purge = %d, %v; want %d", n, err, len(gone))
	}
	slices.Sort(keep)
	slices.Reverse(keep)
	if diff := cmp.Diff(keep, f.list(t, outbox.Filter{})); diff != "" {
		t.Error(diff)
	}
	for _, id := range gone {
		if _, _, err := f.Get(t.Context(), id); !errors.Is(err, outbox.ErrNotFound) {
			t.Errorf("Get of a purged delivery: %v, want ErrNotFound", err)
		}
	}
	if n := f.count(t, "payloads"); n != len(keep) {
		t.Errorf("%d payloads are left, want %d", n, len(keep))
	}
	if n := f.count(t, "attempts"); n != 3 { // of the new sent, failed and skipped ones
		t.Errorf("%d attempts are left, want 3", n)
	}
	if n, err := f.Purge(t.Context(), before); err != nil || n != 0 {
		t.Errorf("Purge again = %d, %v; want 0", n, err)
	}
}

func purgeMany(t *testing.T, f *fixture) {
	const n = 1100
	f.putMany(t, n, nil)
	open := f.claim(t, n, time.Hour)
	settlements := make([]outbox.Settlement, 0, n)
	for _, c := range open[100:] {
		settlements = append(settlements, f.settlement(c, outbox.Sent))
	}
	f.settle(t, settlements...)
	f.clock.Advance(time.Hour)
	if got, err := f.Purge(t.Context(), f.clock.Now()); err != nil || got != n-100 {
		t.Errorf("Purge = %d, %v; want %d", got, err, n-100)
	}
	for _, table := range []string{"deliveries", "payloads"} {
		if got := f.count(t, table); got != 100 {
			t.Errorf("%d %s are left, want the 100 that are open", got, table)
		}
	}
}

func purgeKeys(t *testing.T, f *fixture) {
	const n = 1200
	f.putMany(t, n, func(_ int, e *outbox.Entry) { withKey(e.ID, time.Minute)(e) })
	f.clock.Advance(time.Minute)
	f.put(t, withKey("fresh", time.Minute))
	if _, err := f.Purge(t.Context(), f.clock.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := f.count(t, "dedupe"); got != 1 {
		t.Errorf("%d keys are left, want the fresh one", got)
	}
	if got := f.count(t, "deliveries"); got != n+1 {
		t.Errorf("%d deliveries are left, want all %d", got, n+1)
	}
}
