package outbox

import (
	"errors"
	"time"
)

// State is where a delivery stands.
type State string

// Pending and InHand are open; the others are final until a replay.
const (
	Pending   State = "pending"   // waits for NextAt
	InHand    State = "in_hand"   // claimed by a worker under a lease
	Sent      State = "sent"      // handed over
	Failed    State = "failed"    // given up; Reason and the attempts say why
	Skipped   State = "skipped"   // decided against, with a Reason
	Cancelled State = "cancelled" // withdrawn by a person
)

// States lists all states, in the order of a delivery's life.
func States() []State { return []State{Pending, InHand, Sent, Failed, Skipped, Cancelled} }

// Lane separates what is handed to a provider from what is handed to a mail
// gateway. Each has workers of its own.
type Lane string

// The lanes.
const (
	LaneCall Lane = "call" // out to a provider
	LaneMail Lane = "mail" // out to a gateway
)

// Delivery is one thing to be handed to one person.
type Delivery struct {
	ID           string `json:"id"` // UUID version 7: sorts by creation
	App          string `json:"app"`
	Lane         Lane   `json:"lane"`
	Recipient    string `json:"recipient"`          // user id
	Conversation string `json:"conversation"`       // "user:" or "group:" and the id
	Origin       string `json:"origin,omitempty"`   // webhook-id of the call that brought it
	Replays      string `json:"replays,omitempty"`  // id of the sent delivery this one repeats
	Provider     string `json:"provider,omitempty"` // name of the one that is called; empty for a mail
	State        State  `json:"state"`
	Reason       string `json:"reason,omitempty"`
	Detail       string `json:"detail,omitempty"` // the reason in words
	// Attempts counts all attempts so far; Tries only those since the
	// delivery was put or last replayed: the retry schedule goes by Tries.
	Attempts  int       `json:"attempts"`
	Tries     int       `json:"tries"`
	CreatedAt time.Time `json:"createdAt"`
	// ArmedAt is when it was put or last replayed: its age counts from here.
	ArmedAt   time.Time `json:"armedAt"`
	NextAt    time.Time `json:"nextAt,omitzero"`
	SettledAt time.Time `json:"settledAt,omitzero"`
}

// Entry is a delivery to be put.
type Entry struct {
	ID           string
	App          string
	Lane         Lane
	Recipient    string
	Conversation string
	Origin       string
	Payload      []byte
	CreatedAt    time.Time
	NextAt       time.Time
	// DedupeKey, if set, makes Put recognise a second delivery with the same
	// key until DedupeUntil.
	DedupeKey   []byte
	DedupeUntil time.Time
}

// PutResult says what became of an entry. ID is the stored delivery's: the
// earlier one's for a duplicate.
type PutResult struct {
	ID        string
	Duplicate bool
}

// Claimed is a delivery in a worker's hand. The claim is good until Lease
// unless it is renewed; Claim tells it from every other claim of the delivery.
type Claimed struct {
	Delivery
	Payload []byte
	Claim   int64
}

// Ref names one claim.
type Ref struct {
	ID    string
	Claim int64
}

// Attempt is one try at handing a delivery over.
type Attempt struct {
	Number   int           `json:"number"` // from 1
	At       time.Time     `json:"at"`
	Duration time.Duration `json:"durationNs"`
	Gateway  string        `json:"gateway"`
	Result   Result        `json:"result"`
	Code     int           `json:"code,omitempty"` // of the reply; 0 when there was none
	Reply    string        `json:"reply"`
	Target   string        `json:"target,omitempty"` // where it went, such as an address
}

// Result is how one attempt ended.
type Result string

// The results.
const (
	ResultSent      Result = "sent"
	ResultRefused   Result = "refused" // for good
	ResultTemporary Result = "temporary"
)

// Settlement ends a claim. State is Pending to try again at NextAt, otherwise
// final. Without an Attempt the delivery's counts stay as they are.
type Settlement struct {
	Ref
	State   State
	Reason  string
	Detail  string
	NextAt  time.Time // for Pending
	At      time.Time
	Attempt *Attempt
	// Payload, unless nil, takes the place of the stored one.
	Payload []byte
}

// Errors of operations on single deliveries.
var (
	// ErrNotFound means that there is no delivery of that id.
	ErrNotFound = errors.New("no such delivery")
	// ErrState means that the delivery is in a state that does not allow it.
	ErrState = errors.New("not possible in the delivery's state")
)
