package outbox

import (
	"context"
	"time"
)

// Store keeps deliveries durably. Its methods may be called concurrently, by
// several processes too where the database is shared.
type Store interface {
	// Put stores an entry, or recognises it as a duplicate. It returns only
	// after what it answers is on disk.
	Put(ctx context.Context, entry Entry) (PutResult, error)
	// Claim takes up to limit due deliveries of a lane, oldest due first,
	// under a lease that ends after the given time; fewer when their payloads
	// are large, but at least one.
	Claim(ctx context.Context, lane Lane, limit int, lease time.Duration) ([]Claimed, error)
	// Renew prolongs leases, and returns those claims that are no longer
	// ours.
	Renew(ctx context.Context, refs []Ref, lease time.Duration) (lost []Ref, err error)
	// Settle ends claims. One that Expire has taken back, or that another
	// claim has followed, changes nothing, and is returned as lost.
	Settle(ctx context.Context, settlements []Settlement) (lost []Ref, err error)
	// Expire makes pending again what is in hand under a lease that ended.
	Expire(ctx context.Context, lane Lane) (int, error)
	// NextDue returns when the next pending delivery of a lane is due, or
	// the zero time when none is pending.
	NextDue(ctx context.Context, lane Lane) (time.Time, error)
}

// Filter selects deliveries. Zero fields select everything.
type Filter struct {
	App       string
	Lane      Lane
	States    []State
	Recipient string
	Reason    string
	Origin    string    // brought by the call of this webhook-id
	Since     time.Time // created at or after
	Until     time.Time // created before
	// Before continues a listing: only deliveries older than this id.
	Before string
}

// Log reads and corrects what is stored: the view of people, not of workers.
type Log interface {
	// List returns deliveries, newest first.
	List(ctx context.Context, filter Filter, limit int) ([]Delivery, error)
	// Each calls fn for every delivery that the filter selects, newest first.
	// fn may change them.
	Each(ctx context.Context, filter Filter, fn func(Delivery) error) error
	// Get returns one delivery with its payload, or ErrNotFound.
	Get(ctx context.Context, id string) (Delivery, []byte, error)
	// Attempts returns the attempts of one delivery, oldest first.
	Attempts(ctx context.Context, id string) ([]Attempt, error)
	// Replay hands a delivery over again. What was sent becomes a new
	// delivery, whose id it returns; what failed, was skipped or cancelled is
	// re-armed under its own id. ErrState for one that is still open.
	Replay(ctx context.Context, id string) (string, error)
	// Cancel withdraws a pending delivery. ErrState for any other.
	Cancel(ctx context.Context, id string) error
}

// MaxDepth is up to how many deliveries are counted where an overview suffices.
const MaxDepth = 100_000

// Depth is how much of a lane waits.
type Depth struct {
	Pending   int
	InHand    int
	OldestDue time.Time // zero when nothing is pending
}
