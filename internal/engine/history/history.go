// Package history is what became of notifications: the log of the calls to
// providers and of what was not told, as the REST API and the dashboard show
// it. Each entry is a delivery of the lane "call" with what its digest was
// about.
//
// It only reads.
package history

import (
	"context"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/outbox"
)

// Entry is one call to a provider, or one digest that was not told.
type Entry struct {
	ID           string // of the delivery; sorts by creation
	Provider     string // custom or sendgrid; empty if it got to none
	Conversation chat.Conversation
	UID          string   // of the recipient
	MessageID    string   // the newest of the digest
	MessageIDs   []string // all of it, oldest first
	MessageType  string
	Category     chat.Category
	Sender       string // of the newest message
	SentAt       time.Time
	State        outbox.State
	Reason       chat.Reason
	Attempts     int
	CreatedAt    time.Time
	SettledAt    time.Time // zero while it is open
	Payload      []byte    // what the provider is given
}

// Triggered reports whether a provider was called.
func (e *Entry) Triggered() bool {
	return e.Attempts > 0 || e.State == outbox.Sent || e.State == outbox.Failed
}

// Filter selects entries. Zero fields select everything.
type Filter struct {
	App          string
	MessageID    string // the digest holds it
	SentFrom     time.Time
	SentUntil    time.Time // inclusive
	Category     string
	MessageType  string
	Sender       string
	Receiver     string // the person or group that was written to
	ReceiverType chat.ReceiverType
	Member       string // the notified member of a group
	Provider     string
	Reason       chat.Reason
	States       []outbox.State // any of them
	Triggered    *bool
	Success      *bool // of those that were triggered
	// Documented leaves out what waits for its first call, and what was not
	// told for a reason that is none of [Reasons].
	Documented bool
	// Before and After continue a listing: only entries older, or newer, than
	// this id.
	Before, After string
}

// Store reads entries.
type Store interface {
	// History returns entries, newest first: the newest of those that the
	// filter selects or, with Filter.After, those next to that id.
	History(ctx context.Context, filter Filter, limit int) ([]Entry, error)
}

// Reasons lists the reasons that the logs under /v3 tell: those of CometChat's
// logs that an email can have (F086), and ours, for each digest that was skipped has
// an entry. What those logs are silent about is what was read in time (S24), a group
// above the app's limit (S25), and what nobody was asked to tell: no provider is
// enabled (S23), or email is switched off.
func Reasons() []chat.Reason {
	return []chat.Reason{
		chat.ReasonMessages, chat.ReasonReplies, chat.ReasonQuotedReplies, chat.ReasonDND, chat.ReasonMute, chat.ReasonSchedule,
		chat.ReasonQuota, chat.ReasonMissingEmail, chat.ReasonTimedOut, chat.ReasonNotFound,
		chat.ReasonDeleted, chat.ReasonBlocked, chat.ReasonNotMember, chat.ReasonNoUser, chat.ReasonExpired,
	}
}
