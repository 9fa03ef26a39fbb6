package engine

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// decideBatch is how many windows are decided in one transaction.
	decideBatch = 200
	// maxBacklog is with how many calls due nothing more is decided: a burst
	// of windows drains at the rate at which providers answer, and what was
	// read meanwhile is not called about.
	maxBacklog = 2000
	// backlogPause is how long a burst waits for calls to be made.
	backlogPause = 20 * time.Millisecond
)

// Run decides windows as they become due, until ctx ends.
func (e *Engine) Run(ctx context.Context) {
	failing, busy := false, false
	for ctx.Err() == nil {
		var err error
		busy, err = e.round(ctx, busy)
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

// round does a pass, or while there is much to do several at one time: on a
// database with many writers a decision mostly waits for answers.
func (e *Engine) round(ctx context.Context, busy bool) (more bool, err error) {
	passes := 1
	if busy {
		passes = max(1, e.cfg.Deciders)
	}
	var (
		group sync.WaitGroup
		mu    sync.Mutex
	)
	for range passes {
		group.Go(func() {
			again, failed := e.pass(ctx)
			mu.Lock()
			defer mu.Unlock()
			more, err = more || again, errors.Join(err, failed)
		})
	}
	group.Wait()
	return more, err
}

// pass does a bounded part of what is to be done, and reports whether there
// may be more.
func (e *Engine) pass(ctx context.Context) (more bool, err error) {
	fanning, err := e.cfg.Store.FanOut(ctx, e.cfg.App)
	if err != nil {
		return false, err
	}
	backlog, err := e.cfg.Store.Backlog(ctx, maxBacklog)
	if err != nil {
		return false, err
	}
	if backlog >= maxBacklog {
		if !fanning {
			e.pause(ctx, backlogPause)
		}
		return true, nil
	}
	judge, err := e.judge(ctx)
	if err != nil {
		return false, err
	}
	decided, err := e.cfg.Store.Decide(ctx, e.cfg.App, judge, decideBatch)
	if err != nil {
		return false, err
	}
	for _, problem := range decided.Problems {
		e.cfg.Logger.Error("a digest could not be made; its window is tried again in a minute", "error", problem)
	}
	if decided.Calls > 0 && e.cfg.OnCalls != nil {
		e.cfg.OnCalls()
	}
	if decided.Windows > 0 && e.cfg.OnDecided != nil {
		e.cfg.OnDecided(decided)
	}
	return fanning || decided.Windows > 0, nil
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
