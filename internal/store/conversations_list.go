package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
)

// messageKey is [chat.MessageKey] of the message m. Of decimal ids it leaves
// the digits to compare by their number first.
const messageKey = `CASE WHEN m.id <> '' AND ltrim(m.id, '0123456789') = '' THEN
		CAST(CASE WHEN length(ltrim(m.id, '0')) > 99 THEN 9 ELSE length(ltrim(m.id, '0')) / 10 END AS TEXT)
		|| CAST(length(ltrim(m.id, '0')) % 10 AS TEXT) || ltrim(m.id, '0')
	ELSE m.id END`

// shownMessage says that the message m of the entry e is there for its person:
// not sent before they came, nor while one of the two wanted to hear nothing of
// the other.
const shownMessage = `m.app = $1 AND m.conversation = e.id AND m.number > e.since AND (m.sent_at = 0 OR m.sent_at >= e.joined) AND m.state = 'visible'
	AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.app = $1 AND e.kind = 'user'
		AND ((b.uid = e.uid AND b.blocked = m.sender) OR (b.uid = m.sender AND b.blocked = e.uid))
		AND m.arrived_at >= b.blocked_at AND (b.unblocked_at = 0 OR m.arrived_at < b.unblocked_at))`

// unreadMessage says that the message m is one of others that the person of the
// entry e has not read.
const unreadMessage = shownMessage + ` AND m.sender <> e.uid
	AND (k.sent_at IS NULL OR m.sent_at > k.sent_at OR (m.sent_at = k.sent_at AND ` + messageKey + ` > k.key))`

// entries is a SELECT of conversations as their people see them: one row for
// each person. $1 is the app; narrow is a condition for each part of it.
func (s *Store) entries(narrow func(kind chat.ReceiverType, uid, conversation string) string) string {
	d := s.dialect
	one := func(uid, partner, index string) string {
		return `SELECT ` + uid + ` AS uid, c.id AS id, 'user' AS kind, ` + partner + ` AS partner, 0 AS since, 0 AS joined, c.created_at AS created_at, c.updated_at AS updated_at
			FROM conversations c` + index + ` WHERE c.app = $1 AND substr(c.id, 1, 2) = 'u:' AND c.last > 0` + narrow(chat.ReceiverUser, uid, "c.id")
	}
	return strings.Join([]string{
		`SELECT v.uid AS uid, c.id AS id, 'group' AS kind, v.guid AS partner, v.since AS since, CASE WHEN v.told_at > 0 THEN v.joined_at / 1000 * 1000 ELSE 0 END AS joined, c.created_at AS created_at, c.updated_at AS updated_at
			FROM members v` + d.by("members_groups") + ` JOIN conversations c ON c.app = v.app AND c.id = 'g:' || v.guid
			WHERE v.app = $1 AND v.state = 'in' AND c.last > 0` + narrow(chat.ReceiverGroup, "v.uid", "c.id"),
		one(d.smaller, d.larger, ""),
		one(d.larger, d.smaller, d.by("conversations_larger")) + ` AND ` + d.larger + ` <> ` + d.smaller,
	}, "\nUNION ALL ")
}

// ListConversations implements [directory.Store].
func (s *Store) ListConversations(ctx context.Context, app string, q *directory.ConversationQuery) (directory.Listed[directory.Conversation], error) {
	var c filter
	c.bind(text(app)) // $1
	narrow := func(chat.ReceiverType, string, string) string { return "" }
	if q.UID != "" {
		// The smaller of two ids is the begin of the conversation's, which the
		// primary key finds; the larger is found by an index of its own.
		uid := c.bind(text(q.UID))
		prefix := "u:" + text(q.UID)
		least, most := c.bind(prefix+"\x1f"), c.bind(prefix+"\x20")
		narrow = func(kind chat.ReceiverType, column, conversation string) string {
			if kind == chat.ReceiverUser && column == s.dialect.smaller {
				return " AND " + conversation + " >= " + least + " AND " + conversation + " < " + most
			}
			return " AND " + column + " = " + uid
		}
	}
	if q.Type != "" {
		c.and("e.kind = " + c.bind(string(q.Type)))
	}
	if q.Unread {
		c.and("EXISTS (SELECT 1 FROM messages m WHERE " + unreadMessage + ")")
	}
	if q.Search != "" {
		c.begins(q.Search, "COALESCE(u.name, g.name, '')", "e.partner")
	}
	either := filter{args: c.args}
	either.tagged(s.dialect, "u.tags", q.UserTags)
	either.tagged(s.dialect, "g.tags", q.GroupTags)
	c.args = either.args
	if len(either.where) > 0 {
		c.and("(" + strings.Join(either.where, " OR ") + ")")
	}
	return s.conversations(ctx, &c, narrow, q.UID == "", q.Page)
}

