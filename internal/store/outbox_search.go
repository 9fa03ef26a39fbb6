package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"github.com/postrider/postrider/internal/outbox"
)

// searched is how many deliveries of the log one search looks through.
const searched = 10_000

// Search returns up to limit deliveries that a filter selects, newest first. It
// looks through a bounded part of the log: an index for every question would have to be
// written with every delivery. more is where to go on, as Filter.Before; empty at
// the end of the log.
func (s *Store) Search(ctx context.Context, filter outbox.Filter, limit int) (found []outbox.Delivery, more string, err error) {
	// What has not been sent has an index; without a filter everything is found.
	if filter.Recipient == "" && filter.Reason == "" && filter.Origin == "" && len(filter.States) == 0 {
		found, err = s.List(ctx, filter, limit)
		return found, goesOn(found, limit, ""), err
	}
	window := outbox.Filter{App: filter.App, Lane: filter.Lane, Since: filter.Since, Until: filter.Until, Before: filter.Before}
	where, args := conditions(window)
	err = s.read.QueryRowContext(ctx, `SELECT id FROM deliveries`+where+` ORDER BY id DESC LIMIT 1 OFFSET `+strconv.Itoa(searched-1), args...).Scan(&more)
	if err != nil && !isNone(err) {
		return nil, "", fmt.Errorf("search deliveries: %w", err)
	}
	where, args = conditions(filter)
	if more != "" {
		args = append(args, more)
		where += ` AND id >= $` + strconv.Itoa(len(args))
	}
	args = append(args, limit)
	err = query(ctx, s.read, `SELECT `+deliveryColumns+` FROM deliveries`+where+` ORDER BY id DESC LIMIT $`+strconv.Itoa(len(args)), args, func(rows *sql.Rows) error {
		var d outbox.Delivery
		if err := scanDelivery(rows, &d); err != nil {
			return err
		}
		found = append(found, d)
		return nil
	})
	if err != nil {
		return nil, "", fmt.Errorf("search deliveries: %w", err)
	}
	return found, goesOn(found, limit, more), nil
}

// goesOn returns the id after which a list goes on that may not be whole, or
// instead.
func goesOn(found []outbox.Delivery, limit int, instead string) string {
	if len(found) < limit {
		return instead
	}
	return found[limit-1].ID
}
