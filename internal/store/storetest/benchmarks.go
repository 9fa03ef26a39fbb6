package storetest

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine"
	"github.com/postrider/postrider/internal/outbox"
)

// benchCallers is how many requests are served at one time.
const benchCallers = 64

// BenchmarkPut measures how fast deliveries become durable: 64 concurrent
// callers, each with one new delivery of 2 KB and a dedupe key at a time.
func BenchmarkPut(b *testing.B, e Engine) {
	f := newFixture(b, e)
	payload := make([]byte, 2<<10)
	var next atomic.Int64
	b.ReportAllocs()
	b.ResetTimer()
	var callers sync.WaitGroup
	for range benchCallers {
		callers.Go(func() {
			for next.Add(1) <= int64(b.N) {
				if _, err := f.Put(b.Context(), f.benchEntry(payload)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	callers.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "puts/s")
}

// BenchmarkClaimSettle measures how fast a backlog is worked off by one worker
// that does nothing in between: 144 deliveries of 2 KB are claimed at a time
// and settled as sent with an attempt.
func BenchmarkClaimSettle(b *testing.B, e Engine) {
	f := newFixture(b, e)
	payload := make([]byte, 2<<10)
	var next atomic.Int64
	together(benchCallers, func(int) {
		for next.Add(1) <= int64(b.N) {
			if _, err := f.Put(b.Context(), f.benchEntry(payload)); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; {
		claimed, err := f.Claim(b.Context(), outbox.LaneMail, 144, time.Minute)
		if err != nil || len(claimed) == 0 {
			b.Fatalf("claimed %d, %v", len(claimed), err)
		}
		settlements := make([]outbox.Settlement, 0, len(claimed))
		for _, c := range claimed {
			settlements = append(settlements, f.settlement(c, outbox.Sent))
		}
		f.settle(b, settlements...)
		done += len(claimed)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
}

func (f *fixture) benchEntry(payload []byte) outbox.Entry {
	return f.entry(func(e *outbox.Entry) {
		e.Payload = payload
		sum := sha256.Sum256([]byte(e.ID)) // as random as a real key
		e.DedupeKey = sum[:16]
		e.DedupeUntil = e.CreatedAt.Add(24 * time.Hour)
	})
}

// BenchmarkRecord measures how fast one-on-one messages of 1 KB become durable
// with their windows: 256 concurrent callers among 10,000 people.
func BenchmarkRecord(b *testing.B, e Engine) {
	s := newScene(newFixture(b, e))
	body := make([]byte, 1<<10)
	var next atomic.Int64
	b.ReportAllocs()
	b.ResetTimer()
	var callers sync.WaitGroup
	for range 256 {
		callers.Go(func() {
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					return
				}
				if err := s.Record(b.Context(), s.benchMessage(n, body)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	callers.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// benchMessage is a message between two of 10,000 people, a pair for each
// number below 10^7.
func (s *scene) benchMessage(n int64, body []byte) engine.Recording {
	from, to := fmt.Sprintf("user-%d", n%10_000), fmt.Sprintf("user-%d", (n+1+n/10_000)%10_000)
	now := s.clock.Now()
	return engine.Recording{
		App: app, At: now, Wait: wait,
		Events: []chat.Event{{
			Users: []chat.User{{UID: from, Name: "The one who sent it"}, {UID: to, Name: "The one who gets it"}},
			Change: chat.MessageSent{Message: chat.Message{
				ID: strconv.FormatInt(n, 10), Conversation: chat.OneOnOne(from, to), Sender: from, Receiver: to, Category: chat.CategoryMessage,
				Type: "text", SentAt: now.Truncate(time.Second), State: chat.StateVisible, Body: body,
			}},
		}},
	}
}

// BenchmarkDecide measures how fast due windows of one message each are
// decided, by a judge that does next to nothing.
func BenchmarkDecide(b *testing.B, e Engine) {
	s := newScene(newFixture(b, e))
	body := make([]byte, 1<<10)
	var next atomic.Int64
	together(64, func(int) {
		for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
			if err := s.Record(b.Context(), s.benchMessage(n, body)); err != nil {
				b.Error(err)
				return
			}
		}
	})
	s.due()
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; {
		decided, err := s.Decide(b.Context(), app, &told{}, 200, outbox.Hand{})
		if err != nil || decided.Windows == 0 {
			b.Fatalf("decided %d, %v", decided.Windows, err)
		}
		done += decided.Windows
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
}
