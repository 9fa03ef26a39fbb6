package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/postrider/postrider/internal/chat"
)

// openWindows opens the windows of those who may miss messages, and returns
// how many it tried. Messages are of one app, in the order of their numbers
// within each conversation.
func (s *Store) openWindows(ctx context.Context, tx *transaction, m messages) (int, error) {
	if len(m) == 0 {
		return 0, nil
	}
	if err := s.mentionsSooner(ctx, tx, m); err != nil {
		return 0, err
	}
	if guid, ok := m[0].Conversation.Group(); ok {
		return s.openGroup(ctx, tx, guid, m)
	}
	return s.openOneOnOne(ctx, tx, m)
}

type windowKey struct {
	uid          string
	conversation chat.Conversation
}

func (s *Store) openOneOnOne(ctx context.Context, tx *transaction, m messages) (int, error) {
	first := make(map[windowKey]*arriving, len(m))
	keys := make([]windowKey, 0, len(m))
	for i := range m {
		key := windowKey{m[i].Conversation.Partner(m[i].Sender), m[i].Conversation}
		if key.uid == m[i].Sender { // a note to oneself
			continue
		}
		if before, ok := first[key]; !ok {
			keys = append(keys, key)
			first[key] = &m[i]
		} else if m[i].Number < before.Number {
			first[key] = &m[i]
		}
	}
	slices.SortFunc(keys, func(a, b windowKey) int {
		return cmp.Or(cmp.Compare(a.uid, b.uid), cmp.Compare(a.conversation, b.conversation))
	})
	waits, err := s.ownWaits(ctx, tx, m[0].App, keys)
	if err != nil {
		return 0, err
	}
	rows := newRelation(len(keys), "TEXT", "TEXT", "TEXT", "BIGINT", "BIGINT", "BIGINT")
	for _, key := range keys {
		a := first[key]
		wait := a.Wait
		if own, ok := waits[key.uid]; ok && !a.SameWait {
			wait = faster(own, a.Speed)
		}
		rows.add(text(a.App), text(key.uid), text(string(key.conversation)), a.Number-1, millis(a.At), millis(a.At.Add(wait)))
	}
	err = rows.each(tx, nil, func(table string, args []any) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO windows (app, uid, conversation, after, opened_at, due_at) `+table+`
			ON CONFLICT (app, uid, conversation) DO NOTHING`, args...)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("open windows: %w", err)
	}
	return len(keys), nil
}

// faster divides a wait by the engine's speed.
func faster(wait time.Duration, speed float64) time.Duration {
	if speed <= 0 {
		return wait
	}
	return time.Duration(float64(wait) / speed)
}

// ownWaits returns the waits of those who have set one for themselves.
func (s *Store) ownWaits(ctx context.Context, tx *transaction, app string, keys []windowKey) (map[string]time.Duration, error) {
	waits := make(map[string]time.Duration)
	uids := make([]string, len(keys))
	for i, key := range keys {
		uids[i] = text(key.uid)
	}
	err := eachIn(tx, []any{text(app)}, uids, func(in string, args []any) error {
		return query(ctx, tx, `SELECT uid, interval_ms FROM preferences WHERE app = $1 AND interval_ms > 0 AND uid `+in, args,
			func(rows *sql.Rows) error {
				var uid string
				var ms int64
				if err := rows.Scan(&uid, &ms); err != nil {
					return err
				}
				waits[uid] = time.Duration(ms) * time.Millisecond
				return nil
			})
	})
	if err != nil {
		return nil, fmt.Errorf("look up waits: %w", err)
	}
	return waits, nil
}

// fanoutChunk is how many members' windows are opened at one time.
const fanoutChunk = 1000

// openGroup opens the windows of a group's members. In a large group only
// those of the first members: the others follow one by one from a row that
// says how far it has come (see FanOut). Messages take their turn: while an
// earlier one is not done, a later one opens nothing, or somebody's window
// would leave the earlier one out.
func (s *Store) openGroup(ctx context.Context, tx *transaction, guid string, m messages) (int, error) {
	conversation := m[0].Conversation
	var waiting int64
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM fanouts WHERE app = $1 AND conversation = $2`,
		text(m[0].App), text(string(conversation))).Scan(&waiting)
	if err != nil {
		return 0, fmt.Errorf("look for fan-outs: %w", err)
	}
	opened := 0
	// Once one message has opened everybody's window but its sender's, a later
	// one by somebody else adds only that.
	left := make(map[string]bool)
	for i := range m {
		a := &m[i]
		turn := fanout{
			app: a.App, conversation: conversation, guid: guid, number: a.Number, sender: a.Sender,
			openedAt: millis(a.At), wait: a.Wait.Milliseconds(), speed: a.ownSpeed(),
		}
		switch {
		case waiting > 0:
			if err := s.addFanout(ctx, tx, &turn); err != nil {
				return 0, err
			}
			opened++
			continue
		case i == 0:
			more, n, err := s.openMembers(ctx, tx, &turn)
			if err != nil {
				return 0, err
			}
			opened += n
			if more {
				if err := s.addFanout(ctx, tx, &turn); err != nil {
					return 0, err
				}
				waiting++
			}
		default:
			for _, uid := range slices.Sorted(maps.Keys(left)) {
				if uid == a.Sender {
					continue
				}
				only := turn
				only.only = uid
				_, n, err := s.openMembers(ctx, tx, &only)
				if err != nil {
					return 0, err
				}
				opened += n
				delete(left, uid)
			}
		}
		if i == 0 {
			left[a.Sender] = true
		}
	}
	return opened, nil
}

