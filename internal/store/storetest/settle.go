package storetest

import (
	"cmp"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postrider/postrider/internal/outbox"
)

var settleTests = []test{
	{"ends a delivery in every final state", settleFinal},
	{"puts a delivery back for another try", settlePending},
	{"without an attempt counts none", settleWithoutAttempt},
	{"numbers attempts beyond a replay", settleNumbers},
	{"of a stale claim changes nothing", settleStale},
	{"of a stale and a good claim keeps the good one", settleTwoClaims},
	{"takes many at one time", settleMany},
	{"repairs text", settlePoisoned},
}

// anyOrder compares refs as a set.
var anyOrder = cmpopts.SortSlices(func(a, b outbox.Ref) bool {
	return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Claim, b.Claim)) < 0
})

func settleFinal(t *testing.T, f *fixture) {
	for _, state := range []outbox.State{outbox.Sent, outbox.Failed, outbox.Skipped} {
		e := f.put(t)
		claimed := f.claim(t, 1, time.Hour)[0]
		f.clock.Advance(time.Second)
		attempt := outbox.Attempt{
			Number: 1, At: f.clock.Now(), Duration: 1234567 * time.Microsecond, Gateway: "smtp", Result: outbox.ResultRefused,
			Code: 550, Reply: "5.1.1 unknown", Target: "a@example.com",
		}
		f.settle(t, outbox.Settlement{
			Ref: ref(claimed), State: state, Reason: "REASON", Detail: "in words", At: f.clock.Now(), Attempt: &attempt,
			NextAt: f.clock.Now(), // only for pending
		})
		want := outbox.Delivery{
			ID: e.ID, App: e.App, Lane: e.Lane, Recipient: e.Recipient, Conversation: e.Conversation, Origin: e.Origin,
			State: state, Reason: "REASON", Detail: "in words", Attempts: 1, Tries: 1,
			CreatedAt: e.CreatedAt, ArmedAt: e.CreatedAt, SettledAt: f.clock.Now(),
		}
		if diff := gocmp.Diff(want, f.get(t, e.ID)); diff != "" {
			t.Errorf("%s: %s", state, diff)
		}
		if diff := gocmp.Diff([]outbox.Attempt{attempt}, f.attempts(t, e.ID)); diff != "" {
			t.Errorf("%s: %s", state, diff)
		}
	}
}

func settlePending(t *testing.T, f *fixture) {
	e := f.put(t)
	s := f.settlement(f.claim(t, 1, time.Hour)[0], outbox.Pending)
	f.settle(t, s)
	d := f.get(t, e.ID)
	if d.State != outbox.Pending || !d.NextAt.Equal(s.NextAt) || !d.SettledAt.IsZero() || d.Attempts != 1 || d.Tries != 1 ||
		d.Detail != s.Detail {
		t.Errorf("after a temporary failure: %+v", d)
	}
	if claimed, err := f.Claim(t.Context(), outbox.LaneMail, 1, time.Hour); err != nil || len(claimed) > 0 {
		t.Errorf("claimed %v, %v before its time", claimed, err)
	}
	f.clock.Advance(time.Minute)
	if c := f.claim(t, 1, time.Hour)[0]; c.Claim != 2 || c.Attempts != 1 || c.Tries != 1 {
		t.Errorf("the second try: %+v", c)
	}
}

func settleWithoutAttempt(t *testing.T, f *fixture) {
	for _, state := range []outbox.State{outbox.Pending, outbox.Skipped} {
		e := f.put(t)
		s := f.settlement(f.claim(t, 1, time.Hour)[0], state)
		s.Attempt = nil
		f.settle(t, s)
		if d := f.get(t, e.ID); d.State != state || d.Attempts != 0 || d.Tries != 0 {
			t.Errorf("%s: %+v, want no attempt counted", state, d)
		}
		if attempts := f.attempts(t, e.ID); len(attempts) > 0 {
			t.Errorf("%s: attempts %+v, want none", state, attempts)
		}
	}
}

func settleNumbers(t *testing.T, f *fixture) {
	e := f.put(t)
	try := func(state outbox.State) {
		t.Helper()
		f.settle(t, f.settlement(f.claim(t, 1, time.Hour)[0], state))
		f.clock.Advance(time.Hour)
	}
	try(outbox.Pending)
	try(outbox.Failed)
	if _, err := f.Replay(t.Context(), e.ID); err != nil {
		t.Fatal(err)
	}
	if d := f.get(t, e.ID); d.Attempts != 2 || d.Tries != 0 {
		t.Errorf("after a replay: %d attempts, %d tries; want 2 and 0", d.Attempts, d.Tries)
	}
	try(outbox.Sent)
	if d := f.get(t, e.ID); d.Attempts != 3 || d.Tries != 1 {
		t.Errorf("after its try: %d attempts, %d tries; want 3 and 1", d.Attempts, d.Tries)
	}
	for i, a := range f.attempts(t, e.ID) {
		if a.Number != i+1 {
			t.Errorf("attempt %d has number %d", i+1, a.Number)
		}
	}
}

