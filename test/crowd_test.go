package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/outbox"
)

// callerPatience is how long CometChat waits for an answer.
const callerPatience = 2 * time.Second

// crowd is callers that post without a break, notifications or what happens in
// a chat, each one of its own. They wait no longer than CometChat does, and
// repeat a call, under its webhook-id, until it is answered 200: from then on it
// must not be lost.
type crowd struct {
	t      *testing.T
	client *http.Client
	urls   atomic.Pointer[[]string] // where to post; none: wait

	path string
	sign func(*http.Request)
	body func(number int, subject string) []byte

	number  atomic.Int64
	enough  atomic.Bool
	callers sync.WaitGroup

	mu       sync.Mutex
	accepted []string       // subjects that were answered 200
	answers  map[int]int    // by status
	failures int            // calls without an answer
	refusals map[string]int // messages of unexpected answers
}

// newCrowd starts callers of /webhook; they wait until they are told where to
// post.
func newCrowd(t *testing.T, callers int) *crowd {
	t.Helper()
	return startCrowd(t, callers, &crowd{
		path: "/webhook", sign: signedIn(hookUser, hookPassword),
		body: func(_ int, subject string) []byte { return payload(t, subject) },
	})
}

func startCrowd(t *testing.T, callers int, c *crowd) *crowd {
	t.Helper()
	c.t, c.answers, c.refusals = t, make(map[int]int), make(map[string]int)
	transport := &http.Transport{MaxIdleConnsPerHost: callers}
	c.client = &http.Client{Transport: transport, Timeout: callerPatience}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() {
		cancel()
		c.callers.Wait()
		transport.CloseIdleConnections()
	})
	for caller := range callers {
		c.callers.Go(func() {
			for !c.enough.Load() && ctx.Err() == nil {
				number := int(c.number.Add(1))
				c.call(ctx, caller, number, fmt.Sprintf("crowd-%06d", number))
			}
		})
	}
	return c
}

// callAt tells where to post from now on.
func (c *crowd) callAt(urls ...string) { c.urls.Store(&urls) }

// call posts until it is accepted.
func (c *crowd) call(ctx context.Context, caller, number int, subject string) {
	body := c.body(number, subject)
	for attempt := 0; ctx.Err() == nil; attempt++ {
		if urls := c.urls.Load(); urls != nil && len(*urls) > 0 {
			if c.post(ctx, (*urls)[(caller+attempt)%len(*urls)], subject, body) {
				return
			}
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

func (c *crowd) post(ctx context.Context, url, subject string, body []byte) (accepted bool) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+c.path, bytes.NewReader(body))
	if err != nil {
		c.t.Error(err)
		return false
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Webhook-Id", subject)
	c.sign(r)
	response, err := c.client.Do(r)
	if err != nil {
		c.count(func() { c.failures++ })
		return false
	}
	said, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil && response.StatusCode != http.StatusOK {
		c.count(func() { c.failures++ })
		return false
	}
	c.count(func() {
		c.answers[response.StatusCode]++
		switch response.StatusCode {
		case http.StatusOK:
			c.accepted = append(c.accepted, subject)
			accepted = true
		case http.StatusServiceUnavailable:
			if response.Header.Get("Retry-After") == "" {
				c.refusals["503 without Retry-After"]++
			}
		default:
			c.refusals[string(said)]++
		}
	})
	return accepted
}

func (c *crowd) count(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

// awaitAccepted waits until so many more calls were accepted than now.
func (c *crowd) awaitAccepted(more int) {
	c.t.Helper()
	goal := c.acceptedSoFar() + more
	eventually(c.t, func() error {
		if n := c.acceptedSoFar(); n < goal {
			return fmt.Errorf("%d calls accepted, want %d", n, goal)
		}
		return nil
	})
}

func (c *crowd) acceptedSoFar() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.accepted)
}

// finish lets every caller have its last call accepted, and returns the
// subjects of all that were. A server has to be there.
func (c *crowd) finish() []string {
	c.t.Helper()
	c.enough.Store(true)
	done := make(chan struct{})
	go func() { c.callers.Wait(); close(done) }()
	select {
	case <-done:
	case <-within(c.t).Done():
		c.t.Fatal("the callers do not come to an end: their last calls are not accepted")
	}
	for refusal, n := range c.refusals {
		c.t.Errorf("%d unexpected answers: %s", n, refusal)
	}
	return c.accepted
}

// pardons counts, by delivery, how often a mail was in hand when a process
// died: so many times more than once it may arrive.
type pardons map[string]int

// grant looks up what is in hand now.
func (p pardons) grant(s *site) (granted int) {
	s.t.Helper()
	inHand := s.inHand()
	for _, id := range inHand {
		p[id]++
	}
	return len(inHand)
}

// wantNothingLost waits until all that was accepted has arrived and is settled
// as sent, and complains about what arrived too often: everything arrives
// once, or as often as it is pardoned, under one Message-ID.
func wantNothingLost(t *testing.T, s *site, box *inbox, accepted []string, pardoned pardons) (repeated int) {
	t.Helper()
	box.awaitSubjects(t, len(accepted))
	eventually(t, func() error {
		if open := s.deliveries("--state", "pending,in_hand"); len(open) > 0 {
			return fmt.Errorf("%d deliveries are open", len(open))
		}
		return nil
	})
	arrived, err := box.taken.arrivals()
	if err != nil {
		t.Error(err)
	}
	if len(arrived) != len(accepted) {
		t.Errorf("%d different mails arrived, %d were accepted", len(arrived), len(accepted))
	}
	byID := make(map[string]outbox.Delivery)
	for _, d := range s.deliveries() {
		byID[d.ID] = d
		if d.State != outbox.Sent {
			t.Errorf("%s is %s %s", d.ID, d.State, d.Reason)
		}
	}
	if len(byID) != len(accepted) {
		t.Errorf("%d deliveries for %d accepted notifications", len(byID), len(accepted))
	}
	for _, subject := range accepted {
		ids := arrived[subject]
		if len(ids) == 0 {
			t.Errorf("%s was answered 200 and is lost", subject)
			continue
		}
		delivery := deliveryOf(ids[0])
		if _, ok := byID[delivery]; !ok {
			t.Errorf("%s: no delivery has the Message-ID %s", subject, ids[0])
		}
		for _, id := range ids[1:] {
			if id != ids[0] {
				t.Errorf("%s arrived under the Message-IDs %s and %s", subject, ids[0], id)
			}
		}
		if extra := len(ids) - 1; extra > pardoned[delivery] {
			t.Errorf("%s arrived %d times, and was in hand %d times when a process died", subject, len(ids), pardoned[delivery])
		} else {
			repeated += extra
		}
	}
	return repeated
}