// fanout is a message on its way to the windows of a group's members.
type fanout struct {
	app          string
	conversation chat.Conversation
	guid         string
	number       int64
	sender       string
	cursor       string // up to which member windows are open
	only         string // the one member it is about, or everybody
	openedAt     int64
	wait         int64   // milliseconds
	speed        float64 // 0: waits of people's own do not count
}

// ownSpeed is the speed as a fan-out keeps it.
func (a *arriving) ownSpeed() float64 {
	switch {
	case a.SameWait:
		return 0
	case a.Speed <= 0:
		return 1
	default:
		return a.Speed
	}
}

// openMembers opens the windows of the next members after the cursor, and
// moves it. more reports that there are members left.
func (s *Store) openMembers(ctx context.Context, tx *transaction, f *fanout) (more bool, n int, err error) {
	const everybody = "\U0010FFFF"
	upTo := everybody
	if f.only != "" {
		upTo = f.only
	} else {
		err := tx.QueryRowContext(ctx, `SELECT uid FROM members WHERE app = $1 AND guid = $2 AND uid > $3 AND state = 'in'
			ORDER BY uid LIMIT 1 OFFSET $4`, text(f.app), text(f.guid), text(f.cursor), fanoutChunk-1).Scan(&upTo)
		switch {
		case isNone(err):
			upTo = everybody
		case err != nil:
			return false, 0, fmt.Errorf("count members: %w", err)
		default:
			more = true
		}
	}
	only := ""
	args := []any{
		text(f.app), text(f.guid), text(string(f.conversation)), f.number - 1, f.openedAt, f.wait, f.speed,
		text(f.cursor), text(upTo), text(f.sender),
	}
	if f.only != "" {
		only = ` AND m.uid = $9`
	}
	result, err := tx.ExecContext(ctx, `INSERT INTO windows (app, uid, conversation, after, opened_at, due_at)
		SELECT m.app, m.uid, $3, CAST($4 AS BIGINT), CAST($5 AS BIGINT), CAST($5 AS BIGINT) + `+waitOf("$6", "$7")+`
		FROM members m LEFT JOIN preferences p ON p.app = m.app AND p.uid = m.uid
		WHERE m.app = $1 AND m.guid = $2 AND m.uid > $8 AND m.uid <= $9 AND m.state = 'in' AND m.uid <> $10`+only+`
		ORDER BY m.uid
		ON CONFLICT (app, uid, conversation) DO NOTHING`, args...)
	if err != nil {
		return false, 0, fmt.Errorf("open windows of members: %w", err)
	}
	f.cursor = upTo
	opened, err := result.RowsAffected()
	return more, int(opened), err
}

// waitOf is the wait of who has the preferences p: their own at a speed, unless
// that is 0, or the one that everybody has.
func waitOf(wait, speed string) string {
	speed = "CAST(" + speed + " AS DOUBLE PRECISION)"
	return "CASE WHEN p.interval_ms > 0 AND " + speed + " > 0 THEN CAST(p.interval_ms / " + speed + " AS BIGINT) ELSE CAST(" + wait + " AS BIGINT) END"
}

