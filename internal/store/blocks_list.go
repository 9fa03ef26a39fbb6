package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/postrider/postrider/internal/directory"
)

// Relations implements [directory.Store].
func (s *Store) Relations(ctx context.Context, app, uid string, others []string) (map[string]directory.Relation, error) {
	relations := make(map[string]directory.Relation)
	err := chunks(len(others), func(from, to int) error {
		args := []any{text(app), text(uid)}
		for _, other := range others[from:to] {
			args = append(args, text(other))
		}
		parameters := list(to-from, 3)
		return query(ctx, s.read, `SELECT b.blocked, b.blocked_at, 0 FROM blocks b
				WHERE b.app = $1 AND b.uid = $2 AND b.blocked IN (`+parameters+`) AND b.unblocked_at = 0
			UNION ALL SELECT b.uid, 0, b.blocked_at FROM blocks b
				WHERE b.app = $1 AND b.blocked = $2 AND b.uid IN (`+parameters+`) AND b.unblocked_at = 0`, args, func(rows *sql.Rows) error {
			var other string
			var mine, theirs int64
			if err := rows.Scan(&other, &mine, &theirs); err != nil {
				return err
			}
			r := relations[other]
			if mine > 0 {
				r.BlockedByMe = fromMillis(mine)
			}
			if theirs > 0 {
				r.HasBlockedMe = fromMillis(theirs)
			}
			relations[other] = r
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read blocks: %w", err)
	}
	return relations, nil
}

// ListBlocked implements [directory.Store].
func (s *Store) ListBlocked(ctx context.Context, app, uid string, page directory.Page) (directory.Listed[directory.Blocked], error) {
	var c filter
	c.and("b.app = " + c.bind(text(app)))
	c.and("b.uid = " + c.bind(text(uid)))
	c.and("b.unblocked_at = 0")
	c.and("COALESCE(u.deactivated_at, 0) = 0")
	const from = `blocks b LEFT JOIN users u ON u.app = b.app AND u.uid = b.blocked
		LEFT JOIN blocks r ON r.app = b.app AND r.uid = b.blocked AND r.blocked = b.uid AND r.unblocked_at = 0`
	listed := directory.Listed[directory.Blocked]{}
	if err := s.totals(ctx, from, "b.blocked_at", &c, &listed.Total, &listed.Changed); err != nil {
		return listed, fmt.Errorf("count blocked users: %w", err)
	}
	limit, offset := c.bind(page.Limit), c.bind(page.Offset)
	err := query(ctx, s.read, `SELECT b.blocked, b.blocked_at, COALESCE(r.blocked_at, 0), `+userColumns+` FROM `+from+` WHERE `+c.String()+`
		ORDER BY b.blocked LIMIT `+limit+` OFFSET `+offset, c.args, func(rows *sql.Rows) error {
		var blocked string
		var mine, theirs int64
		var r userRow
		if err := rows.Scan(append([]any{&blocked, &mine, &theirs}, r.dest()...)...); err != nil {
			return err
		}
		u, err := r.get(blocked)
		listed.Items = append(listed.Items, directory.Blocked{
			User: u, Relation: directory.Relation{BlockedByMe: fromMillis(mine), HasBlockedMe: fromMillis(theirs)},
		})
		return err
	})
	if err != nil {
		return listed, fmt.Errorf("list blocked users: %w", err)
	}
	return listed, nil
}
