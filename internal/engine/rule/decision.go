package rule

import (
	"time"

	"github.com/postrider/postrider/internal/chat"
)

// Decision is what becomes of a window. Either it waits, and nothing else is
// said, or it is done: then every message that is the person's to hear of is
// sent, skipped with a reason, or was read.
type Decision struct {
	Until  time.Time   // when to look again, if it waits; always after Facts.Now
	Reason chat.Reason // why it waits
	Detail string      // the same in words

	Send    []int    // indexes into Facts.Messages: what the digest holds, oldest first
	To      []string // names of the providers to call, by Decide; empty exactly when Send is
	Skipped []Skip

	// Trace is every rule that was asked, in order.
	Trace []Step
}

// Waits reports whether the window is to be decided later.
func (d *Decision) Waits() bool { return !d.Until.IsZero() }

// Skip is what is not told for one reason.
type Skip struct {
	Reason   chat.Reason
	Detail   string
	Messages []int // indexes into Facts.Messages, oldest first
	// Provider is set if only this provider is not called: others may be.
	Provider string
}

// Step is what a rule said, and what it saw.
type Step struct {
	Rule    string `json:"rule"` // its name
	Verdict string `json:"verdict"`
	Detail  string `json:"detail"`
}

// What a rule says.
const (
	VerdictPass   = "pass"   // nothing against what is left
	VerdictSkip   = "skip"   // some messages, or all, are not told
	VerdictWait   = "wait"   // the window is decided later
	VerdictLifted = "lifted" // it would have been against it, but for a mention (F075, F076)
	VerdictDone   = "done"   // there is nothing to tell
)
