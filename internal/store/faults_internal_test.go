package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/outbox"
)

func onEngines(t *testing.T, run func(t *testing.T, s *Store, h *hooks)) {
	for _, e := range testEngines() {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			s, source := e.open(t)
			run(t, s, observe(t, s, source))
		})
	}
}

// onPostgres is for what goes on between two writers: SQLite has but one.
func onPostgres(t *testing.T, run func(t *testing.T, s *Store, h *hooks)) {
	url := TestServer.URL(t)
	s := openTest(t, url)
	run(t, s, observe(t, s, url))
}

func testEntry(n int, key string) outbox.Entry {
	now := time.Now()
	e := outbox.Entry{
		ID: fmt.Sprintf("%s-%012d", firstID(now)[:23], n), App: "app", Lane: outbox.LaneMail, Recipient: fmt.Sprint("recipient ", n),
		Payload: []byte("{}"), CreatedAt: now, NextAt: now,
	}
	if key != "" {
		e.DedupeKey, e.DedupeUntil = []byte(key), now.Add(time.Hour)
	}
	return e
}

// oneBatch puts entries in one transaction, as calls that wait for one do.
func oneBatch(t *testing.T, s *Store, entries []outbox.Entry) []outbox.PutResult {
	t.Helper()
	calls := make([]*call[outbox.Entry, outbox.PutResult], len(entries))
	for i := range entries {
		calls[i] = &call[outbox.Entry, outbox.PutResult]{value: entries[i], done: make(chan struct{})}
	}
	s.puts.write(t.Context(), calls, entries)
	results := make([]outbox.PutResult, len(calls))
	for i, c := range calls {
		<-c.done
		if c.err != nil {
			t.Errorf("call %d: %v", i, c.err)
		}
		results[i] = c.result
	}
	return results
}

// batchOfAll has new deliveries with and without a key, a duplicate within the
// batch, one of an earlier delivery, and the same delivery twice.
func batchOfAll(t *testing.T, s *Store) (entries []outbox.Entry, want []outbox.PutResult) {
	t.Helper()
	if _, err := s.Put(t.Context(), testEntry(0, "earlier")); err != nil {
		t.Fatal(err)
	}
	entries = []outbox.Entry{
		testEntry(1, ""), testEntry(2, "a"), testEntry(3, "b"), testEntry(4, "a"), testEntry(5, "earlier"), testEntry(6, ""),
	}
	entries = append(entries, entries[0], entries[1])
	id := func(n int) string { return entries[n-1].ID }
	want = []outbox.PutResult{
		{ID: id(1)},
		{ID: id(2)},
		{ID: id(3)},
		{ID: id(2), Duplicate: true},
		{ID: testEntry(0, "").ID, Duplicate: true},
		{ID: id(6)},
		{ID: id(1)},
		{ID: id(2)},
	}
	earlier, err := s.List(t.Context(), outbox.Filter{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	want[4].ID = earlier[0].ID
	return entries, want
}

func checkStored(t *testing.T, s *Store, want int) {
	t.Helper()
	stored, err := s.List(t.Context(), outbox.Filter{}, 100)
	if err != nil || len(stored) != want {
		t.Errorf("%d deliveries are stored (%v), want %d", len(stored), err, want)
	}
}

func TestOneBatchHoldsDuplicates(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, s *Store, _ *hooks) {
		entries, want := batchOfAll(t, s)
		if diff := cmp.Diff(want, oneBatch(t, s, entries)); diff != "" {
			t.Error(diff)
		}
		checkStored(t, s, 5)
	})
}

// The connection is lost after COMMIT was carried out and before its answer.
func TestLostAnswerToACommit(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, s *Store, h *hooks) {
		entries, want := batchOfAll(t, s)
		lost := 0
		h.set(func(h *hooks) {
			h.commit = func(tx driver.Tx) error {
				if err := tx.Commit(); err != nil || lost > 0 {
					return err
				}
				lost++
				return io.ErrUnexpectedEOF
			}
		})
		if diff := cmp.Diff(want, oneBatch(t, s, entries)); diff != "" {
			t.Errorf("the batch whose answer was lost: %s", diff)
		}
		if lost != 1 {
			t.Error("no answer was lost")
		}
		checkStored(t, s, 5)

		// Of a call that was alone the caller learns; coming again it is the
		// same delivery.
		lost = 0
		e := testEntry(9, "c")
		if _, err := s.Put(t.Context(), e); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the call whose answer was lost: %v, want the reason", err)
		}
		if r, err := s.Put(t.Context(), e); err != nil || r != (outbox.PutResult{ID: e.ID}) {
			t.Errorf("the call again: %+v, %v; want the same delivery, no duplicate", r, err)
		}
		checkStored(t, s, 6)
	})
}

