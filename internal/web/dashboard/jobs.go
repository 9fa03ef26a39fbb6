package dashboard

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/jobs"
	"github.com/postrider/postrider/internal/web/gate"
)

const (
	jobsPath = Path + "/jobs"
	// jobsShown is how many jobs are listed.
	jobsShown = 50
	// refreshEvery is after how many seconds the page of a job that runs is
	// asked for again.
	refreshEvery = 2
)

// Jobs runs long work, and knows how far it has come.
type Jobs struct {
	Runner *jobs.Runner
	Store  jobs.Store
}

// jobRow is a job as it is shown.
type jobRow struct {
	jobs.Job
	URL     string
	Badge   badge
	Percent int // of Total, while that is known
	Hidden  int // problems that are not told
}

func rowOfJob(j jobs.Job) jobRow {
	row := jobRow{Job: j, URL: jobsPath + "/" + url.PathEscape(j.ID), Hidden: j.Refused - len(j.Problems)}
	switch j.State {
	case jobs.Done:
		row.Badge = badge{"good", "done"}
	case jobs.Running:
		row.Badge = badge{"here", "running"}
	default:
		row.Badge = badge{"bad", string(j.State)}
	}
	if j.Total > 0 {
		row.Percent = min(100*j.Finished/j.Total, 100)
	}
	return row
}

// Running reports whether the job goes on.
func (r jobRow) Running() bool { return r.State == jobs.Running }

// Good is how many were done as they should.
func (r jobRow) Good() int { return r.Finished - r.Refused }

type jobsView struct {
	common
	Jobs []jobRow
}

type jobView struct {
	common
	Job jobRow
}

func (d *dashboard) jobs(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	all, err := d.Engine.Jobs.Store.Jobs(r.Context(), d.Engine.App, jobsShown)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	view := jobsView{common: newCommon(r, v)}
	for _, j := range all {
		view.Jobs = append(view.Jobs, rowOfJob(j.At(d.Clock())))
	}
	d.show(w, http.StatusOK, "jobs", view)
}

func (d *dashboard) job(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	j, err := d.Engine.Jobs.Store.Job(r.Context(), d.Engine.App, r.PathValue("id"))
	if err != nil {
		d.fail(w, r, err)
		return
	}
	view := jobView{newCommon(r, v), rowOfJob(j.At(d.Clock()))}
	if view.Job.Running() {
		w.Header().Set("Refresh", strconv.Itoa(refreshEvery))
	}
	d.show(w, http.StatusOK, "job", view)
}

// start begins a job, and leads to its page.
func (d *dashboard) start(
	w http.ResponseWriter, r *http.Request, v *gate.Visitor, title, back string, action access.Action, work func(context.Context, *jobs.Progress) error,
) {
	j, err := d.Engine.Jobs.Runner.Start(r.Context(), jobs.Job{App: d.Engine.App, Title: title, By: v.Account.Name, Back: back}, work)
	switch {
	case errors.Is(err, jobs.ErrBusy):
		d.Layout.Problem(w, http.StatusServiceUnavailable, "As much long work is under way as may be; try again when some of it is done")
	case err != nil:
		d.fail(w, r, err)
	default:
		d.record(r, v, action, title, "")
		then(w, r, jobsPath+"/"+url.PathEscape(j.ID), "")
	}
}
