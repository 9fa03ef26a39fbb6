package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
)

// CreateGroup implements [directory.Store].
func (s *Store) CreateGroup(ctx context.Context, app string, g *chat.Group, password []byte) error {
	var n int64
	tags := marshalTags(g.Tags)
	err := s.transaction(ctx, func(tx *transaction) error {
		result, err := tx.ExecContext(ctx, `INSERT INTO chat_groups AS g
				(app, guid, name, icon, description, kind, password, owner, metadata, tags, made, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11)
			ON CONFLICT (app, guid) DO UPDATE SET
				name = CASE WHEN excluded.name <> '' THEN excluded.name ELSE g.name END,
				icon = CASE WHEN excluded.icon <> '' THEN excluded.icon ELSE g.icon END,
				description = CASE WHEN excluded.description <> '' THEN excluded.description ELSE g.description END,
				kind = CASE WHEN excluded.kind <> '' THEN excluded.kind ELSE g.kind END,
				password = CASE WHEN length(excluded.password) > 0 THEN excluded.password ELSE g.password END,
				owner = CASE WHEN excluded.owner <> '' THEN excluded.owner ELSE g.owner END,
				metadata = CASE WHEN length(excluded.metadata) > 0 THEN excluded.metadata ELSE g.metadata END,
				tags = CASE WHEN length(excluded.tags) > 0 THEN excluded.tags ELSE g.tags END,
				made = 1
			WHERE g.made = 0`,
			text(app), text(g.GUID), text(g.Name), text(g.Icon), text(g.Description), text(g.Type), notNull(password), text(g.Owner),
			notNull(g.Metadata), tags, millis(s.clock()))
		if err != nil {
			return err
		}
		n, err = result.RowsAffected()
		return err
	})
	if err == nil && n == 0 {
		err = directory.ErrExists
	}
	if err != nil {
		return fmt.Errorf("create group: %w", err)
	}
	return nil
}

// UpdateGroup implements [directory.Store].
func (s *Store) UpdateGroup(ctx context.Context, app, guid string, change *directory.GroupChange) error {
	c := changes{args: []any{text(app), text(guid), millis(s.clock()), text(change.By)}}
	c.text("name", change.Name)
	c.text("kind", change.Type)
	kept := func(field string, value *string) {
		if !slices.Contains(change.Unset, field) {
			c.text(field, value)
		}
	}
	kept("icon", change.Icon)
	kept("description", change.Description)
	if change.Password != nil {
		c.put("password", change.Password)
	}
	metadata := change.Metadata
	if slices.Contains(change.Unset, "metadata") {
		metadata = nil
	}
	c.extras(metadata, change.Tags)
	c.unset(slices.Compact(slices.Sorted(slices.Values(change.Unset))), "icon", "description", "metadata")
	var n int64
	err := s.transaction(ctx, func(tx *transaction) error {
		result, err := tx.ExecContext(ctx, `UPDATE chat_groups SET `+strings.Join(append(c.set, "updated_at = $3", "updated_by = $4", "made = 1"), ", ")+`
			WHERE app = $1 AND guid = $2`, c.args...)
		if err != nil {
			return err
		}
		n, err = result.RowsAffected()
		return err
	})
	if err == nil && n == 0 {
		err = directory.ErrNone
	}
	if err != nil {
		return fmt.Errorf("update group: %w", err)
	}
	return nil
}

// groupColumns are the columns that groupRow reads, of the tables named g and,
// for the place of the one who looks, v. They may come from an outer join.
const groupColumns = `COALESCE(g.name, ''), COALESCE(g.icon, ''), COALESCE(g.description, ''), COALESCE(g.kind, ''), COALESCE(g.owner, ''),
	COALESCE(g.made, 0), g.metadata, g.tags, COALESCE(g.created_at, 0), COALESCE(g.updated_at, 0), COALESCE(g.updated_by, ''),
	(SELECT COUNT(*) FROM members m WHERE m.app = g.app AND m.guid = g.guid AND m.state = 'in'),
	COALESCE(v.scope, ''), COALESCE(v.state, ''), COALESCE(v.joined_at, 0)`

// groupRow receives groupColumns.
type groupRow struct {
	group                    directory.Group
	metadata, tags           []byte
	made                     int64
	created, updated, joined int64
	state                    string
}

func (r *groupRow) dest() []any {
	g := &r.group
	return []any{
		&g.Name, &g.Icon, &g.Description, &g.Type, &g.Owner, &r.made, &r.metadata, &r.tags, &r.created, &r.updated, &g.UpdatedBy,
		&g.MembersCount, &g.Scope, &r.state, &r.joined,
	}
}

