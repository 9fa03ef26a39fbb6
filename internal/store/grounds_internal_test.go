package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine"
	"github.com/postrider/postrider/internal/outbox"
)

// asOf reports whether the grounds are the same after something happened.
func asOf(t *testing.T, s *Store, happens func()) bool {
	t.Helper()
	look := func(since int64) (same bool) {
		err := s.inBackground(t.Context(), func(tx *transaction) (err error) {
			tx.aside()
			same, err = s.grounds.same(t.Context(), tx, since)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return same
	}
	look(0)
	since := s.grounds.now()
	happens()
	return look(since)
}

// beside opens the file of a store once more, as another process does.
func beside(t *testing.T, s *Store) *Store {
	t.Helper()
	var path string
	if err := s.read.QueryRowContext(t.Context(), `SELECT file FROM pragma_database_list`).Scan(&path); err != nil {
		t.Fatal(err)
	}
	other, err := Open(t.Context(), Config{URL: "sqlite:" + path, Clock: time.Now, Logger: s.logger})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	})
	return other
}

// What changes nothing that decisions rest on lets them be written as they are;
// whatever else is written, by whomever, has them looked at again.
func TestGroundsOfDecisions(t *testing.T) {
	s := sqliteStore(t)
	other := beside(t, s)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	recordMessage(t, s, "0", "zoe")
	for _, c := range []struct {
		what    string
		same    bool
		happens func()
	}{
		{"nothing", true, func() {}},
		{"a mail is put, claimed and settled", true, func() {
			id, err := newID(s.clock())
			must(err)
			_, err = s.Put(t.Context(), outbox.Entry{ID: id, App: "app", Lane: outbox.LaneMail, CreatedAt: s.clock(), NextAt: s.clock()})
			must(err)
			claimed, err := s.Claim(t.Context(), outbox.LaneMail, 1, time.Minute)
			must(err)
			for _, c := range claimed {
				ref := outbox.Ref{ID: c.ID, Claim: c.Claim}
				_, err = s.Renew(t.Context(), []outbox.Ref{ref}, time.Minute)
				must(err)
				_, err = s.Settle(t.Context(), []outbox.Settlement{{Ref: ref, State: outbox.Sent, At: s.clock()}})
				must(err)
			}
			must(s.Ping(t.Context()))
		}},
		{"another decision", true, func() {
			d, err := s.Decide(t.Context(), "app", &during{happens: func(*engine.Case) {}}, 10, hand(10))
			if err != nil || d.Calls != 1 {
				t.Errorf("%d calls, %v", d.Calls, err)
			}
		}},
		{"a message", false, func() { recordMessage(t, s, "1", "bob") }},
		{"a receipt", false, func() {
			must(s.Record(t.Context(), engine.Recording{App: "app", At: s.clock(), Events: []chat.Event{{
				Change: chat.Read{Reader: "bob", Conversation: chat.OneOnOne("ann", "bob"), At: s.clock()},
			}}}))
		}},
		{"a person's preferences", false, func() {
			_, err := s.ChangePreferences(t.Context(), "app", "bob", func(p *chat.Preferences) (*chat.Preferences, error) { return p, nil })
			must(err)
		}},
		{"a message that another process stores", false, func() { recordMessage(t, other, "2", "bob") }},
		{"a mail that another process stores", false, func() { must(other.Ping(t.Context())) }},
	} {
		if same := asOf(t, s, c.happens); same != c.same {
			t.Errorf("%s: the grounds are the same: %v, want %v", c.what, same, c.same)
		}
	}
}

// What shares its transaction with something that changes the grounds sees that.
func TestGroundsWithinATransaction(t *testing.T) {
	s := sqliteStore(t)
	asOf(t, s, func() {}) // the version of the data is known
	since, same := s.grounds.now(), true
	err := s.once(t.Context(), func(*transaction) error { return nil }, func(tx *transaction) (err error) {
		tx.aside()
		same, err = s.grounds.same(t.Context(), tx, since)
		return err
	})
	if err != nil || same {
		t.Errorf("the grounds are the same: %v, %v", same, err)
	}
}

// A message that another process stores between reading a conversation and
// closing its window is not lost either.
func TestMessageOfAnotherProcessBesideADecision(t *testing.T) {
	s := sqliteStore(t)
	other := beside(t, s)
	recordMessage(t, s, "1", "bob")
	once := sync.OnceFunc(func() { recordMessage(t, other, "2", "bob") })
	told := 0
	for range 2 {
		d, err := s.Decide(t.Context(), "app", &during{happens: func(*engine.Case) { once() }}, 10, hand(10))
		if err != nil {
			t.Fatal(err)
		}
		told += len(d.InHand)
	}
	var refs string
	err := s.read.QueryRowContext(t.Context(), `SELECT CAST(refs AS TEXT) FROM notices`).Scan(&refs)
	if err != nil || told != 1 || !strings.Contains(refs, `"numbers":[1,2]`) {
		t.Errorf("%d calls, about %s, %v", told, refs, err)
	}
}

