package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
)

// memberRow receives v.scope, v.state, v.joined_at, v.changed_at.
type memberRow struct {
	member          chat.Member
	joined, changed int64
}

func (r *memberRow) dest() []any {
	return []any{&r.member.Scope, &r.member.State, &r.joined, &r.changed}
}

func (r *memberRow) get(uid string) chat.Member {
	m := r.member
	m.UID, m.Scope, m.JoinedAt = uid, cmp.Or(m.Scope, chat.ScopeParticipant), fromMillis(r.joined)
	if m.State == chat.MemberBanned {
		m.BannedAt = fromMillis(r.changed)
	}
	return m
}

// Memberships implements [directory.Store].
func (s *Store) Memberships(ctx context.Context, app, guid string, uids []string) (map[string]chat.Member, error) {
	members := make(map[string]chat.Member, len(uids))
	err := chunks(len(uids), func(from, to int) error {
		args := []any{text(app), text(guid)}
		for _, uid := range uids[from:to] {
			args = append(args, text(uid))
		}
		return query(ctx, s.read, `SELECT v.uid, v.scope, v.state, v.joined_at, v.changed_at FROM members v
			WHERE v.app = $1 AND v.guid = $2 AND v.uid IN (`+list(to-from, 3)+`)`, args, func(rows *sql.Rows) error {
			var uid string
			var r memberRow
			if err := rows.Scan(append([]any{&uid}, r.dest()...)...); err != nil {
				return err
			}
			members[uid] = r.get(uid)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read members: %w", err)
	}
	return members, nil
}

// ListMembers implements [directory.Store].
func (s *Store) ListMembers(ctx context.Context, app, guid string, q *directory.MemberQuery) (directory.Listed[directory.Member], error) {
	var c filter
	c.and("v.app = " + c.bind(text(app)))
	c.and("v.guid = " + c.bind(text(guid)))
	state := chat.MemberIn
	if q.Banned {
		state = chat.MemberBanned
	}
	c.and("v.state = " + c.bind(string(state)))
	// Events may name somebody who is not in the directory (any more).
	c.and("COALESCE(u.deactivated_at, 0) = 0")
	in(&c, "CASE WHEN v.scope = '' THEN 'participant' ELSE v.scope END", q.Scopes)
	const from = "members v LEFT JOIN users u ON u.app = v.app AND u.uid = v.uid"
	listed := directory.Listed[directory.Member]{}
	if err := s.totals(ctx, from, "v.changed_at", &c, &listed.Total, &listed.Changed); err != nil {
		return listed, fmt.Errorf("count members: %w", err)
	}
	limit, offset := c.bind(q.Page.Limit), c.bind(q.Page.Offset)
	err := query(ctx, s.read, `SELECT v.uid, v.scope, v.state, v.joined_at, v.changed_at, `+userColumns+` FROM `+from+` WHERE `+c.String()+`
		ORDER BY v.uid LIMIT `+limit+` OFFSET `+offset, c.args, func(rows *sql.Rows) error {
		var uid string
		var r memberRow
		var ur userRow
		if err := rows.Scan(append(append([]any{&uid}, r.dest()...), ur.dest()...)...); err != nil {
			return err
		}
		u, err := ur.get(uid)
		listed.Items = append(listed.Items, directory.Member{Member: r.get(uid), User: u})
		return err
	})
	if err != nil {
		return listed, fmt.Errorf("list members: %w", err)
	}
	return listed, nil
}
