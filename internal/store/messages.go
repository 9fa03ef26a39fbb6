package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/postrider/postrider/internal/chat"
)

// arriving is a message that was sent, or that moderation let through.
type arriving struct {
	happened
	chat.Message
}

type messages []arriving

// steps stores the messages of each group by themselves, because each may open
// many windows, and all others together. In the order of their conversations,
// so that two processes do not deadlock.
func (m messages) steps() []step {
	groups := make(map[chat.Conversation]messages)
	var others messages
	for _, a := range m {
		if a.Conversation.Type() == chat.ReceiverGroup {
			groups[a.Conversation] = append(groups[a.Conversation], a)
		} else {
			others = append(others, a)
		}
	}
	steps := make([]step, 0, len(groups)+1)
	for _, conversation := range slices.Sorted(maps.Keys(groups)) {
		steps = append(steps, groups[conversation])
	}
	if len(others) > 0 {
		steps = append(steps, others)
	}
	return steps
}

// run implements step. All messages are of one app, and of one group if they
// are of any.
func (m messages) run(ctx context.Context, s *Store, tx *transaction) (int, error) {
	m = m.unique()
	if err := s.number(ctx, tx, m); err != nil {
		return 0, err
	}
	stored, err := s.insertMessages(ctx, tx, m)
	if err != nil {
		return 0, err
	}
	visible := slices.DeleteFunc(stored, func(a arriving) bool { return a.Number == 0 })
	windows, err := s.openWindows(ctx, tx, visible)
	return len(m) + windows, err
}

// unique leaves the first of messages that came twice.
func (m messages) unique() messages {
	seen := make(map[string]bool, len(m))
	return slices.DeleteFunc(slices.Clone(m), func(a arriving) bool {
		twice := seen[a.ID]
		seen[a.ID] = true
		return twice
	})
}

