package dashboard

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/history"
	"github.com/postrider/postrider/internal/engine/rule"
	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/web/gate"
)

const (
	actionReplayed  access.Action = "replayed the delivery"
	actionCancelled access.Action = "cancelled the delivery"
)

// entryView is one entry of the log, with all that is known of it.
type entryView struct {
	common
	Title    string
	Badge    badge
	Why      string
	Facts    []pair
	Timeline []momentRow
	Payload  string
	Related  []logRow
	Preview  string // what the call would say under other texts
	Replay   string
	Cancel   string
	Back     string
	// Undecided: nothing is known of a decision, though there must have been one.
	Undecided bool
}

// pair is a name and a value; with Link the value leads somewhere.
type pair struct {
	Name, Value, Link string
	Time              time.Time
}

// momentRow is something that happened, as it is shown.
type momentRow struct {
	At     time.Time
	Lane   string
	Title  string
	Class  string // of the mark
	Facts  []pair
	Rules  []ruleRow
	Raised bool // it is what everything came to
}

type ruleRow struct {
	Name, For, Verdict, Class, Detail string
}

// ruleRows are what rules said, with what they are for.
func ruleRows(steps []rule.Step) []ruleRow {
	purpose := make(map[string]string)
	for _, one := range rule.List() {
		purpose[one.Name] = one.For
	}
	words := map[string]struct{ class, text string }{
		rule.VerdictPass: {"good", "pass"}, rule.VerdictSkip: {"bad", "not told"}, rule.VerdictWait: {"here", "waits"},
		rule.VerdictLifted: {"here", "lifted"}, rule.VerdictDone: {"", "nothing to tell"},
	}
	rows := make([]ruleRow, len(steps))
	for i, step := range steps {
		said := words[step.Verdict]
		rows[i] = ruleRow{step.Rule, purpose[step.Rule], said.text, said.class, step.Detail}
	}
	return rows
}

func laneName(lane outbox.Lane) string {
	if lane == outbox.LaneMail {
		return "Mail"
	}
	return "Call"
}

// trace reads the entry that an address names, of this app.
func (d *dashboard) trace(r *http.Request) (*history.Trace, error) {
	t, err := history.NewTrace(r.Context(), d.Engine.Log, r.PathValue("id"))
	if err == nil && t.App != d.Engine.App {
		err = outbox.ErrNotFound
	}
	return t, err
}

func (d *dashboard) logEntry(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	t, err := d.trace(r)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.showEntry(w, r, v, t, http.StatusOK, "")
}

func (d *dashboard) showEntry(w http.ResponseWriter, r *http.Request, v *gate.Visitor, t *history.Trace, status int, alert string) {
	view := entryView{
		common: newCommon(r, v), Title: "Call to " + or(t.Provider, "no provider"), Badge: badgeOf(t.State), Why: why(&t.Delivery), Back: logPath,
		Preview: templatesPath + "?call=" + url.QueryEscape(t.ID),
		Facts:   factsOf(t), Payload: payloadText(t.Payload), Undecided: t.Lane == outbox.LaneCall && t.Decided == nil,
	}
	view.Alert = alert
	if t.Lane == outbox.LaneMail {
		view.Title, view.Back, view.Preview = "Mail", logPath+"?channel=mail", ""
	}
	for _, m := range t.Timeline() {
		view.Timeline = append(view.Timeline, rowOfMoment(&m))
	}
	if t.Call != nil {
		view.Related = append(view.Related, related(t.Call))
	}
	for i := range t.Mails {
		view.Related = append(view.Related, related(&t.Mails[i]))
	}
	if v.May(operator) {
		switch t.State {
		case outbox.Pending:
			view.Cancel = entryURL(t.ID) + "/cancel"
		case outbox.InHand:
		default:
			view.Replay = entryURL(t.ID) + "/replay"
		}
	}
	d.show(w, status, "entry", view)
}

func related(t *history.Traced) logRow {
	row := rowOfMail(&t.Delivery)
	row.About = laneName(t.Lane)
	return row
}

func or(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}

// why says in words how a delivery stands.
func why(d *outbox.Delivery) string {
	text := reasonText(chat.Reason(d.Reason))
	switch {
	case text == "":
		return d.Detail
	case d.Detail == "":
		return text
	default:
		return text + ": " + d.Detail
	}
}

func factsOf(t *history.Trace) []pair {
	all := []pair{
		{Name: "Receiver", Value: t.Recipient, Link: personURL(t.Recipient)},
		{Name: "Conversation", Value: aboutLabel(t.Conversation)},
	}
	if t.Entry.ID != "" {
		all = append(all, pair{Name: "Newest message", Value: t.Entry.MessageID + ", " + t.Entry.MessageType + " from " + t.Entry.Sender},
			pair{Name: "Messages", Value: ids(t.MessageIDs)})
	}
	all = append(all, pair{Name: "Provider", Value: t.Provider}, pair{Name: "Delivery", Value: t.ID}, pair{Name: "Webhook id", Value: t.Origin})
	if t.CarriesAddress() {
		all = append(all, pair{Name: "Address", Value: "from the notification"})
	}
	if t.Replays != "" {
		all = append(all, pair{Name: "Replays", Value: t.Replays, Link: entryURL(t.Replays)})
	}
	if t.State == outbox.Pending {
		all = append(all, pair{Name: "Next attempt", Time: t.NextAt})
	}
	facts := all[:0]
	for _, one := range all {
		if one.Value != "" || !one.Time.IsZero() {
			facts = append(facts, one)
		}
	}
	return facts
}

