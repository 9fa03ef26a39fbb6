package conformance

import (
	"encoding/json"
	"time"
)

// State is what became of one line.
type State string

// The states.
const (
	Holds    State = "holds"
	Fails    State = "fails"
	NotAsked State = "not_asked"
)

// Line is one thing that a custom provider should do.
type Line struct {
	ID     string // short, and the same in every version
	Says   string // what should hold
	State  State
	Detail string        // what was seen, or why nothing was asked
	Why    string        // if it fails: why it matters
	Mend   string        // if it fails: what to do
	Took   time.Duration // all calls together
}

// MarshalJSON implements [json.Marshaler]: times are in milliseconds.
func (l Line) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		ID     string `json:"id"`
		Says   string `json:"says"`
		State  State  `json:"state"`
		Detail string `json:"detail"`
		Why    string `json:"why,omitempty"`
		Mend   string `json:"mend,omitempty"`
		Took   int64  `json:"tookMs"`
	}{l.ID, l.Says, l.State, l.Detail, l.Why, l.Mend, l.Took.Milliseconds()})
}

// Report is what a check found.
type Report struct {
	URL       string    `json:"url"`
	StartedAt time.Time `json:"startedAt"`
	Holds     bool      `json:"holds"` // no line fails
	Lines     []Line    `json:"lines"`
}

// Count returns how many lines are in a state.
func (r *Report) Count(state State) int {
	n := 0
	for i := range r.Lines {
		if r.Lines[i].State == state {
			n++
		}
	}
	return n
}
