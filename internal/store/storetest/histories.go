package storetest

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/store"
)

// Histories runs random histories of an outbox that two processes share (put,
// claim, renew, settle, expire, kill, restart, replay, cancel, purge) and
// compares every answer, and every few steps all that is stored, with a
// model. It goes on until that many steps were made.
//
// What the model holds: nothing that was put is lost; no delivery is in two
// hands; a result that comes too late changes nothing; attempts are numbered
// without holes.
func Histories(t *testing.T, e Engine, steps int) {
	// One database for all histories: it is emptied between them.
	f := &fixture{engine: e, url: e.URL(t), clock: newClock(), ids: new(atomic.Int64)}
	raw := f.raw(t)
	var made int
	for made < steps && !t.Failed() {
		rapid.Check(t, func(rt *rapid.T) {
			h := &history{fixture: f, model: newModel(), ctx: t.Context()}
			f.clock.set(time.Now())
			defer h.close(rt)
			h.open(rt, 0)
			h.open(rt, 1)
			for _, table := range []string{"deliveries", "payloads", "attempts", "dedupe", "tallies", "tally_hours"} {
				if _, err := raw.Exec(`DELETE FROM ` + table); err != nil {
					rt.Fatal(err)
				}
			}
			rt.Repeat(map[string]func(*rapid.T){
				"": func(rt *rapid.T) {
					made++
					h.steps++
					if h.steps%3 == 0 { // it costs as much as two steps
						h.compare(rt)
					}
				},
				// Twice, so that there is something to do for the others.
				"put": h.put, "put more": h.put,
				"claim": h.claim, "claim more": h.claim,
				"settle": h.settle, "settle more": h.settle,
				"renew": h.renew, "expire": h.expire, "advance": h.advance, "kill": h.kill, "restart": h.restart,
				"replay": h.replay, "cancel": h.cancel, "purge": h.purge, "look": h.look, "fold": h.fold,
			})
			h.compare(rt)
			h.compareAttempts(rt)
			h.compareTallies(rt)
		})
	}
	t.Logf("%d steps", made)
}

// history is one history under way.
type history struct {
	*fixture
	ctx       context.Context
	model     *model
	steps     int
	processes [2]*store.Store
	// claims are those that workers believe to have; the latest last.
	claims []outbox.Claimed
}

// open starts a process. On SQLite the first one serves, and whoever serves
// gives back all that was in hand when it starts.
func (h *history) open(t *rapid.T, i int) {
	config := h.config()
	config.Exclusive = i == 0
	s, err := store.Open(h.ctx, config)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	h.processes[i] = s
	if config.Exclusive && !h.engine.OwnClock {
		h.model.releaseAll()
	}
}

