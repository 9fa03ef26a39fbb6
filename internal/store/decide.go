package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine"
	"github.com/postrider/postrider/internal/outbox"
)

// Decide implements [engine.Store].
func (s *Store) Decide(ctx context.Context, app string, judge engine.Judge, limit int, hand outbox.Hand) (engine.Decided, error) {
	// Reading is cheaper than beginning to write, and most calls find nothing.
	next, err := s.NextWindow(ctx, app)
	if err != nil {
		return engine.Decided{}, err
	}
	if now := s.clock(); next.IsZero() || next.After(now) {
		return engine.Decided{}, nil
	}
	decide := s.decideLocked
	if s.dialect.soleWriter() {
		limit = min(limit, soleWriterWindows)
		// What did not work beside other writers is done alone.
		if !s.contended.Swap(false) {
			decide = s.decideBeside
		}
	}
	decided, err := decide(ctx, app, judge, limit, hand)
	if err != nil {
		return engine.Decided{}, fmt.Errorf("decide windows: %w", err)
	}
	return decided, nil
}

// decideLocked decides in one transaction. The order of locks is windows, then
// their conversations, then quotas: only under the conversation's lock it is
// certain that no message arrives between reading its messages and closing the
// window.
func (s *Store) decideLocked(ctx context.Context, app string, judge engine.Judge, limit int, hand outbox.Hand) (decided engine.Decided, err error) {
	err = s.inBackground(ctx, func(tx *transaction) error {
		cs := newCases(app, s.clock())
		if err := s.takeDue(ctx, tx, cs, limit); err != nil {
			return fmt.Errorf("take due windows: %w", err)
		}
		if len(cs.all) == 0 {
			decided = engine.Decided{}
			return nil
		}
		last, err := s.lockConversations(ctx, tx, app, cs.conversations())
		if err != nil {
			return err
		}
		maps.Copy(cs.last, last)
		rulings, problems, err := s.rule(ctx, tx, cs, judge)
		if err != nil {
			return err
		}
		decided, err = s.carryOutAgain(ctx, tx, cs, rulings, judge, hand)
		decided.Problems = problems
		return err
	})
	return decided, err
}

// takeDue takes the windows that are due, and nobody else has locked.
func (s *Store) takeDue(ctx context.Context, tx *transaction, cs *cases, limit int) error {
	return query(ctx, tx, `SELECT uid, conversation, after, opened_at, due_at, waits_for, 0 FROM windows
		WHERE app = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3`+s.dialect.skipLocked,
		[]any{text(cs.app), millis(cs.now), limit}, cs.scanWindow)
}

// scanWindow adds a window, with the number of its conversation's last message.
func (cs *cases) scanWindow(rows *sql.Rows) error {
	c := &engine.Case{App: cs.app, Now: cs.now}
	var opened, due, last int64
	if err := rows.Scan(&c.UID, &c.Conversation, &c.After, &opened, &due, &c.WaitsFor, &last); err != nil {
		return err
	}
	c.OpenedAt, c.DueAt = fromMillis(opened), fromMillis(due)
	cs.all = append(cs.all, c)
	if last > 0 {
		cs.last[c.Conversation] = last
	}
	return nil
}

// ruling is a case with its verdict.
type ruling struct {
	*engine.Case
	verdict engine.Verdict
	day     int64
	calls   []engine.Call
}

// rule has cases judged, and the digests made of those that are to be sent.
// problems are why some could not be made.
func (s *Store) rule(ctx context.Context, tx *transaction, cs *cases, judge engine.Judge) (rulings []*ruling, problems []error, err error) {
	if err := cs.facts(ctx, tx, judge); err != nil {
		return nil, nil, err
	}
	rulings = make([]*ruling, len(cs.all))
	for i, c := range cs.all {
		rulings[i] = &ruling{Case: c, day: judge.Day(c)}
	}
	counts, err := s.quotas(ctx, tx, cs.app, rulings)
	if err != nil {
		return nil, nil, fmt.Errorf("read quotas: %w", err)
	}
	for _, r := range rulings {
		// What was decided a moment ago counts as well.
		counts.tell(r)
		r.verdict = judge.Judge(r.Case)
		if len(r.verdict.Send) > 0 {
			counts.add(r, 1)
		}
	}
	problems, err = s.compose(ctx, tx, cs, rulings, judge)
	return rulings, problems, err
}

// composePause is how long a window rests whose digest could not be made: a
// fault of ours must not use it up.
const composePause = time.Minute

// compose makes the calls of all digests, and puts those off that cannot be
// made.
func (s *Store) compose(ctx context.Context, tx *transaction, cs *cases, rulings []*ruling, judge engine.Judge) (problems []error, err error) {
	var without []withoutBody
	for _, r := range rulings {
		without = append(without, withoutBodies(r.Case, r.verdict.Send)...)
	}
	if err := cs.bodies(ctx, tx, without); err != nil {
		return nil, fmt.Errorf("read message objects: %w", err)
	}
	for _, r := range rulings {
		if len(r.verdict.Send) == 0 {
			continue
		}
		if r.calls, err = judge.Compose(r.Case, &r.verdict); err != nil {
			problems = append(problems, fmt.Errorf("compose digest: %w", err))
			r.verdict = engine.Verdict{Wait: r.Now.Add(composePause), Reason: chat.ReasonUnreadable}
		}
	}
	return problems, nil
}

