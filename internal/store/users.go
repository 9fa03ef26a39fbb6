package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
)

var _ directory.Store = (*Store)(nil)

// userColumns are the columns that scanUser reads, of the table named u. They
// may come from an outer join.
const userColumns = `COALESCE(u.name, ''), COALESCE(u.avatar, ''), COALESCE(u.link, ''), COALESCE(u.role, ''),
	COALESCE(u.status_message, ''), u.metadata, u.tags, COALESCE(u.created_at, 0), COALESCE(u.updated_at, 0), COALESCE(u.deactivated_at, 0)`

// userRow receives userColumns.
type userRow struct {
	user                       chat.User
	metadata, tags             []byte
	created, updated, disabled int64
}

func (r *userRow) dest() []any {
	u := &r.user
	return []any{&u.Name, &u.Avatar, &u.Link, &u.Role, &u.StatusMessage, &r.metadata, &r.tags, &r.created, &r.updated, &r.disabled}
}

// get returns the user that was read.
func (r *userRow) get(uid string) (chat.User, error) {
	u := r.user
	u.UID = uid
	u.CreatedAt, u.UpdatedAt, u.DeactivatedAt = fromMillis(r.created), fromMillis(r.updated), fromMillis(r.disabled)
	var err error
	u.Metadata, u.Tags, err = readExtras(r.metadata, r.tags)
	if err != nil {
		return u, fmt.Errorf("user %q: %w", uid, err)
	}
	return u, nil
}

// readExtras reads what users and groups have in JSON.
func readExtras(metadata, tags []byte) (object json.RawMessage, list []string, err error) {
	if len(metadata) > 0 {
		object = slices.Clone(metadata)
	}
	if len(tags) > 0 {
		if err := json.Unmarshal(tags, &list); err != nil {
			return nil, nil, fmt.Errorf("read tags: %w", err)
		}
	}
	return object, list, nil
}

// CreateUser implements [directory.Store].
func (s *Store) CreateUser(ctx context.Context, app string, u *chat.User) (chat.User, error) {
	var stored chat.User
	tags := marshalTags(u.Tags)
	err := s.transaction(ctx, func(tx *transaction) error {
		found := false
		err := query(ctx, tx, `INSERT INTO users AS u (app, uid, name, avatar, link, role, status_message, metadata, tags, made, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10)
			ON CONFLICT (app, uid) DO UPDATE SET
				name = CASE WHEN excluded.name <> '' THEN excluded.name ELSE u.name END,
				avatar = CASE WHEN excluded.avatar <> '' THEN excluded.avatar ELSE u.avatar END,
				link = CASE WHEN excluded.link <> '' THEN excluded.link ELSE u.link END,
				role = CASE WHEN excluded.role <> '' THEN excluded.role ELSE u.role END,
				status_message = CASE WHEN excluded.status_message <> '' THEN excluded.status_message ELSE u.status_message END,
				metadata = CASE WHEN length(excluded.metadata) > 0 THEN excluded.metadata ELSE u.metadata END,
				tags = CASE WHEN length(excluded.tags) > 0 THEN excluded.tags ELSE u.tags END,
				made = 1
			WHERE u.made = 0 AND u.deactivated_at = 0 RETURNING `+returned(userColumns),
			[]any{
				text(app), text(u.UID), text(u.Name), text(u.Avatar), text(u.Link), text(u.Role), text(u.StatusMessage),
				notNull(u.Metadata), tags, millis(s.clock()),
			}, scanOneUser(text(u.UID), &stored, &found))
		if err == nil && !found {
			return directory.ErrExists
		}
		return err
	})
	if err != nil {
		return stored, fmt.Errorf("create user: %w", err)
	}
	return stored, nil
}

// returned makes columns fit for RETURNING, where SQLite knows no alias.
func returned(columns string) string { return strings.ReplaceAll(columns, "u.", "") }

func scanOneUser(uid string, into *chat.User, found *bool) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		var r userRow
		if err := rows.Scan(r.dest()...); err != nil {
			return err
		}
		*found = true
		var err error
		*into, err = r.get(uid)
		return err
	}
}

// changes collects the SET of an UPDATE.
type changes struct {
	set  []string
	args []any
}

func (c *changes) put(column string, value any) {
	c.args = append(c.args, value)
	c.set = append(c.set, column+" = $"+strconv.Itoa(len(c.args)))
}

func (c *changes) text(column string, value *string) {
	if value != nil {
		c.put(column, text(*value))
	}
}

// extras puts what users and groups have in JSON.
func (c *changes) extras(metadata json.RawMessage, tags *[]string) {
	if metadata != nil {
		c.put("metadata", []byte(metadata))
	}
	if tags != nil {
		c.put("tags", marshalTags(*tags))
	}
}

// unset empties those of the fields that may be emptied.
func (c *changes) unset(fields []string, may ...string) {
	for _, field := range fields {
		switch {
		case !slices.Contains(may, field):
		case field == "metadata":
			c.put(field, []byte{})
		default:
			c.put(field, "")
		}
	}
}

// UpdateUser implements [directory.Store].
func (s *Store) UpdateUser(ctx context.Context, app, uid string, change *directory.UserChange) (chat.User, error) {
	c := changes{args: []any{text(app), text(uid), millis(s.clock())}}
	c.text("name", change.Name)
	c.text("role", change.Role)
	c.text("status_message", change.StatusMessage)
	// What is to be emptied is not set as well.
	kept := func(field string, value *string) {
		if !slices.Contains(change.Unset, field) {
			c.text(field, value)
		}
	}
	kept("avatar", change.Avatar)
	kept("link", change.Link)
	metadata := change.Metadata
	if slices.Contains(change.Unset, "metadata") {
		metadata = nil
	}
	c.extras(metadata, change.Tags)
	c.unset(slices.Compact(slices.Sorted(slices.Values(change.Unset))), "avatar", "link", "metadata")
	var stored chat.User
	err := s.transaction(ctx, func(tx *transaction) error {
		found := false
		err := query(ctx, tx, `UPDATE users SET `+strings.Join(append(c.set, "updated_at = $3", "made = 1"), ", ")+`
			WHERE app = $1 AND uid = $2 AND deactivated_at = 0 RETURNING `+returned(userColumns), c.args, scanOneUser(text(uid), &stored, &found))
		if err == nil && !found {
			return directory.ErrNone
		}
		return err
	})
	if err != nil {
		return stored, fmt.Errorf("update user: %w", err)
	}
	return stored, nil
}

// UsersByID implements [directory.Store].
func (s *Store) UsersByID(ctx context.Context, app string, uids []string) (map[string]chat.User, error) {
	users := make(map[string]chat.User, len(uids))
	err := chunks(len(uids), func(from, to int) error {
		args := []any{text(app)}
		for _, uid := range uids[from:to] {
			args = append(args, text(uid))
		}
		return query(ctx, s.read, `SELECT u.uid, `+userColumns+` FROM users u WHERE u.app = $1 AND u.uid IN (`+list(to-from, 2)+`)`, args,
			func(rows *sql.Rows) error {
				var uid string
				var r userRow
				if err := rows.Scan(append([]any{&uid}, r.dest()...)...); err != nil {
					return err
				}
				var err error
				users[uid], err = r.get(uid)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read users: %w", err)
	}
	return users, nil
}