func (h *history) close(t *rapid.T) {
	for _, s := range h.processes {
		if s == nil {
			continue
		}
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}

func (h *history) store(t *rapid.T) *store.Store {
	return h.processes[rapid.IntRange(0, 1).Draw(t, "process")]
}

var (
	lanes    = rapid.SampledFrom([]outbox.Lane{outbox.LaneMail, outbox.LaneMail, outbox.LaneMail, outbox.LaneCall})
	soon     = rapid.SampledFrom([]time.Duration{0, 0, -time.Minute, -time.Hour, time.Millisecond, time.Minute, 3 * time.Hour})
	leases   = rapid.SampledFrom([]time.Duration{30 * time.Second, time.Hour, ended})
	outcomes = rapid.SampledFrom([]outbox.State{outbox.Sent, outbox.Failed, outbox.Skipped, outbox.Pending, outbox.Pending})
)

// lease draws a lease. Where the database has a clock of its own, which nobody
// moves, it is over from the first or not before the test is.
func (h *history) lease(t *rapid.T) time.Duration {
	lease := leases.Draw(t, "lease")
	if h.engine.OwnClock && lease > 0 {
		return forever
	}
	return lease
}

// forever is longer than any test and than all that the clock is advanced by.
const forever = 10 * 365 * 24 * time.Hour

func (h *history) put(t *rapid.T) {
	s, now := h.store(t), h.clock.Now()
	entries := make([]outbox.Entry, rapid.IntRange(1, 6).Draw(t, "entries"))
	for i := range entries {
		if known := h.model.list(outbox.Filter{}, 1000); len(known) > 0 && rapid.IntRange(0, 9).Draw(t, "again") == 0 {
			// The answer to its commit was lost.
			d := rapid.SampledFrom(known).Draw(t, "delivery")
			entries[i] = h.entry()
			entries[i].ID, entries[i].Payload = d.ID, []byte("something else")
			continue
		}
		entries[i] = h.entry(func(e *outbox.Entry) {
			e.Lane = lanes.Draw(t, "lane")
			e.NextAt = now.Add(soon.Draw(t, "due"))
			e.Recipient = rapid.SampledFrom([]string{"a", "b"}).Draw(t, "recipient")
			e.Payload = rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(t, "payload")
			if key := rapid.SampledFrom([]string{"", "", "k1", "k2", "k3"}).Draw(t, "key"); key != "" {
				e.DedupeKey = []byte(key)
				e.DedupeUntil = now.Add(rapid.SampledFrom([]time.Duration{time.Minute, 4 * time.Hour}).Draw(t, "remember"))
			}
		})
	}
	results := make([]outbox.PutResult, len(entries))
	errs := make([]error, len(entries))
	together(len(entries), func(i int) { results[i], errs[i] = s.Put(h.ctx, entries[i]) })
	if err := errors.Join(errs...); err != nil {
		t.Fatalf("put: %v", err)
	}
	// Which of those that came together was first, the store decides: the
	// ones it calls new are taken up, then all others must be as they say.
	for i, r := range results {
		key := string(entries[i].DedupeKey)
		if owner := h.model.owner(key, now); !r.Duplicate && (owner == "" || owner == entries[i].ID) {
			h.model.put(entries[i])
		}
	}
	for i, r := range results {
		e := entries[i]
		want := outbox.PutResult{ID: e.ID}
		if owner := h.model.owner(string(e.DedupeKey), now); len(e.DedupeKey) > 0 && owner != e.ID {
			want = outbox.PutResult{ID: owner, Duplicate: true}
		}
		if r != want {
			t.Fatalf("Put(%s, key %q) = %+v, want %+v", e.ID, e.DedupeKey, r, want)
		}
	}
}

func (h *history) claim(t *rapid.T) {
	s, now := h.store(t), h.clock.Now()
	lane, limit, lease := lanes.Draw(t, "lane"), rapid.IntRange(1, 6).Draw(t, "limit"), h.lease(t)
	claimed, err := s.Claim(h.ctx, lane, limit, lease)
	if err != nil {
		t.Fatalf("claim: %v", err)
	}
	due := h.model.due(lane, now)
	due = due[:min(limit, len(due))]
	if len(claimed) != len(due) {
		t.Fatalf("claimed %d deliveries, want %d", len(claimed), len(due))
	}
	for i, c := range claimed {
		d := h.model.deliveries[c.ID]
		if d == nil || d.State != outbox.Pending || d.Lane != lane {
			t.Fatalf("claimed %s, which is %+v", c.ID, d)
		}
		// Of those due at one moment any may come.
		if !c.NextAt.Equal(due[i].NextAt) {
			t.Fatalf("claimed as number %d what is due at %v, want what is due at %v", i, c.NextAt, due[i].NextAt)
		}
		d.take(now.Add(lease))
		want := outbox.Claimed{Delivery: d.Delivery, Payload: []byte(d.payload), Claim: d.claim}
		if diff := gocmp.Diff(want, c, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("claimed %s: %s", c.ID, diff)
		}
	}
	h.claims = append(h.claims, claimed...)
}

// some draws a few of the workers' claims, good ones and lost ones. Each
// appears once.
func (h *history) some(t *rapid.T) []outbox.Claimed {
	if len(h.claims) == 0 {
		t.Skip("nobody has a claim")
	}
	// Mostly of the latest, which are mostly good.
	latest := h.claims[max(0, len(h.claims)-rapid.SampledFrom([]int{4, 12, 100}).Draw(t, "latest")):]
	n := rapid.IntRange(1, min(len(latest), 8)).Draw(t, "claims")
	return rapid.Permutation(latest).Draw(t, "claims")[:n]
}

func (h *history) settle(t *rapid.T) {
	s, now := h.store(t), h.clock.Now()
	var settlements []outbox.Settlement
	var wantLost []outbox.Ref
	for _, c := range h.some(t) {
		settlement := outbox.Settlement{
			Ref: ref(c), State: outcomes.Draw(t, "state"), At: now, NextAt: now.Add(soon.Draw(t, "next")),
			Reason: rapid.SampledFrom([]string{"", "REASON"}).Draw(t, "reason"),
		}
		if rapid.Bool().Draw(t, "attempted") {
			settlement.Attempt = &outbox.Attempt{
				Number: c.Attempts + 1, At: now, Duration: time.Millisecond, Gateway: "smtp", Result: outbox.ResultTemporary, Code: 450,
			}
		}
		if h.model.held(ref(c)) == nil {
			wantLost = append(wantLost, ref(c))
		}
		settlements = append(settlements, settlement)
	}
	lost, err := s.Settle(h.ctx, settlements)
	if err != nil {
		t.Fatalf("settle: %v", err)
	}
	if diff := gocmp.Diff(wantLost, lost, anyOrder, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("lost by settling: %s", diff)
	}
	for _, settlement := range settlements {
		if d := h.model.held(settlement.Ref); d != nil {
			d.settle(settlement)
			if settlement.State != outbox.Pending {
				h.model.count(d)
			}
			h.compareAttemptsOf(t, d)
		}
	}
}

func (h *history) renew(t *rapid.T) {
	s, lease := h.store(t), h.lease(t)
	var refs, wantLost []outbox.Ref
	for _, c := range h.some(t) {
		refs = append(refs, ref(c))
		if d := h.model.held(ref(c)); d == nil {
			wantLost = append(wantLost, ref(c))
		} else {
			d.leaseUntil = h.clock.Now().Add(lease)
		}
	}
	lost, err := s.Renew(h.ctx, refs, lease)
	if err != nil {
		t.Fatalf("renew: %v", err)
	}
	if diff := gocmp.Diff(wantLost, lost, anyOrder, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("lost by renewing: %s", diff)
	}
}

func (h *history) expire(t *rapid.T) {
	lane := lanes.Draw(t, "lane")
	n, err := h.store(t).Expire(h.ctx, lane)
	if want := h.model.expire(lane, h.clock.Now()); err != nil || n != want {
		t.Fatalf("Expire = %d, %v; want %d", n, err, want)
	}
}

func (h *history) advance(t *rapid.T) {
	h.clock.Advance(rapid.SampledFrom([]time.Duration{time.Millisecond, 20 * time.Second, time.Minute, 2 * time.Hour}).Draw(t, "by"))
}

// kill ends all workers: what they had in hand stays there.
func (h *history) kill(*rapid.T) { h.claims = nil }

func (h *history) restart(t *rapid.T) {
	if rapid.IntRange(0, 3).Draw(t, "luck") > 0 {
		t.Skip("takes much longer than all else")
	}
	i := rapid.IntRange(0, 1).Draw(t, "process")
	if err := h.processes[i].Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	h.open(t, i)
}

// any draws a delivery in any state.
func (h *history) any(t *rapid.T) *modelled {
	all := h.model.list(outbox.Filter{}, 1000)
	if len(all) == 0 {
		t.Skip("nothing is stored")
	}
	return h.model.deliveries[rapid.SampledFrom(all).Draw(t, "delivery").ID]
}

func (h *history) replay(t *rapid.T) {
	d, now := h.any(t), h.clock.Now()
	id, err := h.store(t).Replay(h.ctx, d.ID)
	switch d.State {
	case outbox.Pending, outbox.InHand:
		if !errors.Is(err, outbox.ErrState) {
			t.Fatalf("replay what is %s: %v, want ErrState", d.State, err)
		}
		return
	case outbox.Sent:
		e := outbox.Entry{
			ID: id, App: d.App, Lane: d.Lane, Recipient: d.Recipient, Conversation: d.Conversation, Origin: d.Origin,
			Payload: []byte(d.payload), CreatedAt: now, NextAt: now,
		}
		if h.model.deliveries[id] != nil {
			t.Fatalf("replay what is sent: its id is %s again", id)
		}
		h.model.put(e)
		h.model.deliveries[id].Replays = d.ID
	default:
		d.rearm(now)
		if id != d.ID {
			t.Fatalf("replay what is not sent: id %s, want %s as before", id, d.ID)
		}
	}
	if err != nil {
		t.Fatalf("replay: %v", err)
	}
}

func (h *history) cancel(t *rapid.T) {
	d := h.any(t)
	err := h.store(t).Cancel(h.ctx, d.ID)
	switch {
	case d.State != outbox.Pending:
		if !errors.Is(err, outbox.ErrState) {
			t.Fatalf("cancel what is %s: %v, want ErrState", d.State, err)
		}
	case err != nil:
		t.Fatalf("cancel: %v", err)
	default:
		d.cancel(h.clock.Now())
		h.model.count(d)
	}
}

func (h *history) purge(t *rapid.T) {
	now := h.clock.Now()
	before := now.Add(-rapid.SampledFrom([]time.Duration{0, time.Minute, 3 * time.Hour}).Draw(t, "age"))
	n, err := h.store(t).Purge(h.ctx, before)
	if want := h.model.purge(before, now); err != nil || n != want {
		t.Fatalf("Purge = %d, %v; want %d", n, err, want)
	}
}

func (h *history) fold(t *rapid.T) {
	if err := h.store(t).FoldTallies(h.ctx, h.clock.Now().Add(-1000*time.Hour)); err != nil {
		t.Fatal(err)
	}
	h.compareTallies(t)
}

// compareTallies compares what is counted with what has happened.
func (h *history) compareTallies(t *rapid.T) {
	now := h.clock.Now()
	for _, q := range []outbox.TallyQuery{
		{By: time.Hour, Reasons: true}, {By: 24 * time.Hour}, {By: time.Hour, From: now.Add(-2 * time.Hour), Until: now},
	} {
		q.App = "app"
		if q.Until.IsZero() {
			q.From, q.Until = now.Add(-2000*time.Hour), now.Add(time.Hour)
		}
		want := make(map[modelledTally]int)
		for key, n := range h.model.tallies {
			if key.hour.Before(q.From.Truncate(time.Hour)) || !key.hour.Before(q.Until.Truncate(time.Hour)) {
				continue
			}
			key.hour = key.hour.Truncate(q.By)
			if !q.Reasons {
				key.reason = ""
			}
			want[key] += n
		}
		tallies, err := h.processes[0].Tallies(h.ctx, q)
		if err != nil {
			t.Fatalf("tallies: %v", err)
		}
		got := make(map[modelledTally]int)
		for _, one := range tallies {
			got[modelledTally{one.From, one.Lane, one.State, one.Reason}] += one.N
		}
		if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(modelledTally{})); diff != "" {
			t.Fatalf("what is counted by %v (+) is not what has happened (-): %s", q.By, diff)
		}
	}
}

