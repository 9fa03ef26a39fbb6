package rule

import (
	"slices"
	"time"

	"github.com/postrider/postrider/internal/chat"
)

// weighing is a decision on its way through the list.
type weighing struct {
	*Facts
	left []int // indexes of the messages that may still be told, oldest first
	// bypass says why DND, mute and schedule do not count; empty: they do.
	bypass string
	out    Decision
}

// Decide asks one rule after the other until one ends the window, makes it
// wait, or all have been asked. It does not change f. The first reason counts
// (S18).
func Decide(f *Facts) Decision { return decide(f, UntilDecided) }

// Again decides once more about what is to be called already, because the call
// could not be made at once, or failed: nobody is told at night, or of what they
// have muted, because a provider was away in the evening. The messages are those
// of the call. It says nothing of providers, and nothing of quotas, in which the
// call has its place.
func Again(f *Facts) Decision { return decide(f, UntilCalled) }

// Ordered decides about what a person has ordered to be told, whatever was
// against it: there must be something left to tell, that is not too old.
func Ordered(f *Facts) Decision { return decide(f, Always) }

func decide(f *Facts, until Until) Decision {
	w := &weighing{Facts: f}
	rules := List()
	w.out.Trace = make([]Step, 0, len(rules))
	for i := range rules {
		if rules[i].Until < until {
			continue
		}
		verdict, detail := rules[i].ask(w)
		w.out.Trace = append(w.out.Trace, Step{rules[i].Name, verdict, detail})
		if verdict == VerdictWait {
			// What earlier rules skipped is asked again next time.
			w.out.Skipped = nil
			return w.out
		}
		if len(w.left) == 0 {
			return w.out
		}
	}
	w.out.Send = w.left
	return w.out
}

// pass is the verdict of a rule that has nothing against what is left.
func pass(detail string) (verdict, why string) { return VerdictPass, detail }

// skipAll ends the window: what is left is not told.
func (w *weighing) skipAll(reason chat.Reason, detail string) (verdict, why string) {
	w.out.Skipped = append(w.out.Skipped, Skip{Reason: reason, Detail: detail, Messages: w.left})
	w.left = nil
	return VerdictSkip, detail
}

// wait puts the decision off. A moment that has passed already becomes a
// moment from now, so that nobody looks again without end.
func (w *weighing) wait(until time.Time, reason chat.Reason, detail string) (verdict, why string) {
	if !until.After(w.Now) {
		until = w.Now.Add(again)
	}
	w.out.Until, w.out.Reason, w.out.Detail = until, reason, detail
	return VerdictWait, detail
}

// again is the pause before looking again at what should have changed by now.
const again = time.Second

// split takes those messages out of what is left for which out is true, and
// returns them.
func (w *weighing) split(out func(*Message) bool) (taken []int) {
	kept := make([]int, 0, len(w.left))
	for _, i := range w.left {
		if out(&w.Messages[i]) {
			taken = append(taken, i)
		} else {
			kept = append(kept, i)
		}
	}
	w.left = kept
	return taken
}

// any reports whether a message that is left has a property.
func (w *weighing) any(has func(*Message) bool) bool {
	return slices.ContainsFunc(w.left, func(i int) bool { return has(&w.Messages[i]) })
}

// newest is when the youngest of what is left was written.
func (w *weighing) newest() time.Time {
	var newest time.Time
	for _, i := range w.left {
		if at := w.Messages[i].written(); at.After(newest) {
			newest = at
		}
	}
	return newest
}
