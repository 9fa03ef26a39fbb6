package store

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/postrider/postrider/internal/chat"
)

// learning gathers the people and groups that events name.
type learning struct {
	app     string
	at      time.Time
	users   map[string]chat.User
	groups  map[string]chat.Group
	counts  map[string]memberCount
	members map[memberKey]time.Time // who wrote in a group, and when
}

type memberKey struct{ guid, uid string }

// memberCount is how many members a group is said to have, and when.
type memberCount struct {
	n  int
	at time.Time
}

func (l *learning) add(e *chat.Event, at time.Time) {
	l.at = at
	for i := range e.Users {
		l.user(&e.Users[i])
	}
	for i := range e.Groups {
		if l.groups == nil {
			l.groups = make(map[string]chat.Group)
		}
		l.groups[e.Groups[i].GUID] = e.Groups[i]
		l.count(e, &e.Groups[i], at)
	}
}

// count learns how many members a group has. What a newer event says counts,
// whichever comes first.
func (l *learning) count(e *chat.Event, g *chat.Group, at time.Time) {
	if g.MembersCount <= 0 {
		return
	}
	if l.counts == nil {
		l.counts = make(map[string]memberCount)
	}
	var told time.Time
	switch c := e.Change.(type) {
	case chat.MessageSent:
		told = c.Message.SentAt
	case chat.MessageEdited:
		told = c.Message.SentAt
	case chat.Moderated:
		told = c.Message.SentAt
	default:
		told = toldAt(&chat.Member{State: chat.MemberOut}, g.UpdatedAt, at)
	}
	if news := countOf(g, told, at); !news.at.Before(l.counts[g.GUID].at) {
		l.counts[g.GUID] = news
	}
}

// countOf takes what is told at no known time, or at one that is yet to come, for
// told when it came. The clock of the chat counts seconds.
func countOf(g *chat.Group, told, arrived time.Time) memberCount {
	if told.IsZero() || told.After(arrived) {
		told = arrived
	}
	return memberCount{g.MembersCount, told.Truncate(time.Second)}
}

func (l *learning) user(u *chat.User) {
	if l.users == nil {
		l.users = make(map[string]chat.User)
	}
	known := l.users[u.UID]
	known.UID = u.UID
	known.Name, known.Avatar = cmp.Or(u.Name, known.Name), cmp.Or(u.Avatar, known.Avatar)
	known.Link, known.Role = cmp.Or(u.Link, known.Link), cmp.Or(u.Role, known.Role)
	if u.Metadata != nil {
		known.Metadata = u.Metadata
	}
	if u.Tags != nil {
		known.Tags = u.Tags
	}
	if !u.CreatedAt.IsZero() {
		known.CreatedAt = u.CreatedAt
	}
	l.users[u.UID] = known
}

// sender learns from a message that its sender exists, and is in its group.
func (l *learning) sender(m *chat.Message, at time.Time) {
	l.user(&chat.User{UID: m.Sender})
	guid, ok := m.Conversation.Group()
	if !ok {
		l.user(&chat.User{UID: m.Receiver})
		return
	}
	if l.members == nil {
		l.members = make(map[memberKey]time.Time)
	}
	sent := m.SentAt
	if sent.IsZero() {
		sent = at
	}
	key := memberKey{guid, m.Sender}
	if sent.After(l.members[key]) {
		l.members[key] = sent
	}
}

// joining learns that those who come into a group exist.
func (l *learning) joining(change chat.Change) {
	var members []chat.Member
	switch c := change.(type) {
	case chat.GroupChanged:
		members = c.Members
	case chat.MembersChanged:
		members = c.Members
	case chat.OwnerChanged:
		l.user(&chat.User{UID: c.Owner})
	}
	for i := range members {
		if members[i].State == chat.MemberIn {
			l.user(&chat.User{UID: members[i].UID})
		}
	}
}

func (l *learning) steps() []step {
	var steps []step
	if len(l.users) > 0 {
		steps = append(steps, (*learnedUsers)(l))
	}
	if len(l.groups) > 0 {
		steps = append(steps, (*learnedGroups)(l))
	}
	if len(l.members) > 0 {
		steps = append(steps, (*learnedMembers)(l))
	}
	return steps
}

type (
	learnedUsers   learning
	learnedGroups  learning
	learnedMembers learning
)

