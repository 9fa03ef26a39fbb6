package outbox

import (
	"context"
	"errors"
	"time"
)

type settled struct {
	claimed Claimed
	outcome Outcome
}

const (
	settleBatch  = 192
	settleLinger = 10 * time.Millisecond
)

// settle writes outcomes in batches until done is closed or ctx ends.
func (w *Worker) settle(ctx context.Context) {
	batch := make([]settled, 0, settleBatch)
	for {
		batch = batch[:0]
		first, ok := <-w.done
		if !ok {
			return
		}
		batch = append(batch, first)
		batch = w.gather(batch)
		w.write(ctx, batch)
	}
}

// gather adds what else is ready; while more is in hand it waits a moment, for
// one transaction of many rows costs little more than one of one row.
func (w *Worker) gather(batch []settled) []settled {
	w.mu.Lock()
	more := len(w.held) > len(batch)
	w.mu.Unlock()
	var linger <-chan time.Time
	if more {
		timer := time.NewTimer(settleLinger)
		defer timer.Stop()
		linger = timer.C
	}
	for len(batch) < settleBatch {
		if linger == nil {
			select {
			case s, ok := <-w.done:
				if !ok {
					return batch
				}
				batch = append(batch, s)
			default:
				return batch
			}
			continue
		}
		select {
		case s, ok := <-w.done:
			if !ok {
				return batch
			}
			batch = append(batch, s)
		case <-linger:
			linger = nil
		}
	}
	return batch
}

// write settles a batch. It does not give up before ctx ends: what was sent
// must not be forgotten because the store is away for a while.
func (w *Worker) write(ctx context.Context, batch []settled) {
	now := w.cfg.Clock()
	settlements := make([]Settlement, 0, len(batch))
	for i := range batch {
		d, o := &batch[i].claimed, &batch[i].outcome
		if o.State == "" { // not ours any more
			continue
		}
		settlements = append(settlements, settlement(d, o, now))
	}
	lost, err := w.settleUntil(ctx, settlements)
	gone := make(map[Ref]bool, len(lost))
	for _, ref := range lost {
		gone[ref] = true
		w.cfg.Logger.Warn("a result came too late: its lease had ended", "delivery", ref.ID)
	}
	w.mu.Lock()
	again := false
	for i := range batch {
		w.release(Ref{batch[i].claimed.ID, batch[i].claimed.Claim})
		again = again || batch[i].outcome.State == Pending
	}
	w.signal()
	w.mu.Unlock()
	if again {
		w.Wake() // it may be due sooner than what is waited for
	}
	if err != nil {
		w.cfg.Logger.Error("settle deliveries; they will be tried again when their lease ends", "count", len(settlements), "error", err)
		return
	}
	if w.cfg.Observe == nil {
		return
	}
	for _, s := range batch {
		if s.outcome.State != "" && !gone[Ref{s.claimed.ID, s.claimed.Claim}] {
			w.cfg.Observe(s.claimed, s.outcome)
		}
	}
}

// settlement turns an outcome into what is written.
func settlement(d *Claimed, o *Outcome, now time.Time) Settlement {
	s := Settlement{
		Ref: Ref{d.ID, d.Claim}, State: o.State, Reason: o.Reason, Detail: o.Detail,
		NextAt: now.Add(o.After), At: now, Attempt: o.Attempt, Payload: o.Payload,
	}
	if o.Attempt != nil {
		o.Attempt.Number = d.Attempts + 1
		return s
	}
	if o.State == Pending && o.Reason == "" && o.Detail == "" {
		// Given back, it says what it said before, and keeps its place.
		s.Reason, s.Detail = d.Reason, d.Detail
		if o.After == 0 {
			s.NextAt = d.NextAt
		}
	}
	return s
}

func (w *Worker) settleUntil(ctx context.Context, settlements []Settlement) ([]Ref, error) {
	if len(settlements) == 0 {
		return nil, nil
	}
	for failures := 0; ; failures++ {
		lost, err := w.cfg.Store.Settle(ctx, settlements)
		if err == nil {
			return lost, nil
		}
		if failures == 0 {
			w.cfg.Logger.Warn("settle deliveries; trying again every second", "count", len(settlements), "error", err)
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		case <-time.After(time.Second):
		}
	}
}