// ids lists ids, but not without end.
func ids(all []string) string {
	const most = 20
	if len(all) > most {
		return strings.Join(all[:most], ", ") + fmt.Sprintf(" and %d more", len(all)-most)
	}
	return strings.Join(all, ", ")
}

func rowOfMoment(m *history.Moment) momentRow {
	row := momentRow{At: m.At, Rules: ruleRows(m.Rules)}
	if m.Delivery != nil {
		row.Lane = laneName(m.Delivery.Lane)
	}
	switch m.What {
	case history.HappenedArrived:
		row.Title = "A message of " + m.Message.Sender + " arrived"
		row.Facts = []pair{{Name: "Message", Value: m.Message.ID + ", " + m.Message.Type}, {Name: "Sent", Time: m.Message.SentAt}}
		if m.Message.State != chat.StateVisible {
			row.Facts = append(row.Facts, pair{Name: "Now", Value: string(m.Message.State)})
		}
		if m.More > 0 {
			row.Title, row.Facts = count(m.More+1, "more message", "more messages")+" arrived", nil
		}
	case history.HappenedOpened:
		row.Title = "The window opened"
	case history.HappenedDue:
		row.Title = "The window was due"
	case history.HappenedDecided:
		row.Title = "Decided"
		if m.Delivery.State == outbox.Skipped && m.Delivery.Attempts == 0 && m.Delivery.SettledAt.Equal(m.At) {
			row.Title = "Decided not to tell"
		}
	case history.HappenedAccepted:
		row.Title = "Accepted for delivery"
	case history.HappenedReplayed:
		row.Title = "Replayed by a person"
	case history.HappenedAttempt:
		row.Title, row.Facts, row.Class = attempt(m.Attempt)
	case history.HappenedSettled:
		row.Title, row.Class, row.Raised = sentence(badgeOf(m.Delivery.State).Text), badgeOf(m.Delivery.State).Class, true
		if text := why(&m.Delivery.Delivery); text != "" {
			row.Facts = []pair{{Name: "Why", Value: text}}
		}
	}
	return row
}

func attempt(a *outbox.Attempt) (title string, facts []pair, class string) {
	outcome := map[outbox.Result]struct{ text, class string }{
		outbox.ResultSent: {"taken", "good"}, outbox.ResultRefused: {"refused for good", "bad"}, outbox.ResultTemporary: {"failed for now", "bad"},
	}[a.Result]
	answer := a.Reply
	if a.Code != 0 {
		code := strconv.Itoa(a.Code)
		answer = strings.TrimSpace(code + " " + strings.TrimSpace(strings.TrimPrefix(a.Reply, code)))
	}
	return fmt.Sprintf("Attempt %d: %s", a.Number, outcome.text), []pair{
		{Name: "By", Value: a.Gateway}, {Name: "To", Value: a.Target}, {Name: "Answer", Value: answer}, {Name: "Took", Value: a.Duration.Round(time.Millisecond).String()},
	}, outcome.class
}

// sentence begins a text with a capital letter.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// payloadText is a payload for people: JSON on several lines, or what it is.
func payloadText(payload []byte) string {
	if len(payload) == 0 {
		return ""
	}
	var b bytes.Buffer
	if json.Indent(&b, payload, "", "  ") == nil {
		return b.String()
	}
	if !utf8.Valid(payload) {
		return fmt.Sprintf("%d bytes that are no text", len(payload))
	}
	return string(payload)
}

func (d *dashboard) confirmReplay(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	t, err := d.trace(r)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	text := "It is handed over again, under the same id: a receiver that has it already recognises it."
	if t.State == outbox.Sent {
		text = "It was sent. It is sent once more, as a new one: " + t.Recipient + " gets it twice."
	}
	d.show(w, http.StatusOK, "confirm", confirmation{
		common: newCommon(r, v), Title: "Replay this " + strings.ToLower(laneName(t.Lane)) + "?", Text: text,
		Action: entryURL(t.ID) + "/replay", Button: "Replay", Keep: "Leave it", Back: entryURL(t.ID),
	})
}

func (d *dashboard) replay(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	d.changeEntry(w, r, v, func(id string) (string, error) {
		now, err := d.Engine.Log.Replay(r.Context(), id)
		if err == nil {
			d.record(r, v, actionReplayed, id, "")
		}
		return now, err
	}, "replayed")
}

func (d *dashboard) confirmCancel(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	t, err := d.trace(r)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.show(w, http.StatusOK, "confirm", confirmation{
		common: newCommon(r, v), Title: "Cancel this " + strings.ToLower(laneName(t.Lane)) + "?",
		Text:   t.Recipient + " is not told. It can be replayed later.",
		Action: entryURL(t.ID) + "/cancel", Button: "Cancel it", Keep: "Leave it", Back: entryURL(t.ID),
	})
}

func (d *dashboard) cancel(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	d.changeEntry(w, r, v, func(id string) (string, error) {
		err := d.Engine.Log.Cancel(r.Context(), id)
		if err == nil {
			d.record(r, v, actionCancelled, id, "")
		}
		return id, err
	}, "cancelled")
}

// changeEntry does something to the entry that an address names.
func (d *dashboard) changeEntry(w http.ResponseWriter, r *http.Request, v *gate.Visitor, do func(id string) (string, error), done string) {
	t, err := d.trace(r)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	now, err := do(t.ID)
	switch {
	case errors.Is(err, outbox.ErrState):
		if t, err = d.trace(r); err != nil {
			d.fail(w, r, err)
			return
		}
		d.showEntry(w, r, v, t, http.StatusConflict, "It is "+badgeOf(t.State).Text+" by now: that is not possible any more.")
	case err != nil:
		d.fail(w, r, err)
	default:
		then(w, r, entryURL(now), done)
	}
}
