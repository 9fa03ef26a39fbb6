package main

import (
	"context"
	"time"

	"github.com/postrider/postrider/bench/internal/report"
)

const (
	// leastMails is how many mails a second have to leave while webhooks are
	// accepted.
	leastMails = 1000
	// searchSteps halve the range in which the rate is looked for so often.
	searchSteps = 6
)

// balanced measures a subject at the highest rate of webhooks at which enough
// mails leave, given what it did at full load. For one that answers first and
// sends when it finds the time, that is less than it could accept.
//
// The rate is looked for in the first round, and kept for the others.
func (r *rig) balanced(ctx context.Context, name report.Subject, full report.Accept) (report.Accept, error) {
	if full.Mails >= leastMails {
		return full, nil
	}
	rate, known := r.balance[name]
	if !known {
		var err error
		if rate, err = r.search(ctx, name, full.Webhooks); err != nil {
			return report.Accept{}, err
		}
	}
	for {
		seen, err := r.acceptFresh(ctx, name, rate, r.plan.Window)
		if err != nil {
			return report.Accept{}, err
		}
		// A little less, should this have been a bad moment.
		if seen.Mails >= leastMails || rate < leastMails {
			r.balance[name] = rate
			return seen, nil
		}
		rate *= 0.95
	}
}

// search returns the highest rate up to a limit at which enough mails leave.
func (r *rig) search(ctx context.Context, name report.Subject, limit float64) (float64, error) {
	enough, tooMuch := float64(leastMails), limit
	for range searchSteps {
		rate := (enough + tooMuch) / 2
		seen, err := r.acceptFresh(ctx, name, rate, r.plan.Window/2)
		if err != nil {
			return 0, err
		}
		if seen.Mails >= leastMails {
			enough = rate
		} else {
			tooMuch = rate
		}
	}
	return enough, nil
}

// acceptFresh measures a subject that was just started, for it must not still
// be sending what it accepted before.
func (r *rig) acceptFresh(ctx context.Context, name report.Subject, rate float64, window time.Duration) (seen report.Accept, err error) {
	err = r.with(ctx, name, func(s *subject, out *sinkProcess) error {
		seen, _, err = r.accept(ctx, s, out, pace{rate: rate, window: window})
		return err
	})
	return seen, err
}