// carryOutAgain writes rulings about whose people others may have decided since
// quotas were read: what does not fit any more is judged again before.
func (s *Store) carryOutAgain(ctx context.Context, tx *transaction, cs *cases, rulings []*ruling, judge engine.Judge, hand outbox.Hand) (engine.Decided, error) {
	if err := s.reserve(ctx, tx, cs.app, rulings, judge); err != nil {
		return engine.Decided{}, fmt.Errorf("reserve quotas: %w", err)
	}
	p, err := s.prepare(cs, rulings, hand.Room)
	if err != nil {
		return engine.Decided{}, err
	}
	return s.carryOut(ctx, tx, cs, p, hand.Lease)
}

// prepared is what is to be written of rulings.
type prepared struct {
	rulings []*ruling
	notices []*notice
	inHand  []outbox.Claimed
}

// prepare makes what is to be written, as far as that is known beforehand.
func (s *Store) prepare(cs *cases, rulings []*ruling, room int) (*prepared, error) {
	p := &prepared{rulings: rulings}
	var err error
	if p.notices, err = s.noticesOf(cs, rulings); err != nil {
		return nil, err
	}
	p.inHand = takeInHand(p.notices, room)
	return p, nil
}

// carryOut writes what was prepared, but for what it takes of quotas.
func (s *Store) carryOut(ctx context.Context, tx *transaction, cs *cases, p *prepared, lease time.Duration) (engine.Decided, error) {
	decided := engine.Decided{
		Windows: len(p.rulings), InHand: p.inHand, Skipped: make(map[chat.Reason]int), Waiting: make(map[chat.Reason]int),
	}
	if err := s.insertNotices(ctx, tx, cs, p.notices, lease); err != nil {
		return decided, err
	}
	var closed, waiting []*ruling
	for _, r := range p.rulings {
		decided.Calls += len(r.calls)
		for _, skip := range r.verdict.Skipped {
			decided.Skipped[skip.Reason]++
		}
		if r.verdict.Wait.IsZero() {
			closed = append(closed, r)
			continue
		}
		waiting = append(waiting, r)
		decided.Waiting[r.verdict.Reason]++
	}
	if err := s.putOff(ctx, tx, cs.app, waiting); err != nil {
		return decided, fmt.Errorf("put off windows: %w", err)
	}
	if err := s.closeWindows(ctx, tx, cs.app, closed); err != nil {
		return decided, fmt.Errorf("close windows: %w", err)
	}
	return decided, nil
}

func (s *Store) putOff(ctx context.Context, tx *transaction, app string, rulings []*ruling) error {
	put := newRelation(len(rulings), "TEXT", "TEXT", "BIGINT", "TEXT")
	for _, r := range rulings {
		put.add(text(r.UID), text(string(r.Conversation)), millis(r.verdict.Wait), string(r.verdict.Reason))
	}
	return put.each(tx, []any{text(app)}, func(table string, args []any) error {
		_, err := tx.ExecContext(ctx, `WITH put (p_uid, p_conversation, p_due, p_reason) AS (`+table+`)
			UPDATE windows SET due_at = p_due, waits_for = p_reason FROM put
			WHERE app = $1 AND uid = p_uid AND conversation = p_conversation`, args...)
		return err
	})
}

// closeWindows ends windows. Where a large group's messages are still on
// their way to its members they move instead: a message that was decided about
// here may yet come to this member, and must find the window open.
func (s *Store) closeWindows(ctx context.Context, tx *transaction, app string, rulings []*ruling) error {
	moving, err := s.fanningOut(ctx, tx, app, rulings)
	if err != nil {
		return err
	}
	closed := make([]*ruling, 0, len(rulings))
	for _, r := range rulings {
		if !moving[r.Conversation] {
			closed = append(closed, r)
			continue
		}
		after := r.After
		if len(r.Messages) > 0 {
			after = r.Messages[len(r.Messages)-1].Number
		}
		_, err := tx.ExecContext(ctx, `UPDATE windows SET after = $4, opened_at = $5, due_at = $6, waits_for = ''
			WHERE app = $1 AND uid = $2 AND conversation = $3`, text(app), text(r.UID), text(string(r.Conversation)),
			after, millis(r.Now), millis(laterOf(r.verdict.Again, r.Now.Add(time.Second))))
		if err != nil {
			return err
		}
	}
	over := newRelation(len(closed), "TEXT", "TEXT")
	for _, r := range closed {
		over.add(text(r.UID), text(string(r.Conversation)))
	}
	return over.each(tx, []any{text(app)}, func(table string, args []any) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM windows WHERE app = $1 AND (uid, conversation) IN (`+table+`)`, args...)
		return err
	})
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// fanningOut returns the conversations whose messages have not come to all
// members.
func (s *Store) fanningOut(ctx context.Context, tx *transaction, app string, rulings []*ruling) (map[chat.Conversation]bool, error) {
	groups := make(map[chat.Conversation]bool)
	for _, r := range rulings {
		if r.Conversation.Type() == chat.ReceiverGroup {
			groups[r.Conversation] = true
		}
	}
	all := make([]string, 0, len(groups))
	for c := range groups {
		all = append(all, text(string(c)))
	}
	slices.Sort(all)
	moving := make(map[chat.Conversation]bool)
	err := eachIn(tx, []any{text(app)}, all, func(in string, args []any) error {
		return query(ctx, tx, `SELECT DISTINCT conversation FROM fanouts WHERE app = $1 AND conversation `+in, args,
			func(rows *sql.Rows) error {
				var c chat.Conversation
				if err := rows.Scan(&c); err != nil {
					return err
				}
				moving[c] = true
				return nil
			})
	})
	return moving, err
}