// ConversationWith implements [directory.Store].
func (s *Store) ConversationWith(ctx context.Context, app, uid string, conversation chat.Conversation) (directory.Conversation, error) {
	var c filter
	c.bind(text(app)) // $1
	who, id := c.bind(text(uid)), c.bind(text(string(conversation)))
	listed, err := s.conversations(ctx, &c, func(_ chat.ReceiverType, column, conversation string) string {
		return " AND " + conversation + " = " + id + " AND " + column + " = " + who
	}, false, directory.Page{Limit: 1})
	switch {
	case err != nil:
		return directory.Conversation{}, err
	case len(listed.Items) == 0:
		return directory.Conversation{}, fmt.Errorf("read conversation: %w", directory.ErrNone)
	}
	return listed.Items[0], nil
}

func (s *Store) conversations(
	ctx context.Context, c *filter, narrow func(kind chat.ReceiverType, uid, conversation string) string, everybodys bool, page directory.Page,
) (directory.Listed[directory.Conversation], error) {
	from := `(` + s.entries(narrow) + `) AS e
		LEFT JOIN marks k ON k.app = $1 AND k.uid = e.uid AND k.conversation = e.id
		LEFT JOIN users u ON e.kind = 'user' AND u.app = $1 AND u.uid = e.partner
		LEFT JOIN chat_groups g ON e.kind = 'group' AND g.app = $1 AND g.guid = e.partner
		LEFT JOIN members v ON e.kind = 'group' AND v.app = $1 AND v.guid = e.partner AND v.uid = e.uid`
	if len(c.where) == 0 {
		c.and("1 = 1")
	}
	listed := directory.Listed[directory.Conversation]{}
	if err := s.totals(ctx, from, "e.updated_at", c, &listed.Total, &listed.Changed); err != nil {
		return listed, fmt.Errorf("count conversations: %w", err)
	}
	order := "e.updated_at DESC, e.partner"
	if everybodys {
		order = "e.uid, " + order
	}
	limit, offset := c.bind(page.Limit), c.bind(page.Offset)
	err := query(ctx, s.read, `SELECT e.uid, e.id, e.kind, e.partner, e.created_at, e.updated_at,
			(SELECT COUNT(*) FROM messages m WHERE `+unreadMessage+`),
			(SELECT m.body FROM messages m WHERE `+shownMessage+` ORDER BY m.number DESC LIMIT 1), `+userColumns+`, `+groupColumns+`
		FROM `+from+` WHERE `+c.String()+` ORDER BY `+order+` LIMIT `+limit+` OFFSET `+offset, c.args, func(rows *sql.Rows) error {
		conversation, err := scanConversation(rows)
		listed.Items = append(listed.Items, conversation)
		return err
	})
	if err != nil {
		return listed, fmt.Errorf("list conversations: %w", err)
	}
	return listed, nil
}

func scanConversation(rows *sql.Rows) (directory.Conversation, error) {
	var c directory.Conversation
	var kind chat.ReceiverType
	var partner string
	var created, updated int64
	var last []byte
	var u userRow
	var g groupRow
	dest := append([]any{&c.UID, &c.ID, &kind, &partner, &created, &updated, &c.Unread, &last}, u.dest()...)
	if err := rows.Scan(append(dest, g.dest()...)...); err != nil {
		return c, err
	}
	c.CreatedAt, c.UpdatedAt = fromMillis(created), fromMillis(updated)
	if len(last) > 0 {
		c.Last = json.RawMessage(last)
	}
	if kind == chat.ReceiverGroup {
		group, err := g.get(partner)
		c.Group = &group
		return c, err
	}
	user, err := u.get(partner)
	c.User = &user
	return c, err
}
