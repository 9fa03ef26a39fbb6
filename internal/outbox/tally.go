package outbox

import (
	"context"
	"time"
)

// Tally is how many deliveries came to an end in some time. One that was
// replayed and ended again counts twice: it is what happened, not how things
// stand.
type Tally struct {
	From   time.Time // UTC; the time's length is the query's By
	Lane   Lane
	State  State  // Sent, Failed, Skipped or Cancelled
	Reason string // empty unless the query asks for reasons
	N      int
}

// TallyQuery selects what is counted.
type TallyQuery struct {
	App string
	// From and Until are rounded down to whole hours; Until's hour does not
	// count.
	From, Until time.Time
	// By is the length of the times that are counted together, in whole hours;
	// they begin at multiples of it since 1970, which for a day is midnight UTC.
	By time.Duration
	// Reasons are counted one by one.
	Reasons bool
}

// Tallies counts what came to an end, for as long as tallies are kept: longer
// than deliveries are.
type Tallies interface {
	// Tallies returns the counts, oldest first, those of nothing left out.
	Tallies(ctx context.Context, q TallyQuery) ([]Tally, error)
}