func (s *Store) addFanout(ctx context.Context, tx *transaction, f *fanout) error {
	// The speed is worked into the wait of those who have none of their own;
	// theirs is divided when their turn comes.
	_, err := tx.ExecContext(ctx, `INSERT INTO fanouts (app, conversation, number, sender, cursor, opened_at, due_in, speed)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		text(f.app), text(string(f.conversation)), f.number, text(f.sender), text(f.cursor), f.openedAt, f.wait, f.speed)
	if err != nil {
		return fmt.Errorf("keep fan-out: %w", err)
	}
	return nil
}

// FanOut implements [engine.Store]: it takes the oldest fan-outs one chunk
// further each.
func (s *Store) FanOut(ctx context.Context, app string) (more bool, err error) {
	var waiting int
	if err := s.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM fanouts WHERE app = $1 LIMIT 1) AS first`, text(app)).Scan(&waiting); err != nil {
		return false, fmt.Errorf("look for fan-outs: %w", err)
	}
	if waiting == 0 {
		return false, nil
	}
	err = s.inBackground(ctx, func(tx *transaction) error {
		var f fanout
		// Whoever stores a message of the conversation looks for fan-outs
		// under the lock of its row, so that has to be taken first.
		err := tx.QueryRowContext(ctx, `SELECT conversation FROM fanouts WHERE app = $1 ORDER BY opened_at, conversation, number LIMIT 1`+s.dialect.skipLocked,
			text(app)).Scan(&f.conversation)
		if isNone(err) {
			more = false
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := s.lockConversations(ctx, tx, app, []chat.Conversation{f.conversation}); err != nil {
			return err
		}
		f.app = app
		f.guid, _ = f.conversation.Group()
		err = tx.QueryRowContext(ctx, `SELECT number, sender, cursor, opened_at, due_in, speed FROM fanouts WHERE app = $1 AND conversation = $2
			ORDER BY number LIMIT 1`, text(app), text(string(f.conversation))).
			Scan(&f.number, &f.sender, &f.cursor, &f.openedAt, &f.wait, &f.speed)
		if isNone(err) {
			more = true
			return nil
		}
		if err != nil {
			return err
		}
		unfinished, _, err := s.openMembers(ctx, tx, &f)
		if err != nil {
			return err
		}
		more = true
		if unfinished {
			_, err = tx.ExecContext(ctx, `UPDATE fanouts SET cursor = $4 WHERE app = $1 AND conversation = $2 AND number = $3`,
				text(app), text(string(f.conversation)), f.number, text(f.cursor))
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM fanouts WHERE app = $1 AND conversation = $2 AND number = $3`,
			text(app), text(string(f.conversation)), f.number)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("fan out: %w", err)
	}
	return more, nil
}

// NextWindow implements [engine.Store].
func (s *Store) NextWindow(ctx context.Context, app string) (time.Time, error) {
	var due int64
	err := s.read.QueryRowContext(ctx, `SELECT due_at FROM windows WHERE app = $1 ORDER BY due_at LIMIT 1`, text(app)).Scan(&due)
	switch {
	case isNone(err):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, fmt.Errorf("look for due windows: %w", err)
	}
	return fromMillis(max(due, 1)), nil
}

// lockConversations locks the rows of conversations, in their order, so that
// no message takes a number in them until the transaction ends, and returns the
// numbers of their last messages. Where there is one writer it does nothing.
func (s *Store) lockConversations(ctx context.Context, tx *transaction, app string, conversations []chat.Conversation) (map[chat.Conversation]int64, error) {
	if s.dialect.soleWriter() {
		return nil, nil
	}
	ids := make([]string, len(conversations))
	for i, c := range conversations {
		ids[i] = text(string(c))
	}
	slices.Sort(ids)
	last := make(map[chat.Conversation]int64, len(ids))
	err := query(ctx, tx, `SELECT id, last FROM conversations WHERE app = $1 AND id = ANY($2) ORDER BY id FOR UPDATE`, []any{text(app), ids},
		func(rows *sql.Rows) error {
			var id chat.Conversation
			var n int64
			if err := rows.Scan(&id, &n); err != nil {
				return err
			}
			last[id] = n
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("lock conversations: %w", err)
	}
	return last, nil
}
