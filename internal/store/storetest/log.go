package storetest

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postrider/postrider/internal/outbox"
)

var logTests = []test{
	{"lists what a filter selects", logFilters},
	{"lists in pages", logPages},
	{"is searched bit by bit", logSearched},
	{"replays what was not sent under its own id", logReplayUnsent},
	{"replays what was sent as a new delivery", logReplaySent},
	{"refuses to replay what is open", logReplayOpen},
	{"cancels what is pending", logCancel},
	{"knows nothing of what is not there", logUnknown},
	{"measures the queue", logDepth},
}

func logFilters(t *testing.T, f *fixture) {
	byState := make(map[outbox.State]string)
	for _, state := range outbox.States() {
		byState[state] = f.putIn(t, state).ID
	}
	f.clock.Advance(time.Hour)
	noon := f.clock.Now()
	call := f.put(t, func(e *outbox.Entry) { e.Lane = outbox.LaneCall }).ID
	other := f.put(t, func(e *outbox.Entry) { e.App = "other" }).ID
	brought := f.put(t, func(e *outbox.Entry) { e.Origin = "call" }).ID
	f.clock.Advance(time.Hour)
	somebody := f.put(t, func(e *outbox.Entry) { e.Recipient = "somebody" }).ID

	all := f.list(t, outbox.Filter{})
	if len(all) != 10 || !slices.IsSortedFunc(all, func(a, b string) int { return -cmpText(a, b) }) {
		t.Fatalf("all deliveries: %v; want 10, newest first", all)
	}
	for name, c := range map[string]struct {
		filter outbox.Filter
		want   []string
	}{
		"app":             {outbox.Filter{App: "other"}, []string{other}},
		"lane":            {outbox.Filter{Lane: outbox.LaneCall}, []string{call}},
		"recipient":       {outbox.Filter{Recipient: "somebody"}, []string{somebody}},
		"reason":          {outbox.Filter{Reason: "REASON"}, []string{byState[outbox.Skipped], byState[outbox.Failed], byState[outbox.Sent]}},
		"origin":          {outbox.Filter{Origin: "call", Since: noon}, []string{brought}},
		"since":           {outbox.Filter{Since: noon}, []string{somebody, brought, other, call}},
		"until":           {outbox.Filter{Until: noon, States: []outbox.State{outbox.Sent, outbox.InHand}}, []string{byState[outbox.Sent], byState[outbox.InHand]}},
		"since and until": {outbox.Filter{Since: noon, Until: noon.Add(time.Millisecond)}, []string{brought, other, call}},
		"one unsent state": {
			outbox.Filter{States: []outbox.State{outbox.Skipped}},
			[]string{byState[outbox.Skipped]},
		},
		"unsent states": {
			outbox.Filter{States: []outbox.State{outbox.Failed, outbox.Cancelled}},
			[]string{byState[outbox.Cancelled], byState[outbox.Failed]},
		},
		"mixed states": {
			outbox.Filter{States: []outbox.State{outbox.Failed, outbox.Sent}},
			[]string{byState[outbox.Failed], byState[outbox.Sent]},
		},
		"state and more": {
			outbox.Filter{States: []outbox.State{outbox.Pending}, App: "app", Lane: outbox.LaneMail, Since: noon, Recipient: "somebody"},
			[]string{somebody},
		},
		"nothing": {outbox.Filter{Recipient: "somebody", App: "other"}, []string{}},
		"poison":  {outbox.Filter{App: poison, Reason: poison, Lane: poison, Before: poison, Origin: poison, States: []outbox.State{poison}}, []string{}},
	} {
		// putIn puts the states in the order of States: newest first is the
		// reverse.
		slices.SortFunc(c.want, func(a, b string) int { return -cmpText(a, b) })
		if diff := cmp.Diff(c.want, f.list(t, c.filter)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func cmpText(a, b string) int { return bytes.Compare([]byte(a), []byte(b)) }

// What a search finds, bit by bit, is what a list has.
func logSearched(t *testing.T, f *fixture) {
	f.putMany(t, 500, func(i int, e *outbox.Entry) {
		if i%100 == 7 {
			e.Recipient = "seldom"
		}
	})
	f.putIn(t, outbox.Failed)
	for name, filter := range map[string]outbox.Filter{
		"all": {}, "recipient": {Recipient: "seldom"}, "nobody": {Recipient: "nobody"}, "failed": {States: []outbox.State{outbox.Failed}},
	} {
		var got []string
		for page := filter; ; {
			found, more, err := f.Search(t.Context(), page, 2)
			if err != nil {
				t.Fatal(err)
			}
			for i := range found {
				got = append(got, found[i].ID)
			}
			if more == "" {
				break
			}
			page.Before = more
		}
		if diff := cmp.Diff(f.list(t, filter), got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func logPages(t *testing.T, f *fixture) {
	want := make([]string, 0, 25)
	for range 25 {
		want = append(want, f.put(t).ID)
	}
	slices.Reverse(want)
	var got []string
	filter := outbox.Filter{}
	for {
		page, err := f.List(t.Context(), filter, 10)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, d := range page {
			got = append(got, d.ID)
		}
		filter.Before = got[len(got)-1]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, limit := range []int{0, 1 << 40} {
		if _, err := f.List(t.Context(), outbox.Filter{}, limit); err != nil {
			t.Errorf("a page of %d: %v", limit, err)
		}
	}
}

func logReplayUnsent(t *testing.T, f *fixture) {
	for _, state := range []outbox.State{outbox.Failed, outbox.Skipped, outbox.Cancelled} {
		e := f.putIn(t, state)
		before := f.get(t, e.ID)
		f.clock.Advance(time.Hour)
		id, err := f.Replay(t.Context(), e.ID)
		if err != nil || id != e.ID {
			t.Fatalf("replay what is %s: %s, %v; want its own id", state, id, err)
		}
		want := before
		want.State, want.Reason, want.Detail, want.Tries = outbox.Pending, "", "", 0
		want.ArmedAt, want.NextAt, want.SettledAt = f.clock.Now(), f.clock.Now(), time.Time{}
		if diff := cmp.Diff(want, f.get(t, e.ID)); diff != "" {
			t.Errorf("%s: %s", state, diff)
		}
		if c := f.claim(t, 1, time.Hour)[0]; c.ID != e.ID || !bytes.Equal(c.Payload, e.Payload) {
			t.Errorf("%s: claimed %+v after the replay", state, c)
		}
	}
}

func logReplaySent(t *testing.T, f *fixture) {
	e := f.putIn(t, outbox.Sent)
	before := f.get(t, e.ID)
	f.clock.Advance(time.Hour)
	id, err := f.Replay(t.Context(), e.ID)
	if err != nil || id == e.ID || id == "" {
		t.Fatalf("Replay = %q, %v; want a new id", id, err)
	}
	got, payload, err := f.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	now := f.clock.Now()
	want := outbox.Delivery{
		ID: id, App: e.App, Lane: e.Lane, Recipient: e.Recipient, Conversation: e.Conversation, Origin: e.Origin, Replays: e.ID,
		State: outbox.Pending, CreatedAt: now, ArmedAt: now, NextAt: now,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !bytes.Equal(payload, e.Payload) {
		t.Errorf("payload %q, want %q", payload, e.Payload)
	}
	if diff := cmp.Diff(before, f.get(t, e.ID)); diff != "" {
		t.Errorf("the first delivery changed: %s", diff)
	}
	if c := f.claim(t, 1, time.Hour)[0]; c.ID != id || c.Claim != 1 {
		t.Errorf("claimed %+v after the replay", c)
	}
}

func logReplayOpen(t *testing.T, f *fixture) {
	for _, state := range []outbox.State{outbox.Pending, outbox.InHand} {
		e := f.putIn(t, state)
		before := f.get(t, e.ID)
		if _, err := f.Replay(t.Context(), e.ID); !errors.Is(err, outbox.ErrState) {
			t.Errorf("replay what is %s: %v, want ErrState", state, err)
		}
		if diff := cmp.Diff(before, f.get(t, e.ID)); diff != "" {
			t.Errorf("%s: %s", state, diff)
		}
	}
}

func logCancel(t *testing.T, f *fixture) {
	for _, state := range outbox.States() {
		e := f.putIn(t, state)
		want := f.get(t, e.ID)
		err := f.Cancel(t.Context(), e.ID)
		if state == outbox.Pending {
			want.State, want.SettledAt, want.NextAt = outbox.Cancelled, f.clock.Now(), time.Time{}
		} else if !errors.Is(err, outbox.ErrState) {
			t.Errorf("cancel what is %s: %v, want ErrState", state, err)
		}
		if diff := cmp.Diff(want, f.get(t, e.ID)); diff != "" {
			t.Errorf("%s: %s", state, diff)
		}
	}
	if claimed, err := f.Claim(t.Context(), outbox.LaneMail, 10, time.Hour); err != nil || len(claimed) > 0 {
		t.Errorf("claimed %v, %v; want nothing", claimedIDs(claimed), err)
	}
}

func logUnknown(t *testing.T, f *fixture) {
	for _, id := range []string{"", "00000000-0000-7000-8000-000000000000", poison} {
		if _, _, err := f.Get(t.Context(), id); !errors.Is(err, outbox.ErrNotFound) {
			t.Errorf("Get(%q): %v, want ErrNotFound", id, err)
		}
		if _, err := f.Replay(t.Context(), id); !errors.Is(err, outbox.ErrNotFound) {
			t.Errorf("Replay(%q): %v, want ErrNotFound", id, err)
		}
		if err := f.Cancel(t.Context(), id); !errors.Is(err, outbox.ErrNotFound) {
			t.Errorf("Cancel(%q): %v, want ErrNotFound", id, err)
		}
		if attempts, err := f.Attempts(t.Context(), id); err != nil || len(attempts) > 0 {
			t.Errorf("Attempts(%q) = %v, %v; want none", id, attempts, err)
		}
	}
}

func logDepth(t *testing.T, f *fixture) {
	depth := func(want outbox.Depth) {
		t.Helper()
		got, err := f.Depth(t.Context(), outbox.LaneMail)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	depth(outbox.Depth{})
	for _, state := range outbox.States() {
		f.putIn(t, state)
	}
	f.put(t, func(e *outbox.Entry) { e.Lane = outbox.LaneCall })
	f.claim(t, 1, time.Hour) // the pending one
	later := f.put(t, dueIn(time.Hour))
	f.put(t, dueIn(2*time.Hour))
	depth(outbox.Depth{Pending: 2, InHand: 2, OldestDue: later.NextAt})
}