// A database that is away for a while fails the calls of that while, and
// nothing of them is left behind.
func TestPutWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, s *Store, h *hooks) {
		away := errors.New("away")
		h.set(func(h *hooks) {
			h.commit = func(tx driver.Tx) error { return errors.Join(away, tx.Rollback()) }
		})
		for n := range 3 {
			if _, err := s.Put(t.Context(), testEntry(n, "key")); !errors.Is(err, away) {
				t.Errorf("Put: %v, want the reason", err)
			}
		}
		h.set(func(h *hooks) { h.commit = nil })
		if r, err := s.Put(t.Context(), testEntry(7, "key")); err != nil || r.Duplicate {
			t.Errorf("Put afterwards: %+v, %v; want it stored", r, err)
		}
		checkStored(t, s, 1)
	})
}

// What is taken back because its worker is gone, while the worker's result is
// being written, belongs to the result.
func TestExpirePassesOverWhatIsBeingSettled(t *testing.T) {
	t.Parallel()
	onPostgres(t, func(t *testing.T, s *Store, h *hooks) {
		entry := testEntry(1, "")
		if _, err := s.Put(t.Context(), entry); err != nil {
			t.Fatal(err)
		}
		if claimed, err := s.Claim(t.Context(), outbox.LaneMail, 1, -time.Minute); err != nil || len(claimed) != 1 {
			t.Fatalf("claimed %d, %v", len(claimed), err)
		}
		expired := -1
		h.set(func(h *hooks) {
			h.commit = func(tx driver.Tx) error { // of the settlement
				h.set(func(h *hooks) { h.commit = nil })
				var err error
				if expired, err = s.Expire(t.Context(), outbox.LaneMail); err != nil {
					t.Errorf("expire: %v", err)
				}
				return tx.Commit()
			}
		})
		settlement := outbox.Settlement{Ref: outbox.Ref{ID: entry.ID, Claim: 1}, State: outbox.Sent, At: s.clock()}
		if lost, err := s.Settle(t.Context(), []outbox.Settlement{settlement}); err != nil || len(lost) > 0 {
			t.Errorf("Settle: lost %v, %v; want none", lost, err)
		}
		if expired != 0 {
			t.Errorf("Expire took %d back, want 0", expired)
		}
	})
}

// A key that a Put takes over while it is being purged must stay.
func TestPurgeKeepsAKeyThatIsTakenOver(t *testing.T) {
	t.Parallel()
	onPostgres(t, func(t *testing.T, s *Store, h *hooks) {
		old := testEntry(1, "key")
		old.DedupeUntil = time.Now().Add(-time.Second)
		if _, err := s.Put(t.Context(), old); err != nil {
			t.Fatal(err)
		}
		fresh := testEntry(2, "key")
		purged := make(chan error, 1)
		h.set(func(h *hooks) {
			h.commit = func(tx driver.Tx) error { // of the Put
				h.set(func(h *hooks) { h.commit = nil })
				go func() {
					_, err := s.Purge(t.Context(), time.Now().Add(-time.Hour))
					purged <- err
				}()
				awaitBlocked(t, s)
				return tx.Commit()
			}
		})
		if r, err := s.Put(t.Context(), fresh); err != nil || r.Duplicate {
			t.Fatalf("Put = %+v, %v; want it stored", r, err)
		}
		if err := <-purged; err != nil {
			t.Fatal(err)
		}
		want := outbox.PutResult{ID: fresh.ID, Duplicate: true}
		if r, err := s.Put(t.Context(), testEntry(3, "key")); err != nil || r != want {
			t.Errorf("Put after the purge = %+v, %v; want %+v", r, err, want)
		}
	})
}

// awaitBlocked returns when a statement in PostgreSQL waits for a lock.
func awaitBlocked(t *testing.T, s *Store) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for waiting := 0; waiting == 0; {
		err := s.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting)
		if err != nil {
			t.Errorf("wait for a lock: %v", err)
			return
		}
	}
}
