package dashboard

import (
	"net/http"
	"time"

	"github.com/dustin/go-humanize"

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
	view.Facts = []fact{{"Webhook", d.PublicURL + "/webhook"}}
	if d.Engine != nil {
		view.Facts = append(view.Facts, fact{"Events", d.PublicURL + "/events"}, fact{"REST API", d.PublicURL + "/v3"})
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
			there, "Add credentials", "Tell where notifications go: to a webhook of yours, to Postrider’s own at " + d.PublicURL + "/webhook, or to SendGrid.",
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
	now := d.Clock()
	for _, lane := range []struct {
		name string
		lane outbox.Lane
	}{{"Calls to providers", outbox.LaneCall}, {"Mails", outbox.LaneMail}} {
		depth, err := d.Engine.Depth(r.Context(), lane.lane)
		if err != nil {
			return err
		}
		view.Queues = append(view.Queues, queue{lane.name, humanize.Comma(int64(depth.Pending + depth.InHand)), note(depth, now)})
	}
	return nil
}

// note says in words how a queue does.
func note(depth outbox.Depth, now time.Time) string {
	switch {
	case depth.Pending+depth.InHand == 0:
		return "nothing waits"
	case depth.Pending == 0:
		return "all in hand"
	case depth.OldestDue.After(now):
		return "next try " + humanize.RelTime(now, depth.OldestDue, "ago", "from now")
	default:
		return "the oldest was due " + humanize.RelTime(depth.OldestDue, now, "ago", "from now")
	}
}
