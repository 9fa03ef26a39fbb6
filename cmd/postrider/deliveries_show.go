package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/postrider/postrider/internal/daemon"
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
	trace, err := data.Trace(ctx, c.ID)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(struct {
			*daemon.Trace
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

func printFacts(t *daemon.Trace) error {
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

// moment is something that happened to one of the deliveries of a notification.
type moment struct {
	at   time.Time
	lane outbox.Lane
	what string
	more []string
}

// printTimeline prints what happened on both sides of the wire, in its order.
func printTimeline(t *daemon.Trace) {
	var all []moment
	if t.Call != nil {
		all = append(all, momentsOf(t.Call)...)
	}
	all = append(all, momentsOf(&t.Traced)...)
	for i := range t.Mails {
		all = append(all, momentsOf(&t.Mails[i])...)
	}
	// What happened in the same millisecond stays in the order of the way.
	slices.SortStableFunc(all, func(a, b moment) int { return cmp.Compare(a.at.UnixMilli(), b.at.UnixMilli()) })
	fmt.Println()
	for _, m := range all {
		fmt.Printf("%s  %s  %s\n", m.at.UTC().Format("2006-01-02 15:04:05.000Z"), m.lane, m.what)
		for _, line := range m.more {
			fmt.Printf("    %s\n", line)
		}
	}
}

func momentsOf(t *daemon.Traced) []moment {
	created, settled := "accepted", string(t.State)
	if t.Lane == outbox.LaneCall {
		created = "decided"
	}
	if t.Reason != "" {
		settled += ": " + t.Reason
	}
	if t.Detail != "" {
		settled += ", " + t.Detail
	}
	all := []moment{{at: t.CreatedAt, lane: t.Lane, what: created}}
	if !t.ArmedAt.Equal(t.CreatedAt) {
		all = append(all, moment{at: t.ArmedAt, lane: t.Lane, what: "replayed"})
	}
	for i := range t.AttemptLog {
		a := &t.AttemptLog[i]
		all = append(all, moment{
			at: a.At, lane: t.Lane, what: fmt.Sprintf("attempt %d  %s  %s  %s", a.Number, a.Result, a.Duration.Round(time.Millisecond), a.Gateway),
			more: []string{"to     " + printable(a.Target), "reply  " + printable(replyLine(a))},
		})
	}
	if !t.SettledAt.IsZero() {
		all = append(all, moment{at: t.SettledAt, lane: t.Lane, what: printable(settled)})
	}
	return all
}

func replyLine(a *outbox.Attempt) string {
	if a.Code != 0 && a.Result == outbox.ResultSent {
		return strings.TrimSpace(fmt.Sprintf("%d %s", a.Code, a.Reply))
	}
	return a.Reply
}
