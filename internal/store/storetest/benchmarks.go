package storetest

import (
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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
