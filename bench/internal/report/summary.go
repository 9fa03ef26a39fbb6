package report

import (
	"slices"
	"time"

	"github.com/postrider/postrider/bench/internal/proc"
)

// ours are the subjects that have targets to meet.
var ours = [...]Subject{SQLite, PostgreSQL}

// subjects returns those that took part, in the order of the columns.
func (r *Results) subjects() []Subject {
	var names []Subject
	for _, name := range [...]Subject{SQLite, PostgreSQL, Peer} {
		if slices.ContainsFunc(r.Rounds, func(round Round) bool {
			_, accepted := round.Accept[name]
			_, drained := round.Drain[name]
			_, rested := round.Idle[name]
			return accepted || drained || rested
		}) {
			names = append(names, name)
		}
	}
	return names
}

// The medians over all rounds. They are 0 for what was not measured.

func (r *Results) accepted(name Subject, value func(Accept) float64) float64 {
	return of(r.Rounds, func(round Round) map[Subject]Accept { return round.Accept }, name, value)
}

func (r *Results) balanced(name Subject, value func(Accept) float64) float64 {
	return of(r.Rounds, func(round Round) map[Subject]Accept { return round.Balanced }, name, value)
}

func (r *Results) half(name Subject, value func(Accept) float64) float64 {
	return of(r.Rounds, func(round Round) map[Subject]Accept { return round.Half }, name, value)
}

func (r *Results) drained(name Subject, value func(Drain) float64) float64 {
	return of(r.Rounds, func(round Round) map[Subject]Drain { return round.Drain }, name, value)
}

func (r *Results) idle(name Subject) float64 {
	return of(r.Rounds, func(round Round) map[Subject]proc.Memory { return round.Idle }, name, resident)
}

func (r *Results) ceiling() float64 {
	return median(r.Rounds, func(round Round) (float64, bool) { return round.Ceiling, round.Ceiling > 0 })
}

func (r *Results) pipelined() float64 {
	return median(r.Rounds, func(round Round) (float64, bool) { return round.Pipelined, round.Pipelined > 0 })
}

func (r *Results) pending(value func(PendingRound) float64) float64 {
	return median(r.Pending, func(round PendingRound) (float64, bool) { return value(round), true })
}

func of[T any](rounds []Round, measure func(Round) map[Subject]T, name Subject, value func(T) float64) float64 {
	return median(rounds, func(round Round) (float64, bool) {
		seen, ok := measure(round)[name]
		return value(seen), ok
	})
}

// median returns the median of a value over all items that have it; of an
// even number the upper one of the middle.
func median[T any](items []T, value func(T) (float64, bool)) float64 {
	var values []float64
	for _, item := range items {
		if v, ok := value(item); ok {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func webhooks(a Accept) float64 { return a.Webhooks }
func mails(a Accept) float64    { return a.Mails }
func p99(a Accept) float64      { return time.Duration(a.P99).Seconds() }

func resident(m proc.Memory) float64 { return float64(m.Resident) }