// look asks the questions that change nothing.
func (h *history) look(t *rapid.T) {
	s, now := h.store(t), h.clock.Now()
	filter := outbox.Filter{
		Lane:      rapid.SampledFrom([]outbox.Lane{"", outbox.LaneMail, outbox.LaneCall}).Draw(t, "lane"),
		States:    rapid.SliceOfNDistinct(rapid.SampledFrom(outbox.States()), 0, 3, rapid.ID).Draw(t, "states"),
		Recipient: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "recipient"),
	}
	if rapid.Bool().Draw(t, "since") {
		filter.Since = now.Add(-time.Hour)
	}
	if rapid.Bool().Draw(t, "until") {
		filter.Until = now.Add(-time.Minute)
	}
	if all := h.model.list(outbox.Filter{}, 1000); len(all) > 0 && rapid.Bool().Draw(t, "continued") {
		filter.Before = rapid.SampledFrom(all).Draw(t, "before").ID
	}
	limit := rapid.IntRange(1, 10).Draw(t, "limit")
	got, err := s.List(h.ctx, filter, limit)
	if err != nil {
		t.Fatalf("list: %v", err)
	}
	if diff := gocmp.Diff(h.model.list(filter, limit), got); diff != "" {
		t.Fatalf("list %+v: %s", filter, diff)
	}
	for _, lane := range []outbox.Lane{outbox.LaneMail, outbox.LaneCall} {
		want := h.model.depth(lane)
		depth, err := s.Depth(h.ctx, lane)
		if err != nil {
			t.Fatalf("depth: %v", err)
		}
		if diff := gocmp.Diff(want, depth); diff != "" {
			t.Fatalf("depth of %s: %s", lane, diff)
		}
		if next, err := s.NextDue(h.ctx, lane); err != nil || !next.Equal(want.OldestDue) {
			t.Fatalf("NextDue(%s) = %v, %v; want %v", lane, next, err, want.OldestDue)
		}
	}
}

// compare compares all deliveries.
func (h *history) compare(t *rapid.T) {
	got, err := h.processes[0].List(h.ctx, outbox.Filter{}, 10000)
	if err != nil {
		t.Fatalf("list: %v", err)
	}
	// The quick way first: a diff takes longer than the step.
	if want := h.model.list(outbox.Filter{}, 10000); !slices.Equal(want, got) {
		t.Fatalf("what is stored (+) is not what should be (-): %s", gocmp.Diff(want, got))
	}
}

func (h *history) compareAttempts(t *rapid.T) {
	for _, d := range h.model.deliveries {
		h.compareAttemptsOf(t, d)
	}
}

func (h *history) compareAttemptsOf(t *rapid.T, d *modelled) {
	got, err := h.processes[0].Attempts(h.ctx, d.ID)
	if err != nil {
		t.Fatalf("attempts: %v", err)
	}
	if diff := gocmp.Diff(d.attempts, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("attempts of %s: %s", d.ID, diff)
	}
	for i, a := range got {
		if a.Number != i+1 {
			t.Fatalf("attempts of %s: number %d is the %dth", d.ID, a.Number, i+1)
		}
	}
}
