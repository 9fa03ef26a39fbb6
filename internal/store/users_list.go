package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
)

// ListUsers implements [directory.Store].
func (s *Store) ListUsers(ctx context.Context, app string, q *directory.UserQuery) (directory.Listed[chat.User], error) {
	var c filter
	c.and("u.app = " + c.bind(text(app)))
	c.and("u.uid <> '" + directory.System + "'")
	switch q.Which {
	case directory.ActiveAndDeactivated:
	case directory.OnlyDeactivated:
		c.and("u.deactivated_at > 0")
	default:
		c.and("u.deactivated_at = 0")
	}
	if q.Search != "" {
		var columns []string
		if q.InName || !q.InUID {
			columns = append(columns, "u.name")
		}
		if q.InUID || !q.InName {
			columns = append(columns, "u.uid")
		}
		c.begins(q.Search, columns...)
	}
	in(&c, "CASE WHEN u.role = '' THEN 'default' ELSE u.role END", q.Roles)
	c.tagged(s.dialect, "u.tags", q.Tags)
	listed := directory.Listed[chat.User]{}
	if err := s.totals(ctx, "users u", changedAt("u"), &c, &listed.Total, &listed.Changed); err != nil {
		return listed, fmt.Errorf("count users: %w", err)
	}
	limit, offset := c.bind(q.Page.Limit), c.bind(q.Page.Offset)
	err := query(ctx, s.read, `SELECT u.uid, `+userColumns+` FROM users u WHERE `+c.String()+`
		ORDER BY u.created_at DESC, u.uid DESC LIMIT `+limit+` OFFSET `+offset, c.args, func(rows *sql.Rows) error {
		var uid string
		var r userRow
		if err := rows.Scan(append([]any{&uid}, r.dest()...)...); err != nil {
			return err
		}
		u, err := r.get(uid)
		listed.Items = append(listed.Items, u)
		return err
	})
	if err != nil {
		return listed, fmt.Errorf("list users: %w", err)
	}
	return listed, nil
}