func settleStale(t *testing.T, f *fixture) {
	stale := make(map[string]outbox.Claimed)
	steps := []struct {
		name string
		then func(c outbox.Claimed)
	}{
		{"expired", func(outbox.Claimed) { f.expire(t, 1) }},
		{"claimed again", func(outbox.Claimed) { f.expire(t, 1); f.claim(t, 1, time.Hour) }},
		{"settled", func(c outbox.Claimed) { f.settle(t, f.settlement(c, outbox.Sent)) }},
		{"put back", func(c outbox.Claimed) { f.settle(t, f.settlement(c, outbox.Pending)) }},
		{"cancelled", func(c outbox.Claimed) {
			f.expire(t, 1)
			if err := f.Cancel(t.Context(), c.ID); err != nil {
				t.Fatal(err)
			}
		}},
		{"replayed", func(c outbox.Claimed) {
			f.settle(t, f.settlement(c, outbox.Failed))
			if _, err := f.Replay(t.Context(), c.ID); err != nil {
				t.Fatal(err)
			}
			f.claim(t, 1, time.Hour)
		}},
	}
	for _, step := range steps {
		// Older than all others, so that it is the one that is claimed.
		f.put(t, dueIn(-time.Duration(len(stale)+1)*time.Hour))
		c := f.claim(t, 1, ended)[0]
		step.then(c)
		stale[step.name] = c
	}
	for name, c := range stale {
		before, attempts := f.get(t, c.ID), f.attempts(t, c.ID)
		for _, state := range []outbox.State{outbox.Sent, outbox.Failed, outbox.Pending} {
			late := f.settlement(c, state)
			late.Reason, late.Attempt.Number = "LATE", 77
			lost, err := f.Settle(t.Context(), []outbox.Settlement{late})
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff([]outbox.Ref{ref(c)}, lost); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		if diff := gocmp.Diff(before, f.get(t, c.ID)); diff != "" {
			t.Errorf("%s: a late result changed the delivery: %s", name, diff)
		}
		if diff := gocmp.Diff(attempts, f.attempts(t, c.ID)); diff != "" {
			t.Errorf("%s: a late result recorded an attempt: %s", name, diff)
		}
	}
}

// A process that was stopped for longer than its lease may have claimed the
// same delivery again before the first claim's result is written.
func settleTwoClaims(t *testing.T, f *fixture) {
	e := f.put(t)
	first := f.claim(t, 1, ended)[0]
	f.expire(t, 1)
	second := f.claim(t, 1, time.Hour)[0]
	lost, err := f.Settle(t.Context(), []outbox.Settlement{f.settlement(second, outbox.Sent), f.settlement(first, outbox.Failed)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff([]outbox.Ref{ref(first)}, lost); diff != "" {
		t.Error(diff)
	}
	if d := f.get(t, e.ID); d.State != outbox.Sent || d.Attempts != 1 || len(f.attempts(t, e.ID)) != 1 {
		t.Errorf("%+v with %d recorded attempts, want it sent by one", d, len(f.attempts(t, e.ID)))
	}
}

func settleMany(t *testing.T, f *fixture) {
	const n = 300
	f.putMany(t, n, nil)
	claimed := f.claim(t, n, time.Hour)
	states := []outbox.State{outbox.Sent, outbox.Failed, outbox.Skipped, outbox.Pending}
	var settlements []outbox.Settlement
	var wantLost []outbox.Ref
	for i, c := range claimed {
		s := f.settlement(c, states[i%len(states)])
		if i%5 == 0 {
			s.Attempt = nil
		}
		if i%7 == 0 {
			s.Claim++ // not ours
			wantLost = append(wantLost, s.Ref)
		}
		settlements = append(settlements, s)
	}
	lost, err := f.Settle(t.Context(), settlements)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(wantLost, lost, anyOrder); diff != "" {
		t.Error(diff)
	}
	for i, c := range claimed {
		want, attempts := states[i%len(states)], 1
		if i%5 == 0 {
			attempts = 0
		}
		if i%7 == 0 {
			want, attempts = outbox.InHand, 0
		}
		d := f.get(t, c.ID)
		if d.State != want || d.Attempts != attempts || len(f.attempts(t, c.ID)) != attempts {
			t.Errorf("delivery %d: %s with %d attempts, want %s with %d", i, d.State, d.Attempts, want, attempts)
		}
	}
	if lost, err := f.Settle(t.Context(), nil); err != nil || len(lost) > 0 {
		t.Errorf("Settle of nothing: lost %v, %v", lost, err)
	}
}

func settlePoisoned(t *testing.T, f *fixture) {
	e := f.put(t)
	s := f.settlement(f.claim(t, 1, time.Hour)[0], outbox.Failed)
	s.Reason, s.Detail = poison, poison
	s.Attempt.Reply, s.Attempt.Gateway, s.Attempt.Target = poison, poison, poison
	f.settle(t, s)
	if d := f.get(t, e.ID); d.Reason != repaired || d.Detail != repaired {
		t.Errorf("reason %q, detail %q; want %q", d.Reason, d.Detail, repaired)
	}
	if a := f.attempts(t, e.ID); len(a) != 1 || a[0].Reply != repaired || a[0].Gateway != repaired || a[0].Target != repaired {
		t.Errorf("attempts %+v, want their text as %q", a, repaired)
	}
}
