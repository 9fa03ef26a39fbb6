package mailbox

import (
	"context"
	"fmt"
	"time"

	"github.com/postrider/postrider/internal/provider/gateway"
)

// MaxDelay is the longest that a fault makes a mail wait.
const MaxDelay = time.Minute

// Faults is what the mailbox plays instead of taking every mail at once: what
// a receiver of mails has to bear of real servers. The zero value plays
// nothing.
type Faults struct {
	// Temporary and Permanent are how many percent of the mails are refused
	// with a 4xx and with a 5xx reply.
	Temporary, Permanent int
	// Slow is how many percent of the mails are answered only after Delay,
	// whatever the answer is.
	Slow  int
	Delay time.Duration
}

// On reports whether any mail is treated otherwise than usual.
func (f Faults) On() bool { return f.Temporary > 0 || f.Permanent > 0 || f.Slow > 0 && f.Delay > 0 }

// FaultsError says which of the faults cannot be played.
type FaultsError struct {
	Field  string // temporary, permanent, slow or delay
	Reason string
}

func (e *FaultsError) Error() string { return e.Field + ": " + e.Reason }

// Check returns a [FaultsError] for faults that cannot be played.
func (f Faults) Check() error {
	for _, share := range []struct {
		name    string
		percent int
	}{{"temporary", f.Temporary}, {"permanent", f.Permanent}, {"slow", f.Slow}} {
		if share.percent < 0 || share.percent > 100 {
			return &FaultsError{share.name, "must be a percentage from 0 to 100"}
		}
	}
	switch {
	case f.Temporary+f.Permanent > 100:
		return &FaultsError{"permanent", "must leave the sum with temporary at 100 at most"}
	case f.Delay < 0 || f.Delay > MaxDelay:
		return &FaultsError{"delay", fmt.Sprintf("must be from 0 to %d milliseconds", MaxDelay.Milliseconds())}
	case f.Slow > 0 && f.Delay == 0:
		return &FaultsError{"delay", "must be above 0 for mails to be slow"}
	}
	return nil
}

// play waits and refuses as the faults say. random is in [0, 1).
func (f Faults) play(ctx context.Context, random func() float64) error {
	if f.Slow > 0 && random()*100 < float64(f.Slow) {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return &gateway.Error{Fault: gateway.FaultTemporary, Step: stepKeep, Err: ctx.Err()}
		}
	}
	if f.Temporary == 0 && f.Permanent == 0 {
		return nil
	}
	switch drawn := random() * 100; {
	case drawn < float64(f.Temporary):
		return &gateway.Error{
			Fault: gateway.FaultTemporary, Step: stepKeep, Code: 451, Enhanced: "4.3.0", Kind: gateway.KindSystem,
			Text: "4.3.0 try again later (a fault that the mailbox is set to play)",
		}
	case drawn < float64(f.Temporary+f.Permanent):
		return &gateway.Error{
			Fault: gateway.FaultPermanent, Step: stepKeep, Code: 554, Enhanced: "5.7.1", Kind: gateway.KindPolicy,
			Text: "5.7.1 mail refused (a fault that the mailbox is set to play)",
		}
	}
	return nil
}
