package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/postrider/postrider/internal/daemon"
	"github.com/postrider/postrider/internal/outbox"
)

type deliveriesCommand struct {
	List   deliveriesList   `cmd:"" help:"List deliveries, newest first."`
	Show   deliveriesShow   `cmd:"" help:"Show one delivery with its attempts and payload."`
	Replay deliveriesReplay `cmd:"" help:"Hand deliveries over again."`
	Cancel deliveriesCancel `cmd:"" help:"Withdraw pending deliveries."`
}

// dataFlags are the settings of commands that work on the database.
type dataFlags struct {
	daemon.Database
	daemon.Logging
	JSON bool `name:"json" help:"Print JSON."`
}

// open opens the database beside a running server.
func (f *dataFlags) open(ctx context.Context) (*daemon.Data, error) {
	return daemon.OpenData(ctx, f.Database, time.Now, newLogger(f.Logging))
}

type deliveryFilter struct {
	Lane      string    `enum:",call,mail" default:"" placeholder:"LANE" help:"Only this lane: call (out to a provider) or mail (out to a gateway)."`
	State     []string  `enum:"pending,in_hand,sent,failed,skipped,cancelled" placeholder:"STATE" help:"Only these states: pending, in_hand, sent, failed, skipped, cancelled."`
	Recipient string    `placeholder:"UID" help:"Only those for this user."`
	Reason    string    `placeholder:"REASON" help:"Only those with this reason, such as MISSING_EMAIL."`
	Since     timeSince `placeholder:"TIME" help:"Only those created since: 2h, 2026-01-31 or 2026-01-31T12:00:00Z."`
}

func (f *deliveryFilter) outbox(app string) outbox.Filter {
	filter := outbox.Filter{
		App: app, Lane: outbox.Lane(f.Lane), Recipient: strings.ToLower(f.Recipient), Reason: strings.ToUpper(f.Reason), Since: f.Since.from(time.Now()),
	}
	for _, state := range f.State {
		filter.States = append(filter.States, outbox.State(state))
	}
	return filter
}

// timeSince is a moment, or a time before now.
type timeSince struct {
	moment time.Time
	ago    time.Duration
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *timeSince) UnmarshalText(text []byte) error {
	if ago, err := time.ParseDuration(string(text)); err == nil {
		s.ago = ago
		return nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if moment, err := time.Parse(layout, string(text)); err == nil {
			s.moment = moment
			return nil
		}
	}
	return fmt.Errorf("%q is neither a duration such as 2h nor a date such as 2026-01-31 or 2026-01-31T12:00:00Z", text)
}

func (s *timeSince) from(now time.Time) time.Time {
	if s.ago != 0 {
		return now.Add(-s.ago)
	}
	return s.moment
}

type deliveriesList struct {
	appFlags
	deliveryFilter
	Limit  int    `default:"50" help:"How many at the most."`
	Before string `placeholder:"ID" help:"Only those older than this one: continues a list."`
}

// Run implements the command deliveries list.
func (c *deliveriesList) Run(ctx context.Context) (err error) {
	if c.Limit < 1 {
		return errors.New("--limit: must be 1 or more")
	}
	data, app, err := c.openApp(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	filter := c.outbox(app)
	filter.Before = c.Before
	deliveries, err := data.Store.List(ctx, filter, c.Limit)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(deliveries)
	}
	if len(deliveries) == 0 {
		fmt.Println("No deliveries.")
		return nil
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tCREATED\tLANE\tSTATE\tREASON\tATTEMPTS\tRECIPIENT\tCONVERSATION\tDETAIL")
	for _, d := range deliveries {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\n", d.ID, stamp(d.CreatedAt), d.Lane, d.State, dash(d.Reason), d.Attempts,
			cell(d.Recipient), cell(d.Conversation), dash(cell(d.Detail)))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(deliveries) == c.Limit {
		fmt.Printf("\nMore with --before %s\n", deliveries[len(deliveries)-1].ID)
	}
	return nil
}

type deliverySelection struct {
	appFlags
	deliveryFilter
	IDs []string `arg:"" optional:"" name:"id" help:"Ids of deliveries."`
	All bool     `help:"All that the filter selects, instead of ids; what a rule decided not to tell only if its state or reason is named."`
}

type deliveriesReplay struct{ deliverySelection }

// Run implements the command deliveries replay.
func (c *deliveriesReplay) Run(ctx context.Context) error {
	return c.each(ctx, "replayed", []outbox.State{outbox.Failed, outbox.Skipped}, func(data *daemon.Data, id string) (string, error) {
		return data.Store.Replay(ctx, id)
	})
}

type deliveriesCancel struct{ deliverySelection }

// Run implements the command deliveries cancel.
func (c *deliveriesCancel) Run(ctx context.Context) error {
	return c.each(ctx, "cancelled", []outbox.State{outbox.Pending}, func(data *daemon.Data, id string) (string, error) {
		return id, data.Store.Cancel(ctx, id)
	})
}

// change is what was done to one delivery.
type change struct {
	ID     string `json:"id"`
	Result string `json:"result"`
	Now    string `json:"now,omitempty"` // the id under which it goes on
	Error  string `json:"error,omitempty"`
}

// each does something to every selected delivery, and goes on when one cannot
// be done. With a filter it takes those in states, unless the filter names
// states itself.
func (c *deliverySelection) each(ctx context.Context, done string, states []outbox.State, do func(*daemon.Data, string) (string, error)) (err error) {
	if (len(c.IDs) == 0) == !c.All {
		return errors.New("name deliveries by their ids, or select them with --all and a filter")
	}
	data, app, err := c.openApp(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	changes := []change{} // in JSON a list, also when it is empty
	failures := 0
	apply := func(id string) {
		now, err := do(data, id)
		one := change{ID: id, Result: done, Now: now}
		if err != nil {
			failures++
			one = change{ID: id, Result: "error", Error: err.Error()}
		}
		if c.JSON {
			changes = append(changes, one)
		} else {
			printChange(one)
		}
	}
	for _, id := range c.IDs {
		apply(id)
	}
	if c.All {
		filter := c.outbox(app)
		if len(filter.States) == 0 {
			filter.States = states
		}
		named := len(c.State) > 0 || c.Reason != ""
		err = data.Store.Each(ctx, filter, func(d outbox.Delivery) error {
			// What a rule decided against is not a failure: it is made good
			// only for somebody who says so.
			if named || d.Lane != outbox.LaneCall || d.State != outbox.Skipped {
				apply(d.ID)
			}
			return ctx.Err()
		})
	}
	if c.JSON {
		err = errors.Join(err, printJSON(changes))
	}
	if failures > 0 {
		err = errors.Join(err, fmt.Errorf("%d could not be %s", failures, done))
	}
	return err
}

func printChange(c change) {
	switch {
	case c.Error != "":
		fmt.Printf("%s  %s\n", c.ID, c.Error)
	case c.Now != c.ID:
		fmt.Printf("%s  %s as %s\n", c.ID, c.Result, c.Now)
	default:
		fmt.Printf("%s  %s\n", c.ID, c.Result)
	}
}
