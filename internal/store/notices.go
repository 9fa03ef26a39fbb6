package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine"
	"github.com/postrider/postrider/internal/outbox"
)

// notice is a delivery of the lane "call" with what the log says of it beside.
type notice struct {
	*ruling
	id       string
	digest   string
	provider string
	messages []int64
	payload  []byte
	state    outbox.State
	reason   chat.Reason
	detail   string
}

// refs are the messages of a notice, in the order in which they came.
type refs struct {
	IDs     []string `json:"ids"`
	Numbers []int64  `json:"numbers"`
}

// noticesOf turns rulings into what is to be written: a row for each call, and
// one for each reason why something is not told.
func (s *Store) noticesOf(cs *cases, rulings []*ruling) ([]*notice, error) {
	var notices []*notice
	add := func(n notice) error {
		id, err := newID(cs.now)
		if err != nil {
			return err
		}
		n.id = id
		if n.digest == "" {
			n.digest = id
		}
		notices = append(notices, &n)
		return nil
	}
	for _, r := range rulings {
		digest := ""
		for _, call := range r.calls {
			n := notice{ruling: r, digest: digest, provider: call.Provider, messages: r.verdict.Send, payload: call.Payload, state: outbox.Pending}
			if err := add(n); err != nil {
				return nil, err
			}
			digest = notices[len(notices)-1].digest
		}
		for _, skip := range r.verdict.Skipped {
			n := notice{
				ruling: r, provider: skip.Provider, messages: skip.Messages, state: outbox.Skipped, reason: skip.Reason, detail: skip.Detail,
			}
			if err := add(n); err != nil {
				return nil, err
			}
		}
	}
	// Ids of one moment are not in the order in which they were made: sorted,
	// rows go to the end of every index.
	slices.SortFunc(notices, func(a, b *notice) int {
		if a.id < b.id {
			return -1
		}
		return 1
	})
	return notices, nil
}

// takeInHand marks the first calls, for which there is room, as in hand, and
// returns them. Large payloads wait in the outbox: see claimBytes.
func takeInHand(notices []*notice, room int) []outbox.Claimed {
	var claimed []outbox.Claimed
	bytes := 0
	for _, n := range notices {
		if n.state != outbox.Pending || len(claimed) == room || bytes >= claimBytes {
			continue
		}
		bytes += len(n.payload)
		n.state = outbox.InHand
		now := fromMillis(millis(n.Now)) // as it is stored
		claimed = append(claimed, outbox.Claimed{Claim: 1, Payload: n.payload, Delivery: outbox.Delivery{
			ID: n.id, App: n.App, Lane: outbox.LaneCall, Recipient: n.UID, Conversation: n.Conversation.Label(n.UID),
			Provider: n.provider, State: n.state, CreatedAt: now, ArmedAt: now, NextAt: now,
		}})
	}
	return claimed
}

// open reports whether a notice is a call that is to be made.
func (n *notice) open() bool { return n.state == outbox.Pending || n.state == outbox.InHand }

