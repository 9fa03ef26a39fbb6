package dashboard

import (
	"net/http"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/jobs"
	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/web/gate"
)

// overviewView is where things stand.
type overviewView struct {
	common
	Steps  []step
	Open   int // steps that are not done yet
	Queues []queue
	Facts  []fact
	// Attention is what somebody should look at.
	Attention []attention
	Health    []healthRow
	Charts    []chart
	Spans     []spanTab
	Quiet     bool // there is nothing to be drawn, nor has there been
	Jobs      []jobRow
}

// healthRow is how a way out does, as it is shown.
type healthRow struct {
	Health
	Badge badge
	Note  string
}

// spanTab is a span that a chart can be shown for.
type spanTab struct {
	Label, URL string
	Current    bool
}

// step is one of the first things to do.
type step struct {
	Done        bool
	Title, Text string
	Link, Label string // where it is done; empty: not here
}

// queue is how much waits in a lane.
type queue struct {
	Name    string
	Waiting string
	Note    string
}

// fact is an address that others are given.
type fact struct{ Name, URL string }

func (d *dashboard) toOverview(w http.ResponseWriter, r *http.Request, _ *gate.Visitor) {
	http.Redirect(w, r, Path, http.StatusSeeOther)
}

func (d *dashboard) overview(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	view := overviewView{common: newCommon(r, v)}
	view.Facts = []fact{{"Webhook", d.ours(access.NameWebhook)}}
	if d.Engine != nil {
		view.Facts = append(view.Facts, fact{"Events", d.ours(access.NameEvents)}, fact{"REST API", d.PublicURL + "/v3"})
		if err := d.fillOverview(r, &view); err != nil {
			d.fail(w, r, err)
			return
		}
	}
	d.show(w, http.StatusOK, "overview", view)
}

// fillOverview adds what the engine knows.
func (d *dashboard) fillOverview(r *http.Request, view *overviewView) error {
	providers, err := d.Engine.Vault.Providers(r.Context(), d.Engine.App)
	if err != nil {
		return err
	}
	custom, account := providers.Custom, providers.SendGrid
	there := custom != nil || account != nil
	enabled := custom != nil && custom.IsEnabled || account != nil && account.IsEnabled
	view.Steps = []step{
		{
			there, "Add credentials", "Tell where notifications go: to a webhook of yours, to Postrider’s own at " + d.ours(access.NameWebhook) + ", or to SendGrid.",
			credentialsPath, "Credentials",
		},
		{
			enabled, "Enable the provider", "While every provider is off, nobody is told. “Send test” shows beforehand whether it answers.",
			credentialsPath, "Credentials",
		},
	}
	if there && enabled {
		view.Steps = nil
	}
	for i := range view.Steps {
		s := &view.Steps[i]
		if !s.Done {
			view.Open++
		}
		if s.Done || view.Open > 1 { // one after the other
			s.Link = ""
		}
	}
	return d.fillNumbers(r, view)
}

// fillNumbers adds what has happened, and how things do.
func (d *dashboard) fillNumbers(r *http.Request, view *overviewView) error {
	ctx, now := r.Context(), d.Clock()
	judged := state{now: now, health: d.Engine.Health(), depths: make(map[outbox.Lane]outbox.Depth)}
	for _, lane := range []struct {
		name string
		lane outbox.Lane
	}{{"Calls to providers", outbox.LaneCall}, {"Mails", outbox.LaneMail}} {
		depth, err := d.Engine.Depth(ctx, lane.lane)
		if err != nil {
			return err
		}
		judged.depths[lane.lane] = depth
		waiting := humanize.Comma(int64(depth.Pending + depth.InHand))
		if depth.Pending >= outbox.MaxDepth || depth.InHand >= outbox.MaxDepth {
			waiting = humanize.Comma(outbox.MaxDepth) + "+"
		}
		view.Queues = append(view.Queues, queue{lane.name, waiting, note(depth, now)})
	}
	for _, h := range judged.health {
		view.Health = append(view.Health, rowOfHealth(h))
	}
	var err error
	judged.tallies, err = d.Engine.Log.Tallies(ctx, outbox.TallyQuery{
		App: d.Engine.App, From: now.Add(-24 * time.Hour), Until: now.Add(time.Hour), By: 24 * time.Hour, Reasons: true,
	})
	if err != nil {
		return err
	}
	view.Attention = needsAttention(&judged)
	if err := d.fillCharts(r, view, now); err != nil {
		return err
	}
	all, err := d.Engine.Jobs.Store.Jobs(ctx, d.Engine.App, jobsOnOverview)
	for _, j := range all {
		if j = j.At(now); j.State == jobs.Running || now.Sub(j.StartedAt) < 24*time.Hour {
			view.Jobs = append(view.Jobs, rowOfJob(j))
		}
	}
	return err
}

// jobsOnOverview is how many jobs the overview shows.
const jobsOnOverview = 5

func (d *dashboard) fillCharts(r *http.Request, view *overviewView, now time.Time) error {
	shown := spans()[0]
	for _, s := range spans() {
		if r.URL.Query().Get("by") == s.name {
			shown = s
		}
	}
	for _, s := range spans() {
		view.Spans = append(view.Spans, spanTab{s.label, Path + "?by=" + s.name, s.name == shown.name})
	}
	tallies, err := d.Engine.Log.Tallies(r.Context(), outbox.TallyQuery{
		App: d.Engine.App, From: shown.begin(now), Until: now.Add(time.Hour), By: shown.by,
	})
	if err != nil {
		return err
	}
	view.Charts = []chart{
		newChart("calls", "Notifications", outbox.LaneCall, tallies, &shown, now),
		newChart("mails", "Mails", outbox.LaneMail, tallies, &shown, now),
	}
	some, err := d.Engine.Log.List(r.Context(), outbox.Filter{App: d.Engine.App}, 1)
	view.Quiet = len(some) == 0 && view.Charts[0].Empty && view.Charts[1].Empty
	return err
}

func rowOfHealth(h Health) healthRow {
	row := healthRow{h, badge{"good", "works"}, ""}
	switch {
	case h.Paused:
		row.Badge, row.Note = badge{"bad", "paused"}, h.Cause
	case h.Failures > 0:
		row.Badge, row.Note = badge{"here", "unsteady"}, count(h.Failures, "failure", "failures")+" in a row"
	}
	return row
}

// note says in words how a queue does.
func note(depth outbox.Depth, now time.Time) string {
	switch {
	case depth.Pending+depth.InHand == 0:
		return "nothing waits"
	case depth.Pending == 0:
		return "all in hand"
	case depth.OldestDue.After(now):
		return "next try " + humanize.RelTime(depth.OldestDue, now, "ago", "from now")
	default:
		return "the oldest was due " + humanize.RelTime(depth.OldestDue, now, "ago", "from now")
	}
}
