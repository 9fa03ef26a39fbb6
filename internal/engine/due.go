package engine

import (
	"context"
	"errors"
	"sync"
	"time"
)

// decideBatch is how many windows are decided in one transaction.
const decideBatch = 400

// Run decides windows as they become due, and hands calls to those who make
// them, until ctx ends.
func (e *Engine) Run(ctx context.Context, callers Callers) {
	failing, busy := false, false
	for ctx.Err() == nil {
		var err error
		busy, err = e.round(ctx, callers, busy)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			if !failing {
				e.cfg.Logger.Error("decide windows; trying again every second", "error", err)
			}
			failing = true
			e.alive.Store(false)
			e.pause(ctx, time.Second)
		default:
			if failing {
				e.cfg.Logger.Info("deciding windows works again")
			}
			failing = false
			e.alive.Store(true)
			if !busy {
				e.idle(ctx)
			}
		}
	}
	e.alive.Store(false)
}

// Alive reports whether windows are being decided.
func (e *Engine) Alive() bool { return e.alive.Load() }

// round does a pass, or while there is much to do several at one time, again and
// again until nothing is left or one has failed: on a database with many writers
// a decision mostly waits for answers, and with one the next windows can be read
// while those before are being written.
func (e *Engine) round(ctx context.Context, callers Callers, busy bool) (more bool, err error) {
	if !busy {
		return e.pass(ctx, callers)
	}
	var (
		group sync.WaitGroup
		mu    sync.Mutex
	)
	more = true
	// report takes in how a pass ended, and says whether to do another.
	report := func(again bool, failed error) bool {
		mu.Lock()
		defer mu.Unlock()
		more, err = more && again, errors.Join(err, failed)
		return more && err == nil && ctx.Err() == nil
	}
	for range max(1, e.cfg.Deciders) {
		group.Go(func() {
			for report(e.pass(ctx, callers)) {
				continue
			}
		})
	}
	group.Wait()
	return more, err
}

// pass does a bounded part of what is to be done, and reports whether there
// may be more.
func (e *Engine) pass(ctx context.Context, callers Callers) (more bool, err error) {
	fanning, err := e.cfg.Store.FanOut(ctx, e.cfg.App)
	if err != nil {
		return false, err
	}
	decided, err := e.decide(ctx, callers)
	if err != nil || decided == nil {
		return true, err
	}
	for _, problem := range decided.Problems {
		e.cfg.Logger.Error("a digest could not be made; its window is tried again in a minute", "error", problem)
	}
	if decided.Calls > len(decided.InHand) {
		callers.Wake()
	}
	if decided.Windows > 0 && e.cfg.OnDecided != nil {
		e.cfg.OnDecided(*decided)
	}
	return fanning || decided.Windows > 0, nil
}

// decide decides as many windows as there is room for their calls: a burst
// drains at the rate at which providers answer, and what is read meanwhile is
// not called about. It returns nil while there is no room.
func (e *Engine) decide(ctx context.Context, callers Callers) (*Decided, error) {
	hand := callers.Reserve(ctx, decideBatch)
	if hand.Room == 0 {
		return nil, nil
	}
	var decided Decided
	defer func() { callers.Take(hand, decided.InHand) }()
	judge, err := e.judge(ctx)
	if err != nil {
		return nil, err
	}
	decided, err = e.cfg.Store.Decide(ctx, e.cfg.App, judge, hand.Room, hand)
	return &decided, err
}

// idle waits until a window is due, or for the next poll.
func (e *Engine) idle(ctx context.Context) {
	wait := e.cfg.Poll
	if due, err := e.cfg.Store.NextWindow(ctx, e.cfg.App); err == nil && !due.IsZero() {
		// A moment at least: what is due already may be locked by others.
		wait = min(wait, max(due.Sub(e.cfg.Clock()), 5*time.Millisecond))
	}
	e.pause(ctx, wait)
}

func (e *Engine) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
