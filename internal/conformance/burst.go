package conformance

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// burst is how many members of a group are told at once.
const burst = 100

// lookBurst calls for all members of a group at once: that is what one message
// in it leads to.
func lookBurst(ctx context.Context, r *run) verdict {
	if !r.options.Burst {
		return notAsked("only with --burst")
	}
	calls := make([]*call, burst)
	for i := range calls {
		calls[i] = r.next(r.made(&Sample{Group: true}, "burst-"+strconv.Itoa(i+1)))
	}
	answers := make([]Answer, burst)
	var all sync.WaitGroup
	for i := range calls {
		all.Go(func() { answers[i] = r.do(ctx, calls[i]) })
	}
	all.Wait()
	var late *Answer
	var slowest time.Duration
	inTime := 0
	for i := range answers {
		slowest = max(slowest, answers[i].Took)
		if answers[i].InTime() {
			inTime++
		} else if late == nil {
			late = &answers[i]
		}
	}
	said := fmt.Sprintf("%d of %d answered 200 in time, the slowest after %v", inTime, burst, slowest.Round(time.Millisecond))
	if late != nil {
		return fails(said + "; one of the others: " + late.String())
	}
	return holds(said)
}
