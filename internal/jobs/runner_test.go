package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/postrider/postrider/internal/jobs"
	"github.com/postrider/postrider/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// inBubble runs a test on a store whose time passes when nothing else happens.
func inBubble(t *testing.T, test func(*testing.T, *jobs.Runner, *store.Store)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "postrider.db")
	synctest.Test(t, func(t *testing.T) {
		logger := slog.New(slog.DiscardHandler)
		s, err := store.Open(t.Context(), store.Config{URL: "sqlite:" + path, Clock: time.Now, Logger: logger})
		if err != nil {
			t.Fatal(err)
		}
		r := jobs.NewRunner(s, time.Now, logger)
		test(t, r, s)
		if err := errors.Join(r.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	})
}

func start(t *testing.T, r *jobs.Runner, work func(context.Context, *jobs.Progress) error) jobs.Job {
	t.Helper()
	j, err := r.Start(t.Context(), jobs.Job{App: "app", Title: "Count", By: "mira"}, work)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func read(t *testing.T, s *store.Store, id string) jobs.Job {
	t.Helper()
	j, err := s.Job(t.Context(), "app", id)
	if err != nil {
		t.Fatal(err)
	}
	return j.At(time.Now())
}

func TestProgressIsKept(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, r *jobs.Runner, s *store.Store) {
		half, go1 := make(chan struct{}), make(chan struct{})
		j := start(t, r, func(_ context.Context, p *jobs.Progress) error {
			p.Total(10)
			p.Finish(4)
			p.Refuse("the fifth is odd")
			close(half)
			<-go1
			p.Finish(5)
			p.Note("counted")
			return nil
		})
		<-half
		time.Sleep(time.Second)
		if got := read(t, s, j.ID); got.State != jobs.Running || got.Total != 10 || got.Finished != 5 || got.Refused != 1 {
			t.Errorf("half-way: %+v", got)
		}
		close(go1)
		time.Sleep(time.Second)
		got := read(t, s, j.ID)
		if got.State != jobs.Done || got.Finished != 10 || got.Note != "counted" || len(got.Problems) != 1 || got.EndedAt.IsZero() {
			t.Errorf("at the end: %+v", got)
		}
	})
}

func TestSilentWorkStaysAlive(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, r *jobs.Runner, s *store.Store) {
		j := start(t, r, func(ctx context.Context, _ *jobs.Progress) error {
			<-ctx.Done()
			return ctx.Err()
		})
		time.Sleep(10 * time.Minute)
		if got := read(t, s, j.ID); got.State != jobs.Running {
			t.Errorf("after ten silent minutes it is %s", got.State)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if got := read(t, s, j.ID); got.State != jobs.Interrupted || got.EndedAt.IsZero() {
			t.Errorf("closed: %+v", got)
		}
		if _, err := r.Start(t.Context(), jobs.Job{App: "app"}, nil); !errors.Is(err, jobs.ErrBusy) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestWhatEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	now := time.Now()
	j := jobs.Job{State: jobs.Running, HeardAt: now.Add(-50 * time.Second)}
	if got := j.At(now).State; got != jobs.Running {
		t.Errorf("after 50 seconds: %s", got)
	}
	if got := j.At(now.Add(20 * time.Second)).State; got != jobs.Interrupted {
		t.Errorf("after 70 seconds: %s", got)
	}
}

func TestFailure(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, r *jobs.Runner, s *store.Store) {
		j := start(t, r, func(context.Context, *jobs.Progress) error { return errors.New("boom") })
		time.Sleep(time.Second)
		if got := read(t, s, j.ID); got.State != jobs.Failed || got.Note == "" {
			t.Errorf("failed: %+v", got)
		}
	})
}

func TestOnlySoManyAtOneTime(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, r *jobs.Runner, _ *store.Store) {
		forever := func(ctx context.Context, _ *jobs.Progress) error { <-ctx.Done(); return nil }
		for range 4 {
			start(t, r, forever)
		}
		if _, err := r.Start(t.Context(), jobs.Job{App: "app"}, forever); !errors.Is(err, jobs.ErrBusy) {
			t.Errorf("the fifth: %v, want ErrBusy", err)
		}
	})
}
