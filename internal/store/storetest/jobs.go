package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postrider/postrider/internal/jobs"
)

var jobTests = []test{
	{"are kept, with what becomes of them", jobsKept},
	{"are forgotten when they are old", jobsForgotten},
}

func (f *fixture) job(t testing.TB) jobs.Job {
	t.Helper()
	now := f.clock.Now()
	j := jobs.Job{
		ID: f.id(now), App: app, Title: "Import " + poison, By: "mira", Back: "/dashboard", State: jobs.Running, Total: 10, StartedAt: now, HeardAt: now,
	}
	if err := f.PutJob(t.Context(), &j); err != nil {
		t.Fatal(err)
	}
	j.Title = "Import " + repaired
	return j
}

func jobsKept(t *testing.T, f *fixture) {
	first := f.job(t)
	f.clock.Advance(time.Second)
	second := f.job(t)
	second.State, second.Finished, second.Refused, second.Problems = jobs.Done, 10, 2, []string{"line 3: uid: is empty", "line 4"}
	second.Note, second.HeardAt, second.EndedAt = "all of it", f.clock.Now().Add(time.Second), f.clock.Now().Add(time.Second)
	if err := f.PutJob(t.Context(), &second); err != nil {
		t.Fatal(err)
	}
	got, err := f.Jobs(t.Context(), app, 10)
	if diff := cmp.Diff([]jobs.Job{second, first}, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Error(err, diff)
	}
	one, err := f.Job(t.Context(), app, second.ID)
	if diff := cmp.Diff(second, one); diff != "" || err != nil {
		t.Error(err, diff)
	}
	for _, of := range [][2]string{{"another", second.ID}, {app, "nothing"}} {
		if _, err := f.Job(t.Context(), of[0], of[1]); !errors.Is(err, jobs.ErrNotFound) {
			t.Errorf("job %s of %s: %v, want ErrNotFound", of[1], of[0], err)
		}
	}
}

func jobsForgotten(t *testing.T, f *fixture) {
	f.job(t)
	f.clock.Advance(time.Hour)
	kept := f.job(t)
	if err := f.PurgeJobs(t.Context(), f.clock.Now().Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	got, err := f.Jobs(t.Context(), app, 10)
	if diff := cmp.Diff([]jobs.Job{kept}, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Error(err, diff)
	}
}
