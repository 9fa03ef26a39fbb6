package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/postrider/postrider/internal/chat"
)

// Events come in any order: a message may be there before its group's members
// are known. Whoever is known to have been in the group when it was sent has
// missed it all the same.

// ahead is by how much the clock of a chat may be ahead of ours: nothing that was
// sent after a moment arrived before it by more than that. So the look for it
// ends there, at the newest few of a group's messages.
const ahead = 5 * time.Minute

// lateNews returns the new members for whom there are messages already, sent
// after they came, and the number of the last one before the first of these. told
// is when they came, where that is known; created when the group was made.
//
// Times of chats are whole seconds. What was sent in the second in which somebody
// came is taken for earlier, since it also arrived earlier, but not by those with
// whom the group began: there was nothing before.
func (s *Store) lateNews(
	ctx context.Context, tx *transaction, h happened, guid string, members []chat.Member, told map[string]time.Time, created time.Time,
) (map[string]int64, error) {
	joined := make(map[string]time.Time)
	var uids []string
	for i := range members {
		m := &members[i]
		if at := told[m.UID]; m.State == chat.MemberIn && !at.IsZero() {
			uids = append(uids, text(m.UID))
			joined[m.UID] = at
		}
	}
	slices.Sort(uids)
	err := eachIn(tx, []any{text(h.App), text(guid)}, uids, func(in string, args []any) error {
		return query(ctx, tx, `SELECT uid, state, told_at FROM members WHERE app = $1 AND guid = $2 AND uid `+in, args, func(rows *sql.Rows) error {
			var uid string
			var state chat.Membership
			var last int64
			if err := rows.Scan(&uid, &state, &last); err != nil {
				return err
			}
			if state == chat.MemberIn || last > millis(joined[uid]) {
				delete(joined, uid)
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	late := make(map[string]int64)
	before := make(map[time.Time]int64) // people join together, nearly always
	for uid, at := range joined {
		number, ok := before[at]
		if !ok {
			first := millis(at) / 1000 * 1000
			if !at.Equal(created) {
				first++
			}
			err := tx.QueryRowContext(ctx, `SELECT COALESCE(MIN(number), 0) - 1 FROM messages WHERE app = $1 AND conversation = $2 AND sent_at >= $3
				AND number > COALESCE((SELECT number FROM messages WHERE app = $1 AND conversation = $2 AND number > 0 AND arrived_at < $4
					ORDER BY number DESC LIMIT 1), 0)`,
				text(h.App), text(string(chat.InGroup(guid))), first, millis(at.Add(-ahead))).Scan(&number)
			if err != nil {
				return nil, err
			}
			before[at] = number
		}
		if number >= 0 {
			late[uid] = number
		}
	}
	return late, nil
}

// openLate opens the windows of those new members.
func (s *Store) openLate(ctx context.Context, tx *transaction, h happened, conversation chat.Conversation, late map[string]int64) error {
	if len(late) == 0 {
		return nil
	}
	keys := make([]windowKey, 0, len(late))
	for _, uid := range slices.Sorted(maps.Keys(late)) {
		keys = append(keys, windowKey{uid, conversation})
	}
	waits, err := s.ownWaits(ctx, tx, h.App, keys)
	if err != nil {
		return err
	}
	rows := newRelation(len(keys), "TEXT", "TEXT", "TEXT", "BIGINT", "BIGINT", "BIGINT")
	for _, key := range keys {
		wait := h.Wait
		if own, ok := waits[key.uid]; ok && !h.SameWait {
			wait = faster(own, h.Speed)
		}
		rows.add(text(h.App), text(key.uid), text(string(conversation)), late[key.uid], millis(h.At), millis(h.At.Add(wait)))
	}
	err = rows.each(tx, nil, func(table string, args []any) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO windows (app, uid, conversation, after, opened_at, due_at) `+table+`
			ON CONFLICT (app, uid, conversation) DO NOTHING`, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("open windows of new members: %w", err)
	}
	return nil
}
