package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync"

	"github.com/postrider/postrider/internal/engine"
	"github.com/postrider/postrider/internal/outbox"
)

// soleWriterWindows is how many windows are decided in one transaction where it
// keeps everybody else from writing: a webhook's answer waits for it. More would
// save little of what a COMMIT costs.
const soleWriterWindows = 192

// decideBeside decides where there is one writer: it reads, judges and prepares
// beside whoever writes meanwhile, and then writes what still holds. A window
// whose conversation has changed stays for the next time.
func (s *Store) decideBeside(ctx context.Context, app string, judge engine.Judge, limit int, hand outbox.Hand) (decided engine.Decided, err error) {
	cs := newCases(app, s.clock())
	asOf := s.grounds.now()
	var rulings []*ruling
	var problems []error
	defer func() { s.deciding.end(cs) }()
	err = s.snapshot(ctx, func(tx *transaction) error {
		if err := s.takeBeside(ctx, tx, cs, limit); err != nil {
			return fmt.Errorf("read due windows: %w", err)
		}
		rulings, problems, err = s.rule(ctx, tx, cs, judge)
		return err
	})
	if err != nil || len(rulings) == 0 {
		return decided, err
	}
	prepared, err := s.prepare(cs, rulings, hand.Room)
	if err != nil {
		return decided, err
	}
	err = s.inBackground(ctx, func(tx *transaction) error {
		tx.aside()
		same, err := s.grounds.same(ctx, tx, asOf)
		if err != nil {
			return err
		}
		if same {
			decided, err = s.carryOut(ctx, tx, cs, prepared, hand.Lease)
		} else {
			decided, err = s.carryOutWhatHolds(ctx, tx, cs, rulings, judge, hand)
		}
		decided.Windows = len(rulings)
		decided.Problems = problems
		return err
	})
	return decided, err
}

// carryOutWhatHolds writes rulings on grounds that may have changed.
func (s *Store) carryOutWhatHolds(ctx context.Context, tx *transaction, cs *cases, rulings []*ruling, judge engine.Judge, hand outbox.Hand) (engine.Decided, error) {
	same, err := cs.unchanged(ctx, tx)
	if err != nil {
		return engine.Decided{}, fmt.Errorf("look for what has changed: %w", err)
	}
	held := make([]*ruling, 0, len(rulings))
	for _, r := range rulings {
		if same[r.Case] {
			again := *r // what is changed here counts only if it is written
			held = append(held, &again)
		}
	}
	if len(held) < len(rulings) {
		s.contended.Store(true)
	}
	return s.judgeAgain(ctx, tx, cs, held, judge, hand)
}

// unchanged returns the windows that are as they were read, in conversations
// to which no message has come since.
func (cs *cases) unchanged(ctx context.Context, tx *transaction) (map[*engine.Case]bool, error) {
	read := newRelation(len(cs.all), "BIGINT", "TEXT", "TEXT", "BIGINT", "BIGINT", "BIGINT")
	for i, c := range cs.all {
		read.add(i, text(c.UID), text(string(c.Conversation)), c.After, millis(c.DueAt), cs.last[c.Conversation])
	}
	same := make(map[*engine.Case]bool, len(cs.all))
	return same, read.each(tx, []any{text(cs.app)}, func(table string, args []any) error {
		return query(ctx, tx, `WITH was (r_i, r_uid, r_conversation, r_after, r_due, r_last) AS (`+table+`)
			SELECT r_i FROM was
			WHERE EXISTS (SELECT 1 FROM windows WHERE app = $1 AND conversation = r_conversation AND uid = r_uid AND after = r_after AND due_at = r_due)
			AND COALESCE((SELECT last FROM conversations WHERE app = $1 AND id = r_conversation), 0) = r_last`, args,
			func(rows *sql.Rows) error {
				var i int
				if err := rows.Scan(&i); err != nil {
					return err
				}
				same[cs.all[i]] = true
				return nil
			})
	})
}

// lookBack is how often windows are taken before all that are due are looked at.
const lookBack = 8

// takeBeside takes due windows of people about whom nobody else is deciding.
func (s *Store) takeBeside(ctx context.Context, tx *transaction, cs *cases, limit int) error {
	s.deciding.taking.Lock()
	defer s.deciding.taking.Unlock()
	// Looked at before the transaction reads, and so before what it sees: a
	// decision that ends meanwhile has windows that are still open in it.
	others, windows := s.deciding.now(cs.app)
	// The first that are due are those of the others, nearly always. What was
	// passed over with them, because its person was being decided about then or it
	// became due late, is come back to.
	skips := []int{windows, 0}
	if s.deciding.takes++; s.deciding.takes%lookBack == 0 {
		skips = []int{0}
	}
	for _, skip := range skips {
		all := newCases(cs.app, cs.now)
		if err := s.takeDue(ctx, tx, all, skip, limit+windows-skip, ""); err != nil {
			return err
		}
		for _, c := range all.all {
			if len(cs.all) < limit && !others[c.UID] {
				cs.add(c, all.last[c.Conversation])
			}
		}
		if skip == 0 || len(cs.all) > 0 {
			break
		}
	}
	s.deciding.begin(cs)
	return nil
}

// deciding are the people about whose windows it is being decided beside the
// writer, so that the next ones can be judged while these are being written.
// What counts in one's quotas is not changed by two at one time.
type deciding struct {
	taking sync.Mutex // held by the one that is looking for windows to take
	takes  int        // so far; under taking
	mu     sync.Mutex
	people map[appPerson]int // how many windows
}

type appPerson struct{ app, uid string }

// now returns the people of an app about whom it is being decided now, and how
// many windows of theirs.
func (d *deciding) now(app string) (people map[string]bool, windows int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	people = make(map[string]bool, len(d.people))
	for p, n := range d.people {
		if p.app == app {
			people[p.uid] = true
			windows += n
		}
	}
	return people, windows
}

func (d *deciding) begin(cs *cases) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.people == nil {
		d.people = make(map[appPerson]int)
	}
	for _, c := range cs.all {
		d.people[appPerson{cs.app, c.UID}]++
	}
}

func (d *deciding) end(cs *cases) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range cs.all {
		delete(d.people, appPerson{cs.app, c.UID})
	}
}
