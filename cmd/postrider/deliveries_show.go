package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/postrider/postrider/internal/engine/history"
	"github.com/postrider/postrider/internal/outbox"
)

type deliveriesShow struct {
	dataFlags
	ID string `arg:"" help:"Id of the delivery."`
}

// Run implements the command deliveries show.
func (c *deliveriesShow) Run(ctx context.Context) (err error) {
	data, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	trace, err := history.NewTrace(ctx, data.Store, c.ID)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(struct {
			*history.Trace
			Payload json.RawMessage `json:"payload,omitempty"`
		}{trace, trace.Payload})
	}
	if err := printFacts(trace); err != nil {
		return err
	}
	printTimeline(trace)
	if len(trace.Payload) > 0 {
		fmt.Printf("\n%s\n", printable(string(trace.Payload)))
	}
	return nil
}

func printFacts(t *history.Trace) error {
	d := &t.Delivery
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(table, "%s\t%s\n", name, printable(value))
		}
	}
	row("Delivery", d.ID)
	row("Lane", string(d.Lane))
	row("Provider", d.Provider)
	row("State", string(d.State))
	row("Reason", d.Reason)
	row("Detail", d.Detail)
	row("Recipient", d.Recipient)
	if t.CarriesAddress() {
		row("Address", "from the notification")
	}
	row("Conversation", d.Conversation)
	row("Messages", strings.Join(t.MessageIDs, " "))
	row("Webhook id", d.Origin)
	row("Replays", d.Replays)
	row("Created", stamp(d.CreatedAt))
	if !d.ArmedAt.Equal(d.CreatedAt) {
		row("Replayed", stamp(d.ArmedAt))
	}
	if d.State == outbox.Pending {
		row("Next attempt", stamp(d.NextAt))
	}
	row("Settled", stamp(d.SettledAt))
	if t.Call != nil {
		row("Call", t.Call.ID+" "+string(t.Call.State))
	}
	for i := range t.Mails {
		row("Mail", t.Mails[i].ID+" "+string(t.Mails[i].State))
	}
	return table.Flush()
}

// printTimeline prints what happened on both sides of the wire, in its order.
func printTimeline(t *history.Trace) {
	fmt.Println()
	for _, m := range t.Timeline() {
		lane := outbox.LaneCall
		if m.Delivery != nil {
			lane = m.Delivery.Lane
		}
		what, more := tell(&m)
		fmt.Printf("%s  %s  %s\n", m.At.UTC().Format("2006-01-02 15:04:05.000Z"), lane, printable(what))
		for _, line := range more {
			fmt.Printf("    %s\n", printable(line))
		}
	}
}

// tell says in words what happened.
func tell(m *history.Moment) (what string, more []string) {
	d := m.Delivery
	switch m.What {
	case history.HappenedArrived:
		if m.More > 0 {
			return fmt.Sprintf("%d more messages arrived", m.More+1), nil
		}
		return fmt.Sprintf("message %s of %s arrived", m.Message.ID, m.Message.Sender), nil
	case history.HappenedOpened:
		return "window opened", nil
	case history.HappenedDue:
		return "window due", nil
	case history.HappenedDecided:
		for _, step := range m.Rules {
			more = append(more, fmt.Sprintf("%-9s  %-6s  %s", step.Rule, step.Verdict, step.Detail))
		}
	case history.HappenedAttempt:
		a := m.Attempt
		return fmt.Sprintf("attempt %d  %s  %s  %s", a.Number, a.Result, a.Duration.Round(time.Millisecond), a.Gateway),
			[]string{"to     " + a.Target, "reply  " + replyLine(a)}
	case history.HappenedSettled:
		settled := string(d.State)
		if d.Reason != "" {
			settled += ": " + d.Reason
		}
		if d.Detail != "" {
			settled += ", " + d.Detail
		}
		return settled, nil
	}
	return m.What, more
}

func replyLine(a *outbox.Attempt) string {
	if a.Code != 0 && a.Result == outbox.ResultSent {
		return strings.TrimSpace(fmt.Sprintf("%d %s", a.Code, a.Reply))
	}
	return a.Reply
}
