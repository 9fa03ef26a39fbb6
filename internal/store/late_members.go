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

// lateNews returns the new members who joined before messages were sent that
// are there already, and the number of the last one from before they joined.
// since is the number of the conversation's last message.
func (s *Store) lateNews(ctx context.Context, tx *transaction, h happened, guid string, members []chat.Member, since int64) (map[string]int64, error) {
	late := make(map[string]int64)
	var uids []string
	joined := make(map[string]time.Time)
	for i := range members {
		m := &members[i]
		if since > 0 && m.State == chat.MemberIn && !m.JoinedAt.IsZero() && m.JoinedAt.Before(h.At.Add(-time.Second)) {
			uids = append(uids, text(m.UID))
			joined[m.UID] = m.JoinedAt
		}
	}
	err := eachIn(tx, []any{text(h.App), text(guid)}, uids, func(in string, args []any) error {
		return query(ctx, tx, `SELECT uid FROM members WHERE app = $1 AND guid = $2 AND state = 'in' AND uid `+in, args, func(rows *sql.Rows) error {
			var uid string
			if err := rows.Scan(&uid); err != nil {
				return err
			}
			delete(joined, uid)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	lastBefore := make(map[time.Time]int64) // people join together, nearly always
	for uid, at := range joined {
		number, ok := lastBefore[at]
		if !ok {
			err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(number), 0) FROM messages WHERE app = $1 AND conversation = $2 AND number > 0 AND sent_at < $3`,
				text(h.App), text(string(chat.InGroup(guid))), millis(at)).Scan(&number)
			if err != nil {
				return nil, err
			}
			lastBefore[at] = number
		}
		if number < since {
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
	rows := newRelation(len(late), "TEXT", "TEXT", "TEXT", "BIGINT", "BIGINT", "BIGINT")
	for _, uid := range slices.Sorted(maps.Keys(late)) {
		rows.add(text(h.App), text(uid), text(string(conversation)), late[uid], millis(h.At), millis(h.At.Add(h.Wait)))
	}
	err := rows.eachInsert(tx, func(table string, args []any) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO windows (app, uid, conversation, after, opened_at, due_at) `+table+`
			ON CONFLICT (app, uid, conversation) DO NOTHING`, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("open windows of new members: %w", err)
	}
	return nil
}
