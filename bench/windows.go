package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/postrider/postrider/bench/internal/report"
	"github.com/postrider/postrider/internal/store"
)

func openStore(ctx context.Context, url string) (*store.Store, error) {
	return store.Open(ctx, store.Config{URL: url, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)})
}

// windows measures the engine with a great many windows that are open and not
// due, beside one with none, alternating.
func (r *rig) windows(ctx context.Context, about *report.Engine) (err error) {
	h, err := r.startHook(ctx)
	if err != nil {
		return err
	}
	defer h.Stop()
	g, err := r.prepareGround(ctx, report.SQLite, providerURL(h), "open", "--count", strconv.Itoa(r.plan.Windows))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.release()) }()
	info, err := os.Stat(strings.TrimPrefix(g.database, "sqlite:"))
	if err != nil {
		return fmt.Errorf("look at the database: %w", err)
	}
	about.DatabaseBytes = info.Size()
	for round := range r.plan.Rounds {
		seen, err := r.windowsRound(ctx, g, h, uint64(round+1)*secondLoad)
		if err != nil {
			return fmt.Errorf("with open windows: %w", err)
		}
		about.Windows = append(about.Windows, seen)
	}
	return nil
}

func (r *rig) windowsRound(ctx context.Context, g *ground, h *hookProcess, first uint64) (seen report.WindowsRound, err error) {
	if seen.Empty, err = r.chatting(ctx, report.SQLite); err != nil {
		return seen, err
	}
	s, err := r.serveOn(ctx, g, noMail)
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
	if seen.Full, err = r.talk(ctx, s, h, first); err != nil {
		return seen, err
	}
	s.Kill()
	again, err := r.serveOn(ctx, g, noMail)
	if err != nil {
		return seen, err
	}
	defer again.Stop()
	seen.ReadyAfterKill = report.Duration(again.took)
	r.progress("%-8s with %d open windows: %.0f of %.0f events/s, ready in %v, after a kill in %v, %d MB at rest, %d MB at most", s.name, r.plan.Windows,
		seen.Full.PerSecond, seen.Empty.PerSecond, s.took.Round(time.Millisecond), again.took.Round(time.Millisecond), seen.Rest.Resident>>20, seen.Full.Memory.Peak>>20)
	return seen, nil
}