// A request that is given up takes the writer's connection with it, and the next
// one counts the changes of others anew: what another process stored before is not
// overlooked.
func TestMessageBesideADecisionOnAnotherConnection(t *testing.T) {
	s := sqliteStore(t)
	other := beside(t, s)
	giveUp := func() {
		tx, err := other.write.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		err = s.transaction(ctx, func(tx *transaction) error { tx.aside(); return nil })
		if err == nil {
			t.Error("the request was not given up")
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
	}
	recordMessage(t, s, "1", "bob")
	giveUp()
	asOf(t, s, func() {})
	once := sync.OnceFunc(func() {
		recordMessage(t, other, "2", "bob")
		giveUp()
	})
	for range 2 {
		if _, err := s.Decide(t.Context(), "app", &during{happens: func(*engine.Case) { once() }}, 10, hand(10)); err != nil {
			t.Fatal(err)
		}
	}
	var refs string
	err := s.read.QueryRowContext(t.Context(), `SELECT CAST(refs AS TEXT) FROM notices`).Scan(&refs)
	if err != nil || refs != `{"ids":["1","2"],"numbers":[1,2]}` {
		t.Errorf("bob was told %s, %v", refs, err)
	}
}

// One person's many windows do not hide those of others while it is decided about
// some of them.
func TestOthersBesideACrowdedPerson(t *testing.T) {
	s := sqliteStore(t)
	for i := range 12 {
		recordFrom(t, s, fmt.Sprint("p", i), fmt.Sprint("a", i), "pat", 2*time.Hour)
	}
	for i := range 10 {
		recordMessage(t, s, fmt.Sprint("q", i), fmt.Sprint("q", i))
	}
	beside := 0
	judge := &during{}
	judge.happens = func(*engine.Case) {
		judge.happens = func(*engine.Case) {}
		d, err := s.Decide(t.Context(), "app", judge, 5, hand(5))
		if err != nil {
			t.Error(err)
		}
		beside = d.Windows
	}
	if _, err := s.Decide(t.Context(), "app", judge, 5, hand(5)); err != nil {
		t.Fatal(err)
	}
	if beside != 5 {
		t.Errorf("%d windows of others were decided beside five of pat's, want 5", beside)
	}
}

// duringTheFirst returns a judge while whose first case something happens, and that
// writes down whom the others are about.
func duringTheFirst(others *[]string, happens func()) *during {
	first := true
	return &during{happens: func(c *engine.Case) {
		if first {
			first = false
			happens()
			return
		}
		*others = append(*others, c.UID)
	}}
}

// Nobody is decided about twice at one time: what one decision takes of a quota
// the next one sees.
func TestPersonBesideADecision(t *testing.T) {
	s := sqliteStore(t)
	recordMessage(t, s, "1", "bob")
	recordFrom(t, s, "2", "cid", "bob", time.Hour)
	recordMessage(t, s, "3", "dee")
	var meanwhile []string
	var judge *during
	judge = duringTheFirst(&meanwhile, func() {
		if _, err := s.Decide(t.Context(), "app", judge, 10, hand(10)); err != nil {
			t.Error(err)
		}
	})
	// One window of bob's; the other is left alone until that is written.
	if _, err := s.Decide(t.Context(), "app", judge, 1, hand(10)); err != nil {
		t.Fatal(err)
	}
	if len(meanwhile) != 1 || meanwhile[0] != "dee" {
		t.Errorf("meanwhile it was decided about %v, want dee alone", meanwhile)
	}
	for range 2 {
		if _, err := s.Decide(t.Context(), "app", judge, 10, hand(10)); err != nil {
			t.Fatal(err)
		}
	}
	if len(meanwhile) != 2 || meanwhile[1] != "bob" {
		t.Errorf("afterwards it was decided about %v, want bob", meanwhile[1:])
	}
}

// A window that is due before those that are being decided is not passed over for
// as long as there are others.
func TestWindowBeforeThoseOfOthers(t *testing.T) {
	s := sqliteStore(t)
	recordMessage(t, s, "held", "bob")
	var meanwhile []string
	var judge *during
	judge = duringTheFirst(&meanwhile, func() {
		for i := range 4 {
			recordMessage(t, s, fmt.Sprint(i), fmt.Sprint("later-", i))
		}
		recordFrom(t, s, "early", "ann", "early", 2*time.Hour)
		if _, err := s.Decide(t.Context(), "app", judge, 2, hand(10)); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.Decide(t.Context(), "app", judge, 1, hand(10)); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(meanwhile, "early") {
		t.Errorf("it was decided about %v, and not about the first", meanwhile)
	}
}
