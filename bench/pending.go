package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/postrider/postrider/bench/internal/report"
)

// pending measures Postrider with a great many deliveries that are not due
// yet, beside an empty one, alternating.
func (r *rig) pending(ctx context.Context, results *report.Results) error {
	dir, err := os.MkdirTemp(r.dir, "pending-")
	if err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "postrider.db")
	r.progress("storing %d pending deliveries", r.plan.Pending)
	begun := time.Now()
	if _, err := output(ctx, r.dir, r.self, "prefill", file, "--count", strconv.Itoa(r.plan.Pending),
		"--messages", strconv.Itoa(r.plan.Messages)); err != nil {
		return err
	}
	info, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("look at the database: %w", err)
	}
	results.DatabaseBytes = info.Size()
	r.progress("stored in %v, %d MB", time.Since(begun).Round(time.Second), info.Size()>>20)
	for round := range r.plan.Rounds {
		seen, err := r.pendingRound(ctx, dir, round)
		if err != nil {
			return fmt.Errorf("with pending deliveries: %w", err)
		}
		results.Pending = append(results.Pending, seen)
	}
	return nil
}

func (r *rig) pendingRound(ctx context.Context, dir string, round int) (seen report.PendingRound, err error) {
	if err := r.with(ctx, report.SQLite, func(s *subject, out *sinkProcess) error {
		seen.Empty, _, err = r.accept(ctx, s, out, pace{window: r.plan.Window})
		return err
	}); err != nil {
		return seen, err
	}
	out, err := r.startSink(ctx)
	if err != nil {
		return seen, err
	}
	defer out.Stop()
	keep := func() error { return nil }
	s, err := r.startOn(ctx, dir, out.address, keep)
	if err != nil {
		return seen, err
	}
	defer s.Stop()
	seen.Ready = report.Duration(s.took)
	select {
	case <-time.After(r.plan.Rest):
	case <-ctx.Done():
		return seen, ctx.Err()
	}
	if seen.Rest, err = s.Memory(); err != nil {
		return seen, err
	}
	first := uint64(round+1) * secondLoad
	full, posted, err := r.accept(ctx, s, out, pace{first: first, window: r.plan.Window})
	if err != nil {
		return seen, err
	}
	seen.Full = full
	// The kill finds a backlog and a write-ahead log.
	s.Kill()
	again, err := r.startOn(ctx, dir, out.address, keep)
	if err != nil {
		return seen, err
	}
	defer again.Stop()
	seen.ReadyAfterKill = report.Duration(again.took)
	// The next round must not find what this one left.
	if err := out.await(ctx, int64(posted)); err != nil {
		return seen, fmt.Errorf("after a kill: %w", err)
	}
	r.progress("%-8s with %d pending: ready in %v, after a kill in %v, %d MB at rest, %d MB at most", s.name, r.plan.Pending,
		s.took.Round(time.Millisecond), again.took.Round(time.Millisecond), seen.Rest.Resident>>20, seen.Full.Memory.Peak>>20)
	return seen, nil
}
