// Package storetest is the one suite that package store passes on every
// database engine: what outbox, address, access, mailbox, directory and the
// engine's settings and history ask of their stores, and a model of the outbox
// against which random histories are compared.
//
// It holds what must be so on every engine. What only one of them has (file
// locks, statistics, query plans) is tested beside the store.
package storetest

import (
	"database/sql"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/store"
)

// Engine is a database engine under test.
type Engine struct {
	// URL returns the URL of a fresh database, which is gone after the test.
	// Its schema may be up to date already.
	URL func(t testing.TB) string
	// Empty is URL where nobody has made a schema yet.
	Empty func(t testing.TB) string
	// Driver and Source name the database of a URL to package sql, for a look
	// beneath the store.
	Driver string
	Source func(url string) string
	// OwnClock: leases are counted by the database's clock, not by the
	// store's.
	OwnClock bool
	// Deadlocks counts those of the database's lifetime, where there can be
	// any.
	Deadlocks func(t testing.TB, db *sql.DB) int
}

// Run runs the whole suite but for the model.
func Run(t *testing.T, e Engine) {
	for _, part := range []struct {
		name  string
		tests []test
	}{
		{"Put", putTests},
		{"Claim", claimTests},
		{"Lease", leaseTests},
		{"Settle", settleTests},
		{"Log", logTests},
		{"Tally", tallyTests},
		{"People", peopleTests},
		{"Job", jobTests},
		{"Evidence", evidenceTests},
		{"Retention", retentionTests},
		{"Contacts", contactTests},
		{"Credentials", credentialTests},
		{"Apps", appTests},
		{"APIKeys", apiKeyTests},
		{"Accounts", accountTests},
		{"Settings", settingTests},
		{"History", historyTests},
		{"Mailbox", mailboxTests},
		{"Users", userTests},
		{"Groups", groupTests},
		{"Members", memberTests},
		{"Blocks", blockTests},
		{"Conversations", conversationTests},
		{"Schema", schemaTests},
		{"Crowd", crowdTests},
		{"Window", windowTests},
		{"WindowList", windowListTests},
		{"Quota", quotaTests},
	} {
		t.Run(part.name, func(t *testing.T) {
			for _, c := range part.tests {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					c.run(t, newFixture(t, e))
				})
			}
		})
	}
}

type test struct {
	name string
	run  func(*testing.T, *fixture)
}

// fixture is an open store on a database of its own.
type fixture struct {
	*store.Store
	engine Engine
	url    string
	clock  *clock
	ids    *atomic.Int64
	// beneath is what raw returns.
	beneath sync.Mutex
	db      *sql.DB
}

func newFixture(t testing.TB, e Engine) *fixture {
	t.Helper()
	f := &fixture{engine: e, url: e.URL(t), clock: newClock(), ids: new(atomic.Int64)}
	f.Store = f.open(t)
	return f
}

// open opens the database once more, as another process does.
func (f *fixture) open(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), f.config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (f *fixture) config() store.Config {
	return store.Config{URL: f.url, Clock: f.clock.Now, Logger: slog.New(slog.DiscardHandler)}
}

// raw returns the database beneath the store.
func (f *fixture) raw(t testing.TB) *sql.DB {
	t.Helper()
	f.beneath.Lock()
	defer f.beneath.Unlock()
	if f.db != nil {
		return f.db
	}
	db, err := sql.Open(f.engine.Driver, f.engine.Source(f.url))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	f.db = db
	return db
}

