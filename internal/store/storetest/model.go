package storetest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postrider/postrider/internal/outbox"
)

// model is what an outbox is, told without a database: the simplest code that
// keeps the promises of outbox.Store and outbox.Log.
type model struct {
	deliveries map[string]*modelled
	keys       map[string]modelledKey
	tallies    map[modelledTally]int
}

// modelledTally is what is counted together.
type modelledTally struct {
	hour   time.Time
	lane   outbox.Lane
	state  outbox.State
	reason string
}

// modelled is a delivery as it should be stored.
type modelled struct {
	outbox.Delivery
	payload    string
	claim      int64
	leaseUntil time.Time
	attempts   []outbox.Attempt
}

type modelledKey struct {
	id    string
	until time.Time
}

func newModel() *model {
	return &model{deliveries: make(map[string]*modelled), keys: make(map[string]modelledKey), tallies: make(map[modelledTally]int)}
}

// owner returns the delivery that a key belongs to, or "".
func (m *model) owner(key string, now time.Time) string {
	if k, ok := m.keys[key]; ok && k.until.After(now) {
		return k.id
	}
	return ""
}

// put stores a delivery that is no duplicate.
func (m *model) put(e outbox.Entry) {
	if len(e.DedupeKey) > 0 {
		m.keys[string(e.DedupeKey)] = modelledKey{e.ID, e.DedupeUntil}
	}
	if m.deliveries[e.ID] != nil {
		return // the same delivery again
	}
	m.deliveries[e.ID] = &modelled{
		Delivery: outbox.Delivery{
			ID: e.ID, App: e.App, Lane: e.Lane, Recipient: e.Recipient, Conversation: e.Conversation, Origin: e.Origin,
			State: outbox.Pending, CreatedAt: e.CreatedAt, ArmedAt: e.CreatedAt, NextAt: e.NextAt,
		},
		payload: string(e.Payload),
	}
}

// count counts a delivery that has come to an end. One that was cancelled keeps
// the reason why it had to wait, which is not why it ended.
func (m *model) count(d *modelled) {
	reason := d.Reason
	if d.State == outbox.Cancelled {
		reason = ""
	}
	m.tallies[modelledTally{d.SettledAt.Truncate(time.Hour), d.Lane, d.State, reason}]++
}

// due returns what can be claimed, oldest due first.
func (m *model) due(lane outbox.Lane, now time.Time) []*modelled {
	return m.all(func(d *modelled) bool {
		return d.Lane == lane && d.State == outbox.Pending && !d.NextAt.After(now)
	}, func(a, b *modelled) int { return cmp.Or(a.NextAt.Compare(b.NextAt), strings.Compare(a.ID, b.ID)) })
}

// all returns the deliveries that a condition selects, in an order.
func (m *model) all(want func(*modelled) bool, order func(a, b *modelled) int) []*modelled {
	var all []*modelled
	for _, d := range m.deliveries {
		if want(d) {
			all = append(all, d)
		}
	}
	slices.SortFunc(all, order)
	return all
}

// held returns the delivery of a claim that is still good, or nil.
func (m *model) held(r outbox.Ref) *modelled {
	if d := m.deliveries[r.ID]; d != nil && d.State == outbox.InHand && d.claim == r.Claim {
		return d
	}
	return nil
}

func (d *modelled) take(leaseUntil time.Time) {
	d.State, d.leaseUntil = outbox.InHand, leaseUntil
	d.claim++
}

func (d *modelled) giveBack() { d.State = outbox.Pending }

func (d *modelled) settle(s outbox.Settlement) {
	d.State, d.Reason, d.Detail = s.State, s.Reason, s.Detail
	d.NextAt, d.SettledAt = time.Time{}, s.At
	if s.State == outbox.Pending {
		d.NextAt, d.SettledAt = s.NextAt, time.Time{}
	}
	if s.Attempt != nil {
		d.Attempts++
		d.Tries++
		d.attempts = append(d.attempts, *s.Attempt)
	}
}

func (d *modelled) rearm(now time.Time) {
	d.State, d.Reason, d.Detail, d.Tries = outbox.Pending, "", "", 0
	d.ArmedAt, d.NextAt, d.SettledAt = now, now, time.Time{}
}

func (d *modelled) cancel(now time.Time) {
	d.State, d.NextAt, d.SettledAt = outbox.Cancelled, time.Time{}, now
}

// expired counts and gives back what is in hand under a lease that ended.
func (m *model) expire(lane outbox.Lane, now time.Time) (n int) {
	for _, d := range m.deliveries {
		if d.Lane == lane && d.State == outbox.InHand && d.leaseUntil.Before(now) {
			d.giveBack()
			n++
		}
	}
	return n
}

func (m *model) releaseAll() {
	for _, d := range m.deliveries {
		if d.State == outbox.InHand {
			d.giveBack()
		}
	}
}

// purge forgets what is settled and was created before a moment: an id tells
// when.
func (m *model) purge(before, now time.Time) (n int) {
	for id, d := range m.deliveries {
		if d.State != outbox.Pending && d.State != outbox.InHand && createdAt(id).Before(before) {
			delete(m.deliveries, id)
			n++
		}
	}
	for key, k := range m.keys {
		if !k.until.After(now) {
			delete(m.keys, key)
		}
	}
	return n
}

func createdAt(id string) time.Time {
	ms, err := strconv.ParseInt(id[:8]+id[9:13], 16, 64)
	if err != nil {
		panic(err) // every id is made in this package or is a version 7 UUID
	}
	return time.UnixMilli(ms)
}

// list returns what a filter selects, newest first.
func (m *model) list(f outbox.Filter, limit int) []outbox.Delivery {
	all := m.all(func(d *modelled) bool {
		return (f.Lane == "" || d.Lane == f.Lane) &&
			(len(f.States) == 0 || slices.Contains(f.States, d.State)) &&
			(f.Recipient == "" || d.Recipient == f.Recipient) &&
			!d.CreatedAt.Before(f.Since) &&
			(f.Until.IsZero() || d.CreatedAt.Before(f.Until)) &&
			(f.Before == "" || d.ID < f.Before)
	}, func(a, b *modelled) int { return strings.Compare(b.ID, a.ID) })
	all = all[:min(limit, len(all))]
	list := make([]outbox.Delivery, 0, len(all))
	for _, d := range all {
		list = append(list, d.Delivery)
	}
	return list
}

func (m *model) depth(lane outbox.Lane) (depth outbox.Depth) {
	for _, d := range m.deliveries {
		switch {
		case d.Lane != lane:
		case d.State == outbox.InHand:
			depth.InHand++
		case d.State == outbox.Pending:
			depth.Pending++
			if depth.OldestDue.IsZero() || d.NextAt.Before(depth.OldestDue) {
				depth.OldestDue = d.NextAt
			}
		}
	}
	return depth
}
