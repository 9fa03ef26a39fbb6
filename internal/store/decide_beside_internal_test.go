package store

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine"
	"github.com/postrider/postrider/internal/outbox"
)

// during is a judge while which something happens.
type during struct {
	sendAll
	happens func(*engine.Case)
}

func (j *during) Judge(c *engine.Case) engine.Verdict {
	j.happens(c)
	v := engine.Verdict{To: []string{"custom"}, MaxPerDay: 1000, MaxHere: 1000}
	for i := range c.Messages {
		v.Send = append(v.Send, c.Messages[i].Number)
	}
	return v
}

func sqliteStore(t *testing.T) *Store {
	t.Helper()
	for _, e := range testEngines() {
		if e.name == "sqlite" {
			s, _ := e.open(t)
			return s
		}
	}
	t.Fatal("no SQLite")
	return nil
}

// recordMessage records a message of ann's of an hour ago, whose window is due.
func recordMessage(t *testing.T, s *Store, id, to string) {
	t.Helper()
	recordFrom(t, s, id, "ann", to, time.Hour)
}

// recordFrom records a message of some time ago.
func recordFrom(t *testing.T, s *Store, id, from, to string, ago time.Duration) {
	t.Helper()
	at := s.clock().Add(-ago)
	err := s.Record(t.Context(), engine.Recording{App: "app", At: at, Wait: time.Minute, Events: []chat.Event{{
		Change: chat.MessageSent{Message: chat.Message{
			ID: id, Conversation: chat.OneOnOne(from, to), Sender: from, Receiver: to, Category: "message", Type: "text", SentAt: at,
			State: chat.StateVisible, Body: []byte("{}"),
		}},
	}}})
	if err != nil {
		t.Error(err)
	}
}

func hand(n int) outbox.Hand { return outbox.Hand{Room: n, Lease: time.Minute} }

// A message that comes between reading a conversation and closing its window
// is not lost: the window stays, and the next decision tells both.
func TestMessageBesideADecision(t *testing.T) {
	s := sqliteStore(t)
	recordMessage(t, s, "1", "bob")
	recordMessage(t, s, "2", "cid")
	once := sync.OnceFunc(func() { recordMessage(t, s, "3", "bob") })
	var told []string
	for range 2 {
		d, err := s.Decide(t.Context(), "app", &during{happens: func(*engine.Case) { once() }}, 10, hand(10))
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range d.InHand {
			told = append(told, fmt.Sprint(call.Recipient, " ", call.State))
		}
		if len(d.InHand) != 1 {
			t.Errorf("told %v", told)
		}
	}
	if len(told) != 2 || told[0] != "cid in_hand" || told[1] != "bob in_hand" {
		t.Errorf("told %v", told)
	}
	var refs string
	if err := s.read.QueryRowContext(t.Context(), `SELECT CAST(refs AS TEXT) FROM notices WHERE uid = 'bob'`).Scan(&refs); err != nil || refs != `{"ids":["1","3"],"numbers":[1,2]}` {
		t.Errorf("bob was told %s, %v", refs, err)
	}
}

// What one decides, the next one passes over while it is being written.
func TestDecisionsBesideEachOther(t *testing.T) {
	s := sqliteStore(t)
	for i := range 20 {
		recordMessage(t, s, fmt.Sprint(i), fmt.Sprintf("to-%02d", i))
	}
	var mu sync.Mutex
	seen := make(map[string]int)
	var both, deciding sync.WaitGroup
	both.Add(2)
	for range 2 {
		deciding.Go(func() {
			meet := sync.OnceFunc(func() { both.Done(); both.Wait() })
			d, err := s.Decide(t.Context(), "app", &during{happens: func(c *engine.Case) {
				meet()
				mu.Lock()
				defer mu.Unlock()
				seen[c.UID]++
			}}, 10, hand(10))
			if err != nil || len(d.InHand) != 10 {
				t.Errorf("%d calls, %v", len(d.InHand), err)
			}
		})
	}
	deciding.Wait()
	for uid, n := range seen {
		if n != 1 {
			t.Errorf("%s was decided about %d times", uid, n)
		}
	}
	if len(seen) != 20 || s.contended.Load() {
		t.Errorf("%d were decided about, contended: %v", len(seen), s.contended.Load())
	}
}

// A hand does not take more than fits into memory, however much room it has.
func TestLargeCallsWait(t *testing.T) {
	notices := make([]*notice, 100)
	for i := range notices {
		notices[i] = &notice{ruling: &ruling{Case: new(engine.Case)}, state: outbox.Pending, payload: make([]byte, 1<<20)}
	}
	claimed := takeInHand(notices, 100)
	if len(claimed) != claimBytes>>20 || notices[len(claimed)].state != outbox.Pending {
		t.Errorf("%d calls of a megabyte were taken in hand", len(claimed))
	}
}

// Calls beyond the room wait in the outbox.
func TestCallsBeyondTheRoom(t *testing.T) {
	for _, e := range testEngines() {
		t.Run(e.name, func(t *testing.T) {
			s, _ := e.open(t)
			for i := range 5 {
				recordMessage(t, s, fmt.Sprint(i), fmt.Sprint("to-", i))
			}
			d, err := s.Decide(t.Context(), "app", &during{happens: func(*engine.Case) {}}, 10, hand(3))
			if err != nil || d.Calls != 5 || len(d.InHand) != 3 {
				t.Fatalf("%d of %d calls in hand, %v", len(d.InHand), d.Calls, err)
			}
			for _, c := range d.InHand {
				stored, payload, err := s.Get(t.Context(), c.ID)
				if err != nil || stored != c.Delivery || string(payload) != string(c.Payload) {
					t.Errorf("stored: %+v\nin hand: %+v, %v", stored, c.Delivery, err)
				}
			}
			lost, err := s.Renew(t.Context(), []outbox.Ref{{ID: d.InHand[0].ID, Claim: d.InHand[0].Claim}}, time.Minute)
			if err != nil || len(lost) != 0 {
				t.Errorf("lost %v, %v", lost, err)
			}
			if n, err := s.Expire(t.Context(), outbox.LaneCall); err != nil || n != 0 {
				t.Errorf("%d leases had ended, %v", n, err)
			}
			claimed, err := s.Claim(t.Context(), outbox.LaneCall, 10, time.Minute)
			if err != nil || len(claimed) != 2 {
				t.Errorf("%d calls waited, %v", len(claimed), err)
			}
		})
	}
}
