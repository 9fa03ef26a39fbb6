package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/outbox"
)

var crowdTests = []test{
	{"works off a queue together", crowdWorks},
}

// crowd is what the workers of several processes know together: more than any
// of them can.
type crowd struct {
	mu      sync.Mutex
	holder  map[string]outbox.Ref // of claims under a lease that has not ended
	settled map[string]int        // attempts that were taken
	final   map[string]bool
}

// Three processes put, claim, renew, settle, abandon, expire and purge at one
// time. Nothing is lost, nothing is in two hands, and nobody waits for somebody
// who waits for him.
func crowdWorks(t *testing.T, f *fixture) {
	const processes, workers, entries = 3, 3, 450
	c := &crowd{holder: make(map[string]outbox.Ref), settled: make(map[string]int), final: make(map[string]bool)}
	stores := []outbox.Store{f.Store, f.open(t), f.open(t)}
	put := make([]outbox.Entry, entries)
	for i := range put {
		put[i] = f.entry(func(e *outbox.Entry) { withKey(e.ID, time.Hour)(e) })
	}
	together(processes*workers, func(i int) {
		s := stores[i%processes]
		for n := i; n < entries; n += processes * workers {
			if _, err := s.Put(t.Context(), put[n]); err != nil {
				t.Errorf("put: %v", err)
				return
			}
			if n%(7+i) == 0 {
				c.round(t, f, s, n)
			}
		}
		for n := i; !c.done(entries) && !t.Failed(); n++ {
			c.round(t, f, s, n)
		}
	})
	if t.Failed() {
		return
	}
	for _, e := range put {
		d := f.get(t, e.ID)
		if d.State != outbox.Sent || d.Attempts != c.settled[e.ID] || len(f.attempts(t, e.ID)) != c.settled[e.ID] {
			t.Errorf("%s is %s after %d attempts, of which %d are recorded; want it sent after %d", e.ID, d.State, d.Attempts,
				len(f.attempts(t, e.ID)), c.settled[e.ID])
		}
	}
	if f.engine.Deadlocks != nil {
		if n := f.engine.Deadlocks(t, f.raw(t)); n != 0 {
			t.Errorf("%d deadlocks", n)
		}
	}
}

func (c *crowd) done(all int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.final) == all
}

// round is what a worker does: claim some, keep or abandon them, settle them.
func (c *crowd) round(t *testing.T, f *fixture, s outbox.Store, n int) {
	if n%5 == 0 {
		// What is given back here may be claimed by others at once: nobody
		// holds what was abandoned.
		if _, err := s.Expire(t.Context(), outbox.LaneMail); err != nil {
			t.Errorf("expire: %v", err)
		}
	}
	abandon := n%4 == 0
	lease := time.Hour
	if abandon {
		lease = ended
	}
	claimed, err := s.Claim(t.Context(), outbox.LaneMail, 1+n%30, lease)
	if err != nil {
		t.Errorf("claim: %v", err)
		return
	}
	if abandon {
		return
	}
	if err := c.take(claimed); err != nil {
		t.Error(err)
	}
	refs := make([]outbox.Ref, 0, len(claimed))
	settlements := make([]outbox.Settlement, 0, len(claimed))
	for i, d := range claimed {
		refs = append(refs, ref(d))
		settlement := f.settlement(d, outbox.Sent)
		if (n+i)%6 == 0 {
			settlement.State, settlement.NextAt = outbox.Pending, settlement.At
		}
		settlements = append(settlements, settlement)
	}
	// Renewed while it is settled, as a worker does.
	together(2, func(i int) {
		if i == 0 {
			if _, err := s.Renew(t.Context(), refs, time.Hour); err != nil {
				t.Errorf("renew: %v", err)
			}
			return
		}
		c.release(settlements)
		lost, err := s.Settle(t.Context(), settlements)
		if err != nil || len(lost) > 0 {
			t.Errorf("settle: lost %v, %v; want none", lost, err)
		}
		c.finish(settlements)
	})
}

func (c *crowd) take(claimed []outbox.Claimed) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range claimed {
		if other, held := c.holder[d.ID]; held {
			return fmt.Errorf("%s was claimed as number %d while claim %d holds it", d.ID, d.Claim, other.Claim)
		}
		if c.final[d.ID] {
			return fmt.Errorf("%s was claimed after it was sent", d.ID)
		}
		if d.Attempts != c.settled[d.ID] {
			return fmt.Errorf("%s was claimed with %d attempts, want %d", d.ID, d.Attempts, c.settled[d.ID])
		}
		c.holder[d.ID] = ref(d)
	}
	return nil
}

// release is called before settling: others may claim what goes back at the
// moment it does.
func (c *crowd) release(settlements []outbox.Settlement) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range settlements {
		delete(c.holder, s.ID)
		c.settled[s.ID]++
	}
}

func (c *crowd) finish(settlements []outbox.Settlement) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range settlements {
		if s.State == outbox.Sent {
			c.final[s.ID] = true
		}
	}
}
