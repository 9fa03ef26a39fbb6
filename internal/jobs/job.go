// Package jobs does long work that somebody has ordered and need not wait for:
// an import, a replay of many deliveries. How far it has come is kept in the
// store, so that it can be looked at again, from any process.
//
// What the work is, is told by whoever orders it. A job that was under way when
// its process ended is not begun again: it says how far it had come.
package jobs

import (
	"context"
	"errors"
	"time"
)

// State is where a job stands.
type State string

// The states.
const (
	Running     State = "running"
	Done        State = "done"
	Failed      State = "failed"      // the job as a whole; Note says why
	Interrupted State = "interrupted" // its process ended
)

// silence is how long nothing may be heard of a running job: then its process
// has ended without a word.
const silence = time.Minute

// MaxProblems bounds how many problems of a job are told one by one.
const MaxProblems = 100

// Job is a piece of long work.
type Job struct {
	ID        string
	App       string
	Title     string // what it does, to people
	By        string // who has ordered it
	Back      string // the page from which it was ordered
	State     State
	Total     int // 0: not known
	Finished  int // of Total, however it ended
	Refused   int // of Finished, those that could not be done
	Problems  []string
	Note      string // in the end
	StartedAt time.Time
	HeardAt   time.Time
	EndedAt   time.Time // zero while it runs
}

// At returns the job as it stands at a time: one that runs and has long been
// silent is interrupted.
func (j Job) At(now time.Time) Job {
	if j.State == Running && now.Sub(j.HeardAt) > silence {
		j.State = Interrupted
	}
	return j
}

// ErrNotFound means that there is no job of that id.
var ErrNotFound = errors.New("no such job")

// Store keeps jobs.
type Store interface {
	// PutJob stores a job, or what has become of it.
	PutJob(ctx context.Context, j *Job) error
	// Job returns a job, or ErrNotFound.
	Job(ctx context.Context, app, id string) (Job, error)
	// Jobs returns an app's latest jobs, newest first.
	Jobs(ctx context.Context, app string, limit int) ([]Job, error)
	// PurgeJobs deletes jobs that started before a time.
	PurgeJobs(ctx context.Context, before time.Time) error
}
