package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/postrider/postrider/internal/chat"
)

// reading is somebody who has read a conversation.
type reading struct {
	happened
	chat.Read
}

type marking []reading

// clocksApart is how far the chat's clock may be ahead of ours: nobody has read
// what is sent later than that.
const clocksApart = 5 * time.Minute

type markKey struct {
	uid          string
	conversation chat.Conversation
}

// run implements step: it raises marks, never lowers them, so that receipts
// may come twice and in any order.
func (m marking) run(ctx context.Context, s *Store, tx *transaction) (int, error) {
	app := m[0].App
	known, err := s.sentAt(ctx, tx, app, m)
	if err != nil {
		return 0, err
	}
	marks := make(map[markKey]chat.Mark, len(m))
	for _, r := range m {
		switch latest := r.Recording.At.Add(clocksApart); {
		case r.Read.At.IsZero():
			r.Read.At = r.Recording.At
		case r.Read.At.After(latest):
			r.Read.At = latest
		}
		mark := chat.MarkUpTo(r.Read.At)
		switch sent, ok := known[r.MessageID]; {
		case r.MessageID == "":
			if mark, err = s.readAll(ctx, tx, app, &r.Read); err != nil {
				return 0, err
			}
		case ok && sent.conversation == r.Conversation:
			mark = chat.MarkAt(sent.at, r.MessageID)
		}
		key := markKey{r.Reader, r.Conversation}
		if compareMarks(mark, marks[key]) > 0 {
			marks[key] = mark
		}
	}
	return len(marks), s.raise(ctx, tx, app, marks)
}

func compareMarks(a, b chat.Mark) int {
	return cmp.Or(a.SentAt.Compare(b.SentAt), cmp.Compare(a.Key, b.Key))
}

type sent struct {
	conversation chat.Conversation
	at           time.Time
}

// sentAt looks up the messages of receipts.
func (s *Store) sentAt(ctx context.Context, tx *transaction, app string, m marking) (map[string]sent, error) {
	ids := make([]string, 0, len(m))
	for _, r := range m {
		if r.MessageID != "" {
			ids = append(ids, text(r.MessageID))
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	known := make(map[string]sent, len(ids))
	err := chunks(len(ids), func(from, to int) error {
		args := []any{text(app)}
		for _, id := range ids[from:to] {
			args = append(args, id)
		}
		return query(ctx, tx, `SELECT id, conversation, sent_at FROM messages WHERE app = $1 AND id IN (`+list(to-from, 2)+`) AND category <> ''`,
			args, func(rows *sql.Rows) error {
				var id string
				var one sent
				var at int64
				if err := rows.Scan(&id, &one.conversation, &at); err != nil {
					return err
				}
				one.at = fromMillis(at)
				known[id] = one
				return nil
			})
	})
	if err != nil {
		return nil, fmt.Errorf("look up the messages of receipts: %w", err)
	}
	return known, nil
}

// readAll is the mark of somebody who has read all that there is. The present
// second is not over, so that of it only the messages that are there count.
func (s *Store) readAll(ctx context.Context, tx *transaction, app string, r *chat.Read) (chat.Mark, error) {
	mark := chat.MarkUpTo(r.At.Add(-time.Second))
	var at int64
	var id string
	err := tx.QueryRowContext(ctx, `SELECT sent_at, id FROM messages WHERE app = $1 AND conversation = $2 AND number > 0
		ORDER BY number DESC LIMIT 1`, text(app), text(string(r.Conversation))).Scan(&at, &id)
	switch {
	case isNone(err):
		return mark, nil
	case err != nil:
		return mark, fmt.Errorf("look up the last message: %w", err)
	}
	if newest := chat.MarkAt(fromMillis(at), id); compareMarks(newest, mark) > 0 {
		return newest, nil
	}
	return mark, nil
}

func (s *Store) raise(ctx context.Context, tx *transaction, app string, marks map[markKey]chat.Mark) error {
	keys := make([]markKey, 0, len(marks))
	for key := range marks {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b markKey) int {
		return cmp.Or(cmp.Compare(a.uid, b.uid), cmp.Compare(a.conversation, b.conversation))
	})
	err := chunks(len(keys), func(from, to int) error {
		args := make([]any, 0, 5*(to-from))
		for _, key := range keys[from:to] {
			mark := marks[key]
			args = append(args, text(app), text(key.uid), text(string(key.conversation)), millis(mark.SentAt), text(mark.Key))
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO marks (app, uid, conversation, sent_at, key) VALUES `+tuples(to-from, 5, 1)+`
			ON CONFLICT (app, uid, conversation) DO UPDATE SET sent_at = excluded.sent_at, key = excluded.key
			WHERE (excluded.sent_at, excluded.key) > (marks.sent_at, marks.key)`, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("raise read marks: %w", err)
	}
	return nil
}

// unread lowers a mark to a message. It opens no window (S27).
func (s *Store) unread(ctx context.Context, tx *transaction, app string, u chat.Unread) error {
	_, err := tx.ExecContext(ctx, `UPDATE marks SET sent_at = m.sent_at, key = $5
		FROM (SELECT sent_at FROM messages WHERE app = $1 AND id = $4 AND conversation = $3 AND category <> '') AS m
		WHERE marks.app = $1 AND marks.uid = $2 AND marks.conversation = $3 AND (marks.sent_at, marks.key) > (m.sent_at, $5)`,
		text(app), text(u.Reader), text(string(u.Conversation)), text(u.MessageID), chat.MessageKey(text(u.MessageID)))
	if err != nil {
		return fmt.Errorf("lower read mark: %w", err)
	}
	return nil
}

// isNone reports that a statement for one row found none.
func isNone(err error) bool { return errors.Is(err, sql.ErrNoRows) }
