package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/outbox"
)

var tallyTests = []test{
	{"counts what is decided against", tallySkipped},
	{"is the same folded, however many fold at one time", tallyFolded},
	{"is forgotten when it is old", tallyForgotten},
	{"is each app's own", tallyOfApp},
}

func (f *fixture) tallies(t testing.TB, q outbox.TallyQuery) []outbox.Tally {
	t.Helper()
	if q.App == "" {
		q.App = app
	}
	if q.Until.IsZero() {
		q.From, q.Until = f.clock.Now().Add(-1000*time.Hour), f.clock.Now().Add(time.Hour)
	}
	tallies, err := f.Tallies(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return tallies
}

func (f *fixture) fold(t testing.TB) {
	t.Helper()
	if err := f.FoldTallies(t.Context(), f.clock.Now().Add(-1000*time.Hour)); err != nil {
		t.Fatal(err)
	}
}

func tallySkipped(t *testing.T, f *fixture) {
	s := newScene(f)
	s.strangers(t, 7)
	now := f.clock.Now()
	s.decide(t, &told{max: 5})
	want := []outbox.Tally{{From: now.Truncate(time.Hour), Lane: outbox.LaneCall, State: outbox.Skipped, Reason: string(chat.ReasonQuota), N: 2}}
	if diff := cmp.Diff(want, f.tallies(t, outbox.TallyQuery{By: time.Hour, Reasons: true})); diff != "" {
		t.Error(diff)
	}
}

func tallyFolded(t *testing.T, f *fixture) {
	const hours, each = 3, 7
	for range hours {
		for range each {
			f.putIn(t, outbox.Sent)
			f.putIn(t, outbox.Failed)
		}
		f.clock.Advance(time.Hour)
	}
	query := outbox.TallyQuery{By: time.Hour, Reasons: true}
	before := f.tallies(t, query)
	other := &fixture{Store: f.open(t), engine: f.engine, url: f.url, clock: f.clock, ids: f.ids}
	for range 2 {
		together(4, func(i int) { []*fixture{f, other}[i%2].fold(t) })
	}
	if n := f.count(t, "tallies"); n != 0 {
		t.Errorf("%d rows are not folded", n)
	}
	if n, most := f.count(t, "tally_hours"), (hours+1)*2; n > most {
		t.Errorf("%d rows for %d hours, want at most %d", n, hours, most)
	}
	after := f.tallies(t, query)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	total := 0
	for _, one := range after {
		total += one.N
	}
	if want := 2 * hours * each; total != want {
		t.Errorf("%d were counted, want %d", total, want)
	}
	f.putIn(t, outbox.Sent)
	if got := f.tallies(t, query); len(got) == 0 || got[len(got)-1].N != 1 && got[len(got)-1].N != 2*each {
		t.Errorf("with one more: %v", got)
	}
}

func tallyForgotten(t *testing.T, f *fixture) {
	f.putIn(t, outbox.Sent)
	f.clock.Advance(10 * time.Hour)
	f.putIn(t, outbox.Failed)
	f.fold(t)
	if err := f.FoldTallies(t.Context(), f.clock.Now().Add(-5*time.Hour)); err != nil {
		t.Fatal(err)
	}
	want := []outbox.Tally{{From: f.clock.Now().Truncate(24 * time.Hour), Lane: outbox.LaneMail, State: outbox.Failed, N: 1}}
	if diff := cmp.Diff(want, f.tallies(t, outbox.TallyQuery{By: 24 * time.Hour})); diff != "" {
		t.Error(diff)
	}
}

func tallyOfApp(t *testing.T, f *fixture) {
	f.putIn(t, outbox.Cancelled)
	if got := f.tallies(t, outbox.TallyQuery{App: "another", By: time.Hour}); len(got) != 0 {
		t.Errorf("another app has %v", got)
	}
	want := []outbox.Tally{{Lane: outbox.LaneMail, State: outbox.Cancelled, N: 1}}
	if diff := cmp.Diff(want, f.tallies(t, outbox.TallyQuery{By: time.Hour}), cmpopts.IgnoreFields(outbox.Tally{}, "From")); diff != "" {
		t.Error(diff)
	}
}
