package demo

import (
	"context"
	"time"
)

// Pauses between what happens. A server that runs at 60 times the speed waits
// for one second with a mail: long enough for the steps of an act, and over
// before the next act.
const (
	betweenSteps = 250 * time.Millisecond
	betweenActs  = 1500 * time.Millisecond
)

// Play sets up the server and plays the community. announce is told what is
// going to happen, before each act. It returns when everything was accepted:
// what the last act leads to is still to come.
func (t *Target) Play(ctx context.Context, clock func() time.Time, announce func(string)) error {
	c := newCommunity()
	place, err := awayFrom(clock())
	if err != nil {
		return err
	}
	if err := t.setUp(ctx, c, place, clock()); err != nil {
		return err
	}
	s := newStage(c, t.URL, clock)
	for i, act := range story(place) {
		if i > 0 {
			if err := pause(ctx, betweenActs); err != nil {
				return err
			}
		}
		announce(act.title)
		for j, step := range act.steps {
			if j > 0 {
				if err := pause(ctx, betweenSteps); err != nil {
					return err
				}
			}
			var events []object
			for _, do := range step {
				events = append(events, do(s)...)
			}
			if err := t.tell(ctx, events); err != nil {
				return err
			}
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
