package store

import (
	"context"
	"database/sql"
	"encoding/json"
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
		if !same {
			decided, err = s.carryOutWhatHolds(ctx, tx, cs, rulings, judge, hand)
		} else if err = s.addQuotas(ctx, tx, app, takenBy(rulings)); err == nil {
			decided, err = s.carryOut(ctx, tx, cs, prepared, hand.Lease)
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
	return s.carryOutAgain(ctx, tx, cs, held, judge, hand)
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

// takeBeside takes due windows of people about whom nobody else is deciding.
func (s *Store) takeBeside(ctx context.Context, tx *transaction, cs *cases, limit int) error {
	s.deciding.taking.Lock()
	defer s.deciding.taking.Unlock()
	// Looked at before the transaction sees anything: whoever ends a decision
	// after that still counts.
	others, err := json.Marshal(s.deciding.now(cs.app))
	if err != nil {
		return fmt.Errorf("name those who are passed over: %w", err)
	}
	err = query(ctx, tx, `SELECT uid, conversation, after, opened_at, due_at, waits_for,
		COALESCE((SELECT last FROM conversations AS c WHERE c.app = windows.app AND c.id = windows.conversation), 0) FROM windows
		WHERE app = $1 AND due_at <= $2 AND uid NOT IN (SELECT value FROM json_each($4)) ORDER BY due_at LIMIT $3`,
		[]any{text(cs.app), millis(cs.now), limit, string(others)}, cs.scanWindow)
	if err != nil {
		return err
	}
	s.deciding.begin(cs)
	return nil
}

// deciding are the people about whose windows it is being decided beside the
// writer, so that the next ones can be judged while these are being written.
// What counts in one's quotas is not changed by two at one time.
type deciding struct {
	taking sync.Mutex // held by the one that is looking for windows to take
	mu     sync.Mutex
	people map[appPerson]bool
}

type appPerson struct{ app, uid string }

// now returns the people of an app about whom it is being decided now.
func (d *deciding) now(app string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	people := make([]string, 0, len(d.people))
	for p := range d.people {
		if p.app == app {
			people = append(people, text(p.uid))
		}
	}
	return people
}

func (d *deciding) begin(cs *cases) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.people == nil {
		d.people = make(map[appPerson]bool)
	}
	for _, c := range cs.all {
		d.people[appPerson{cs.app, c.UID}] = true
	}
}

// end lets go of the people of a decision: they are its alone.
func (d *deciding) end(cs *cases) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range cs.all {
		delete(d.people, appPerson{cs.app, c.UID})
	}
}