func (f *fixture) count(t testing.TB, table string) (n int) {
	t.Helper()
	if err := f.raw(t).QueryRow(`SELECT COUNT(*) FROM ` + table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// entry returns an entry that is due now, changed by the given functions. Its
// id sorts after all earlier ones.
func (f *fixture) entry(change ...func(*outbox.Entry)) outbox.Entry {
	now := f.clock.Now()
	e := outbox.Entry{
		ID: f.id(now), App: "app", Lane: outbox.LaneMail, Recipient: "cometchat-uid-1", Conversation: "user:cometchat-uid-2",
		Origin: "origin", Payload: []byte(`{"a":1}`), CreatedAt: now, NextAt: now,
	}
	for _, c := range change {
		c(&e)
	}
	return e
}

// id returns a version 7 UUID of a moment.
func (f *fixture) id(at time.Time) string {
	ms, n := at.UnixMilli(), f.ids.Add(1)
	return fmt.Sprintf("%08x-%04x-7000-8000-%012x", ms>>16, ms&0xffff, n)
}

func (f *fixture) put(t testing.TB, change ...func(*outbox.Entry)) outbox.Entry {
	t.Helper()
	e := f.entry(change...)
	if r, err := f.Put(t.Context(), e); err != nil || r.Duplicate || r.ID != e.ID {
		t.Fatalf("Put(%s) = %+v, %v; want it stored", e.ID, r, err)
	}
	return e
}

// putMany puts n entries at one time and returns them in the order of ids.
func (f *fixture) putMany(t testing.TB, n int, change func(i int, e *outbox.Entry)) []outbox.Entry {
	t.Helper()
	entries := make([]outbox.Entry, n)
	for i := range entries {
		entries[i] = f.entry()
		if change != nil {
			change(i, &entries[i])
		}
	}
	together(n, func(i int) {
		if _, err := f.Put(t.Context(), entries[i]); err != nil {
			t.Errorf("put entry %d: %v", i, err)
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	return entries
}

// claim claims exactly n deliveries.
func (f *fixture) claim(t testing.TB, n int, lease time.Duration) []outbox.Claimed {
	t.Helper()
	claimed, err := f.Claim(t.Context(), outbox.LaneMail, n, lease)
	if err != nil {
		t.Fatal(err)
	}
	if len(claimed) != n {
		t.Fatalf("claimed %d deliveries, want %d", len(claimed), n)
	}
	return claimed
}

// settle settles claims that must not be lost.
func (f *fixture) settle(t testing.TB, settlements ...outbox.Settlement) {
	t.Helper()
	lost, err := f.Settle(t.Context(), settlements)
	if err != nil || len(lost) > 0 {
		t.Fatalf("Settle: lost %v, %v; want none", lost, err)
	}
}

// settlement ends a claim in a state, with the next attempt recorded.
func (f *fixture) settlement(c outbox.Claimed, state outbox.State) outbox.Settlement {
	now := f.clock.Now()
	return outbox.Settlement{
		Ref: ref(c), State: state, Reason: "REASON", Detail: "in words", At: now, NextAt: now.Add(time.Minute),
		Attempt: &outbox.Attempt{Number: c.Attempts + 1, At: now, Gateway: "smtp", Result: outbox.ResultTemporary},
	}
}

// putIn puts a delivery and brings it into a state.
func (f *fixture) putIn(t testing.TB, state outbox.State) outbox.Entry {
	t.Helper()
	if state == outbox.Pending {
		return f.put(t)
	}
	// Due before everything else, so that it is the one that is claimed.
	e := f.put(t, dueIn(-240*time.Hour))
	switch state {
	case outbox.Cancelled:
		if err := f.Cancel(t.Context(), e.ID); err != nil {
			t.Fatal(err)
		}
	case outbox.InHand:
		f.claim(t, 1, time.Hour)
	default:
		f.settle(t, f.settlement(f.claim(t, 1, time.Hour)[0], state))
	}
	return e
}

func (f *fixture) get(t testing.TB, id string) outbox.Delivery {
	t.Helper()
	d, _, err := f.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (f *fixture) attempts(t testing.TB, id string) []outbox.Attempt {
	t.Helper()
	attempts, err := f.Attempts(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return attempts
}

func (f *fixture) list(t testing.TB, filter outbox.Filter) []string {
	t.Helper()
	deliveries, err := f.List(t.Context(), filter, 1000)
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, 0, len(deliveries))
	for i := range deliveries {
		ids = append(ids, deliveries[i].ID)
	}
	return ids
}

func ref(c outbox.Claimed) outbox.Ref { return outbox.Ref{ID: c.ID, Claim: c.Claim} }

// together runs fn(0) to fn(n-1) at one time.
func together(n int, fn func(i int)) {
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		group.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	group.Wait()
}

// clock is a clock that stands still until it is moved. It has the stores'
// resolution of a millisecond.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Now().UTC().Truncate(time.Millisecond)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// set moves the clock to a moment.
func (c *clock) set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now.UTC().Truncate(time.Millisecond)
}

// poison is text that PostgreSQL refuses: NUL and broken UTF-8.
const poison = "a\x00b\xff\xfec\xe2\x28"

// repaired is what is stored of it.
const repaired = "a\uFFFDb\uFFFDc\uFFFD("