// insertNotices stores the calls and log entries of cases.
func (s *Store) insertNotices(ctx context.Context, tx *transaction, cs *cases, notices []*notice, lease time.Duration) error {
	app, now := text(cs.app), millis(cs.now)
	var until int64 // the end of a lease that begins now
	err := tx.QueryRowContext(ctx, `SELECT `+s.dialect.leaseClock+` + CAST($2 AS BIGINT)`, millis(s.clock()), lease.Milliseconds()).Scan(&until)
	if err != nil {
		return fmt.Errorf("count a lease: %w", err)
	}
	// What is in hand, which is nearly all, has little of its own.
	inHand := newRelation(len(notices), "TEXT", "TEXT", "TEXT", "TEXT")
	others := newRelation(len(notices), "TEXT", "TEXT", "TEXT", "TEXT", "TEXT", "TEXT", "TEXT", "BIGINT", "BIGINT")
	payloads := newRelation(len(notices), "TEXT", "BYTEA")
	rows := newRelation(len(notices), "TEXT", "TEXT", "TEXT", "TEXT", "TEXT", "BIGINT", "BIGINT", "TEXT", "TEXT", "TEXT", "TEXT", "BIGINT", "BYTEA", "BIGINT", "BIGINT", "BIGINT", "BYTEA")
	ended := make(tally)
	for _, n := range notices {
		call := []any{n.id, text(n.UID), text(n.Conversation.Label(n.UID)), text(n.provider)}
		if n.state == outbox.InHand {
			inHand.add(call...)
		} else {
			next, settled := now, int64(0)
			if !n.open() {
				next, settled = 0, now
				ended[tallyKey{cs.app, hourOf(cs.now), outbox.LaneCall, n.state, string(n.reason)}]++
			}
			others.add(append(call, string(n.state), string(n.reason), text(n.detail), next, settled)...)
		}
		payloads.add(n.id, notNull(n.payload))
		row, err := n.columns()
		if err != nil {
			return err
		}
		rows.add(row...)
	}
	for _, insert := range [...]struct {
		what      string
		statement string // of the table of rows
		rows      *relation
		before    []any
	}{
		{
			"calls in hand", `WITH made (m_id, m_recipient, m_conversation, m_provider) AS (%s)
			INSERT INTO deliveries (id, app, lane, recipient, conversation, origin, provider, state, created_at, armed_at, next_at, claim, lease_until)
			SELECT m_id, $1, 'call', m_recipient, m_conversation, '', m_provider, 'in_hand', $2, $2, $2, 1, $3 FROM made`,
			inHand,
			[]any{app, now, until},
		},
		{
			"calls", `WITH made (m_id, m_recipient, m_conversation, m_provider, m_state, m_reason, m_detail, m_next, m_settled) AS (%s)
			INSERT INTO deliveries (id, app, lane, recipient, conversation, origin, provider, state, reason, detail, created_at, armed_at, next_at, settled_at)
			SELECT m_id, $1, 'call', m_recipient, m_conversation, '', m_provider, m_state, m_reason, m_detail, $2, $2, m_next, m_settled FROM made`,
			others,
			[]any{app, now},
		},
		{"payloads of calls", `INSERT INTO payloads (delivery_id, body) %s`, payloads, nil},
		{"notices", `INSERT INTO notices (delivery_id, app, digest, conversation, uid, first, last, message_id,
			message_type, category, sender, sent_at, refs, day, reserved, apart, evidence) %s`, rows, nil},
	} {
		err := insert.rows.each(tx, insert.before, func(table string, args []any) error {
			_, err := tx.ExecContext(ctx, fmt.Sprintf(insert.statement, table), args...)
			return err
		})
		if err != nil {
			return fmt.Errorf("insert %s: %w", insert.what, err)
		}
	}
	return s.addTally(ctx, tx, ended)
}

func (n *notice) columns() ([]any, error) {
	var all refs
	var newest engine.Missed
	wanted := n.messages
	for i := range n.Messages {
		if len(wanted) > 0 && n.Messages[i].Number == wanted[0] {
			m := &n.Messages[i]
			wanted = wanted[1:]
			all.IDs, all.Numbers = append(all.IDs, m.ID), append(all.Numbers, m.Number)
			if !m.SentAt.Before(newest.SentAt) {
				newest = *m
			}
		}
	}
	encoded, err := json.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("encode message ids: %w", err)
	}
	first, last, reserved := int64(0), int64(0), 0
	if len(all.Numbers) > 0 {
		first, last = all.Numbers[0], all.Numbers[len(all.Numbers)-1]
	}
	if n.open() {
		reserved = 1
	}
	return []any{
		n.id, text(n.App), n.digest, text(string(n.Conversation)), text(n.UID), first, last, text(newest.ID),
		text(newest.Type), text(string(newest.Category)), text(newest.Sender), millis(newest.SentAt), encoded, n.day, reserved, apart(n.Now, newest.SentAt), notNull(n.verdict.Evidence),
	}, nil
}

// Case implements [engine.Store].
func (s *Store) Case(ctx context.Context, deliveryID string, judge engine.Judge) (c *engine.Case, ok bool, err error) {
	err = s.reading(ctx, func(tx *transaction) error {
		c, ok = nil, false
		var app string
		var encoded []byte
		one := &engine.Case{Now: s.clock()}
		err := tx.QueryRowContext(ctx, `SELECT app, uid, conversation, first, refs FROM notices WHERE delivery_id = $1`, deliveryID).
			Scan(&app, &one.UID, &one.Conversation, &one.After, &encoded)
		if isNone(err) {
			return nil
		}
		if err != nil {
			return err
		}
		var all refs
		if err := json.Unmarshal(encoded, &all); err != nil {
			return fmt.Errorf("decode message ids: %w", err)
		}
		one.App, one.After = app, one.After-1
		cs := newCases(app, one.Now)
		cs.all = append(cs.all, one)
		if err := cs.facts(ctx, tx, judge); err != nil {
			return err
		}
		one.Messages = slices.DeleteFunc(slices.Clone(one.Messages), func(m engine.Missed) bool {
			_, found := slices.BinarySearch(all.Numbers, m.Number)
			return !found
		})
		c, ok = one, true
		return cs.bodies(ctx, tx, withoutBodies(one, all.Numbers))
	})
	if err != nil {
		return nil, false, fmt.Errorf("read the case of a call: %w", err)
	}
	return c, ok, nil
}

