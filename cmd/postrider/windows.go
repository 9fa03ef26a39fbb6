package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/postrider/postrider/internal/chat"
)

type windowsCommand struct {
	List windowsList `cmd:"" help:"List who waits for what, the next one first."`
}

type windowsList struct {
	appFlags
	Recipient string `placeholder:"UID" help:"Only those of this user."`
	Limit     int    `default:"50" help:"How many at the most."`
}

// windowView is one line: somebody who has not been mailed yet about what came
// in a conversation.
type windowView struct {
	Recipient    string      `json:"recipient"`
	Conversation string      `json:"conversation"` // "user:" or "group:" and the id
	OpenedAt     time.Time   `json:"openedAt"`
	DueAt        time.Time   `json:"dueAt"`
	WaitsFor     chat.Reason `json:"waitsFor"`
}

// Run implements the command windows list.
func (c *windowsList) Run(ctx context.Context) (err error) {
	if c.Limit < 1 {
		return errors.New("--limit: must be 1 or more")
	}
	data, app, err := c.openApp(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	windows, err := data.Store.Windows(ctx, app, chat.NormalizeUID(c.Recipient), c.Limit)
	if err != nil {
		return err
	}
	views := make([]windowView, 0, len(windows)) // in JSON a list, also when it is empty
	for _, w := range windows {
		if w.WaitsFor == "" { // it was not due before
			w.WaitsFor = chat.ReasonWaitingForInterval
		}
		views = append(views, windowView{w.UID, w.Conversation.Label(w.UID), w.OpenedAt, w.DueAt, w.WaitsFor})
	}
	if c.JSON {
		return printJSON(views)
	}
	if len(views) == 0 {
		fmt.Println("Nobody waits.")
		return nil
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RECIPIENT\tCONVERSATION\tSINCE\tDUE\tWAITS FOR")
	for _, v := range views {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", cell(v.Recipient), cell(v.Conversation), stamp(v.OpenedAt), stamp(v.DueAt), v.WaitsFor)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(views) == c.Limit {
		fmt.Println("\nThere may be more: --limit.")
	}
	return nil
}
