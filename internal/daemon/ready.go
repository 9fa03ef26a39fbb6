package daemon

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// checkEvery bounds how often /readyz, which anybody may call, writes to the
// database.
const checkEvery = time.Second

// readiness says whether calls can be accepted and worked on.
type readiness struct {
	ping   func(context.Context) error
	alive  func() bool
	clock  func() time.Time
	logger *slog.Logger

	mu      sync.Mutex
	checked time.Time
	result  error
}

// check returns why the process is not ready, in words that everybody may
// read. The cause goes into the log, once.
func (r *readiness) check(ctx context.Context) error {
	if err := r.writable(ctx); err != nil {
		return errors.New("the database cannot be written")
	}
	if !r.alive() {
		return errors.New("the workers do not run")
	}
	return nil
}

func (r *readiness) writable(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.clock()
	if now.Sub(r.checked) < checkEvery {
		return r.result
	}
	before := r.result
	r.result, r.checked = r.ping(ctx), now
	switch {
	case before == nil && r.result != nil:
		r.logger.Warn("the database cannot be written", "error", r.result)
	case before != nil && r.result == nil:
		r.logger.Info("the database can be written again")
	}
	return r.result
}