// giveBack ends what calls took of quotas that came to nothing: those of
// digests of which no call has succeeded or is still open. The calls were
// settled in this transaction.
func (s *Store) giveBack(ctx context.Context, tx *transaction, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	var digests []string
	err := chunks(len(ids), func(from, to int) error {
		args := make([]any, 0, to-from)
		for _, id := range ids[from:to] {
			args = append(args, id)
		}
		return query(ctx, tx, `SELECT DISTINCT digest FROM notices WHERE reserved = 1 AND delivery_id IN (`+list(to-from, 1)+`)`, args,
			func(rows *sql.Rows) error {
				var digest string
				if err := rows.Scan(&digest); err != nil {
					return err
				}
				digests = append(digests, digest)
				return nil
			})
	})
	if err != nil {
		return fmt.Errorf("look for reservations: %w", err)
	}
	slices.Sort(digests)
	// Counts are changed at the end, all at once and in their order, or two
	// processes that settle calls of the same people would deadlock.
	back := make(map[string]quotaCounts) // by app
	for _, digest := range slices.Compact(digests) {
		if err := s.giveBackDigest(ctx, tx, digest, back); err != nil {
			return err
		}
	}
	return s.addReservations(ctx, tx, back)
}

// ofDigest is the condition of the calls of the digest $1. The first one has the
// digest's id; the index of the others is used only where its condition stands.
const ofDigest = `(delivery_id = $1 OR digest = $1 AND digest <> delivery_id)`

func (s *Store) giveBackDigest(ctx context.Context, tx *transaction, digest string, back map[string]quotaCounts) error {
	// The update locks the rows: of two calls that fail at the same time the
	// second sees that the first has failed.
	if _, err := tx.ExecContext(ctx, `UPDATE notices SET reserved = reserved WHERE `+ofDigest, digest); err != nil {
		return fmt.Errorf("lock reservations: %w", err)
	}
	var live int
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM notices JOIN deliveries ON id = delivery_id
		WHERE `+ofDigest+` AND state IN ('pending', 'in_hand', 'sent')`, digest).Scan(&live)
	if err != nil || live > 0 {
		return err
	}
	return s.changeReservation(ctx, tx, digest, 1, 0, back)
}

// changeReservation gives a digest's reservation back, or takes it again. What
// that changes of quotas it adds to changes.
func (s *Store) changeReservation(ctx context.Context, tx *transaction, digest string, from, to int, changes map[string]quotaCounts) error {
	var app string
	var key quotaKey
	err := tx.QueryRowContext(ctx, `SELECT app, uid, day, conversation FROM notices WHERE `+ofDigest+` AND reserved = $2 LIMIT 1`, digest, from).
		Scan(&app, &key.uid, &key.day, &key.conversation)
	if isNone(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read reservation: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE notices SET reserved = $2 WHERE `+ofDigest, digest, to); err != nil {
		return fmt.Errorf("change reservation: %w", err)
	}
	all := key
	all.conversation = ""
	if changes[app] == nil {
		changes[app] = make(quotaCounts)
	}
	changes[app][key] += to - from
	changes[app][all] += to - from
	return nil
}

func (s *Store) addReservations(ctx context.Context, tx *transaction, changes map[string]quotaCounts) error {
	for _, app := range slices.Sorted(maps.Keys(changes)) {
		if err := s.addQuotas(ctx, tx, app, changes[app]); err != nil {
			return fmt.Errorf("change quotas: %w", err)
		}
	}
	return nil
}

// takeAgain counts a call in the quotas again that a person has ordered to be
// made after all.
func (s *Store) takeAgain(ctx context.Context, tx *transaction, id string) error {
	var digest string
	err := tx.QueryRowContext(ctx, `SELECT digest FROM notices WHERE delivery_id = $1`, text(id)).Scan(&digest)
	if isNone(err) {
		return nil // a mail
	}
	if err != nil {
		return fmt.Errorf("read notice: %w", err)
	}
	again := make(map[string]quotaCounts)
	if err := s.changeReservation(ctx, tx, digest, 0, 1, again); err != nil {
		return err
	}
	return s.addReservations(ctx, tx, again)
}

// copyNotice gives a replayed call what the log says of the first one. Its id does
// not tell when the message was sent.
func (s *Store) copyNotice(ctx context.Context, tx *transaction, from, to string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO notices (delivery_id, app, digest, conversation, uid, first, last, message_id, message_type,
			category, sender, sent_at, refs, day, reserved, apart, evidence)
		SELECT $2, app, $2, conversation, uid, first, last, message_id, message_type, category, sender, sent_at, refs, day, 0, CAST($3 AS BIGINT), evidence
		FROM notices WHERE delivery_id = $1`, text(from), to, len(lags()))
	if err != nil {
		return fmt.Errorf("copy notice: %w", err)
	}
	return nil
}