// get returns the group that was read.
func (r *groupRow) get(guid string) (directory.Group, error) {
	g := r.group
	g.GUID, g.Made = guid, r.made != 0
	g.CreatedAt, g.UpdatedAt = fromMillis(r.created), fromMillis(r.updated)
	if g.Joined = r.state == string(chat.MemberIn); g.Joined {
		g.Scope, g.JoinedAt = cmp.Or(g.Scope, chat.ScopeParticipant), fromMillis(r.joined)
	} else {
		g.Scope = ""
	}
	var err error
	g.Metadata, g.Tags, err = readExtras(r.metadata, r.tags)
	if err != nil {
		return g, fmt.Errorf("group %q: %w", guid, err)
	}
	return g, nil
}

// GroupOf implements [directory.Store].
func (s *Store) GroupOf(ctx context.Context, app, guid, viewer string) (directory.Group, error) {
	var g directory.Group
	err := directory.ErrNone
	found := query(ctx, s.read, `SELECT `+groupColumns+` FROM chat_groups g
		LEFT JOIN members v ON v.app = g.app AND v.guid = g.guid AND v.uid = $3 WHERE g.app = $1 AND g.guid = $2`,
		[]any{text(app), text(guid), text(viewer)}, func(rows *sql.Rows) error {
			var r groupRow
			if err := rows.Scan(r.dest()...); err != nil {
				return err
			}
			g, err = r.get(text(guid))
			return nil
		})
	if found != nil {
		err = found
	}
	if err != nil {
		return g, fmt.Errorf("read group: %w", err)
	}
	return g, nil
}

// ListGroups implements [directory.Store].
func (s *Store) ListGroups(ctx context.Context, app string, q *directory.GroupQuery) (directory.Listed[directory.Group], error) {
	var c filter
	viewer := c.bind(text(q.Viewer))
	of := c.bind(text(app))
	c.and("g.app = " + of)
	from := "chat_groups g LEFT JOIN members v ON v.app = g.app AND v.guid = g.guid AND v.uid = " + viewer
	switch {
	case q.Joined:
		// It begins with the places of the one who looks.
		from = "members v" + s.dialect.by("members_groups") + " JOIN chat_groups g ON g.app = v.app AND g.guid = v.guid"
		c.and("v.app = " + of + " AND v.uid = " + viewer + " AND v.state = 'in'")
	case q.Viewer != "":
		c.and("(g.kind <> 'private' OR v.state = 'in')")
	}
	if q.Search != "" {
		var columns []string
		if q.InName || !q.InGUID {
			columns = append(columns, "g.name")
		}
		if q.InGUID || !q.InName {
			columns = append(columns, "g.guid")
		}
		c.begins(q.Search, columns...)
	}
	in(&c, "CASE WHEN g.kind = '' THEN 'public' ELSE g.kind END", q.Types)
	c.tagged(s.dialect, "g.tags", q.Tags)
	changed := changedAt("g")
	if !q.ChangedAfter.IsZero() {
		c.and(changed + " > " + c.bind(millis(q.ChangedAfter)))
	}
	if !q.ChangedBefore.IsZero() {
		c.and(changed + " < " + c.bind(millis(q.ChangedBefore)))
	}
	listed := directory.Listed[directory.Group]{}
	if err := s.totals(ctx, from, changed, &c, &listed.Total, &listed.Changed); err != nil {
		return listed, fmt.Errorf("count groups: %w", err)
	}
	limit, offset := c.bind(q.Page.Limit), c.bind(q.Page.Offset)
	err := query(ctx, s.read, `SELECT g.guid, `+groupColumns+` FROM `+from+` WHERE `+c.String()+`
		ORDER BY `+groupOrder(q)+` LIMIT `+limit+` OFFSET `+offset, c.args, func(rows *sql.Rows) error {
		var guid string
		var r groupRow
		if err := rows.Scan(append([]any{&guid}, r.dest()...)...); err != nil {
			return err
		}
		g, err := r.get(guid)
		listed.Items = append(listed.Items, g)
		return err
	})
	if err != nil {
		return listed, fmt.Errorf("list groups: %w", err)
	}
	return listed, nil
}

func groupOrder(q *directory.GroupQuery) string {
	direction := ""
	if q.Descending {
		direction = " DESC"
	}
	switch q.Order {
	case directory.ByName:
		return "LOWER(g.name)" + direction + ", g.guid" + direction
	case directory.ByGUID:
		return "g.guid" + direction
	default:
		return "g.created_at" + direction + ", g.guid" + direction
	}
}
