package dashboard

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/history"
	"github.com/postrider/postrider/internal/outbox"
)

// typedTime is how browsers write the value of a field of date and time.
const typedTime = "2006-01-02T15:04"

// logQuery is what somebody wants to see of the log. It stands in the address.
type logQuery struct {
	Lane                            outbox.Lane
	Event, Sender, Receiver, Member string
	ReceiverType, Status, Reason    string
	From, Until                     string // as typed, UTC
	Before                          string
	from, until                     time.Time
	wrong                           problems
}

func readLogQuery(values url.Values) logQuery {
	get := func(name string) string { return strings.TrimSpace(values.Get(name)) }
	q := logQuery{
		Lane: outbox.LaneCall, Event: get("event"), Sender: get("sender"), Receiver: get("receiver"), Member: get("member"),
		ReceiverType: get("receiverType"), Status: get("status"), Reason: get("reason"), From: get("from"), Until: get("until"),
		Before: get("before"), wrong: make(problems),
	}
	if outbox.Lane(get("channel")) == outbox.LaneMail {
		q.Lane = outbox.LaneMail
	}
	for _, moment := range []struct {
		name, typed string
		to          *time.Time
	}{{"from", q.From, &q.from}, {"until", q.Until, &q.until}} {
		if moment.typed == "" {
			continue
		}
		at, err := time.Parse(typedTime, moment.typed)
		if err != nil {
			q.wrong[moment.name] = "Enter a date and a time, such as 2026-01-31T18:30."
		}
		*moment.to = at
	}
	if q.Status != "" && !slices.ContainsFunc(statusChoices(), func(c choice) bool { return c.Value == q.Status }) {
		q.wrong["status"] = "There is no such status."
	}
	return q
}

// of returns the query for another lane: what is asked of both stays.
func (q logQuery) of(lane outbox.Lane) logQuery {
	if lane == q.Lane {
		return q
	}
	return logQuery{Lane: lane, Receiver: q.Receiver, Status: q.Status, From: q.From, Until: q.Until}
}

// encode returns the query as it stands in an address.
func (q *logQuery) encode() string {
	values := make(url.Values)
	for _, one := range []struct{ name, value string }{
		{"event", q.Event},
		{"sender", q.Sender},
		{"receiver", q.Receiver},
		{"member", q.Member},
		{"receiverType", q.ReceiverType},
		{"status", q.Status},
		{"reason", q.Reason},
		{"from", q.From},
		{"until", q.Until},
		{"before", q.Before},
	} {
		if one.value != "" {
			values.Set(one.name, one.value)
		}
	}
	if q.Lane == outbox.LaneMail {
		values.Set("channel", string(q.Lane))
	}
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}

// Narrowed reports whether anything is left out.
func (q logQuery) Narrowed() bool {
	q.Lane, q.Before = outbox.LaneCall, ""
	return q.encode() != ""
}

// Mails reports whether it is about mails.
func (q logQuery) Mails() bool { return q.Lane == outbox.LaneMail }

// states are those that a status stands for.
func (q *logQuery) states() []outbox.State {
	switch q.Status {
	case "":
		return nil
	case "waiting":
		return []outbox.State{outbox.Pending, outbox.InHand}
	default:
		return []outbox.State{outbox.State(q.Status)}
	}
}

func (q *logQuery) calls(app string) history.Filter {
	return history.Filter{
		App: app, Category: q.Event, Sender: chat.NormalizeUID(q.Sender), Receiver: chat.NormalizeUID(q.Receiver), Member: chat.NormalizeUID(q.Member),
		ReceiverType: chat.ReceiverType(q.ReceiverType), States: q.states(), Reason: chat.Reason(q.Reason), SentFrom: q.from, SentUntil: q.until,
		Before: q.Before,
	}
}

func (q *logQuery) mails(app string) outbox.Filter {
	return outbox.Filter{
		App: app, Lane: outbox.LaneMail, Recipient: chat.NormalizeUID(q.Receiver), States: q.states(), Reason: q.Reason, Since: q.from, Until: q.until,
		Before: q.Before,
	}
}

func statusChoices() []choice {
	return []choice{{"waiting", "Waiting"}, {"sent", "Sent"}, {"failed", "Failed"}, {"skipped", "Skipped"}, {"cancelled", "Cancelled"}}
}

// controls are the fields of the form.
func (q *logQuery) controls() []control {
	line := func(name, label, value, hint string) control {
		return control{Name: name, Label: label, Value: value, Hint: hint, Input: "text"}
	}
	pick := func(name, label, value string, choices []choice) control {
		c := control{Name: name, Label: label, Choices: []choiceRow{{choice{"", "Any"}, value == ""}}}
		for _, one := range choices {
			c.Choices = append(c.Choices, choiceRow{one, one.Value == value})
		}
		return c
	}
	moment := func(name, label, value string) control {
		return control{Name: name, Label: label, Value: value, Input: "datetime-local", Problem: q.wrong[name]}
	}
	status := pick("status", "Status", q.Status, statusChoices())
	status.Problem = q.wrong["status"]
	reason := pick("reason", "Reason", q.Reason, reasonChoices())
	times := []control{moment("from", "From (UTC)", q.From), moment("until", "Until (UTC)", q.Until)}
	if q.Lane == outbox.LaneMail {
		return append([]control{status, reason, line("receiver", "Receiver", q.Receiver, "A user id.")}, times...)
	}
	return append([]control{
		status, reason,
		pick("event", "Event", q.Event, []choice{
			{string(chat.CategoryMessage), "Message"},
			{string(chat.CategoryCustom), "Custom message"},
			{string(chat.CategoryInteractive), "Interactive message"},
			{string(chat.CategoryCard), "Card"},
		}),
		line("sender", "Sender", q.Sender, "A user id."),
		line("receiver", "Receiver", q.Receiver, "A user id or group id."),
		pick("receiverType", "Receiver type", q.ReceiverType, []choice{{string(chat.ReceiverUser), "Person"}, {string(chat.ReceiverGroup), "Group"}}),
		line("member", "Told member", q.Member, "Of a group: a user id."),
	}, times...)
}
