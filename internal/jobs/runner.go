package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
)

const (
	// tellEvery is how often it is stored how far a job has come.
	tellEvery = 500 * time.Millisecond
	// lifeEvery is how often it is stored that a job still runs.
	lifeEvery = 15 * time.Second
	// lastWord is how long it may take to store how a job has ended.
	lastWord = 5 * time.Second
	// maxRunning bounds how many jobs run at one time in a process.
	maxRunning = 4
)

// ErrBusy means that as many jobs run as may.
var ErrBusy = errors.New("too many jobs run")

// Runner runs jobs in the background.
type Runner struct {
	store  Store
	clock  func() time.Time
	logger *slog.Logger

	ctx   context.Context //nolint:containedctx // that of the jobs, which outlive the requests that ordered them
	stop  context.CancelFunc
	group sync.WaitGroup

	mu      sync.Mutex
	running int
}

// NewRunner returns a runner, which is ended by Close.
func NewRunner(store Store, clock func() time.Time, logger *slog.Logger) *Runner {
	ctx, stop := context.WithCancel(context.Background())
	return &Runner{store: store, clock: clock, logger: logger, ctx: ctx, stop: stop}
}

// Progress is how far a job has come. It is for the one goroutine that does the
// work.
type Progress struct {
	mu      sync.Mutex
	job     Job
	changed bool
}

// Total says how much there is to do.
func (p *Progress) Total(n int) { p.change(func(j *Job) { j.Total = n }) }

// Finish says that so much more has been done.
func (p *Progress) Finish(n int) { p.change(func(j *Job) { j.Finished += n }) }

// Refuse says that one more could not be done, and why.
func (p *Progress) Refuse(problem string) {
	p.change(func(j *Job) {
		j.Finished++
		j.Refused++
		if len(j.Problems) < MaxProblems {
			j.Problems = append(j.Problems, problem)
		}
	})
}

// Note says what has become of it, in the end.
func (p *Progress) Note(text string) { p.change(func(j *Job) { j.Note = text }) }

func (p *Progress) change(do func(*Job)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	do(&p.job)
	p.changed = true
}

// now returns the job as it stands, and whether that is new.
func (p *Progress) now() (Job, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	j, changed := p.job, p.changed
	j.Problems = append([]string(nil), p.job.Problems...)
	p.changed = false
	return j, changed
}

// Start begins a job. It returns when it is stored; the work goes on until it
// is done, or until Close. j says what it is, for whom, and where it was
// ordered.
func (r *Runner) Start(ctx context.Context, j Job, work func(context.Context, *Progress) error) (Job, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Job{}, fmt.Errorf("make an id: %w", err)
	}
	now := r.clock()
	j.ID, j.State, j.StartedAt, j.HeardAt = id.String(), Running, now, now
	if err := r.enter(); err != nil {
		return Job{}, err
	}
	if err := r.store.PutJob(ctx, &j); err != nil {
		r.leave()
		return Job{}, fmt.Errorf("store job: %w", err)
	}
	go r.run(&Progress{job: j}, work) // ends with Close
	return j, nil
}

func (r *Runner) enter() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running == maxRunning || r.ctx.Err() != nil {
		return ErrBusy
	}
	r.running++
	r.group.Add(1)
	return nil
}

func (r *Runner) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running--
	r.group.Done()
}

func (r *Runner) run(p *Progress, work func(context.Context, *Progress) error) {
	defer r.leave()
	result := make(chan error, 1)
	go func() { result <- work(r.ctx, p) }()
	ticker := time.NewTicker(tellEvery)
	defer ticker.Stop()
	told := r.clock()
	for {
		select {
		case err := <-result:
			r.end(p, err)
			return
		case <-ticker.C:
		}
		j, changed := p.now()
		if now := r.clock(); changed || now.Sub(told) >= lifeEvery {
			told, j.HeardAt = now, now
			r.put(&j)
		}
	}
}

// end stores how a job has ended.
func (r *Runner) end(p *Progress, err error) {
	j, _ := p.now()
	j.State, j.EndedAt = Done, r.clock()
	j.HeardAt = j.EndedAt
	switch {
	case err != nil && r.ctx.Err() != nil:
		j.State = Interrupted
	case err != nil:
		j.State, j.Note = Failed, "It could not be finished; the server’s log says why."
		r.logger.Error("a job has failed", "job", j.ID, "title", j.Title, "error", err)
	}
	r.put(&j)
}

func (r *Runner) put(j *Job) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), lastWord)
	defer cancel()
	if err := r.store.PutJob(ctx, j); err != nil {
		r.logger.Warn("store how far a job has come", "job", j.ID, "error", err)
	}
}

// Close interrupts what runs, and waits for it.
func (r *Runner) Close() error {
	r.stop()
	r.group.Wait()
	return nil
}