// run implements step. Most people are known already, as they are: reading is
// cheaper than writing them again.
func (l *learnedUsers) run(ctx context.Context, _ *Store, tx *transaction) (int, error) {
	uids := slices.Sorted(maps.Keys(l.users))
	news := make(map[string]bool, len(uids))
	for _, uid := range uids {
		news[uid] = true
	}
	err := eachIn(tx, []any{text(l.app)}, texts(uids), func(in string, args []any) error {
		return query(ctx, tx, `SELECT uid, name, avatar, link, role, metadata, tags, made FROM users WHERE app = $1 AND uid `+in,
			args, func(rows *sql.Rows) error {
				var k chat.User
				var metadata, tags []byte
				var made int
				if err := rows.Scan(&k.UID, &k.Name, &k.Avatar, &k.Link, &k.Role, &metadata, &tags, &made); err != nil {
					return err
				}
				u := l.users[k.UID]
				same := func(now, before string) bool { return now == "" || text(now) == before }
				if made != 0 || same(u.Name, k.Name) && same(u.Avatar, k.Avatar) && same(u.Link, k.Link) && same(u.Role, k.Role) &&
					(u.Metadata == nil || bytes.Equal(u.Metadata, metadata)) && (u.Tags == nil || bytes.Equal(marshalTags(u.Tags), tags)) {
					delete(news, k.UID)
				}
				return nil
			})
	})
	if err != nil {
		return 0, fmt.Errorf("look up users: %w", err)
	}
	uids = slices.Sorted(maps.Keys(news))
	rows := newRelation(len(uids), "TEXT", "TEXT", "TEXT", "TEXT", "TEXT", "TEXT", "BYTEA", "BYTEA", "BIGINT")
	for _, uid := range uids {
		u := l.users[uid]
		created := u.CreatedAt
		if created.IsZero() {
			created = l.at
		}
		rows.add(text(l.app), text(uid), text(u.Name), text(u.Avatar), text(u.Link), text(u.Role), notNull(u.Metadata),
			marshalTags(u.Tags), millis(created))
	}
	err = rows.each(tx, nil, func(table string, args []any) error {
		// What the API has set is not changed by the way (made); what is not
		// said erases nothing.
		_, err := tx.ExecContext(ctx, `INSERT INTO users (app, uid, name, avatar, link, role, metadata, tags, created_at) `+table+`
			ON CONFLICT (app, uid) DO UPDATE SET
				name = CASE WHEN excluded.name <> '' THEN excluded.name ELSE users.name END,
				avatar = CASE WHEN excluded.avatar <> '' THEN excluded.avatar ELSE users.avatar END,
				link = CASE WHEN excluded.link <> '' THEN excluded.link ELSE users.link END,
				role = CASE WHEN excluded.role <> '' THEN excluded.role ELSE users.role END,
				metadata = CASE WHEN length(excluded.metadata) > 0 THEN excluded.metadata ELSE users.metadata END,
				tags = CASE WHEN length(excluded.tags) > 0 THEN excluded.tags ELSE users.tags END
			WHERE users.made = 0`, args...)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("learn users: %w", err)
	}
	return len(uids), nil
}

// marshalTags returns tags as they are stored.
func marshalTags(tags []string) []byte {
	if len(tags) == 0 {
		return []byte{}
	}
	clean := make([]string, len(tags))
	for i, tag := range tags {
		clean[i] = text(tag)
	}
	b, err := json.Marshal(clean)
	if err != nil { // strings always marshal
		panic(err)
	}
	return b
}

// run implements step.
func (l *learnedGroups) run(ctx context.Context, s *Store, tx *transaction) (int, error) {
	guids := slices.Sorted(maps.Keys(l.groups))
	news := make(map[string]bool, len(guids))
	for _, guid := range guids {
		news[guid] = true
	}
	counts := maps.Clone(l.counts)
	err := eachIn(tx, []any{text(l.app)}, texts(guids), func(in string, args []any) error {
		return query(ctx, tx, `SELECT guid, name, icon, made, told_members, told_at FROM chat_groups WHERE app = $1 AND guid `+in, args,
			func(rows *sql.Rows) error {
				var guid, name, icon string
				var made, members int
				var told int64
				if err := rows.Scan(&guid, &name, &icon, &made, &members, &told); err != nil {
					return err
				}
				if c, ok := counts[guid]; ok && (c.n == members || millis(c.at) < told) {
					delete(counts, guid)
				}
				g := l.groups[guid]
				if made != 0 || (g.Name == "" || text(g.Name) == name) && (g.Icon == "" || text(g.Icon) == icon) {
					delete(news, guid)
				}
				return nil
			})
	})
	if err != nil {
		return 0, fmt.Errorf("look up groups: %w", err)
	}
	for _, guid := range guids {
		if g := l.groups[guid]; news[guid] {
			if err := s.putGroup(ctx, tx, l.app, l.at, &g, ` WHERE chat_groups.made = 0`); err != nil {
				return 0, err
			}
		}
		if c, ok := counts[guid]; ok {
			if err := putCount(ctx, tx, l.app, guid, c); err != nil {
				return 0, err
			}
		}
	}
	return len(news) + len(counts), nil
}

// putCount stores how many members a group is said to have, unless something
// newer is known. The API says nothing of that, so it counts for its groups too.
func putCount(ctx context.Context, tx *transaction, app, guid string, c memberCount) error {
	_, err := tx.ExecContext(ctx, `UPDATE chat_groups SET told_members = $3, told_at = $4
		WHERE app = $1 AND guid = $2 AND told_at <= $4`, text(app), text(guid), c.n, millis(c.at))
	if err != nil {
		return fmt.Errorf("store count of members: %w", err)
	}
	return nil
}

// putGroup stores what is said of a group, on a condition if it is known. An
// absent field erases nothing.
func (s *Store) putGroup(ctx context.Context, tx *transaction, app string, at time.Time, g *chat.Group, condition string) error {
	created := g.CreatedAt
	if created.IsZero() {
		created = at
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO chat_groups
			(app, guid, name, icon, description, kind, owner, metadata, tags, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (app, guid) DO UPDATE SET
			name = CASE WHEN excluded.name <> '' THEN excluded.name ELSE chat_groups.name END,
			icon = CASE WHEN excluded.icon <> '' THEN excluded.icon ELSE chat_groups.icon END,
			description = CASE WHEN excluded.description <> '' THEN excluded.description ELSE chat_groups.description END,
			kind = CASE WHEN excluded.kind <> '' THEN excluded.kind ELSE chat_groups.kind END,
			owner = CASE WHEN excluded.owner <> '' THEN excluded.owner ELSE chat_groups.owner END,
			metadata = CASE WHEN length(excluded.metadata) > 0 THEN excluded.metadata ELSE chat_groups.metadata END,
			tags = CASE WHEN length(excluded.tags) > 0 THEN excluded.tags ELSE chat_groups.tags END,
			updated_at = CASE WHEN excluded.updated_at > 0 THEN excluded.updated_at ELSE chat_groups.updated_at END`+condition,
		text(app), text(g.GUID), text(g.Name), text(g.Icon), text(g.Description), text(g.Type), text(g.Owner), notNull(g.Metadata),
		marshalTags(g.Tags), millis(created), millis(g.UpdatedAt))
	if err != nil {
		return fmt.Errorf("store group: %w", err)
	}
	return nil
}

// run implements step: whoever writes in a group is in it, unless they have
// left it since, or were banned.
func (l *learnedMembers) run(ctx context.Context, _ *Store, tx *transaction) (int, error) {
	keys := slices.Collect(maps.Keys(l.members))
	slices.SortFunc(keys, func(a, b memberKey) int { return cmp.Or(cmp.Compare(a.guid, b.guid), cmp.Compare(a.uid, b.uid)) })
	news := make(map[memberKey]bool, len(keys))
	wrote := newRelation(len(keys), "TEXT", "TEXT")
	for _, key := range keys {
		news[key] = true
		wrote.add(text(key.guid), text(key.uid))
	}
	err := wrote.each(tx, []any{text(l.app)}, func(table string, args []any) error {
		return query(ctx, tx, `SELECT guid, uid, state FROM members WHERE app = $1 AND (guid, uid) IN (`+table+`)`, args,
			func(rows *sql.Rows) error {
				var key memberKey
				var state chat.Membership
				if err := rows.Scan(&key.guid, &key.uid, &state); err != nil {
					return err
				}
				if state != chat.MemberOut {
					delete(news, key)
				}
				return nil
			})
	})
	if err != nil {
		return 0, fmt.Errorf("look up members: %w", err)
	}
	for _, key := range keys {
		if !news[key] {
			continue
		}
		at := millis(l.at)
		_, err := tx.ExecContext(ctx, `INSERT INTO members (app, guid, uid, scope, state, since, joined_at, changed_at)
			VALUES ($1, $2, $3, 'participant', 'in', COALESCE((SELECT last FROM conversations WHERE app = $1 AND id = $4), 0), $5, $5)
			ON CONFLICT (app, guid, uid) DO UPDATE SET state = 'in', since = excluded.since, joined_at = excluded.joined_at, changed_at = excluded.changed_at, told_at = 0
			WHERE members.state = 'out' AND CASE WHEN members.told_at > 0 THEN members.told_at ELSE members.changed_at END < $6`,
			text(l.app), text(key.guid), text(key.uid), text(string(chat.InGroup(key.guid))), at, millis(l.members[key]))
		if err != nil {
			return 0, fmt.Errorf("learn members: %w", err)
		}
	}
	return len(news), nil
}
