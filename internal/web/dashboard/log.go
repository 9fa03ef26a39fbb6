package dashboard

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/history"
	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/web/gate"
)

const (
	logPath = Path + "/log"
	// logPage is how many entries are on one page of the log.
	logPage = 50
)

// Log is what the pages of the log and the overview read, and correct.
type Log interface {
	history.Store
	history.Tracer
	outbox.Log
	outbox.Tallies
	// Search returns up to limit deliveries like List, but looks only through a
	// bounded part of the log. more is where to go on, as Filter.Before; empty at
	// the log's end.
	Search(ctx context.Context, filter outbox.Filter, limit int) (found []outbox.Delivery, more string, err error)
}

// logView is a page of the log.
type logView struct {
	common
	Query   logQuery
	Lanes   []laneTab
	Fields  []control
	Rows    []logRow
	Next    string // address of the page of older entries
	Newest  string // address of the first page; empty on it
	Replay  string // addresses of what is done to all of them; empty where nothing can be
	Cancel  string
	Started bool // more was looked through than the page could show
}

type laneTab struct {
	Name, URL string
	Current   bool
}

// logRow is an entry in a list.
type logRow struct {
	URL    string
	At     time.Time
	Person string
	About  string
	Badge  badge
	Reason string
	More   string
}

// badge is a state as it is shown.
type badge struct{ Class, Text string }

func badgeOf(state outbox.State) badge {
	switch state {
	case outbox.Sent:
		return badge{"good", "sent"}
	case outbox.Failed:
		return badge{"bad", "failed"}
	case outbox.Pending:
		return badge{"here", "waiting"}
	case outbox.InHand:
		return badge{"here", "in hand"}
	default:
		return badge{"", string(state)}
	}
}

func (d *dashboard) log(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	query := readLogQuery(r.URL.Query())
	view := logView{common: newCommon(r, v), Query: query, Fields: query.controls()}
	for _, lane := range []struct {
		lane outbox.Lane
		name string
	}{{outbox.LaneCall, "Calls to providers"}, {outbox.LaneMail, "Mails"}} {
		other := query.of(lane.lane)
		view.Lanes = append(view.Lanes, laneTab{lane.name, logPath + other.encode(), lane.lane == query.Lane})
	}
	if len(query.wrong) > 0 {
		d.show(w, http.StatusUnprocessableEntity, "log", view)
		return
	}
	rows, next, err := d.readLog(r.Context(), &query)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	view.Rows = rows
	if next != "" {
		older := query
		older.Before = next
		view.Next, view.Started = logPath+older.encode(), len(rows) < logPage
	}
	if query.Before != "" {
		newest := query
		newest.Before = ""
		view.Newest = logPath + newest.encode()
	}
	if v.May(operator) && len(rows) > 0 && query.Before == "" {
		view.Replay, view.Cancel = d.changes(&query)
	}
	d.show(w, http.StatusOK, "log", view)
}

// changes returns the addresses of what can be done to all that a query selects.
func (d *dashboard) changes(q *logQuery) (replay, cancel string) {
	if len(statesFor(changeReplay, q)) > 0 {
		replay = logPath + "/replay" + q.encode()
	}
	if len(statesFor(changeCancel, q)) > 0 {
		cancel = logPath + "/cancel" + q.encode()
	}
	return replay, cancel
}

// readLog returns a page of the log, and where the next one begins.
func (d *dashboard) readLog(ctx context.Context, q *logQuery) (rows []logRow, next string, err error) {
	if q.Lane == outbox.LaneMail {
		found, more, err := d.Engine.Log.Search(ctx, q.mails(d.Engine.App), logPage+1)
		if err != nil {
			return nil, "", err
		}
		if len(found) > logPage {
			found, more = found[:logPage], found[logPage-1].ID
		}
		for i := range found {
			rows = append(rows, rowOfMail(&found[i]))
		}
		return rows, more, nil
	}
	found, err := d.Engine.Log.History(ctx, q.calls(d.Engine.App), logPage+1)
	if err != nil {
		return nil, "", err
	}
	if len(found) > logPage {
		found, next = found[:logPage], found[logPage-1].ID
	}
	for i := range found {
		rows = append(rows, rowOfCall(&found[i]))
	}
	return rows, next, nil
}

func entryURL(id string) string { return logPath + "/" + url.PathEscape(id) }

func rowOfCall(e *history.Entry) logRow {
	row := logRow{
		URL: entryURL(e.ID), At: e.CreatedAt, Person: e.UID, Badge: badgeOf(e.State), About: "from " + e.Sender,
		Reason: reasonText(e.Reason), More: e.Provider,
	}
	if guid, ok := e.Conversation.Group(); ok {
		row.About += " in " + guid
	}
	if n := len(e.MessageIDs); n > 1 {
		row.About += ", " + count(n, "message", "messages")
	}
	return row
}

func rowOfMail(m *outbox.Delivery) logRow {
	row := logRow{
		URL: entryURL(m.ID), At: m.CreatedAt, Person: m.Recipient, Badge: badgeOf(m.State), About: aboutLabel(m.Conversation),
		Reason: reasonText(chat.Reason(m.Reason)),
	}
	if m.Attempts > 1 {
		row.More = count(m.Attempts, "attempt", "attempts")
	}
	return row
}