// number gives visible messages the next numbers of their conversations, and
// locks those. A number whose message turns out to be stored already stays
// unused.
func (s *Store) number(ctx context.Context, tx *transaction, m messages) error {
	if len(m) == 0 {
		return nil
	}
	counts := make(map[chat.Conversation]int64)
	for i := range m {
		if m[i].State == chat.StateVisible {
			counts[m[i].Conversation]++
		}
	}
	conversations := slices.Sorted(maps.Keys(counts))
	last := make(map[chat.Conversation]int64, len(counts))
	at := millis(m[0].At)
	rows := newRelation(len(conversations), "TEXT", "TEXT", "BIGINT", "BIGINT", "BIGINT")
	for _, c := range conversations {
		rows.add(text(m[0].App), text(string(c)), counts[c], at, at)
	}
	err := rows.each(tx, nil, func(table string, args []any) error {
		return query(ctx, tx, `INSERT INTO conversations (app, id, last, created_at, updated_at) `+table+`
			ON CONFLICT (app, id) DO UPDATE SET last = conversations.last + excluded.last, updated_at = excluded.updated_at
			RETURNING id, last`, args, func(rows *sql.Rows) error {
			var id string
			var n int64
			if err := rows.Scan(&id, &n); err != nil {
				return err
			}
			last[chat.Conversation(id)] = n
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("number messages: %w", err)
	}
	for i := range m {
		if m[i].State == chat.StateVisible {
			c := m[i].Conversation
			counts[c]--
			m[i].Number = last[chat.Conversation(text(string(c)))] - counts[c]
		}
	}
	return nil
}

// insertMessages stores messages and returns those that are new.
func (s *Store) insertMessages(ctx context.Context, tx *transaction, m messages) (messages, error) {
	fresh := make(map[string]bool, len(m))
	rows := newRelation(len(m), "TEXT", "TEXT", "TEXT", "BIGINT", "TEXT", "TEXT", "TEXT", "TEXT", "TEXT", "TEXT", "BIGINT", "BIGINT", "BYTEA")
	for i := range m {
		a := &m[i]
		rows.add(text(a.App), text(a.ID), text(string(a.Conversation)), a.Number, text(a.Sender), text(string(a.Category)), text(a.Type),
			string(a.Kind()), text(joinMentions(&a.Message)), string(a.State), millis(a.SentAt), millis(a.At), notNull(a.Body))
	}
	err := rows.each(tx, nil, func(table string, args []any) error {
		return query(ctx, tx, `INSERT INTO messages (app, id, conversation, number, sender, category, type, kind, mentions, state, sent_at, arrived_at, body)
			`+table+` ON CONFLICT (app, id) DO NOTHING RETURNING id`, args, func(rows *sql.Rows) error {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			fresh[id] = true
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("store messages: %w", err)
	}
	stored := make(messages, 0, len(m))
	for i := range m {
		if fresh[text(m[i].ID)] {
			stored = append(stored, m[i])
			continue
		}
		completed, err := s.completeMessage(ctx, tx, &m[i])
		if err != nil {
			return nil, err
		}
		if completed {
			stored = append(stored, m[i])
		}
	}
	return stored, nil
}

// completeMessage stores a message of which something was known before it
// came: that it was edited, or deleted. It is false for one that was stored
// before.
func (s *Store) completeMessage(ctx context.Context, tx *transaction, a *arriving) (bool, error) {
	result, err := tx.ExecContext(ctx, `UPDATE messages SET conversation = $3, number = $4, sender = $5, category = $6, type = $7, kind = $8,
			mentions = CASE WHEN edited_at > 0 THEN mentions ELSE $9 END,
			state = CASE WHEN state = 'deleted' THEN state ELSE $10 END, sent_at = $11, arrived_at = $12,
			body = CASE WHEN edited_at > 0 OR state = 'deleted' THEN body ELSE $13 END
		WHERE app = $1 AND id = $2 AND category = ''`,
		text(a.App), text(a.ID), text(string(a.Conversation)), a.Number, text(a.Sender), text(string(a.Category)), text(a.Type),
		string(a.Kind()), text(joinMentions(&a.Message)), string(a.State), millis(a.SentAt), millis(a.At), notNull(a.Body))
	if err != nil {
		return false, fmt.Errorf("complete message: %w", err)
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// early is what is known of a message before it comes: a row without a
// category.
func (s *Store) early(ctx context.Context, tx *transaction, h happened, m *chat.Message) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO messages
			(app, id, conversation, number, sender, category, type, kind, mentions, state, sent_at, edited_at, arrived_at, body)
		VALUES ($1, $2, $3, 0, '', '', '', '', $4, $5, 0, $6, $7, $8) ON CONFLICT (app, id) DO NOTHING`,
		text(h.App), text(m.ID), text(string(m.Conversation)), text(joinMentions(m)), string(m.State), millis(m.EditedAt), millis(h.At), notNull(m.Body))
	if err != nil {
		return fmt.Errorf("keep what comes before its message: %w", err)
	}
	return nil
}

// editMessage puts the latest text in place of the stored one. Some events
// carry no text: then it stays.
func (s *Store) editMessage(ctx context.Context, tx *transaction, h happened, m *chat.Message) error {
	edited := m.EditedAt
	if edited.IsZero() {
		edited = h.At
	}
	var known int
	err := tx.QueryRowContext(ctx, `UPDATE messages SET
			body = CASE WHEN edited_at <= $3 AND state <> 'deleted' AND CAST($6 AS BIGINT) > 0 THEN $4 ELSE body END,
			mentions = CASE WHEN edited_at <= $3 THEN $5 ELSE mentions END,
			edited_at = CASE WHEN edited_at <= $3 THEN $3 ELSE edited_at END
		WHERE app = $1 AND id = $2 RETURNING 1`,
		text(h.App), text(m.ID), millis(edited), notNull(m.Body), text(joinMentions(m)), len(m.Body)).Scan(&known)
	switch {
	case isNone(err):
		early := *m
		early.EditedAt, early.State = edited, chat.StateVisible
		return s.early(ctx, tx, h, &early)
	case err != nil:
		return fmt.Errorf("edit message: %w", err)
	}
	return nil
}

// deleteMessage forgets what a message said.
func (s *Store) deleteMessage(ctx context.Context, tx *transaction, h happened, d chat.MessageDeleted) error {
	var known int
	err := tx.QueryRowContext(ctx, `UPDATE messages SET state = 'deleted', body = $3 WHERE app = $1 AND id = $2 RETURNING 1`,
		text(h.App), text(d.ID), []byte{}).Scan(&known)
	switch {
	case isNone(err):
		return s.early(ctx, tx, h, &chat.Message{ID: d.ID, Conversation: d.Conversation, State: chat.StateDeleted})
	case err != nil:
		return fmt.Errorf("delete message: %w", err)
	}
	return nil
}

// moderate carries out a verdict of moderation. Approval counts as arrival
// (S30): the message takes a number, and opens windows.
func (s *Store) moderate(ctx context.Context, tx *transaction, h happened, m chat.Message) (int, error) {
	if m.State == chat.StateDisapproved {
		result, err := tx.ExecContext(ctx, `UPDATE messages SET state = 'disapproved'
			WHERE app = $1 AND id = $2 AND category <> '' AND state <> 'deleted'`, text(h.App), text(m.ID))
		if err != nil {
			return 0, fmt.Errorf("disapprove message: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 1 {
			return 1, err
		}
		return messages{{h, m}}.run(ctx, s, tx)
	}
	var state chat.MessageState
	err := tx.QueryRowContext(ctx, `SELECT state FROM messages WHERE app = $1 AND id = $2 AND category <> ''`, text(h.App), text(m.ID)).Scan(&state)
	switch {
	case isNone(err):
		return messages{{h, m}}.run(ctx, s, tx)
	case err != nil:
		return 0, fmt.Errorf("read message: %w", err)
	case state != chat.StateHeld && state != chat.StateDisapproved:
		return 1, nil
	}
	approved := messages{{h, m}}
	if err := s.number(ctx, tx, approved); err != nil {
		return 0, err
	}
	// Asked again: another process may have approved it meanwhile.
	result, err := tx.ExecContext(ctx, `UPDATE messages SET state = 'visible', number = $3, arrived_at = $4
		WHERE app = $1 AND id = $2 AND state IN ('held', 'disapproved')`, text(h.App), text(m.ID), approved[0].Number, millis(h.At))
	if err != nil {
		return 0, fmt.Errorf("approve message: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return 1, err
	}
	windows, err := s.openWindows(ctx, tx, approved)
	return 1 + windows, err
}

// Mentions are kept in one text: ids between separators that no id has, and a
// star for everybody.
const (
	mentionSeparator = "\x1f"
	mentionAll       = "\x1e"
)

func joinMentions(m *chat.Message) string {
	if len(m.Mentions) == 0 && !m.MentionsAll {
		return ""
	}
	all := slices.Clone(m.Mentions)
	if m.MentionsAll {
		all = append(all, mentionAll)
	}
	return strings.Join(all, mentionSeparator)
}

func splitMentions(s string) (uids []string, all bool) {
	if s == "" {
		return nil, false
	}
	uids = strings.Split(s, mentionSeparator)
	rest := slices.DeleteFunc(uids, func(uid string) bool { return uid == mentionAll })
	return rest, len(rest) < len(uids)
}
