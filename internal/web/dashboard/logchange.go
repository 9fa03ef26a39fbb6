package dashboard

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/history"
	"github.com/postrider/postrider/internal/jobs"
	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/web/gate"
)

// change is what can be done to all that a query selects.
type change string

const (
	changeReplay change = "replay"
	changeCancel change = "cancel"
)

const (
	actionReplaysAll access.Action = "replays by filter"
	actionCancelsAll access.Action = "cancels by filter"
)

// countedAtMost is up to how many are counted before it is asked whether.
const countedAtMost = 1000

// statesFor returns the states of what is changed: of those that the query
// names, or else of what failed. What a rule decided against is no failure: it
// is made good only for somebody who says so.
func statesFor(what change, q *logQuery) []outbox.State {
	if what == changeCancel {
		if q.Status == "" || q.Status == "waiting" {
			return []outbox.State{outbox.Pending}
		}
		return nil
	}
	switch states := q.states(); {
	case q.Status == "waiting":
		return nil
	case len(states) > 0:
		return states
	case q.Lane == outbox.LaneMail || q.Reason != "":
		return []outbox.State{outbox.Failed, outbox.Skipped}
	default:
		return []outbox.State{outbox.Failed}
	}
}

// eachOf calls fn for the id of every delivery that a change is about, newest
// first, until fn returns false.
func (d *dashboard) eachOf(ctx context.Context, what change, q *logQuery, fn func(id string) bool) error {
	const page = 200
	states := statesFor(what, q)
	if len(states) == 0 {
		return nil
	}
	read := func(before string) ([]string, error) {
		filter := q.calls(d.Engine.App)
		filter.States, filter.Before = states, before
		entries, err := d.Engine.Log.History(ctx, filter, page)
		return idsOf(entries, func(e *history.Entry) string { return e.ID }), err
	}
	if q.Lane == outbox.LaneMail {
		read = func(before string) ([]string, error) {
			filter := q.mails(d.Engine.App)
			filter.States, filter.Before = states, before
			mails, err := d.Engine.Log.List(ctx, filter, page)
			return idsOf(mails, func(m *outbox.Delivery) string { return m.ID }), err
		}
	}
	before := ""
	for {
		ids, err := read(before)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := ctx.Err(); err != nil {
				return err
			}
			if !fn(id) {
				return nil
			}
			before = id
		}
		if len(ids) < page {
			return nil
		}
	}
}

func idsOf[T any](all []T, id func(*T) string) []string {
	found := make([]string, len(all))
	for i := range all {
		found[i] = id(&all[i])
	}
	return found
}

func (d *dashboard) confirmReplayAll(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	d.confirmAll(w, r, v, changeReplay)
}

func (d *dashboard) confirmCancelAll(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	d.confirmAll(w, r, v, changeCancel)
}

func (d *dashboard) confirmAll(w http.ResponseWriter, r *http.Request, v *gate.Visitor, what change) {
	query := readLogQuery(r.URL.Query())
	query.Before = ""
	if len(query.wrong) > 0 {
		d.Layout.Problem(w, http.StatusUnprocessableEntity, "The filter cannot be read")
		return
	}
	n := 0
	err := d.eachOf(r.Context(), what, &query, func(string) bool { n++; return n < countedAtMost })
	if err != nil {
		d.fail(w, r, err)
		return
	}
	back := logPath + query.encode()
	if n == 0 {
		d.show(w, http.StatusOK, "nothing", confirmation{
			common: newCommon(r, v), Title: "Nothing to " + string(what), Text: "Of what the filter selects, nothing is in a state that allows it.",
			Keep: "Back to the log", Back: back,
		})
		return
	}
	many := count(n, "entry", "entries")
	if n == countedAtMost {
		many += " or more"
	}
	text := "Nobody is told of them. They can be replayed later."
	if what == changeReplay {
		text = "They are handed over again, newest first."
		if query.Status == "sent" {
			text = "They were sent, and are sent once more: people get them twice."
		}
	}
	d.show(w, http.StatusOK, "confirm", confirmation{
		common: newCommon(r, v), Title: sentence(string(what)) + " " + many + "?", Text: text,
		Action: logPath + "/" + string(what) + query.encode(), Button: sentence(string(what)) + " them", Keep: "Leave them", Back: back,
	})
}

func (d *dashboard) replayAll(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	d.changeAll(w, r, v, changeReplay, actionReplaysAll, func(ctx context.Context, id string) error {
		_, err := d.Engine.Log.Replay(ctx, id)
		return err
	})
}

func (d *dashboard) cancelAll(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	d.changeAll(w, r, v, changeCancel, actionCancelsAll, d.Engine.Log.Cancel)
}

// changeAll does something to all that a query selects, as a job.
func (d *dashboard) changeAll(w http.ResponseWriter, r *http.Request, v *gate.Visitor, what change, action access.Action, do func(context.Context, string) error) {
	query := readLogQuery(r.URL.Query())
	query.Before = ""
	if len(query.wrong) > 0 {
		d.Layout.Problem(w, http.StatusUnprocessableEntity, "The filter cannot be read")
		return
	}
	d.start(w, r, v, sentence(string(what))+" "+query.words(), logPath+query.encode(), action, func(ctx context.Context, p *jobs.Progress) error {
		total := 0
		if err := d.eachOf(ctx, what, &query, func(string) bool { total++; return true }); err != nil {
			return fmt.Errorf("count what is to be done: %w", err)
		}
		p.Total(total)
		var failed error
		err := d.eachOf(ctx, what, &query, func(id string) bool {
			switch err := do(ctx, id); {
			case errors.Is(err, outbox.ErrState), errors.Is(err, outbox.ErrNotFound):
				p.Refuse(id + ": its state does not allow it any more")
			case err != nil:
				failed = err
				return false
			default:
				p.Finish(1)
			}
			return true
		})
		return errors.Join(err, failed)
	})
}

// words says what a query selects.
func (q *logQuery) words() string {
	text := "calls"
	if q.Mails() {
		text = "mails"
	}
	for _, one := range []struct{ says, value string }{
		{"%s that are %s", q.Status},
		{"%s, reason “%s”", reasonText(chat.Reason(q.Reason))},
		{"%s, event %s", q.Event},
		{"%s, from %s", q.Sender},
		{"%s, for %s", q.Receiver},
		{"%s, told %s", q.Member},
		{"%s, since %s", q.From},
		{"%s, until %s", q.Until},
	} {
		if one.value != "" {
			text = fmt.Sprintf(one.says, text, one.value)
		}
	}
	return text
}
