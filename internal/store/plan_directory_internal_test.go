package store

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
)

// populate fills the directory of two apps: plans for one of them must not
// read the other.
func populate(t *testing.T, s *Store) {
	t.Helper()
	tx, err := s.write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	exec := func(statement string, args ...any) {
		t.Helper()
		if _, err := tx.ExecContext(t.Context(), statement, args...); err != nil {
			t.Fatalf("%v: %s", err, statement)
		}
	}
	const rows = 100
	stored := 1000
	if s.dialect.name == "postgres" {
		stored = 20_000
	}
	uid := func(i int) string { return fmt.Sprintf("uid-%06d", i%stored) }
	for n := 0; n < stored; n += rows {
		var users, groups, members, blocks, conversations, messages, marks, windows []any
		for i := n; i < n+rows; i++ {
			app := "app"
			if i%2 == 1 {
				app = "other"
			}
			guid := fmt.Sprint("guid-", i/10)
			withNext := string(chat.OneOnOne(uid(i), uid(i+2)))
			users = append(users, app, uid(i), "name", "", i)
			groups = append(groups, app, fmt.Sprint("guid-", i), "name", "", i)
			members = append(members, app, guid, uid(i), "participant", "in", i, i)
			blocks = append(blocks, app, uid(i), uid(i+2), i)
			conversations = append(conversations, app, withNext, 1, i, i)
			messages = append(messages, app, fmt.Sprint(i), withNext, 1, uid(i), "message", "text", "messages", "", "visible", i, i, []byte("{}"))
			marks = append(marks, app, uid(i+2), withNext, i, "")
			windows = append(windows, app, uid(i+2), withNext, 0, i, i)
		}
		exec(`INSERT INTO users (app, uid, name, avatar, created_at) VALUES `+tuples(rows, 5, 1), users...)
		exec(`INSERT INTO chat_groups (app, guid, name, icon, created_at) VALUES `+tuples(rows, 5, 1), groups...)
		exec(`INSERT INTO members (app, guid, uid, scope, state, joined_at, changed_at) VALUES `+tuples(rows, 7, 1), members...)
		exec(`INSERT INTO blocks (app, uid, blocked, blocked_at) VALUES `+tuples(rows, 4, 1), blocks...)
		exec(`INSERT INTO conversations (app, id, last, created_at, updated_at) VALUES `+tuples(rows, 5, 1), conversations...)
		exec(`INSERT INTO messages (app, id, conversation, number, sender, category, type, kind, mentions, state, sent_at, arrived_at, body) VALUES `+
			tuples(rows, 13, 1), messages...)
		exec(`INSERT INTO marks (app, uid, conversation, sent_at, key) VALUES `+tuples(rows, 5, 1), marks...)
		exec(`INSERT INTO windows (app, uid, conversation, after, opened_at, due_at) VALUES `+tuples(rows, 6, 1), windows...)
	}
	exec(`INSERT INTO conversations (app, id, last, created_at, updated_at) SELECT app, 'g:' || guid, 1, created_at, created_at FROM chat_groups`)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if s.dialect.name == "postgres" {
		if _, err := s.write.ExecContext(t.Context(), `ANALYZE`); err != nil {
			t.Fatal(err)
		}
	}
}

func directoryOperations() []planned {
	const app, uid, guid = "app", "uid-000100", "guid-10"
	uids := []string{uid, "uid-000102", "nobody"}
	page := directory.Page{Limit: 20}
	name := "name"
	expect := func(err, want error) error {
		if errors.Is(err, want) {
			return nil
		}
		return errors.Join(err, errors.New("that was to be refused"))
	}
	return []planned{
		{name: "create user", run: func(ctx context.Context, s *Store) error {
			_, err := s.CreateUser(ctx, app, &chat.User{UID: "uid-000004"})
			return err
		}},
		{name: "update user", run: func(ctx context.Context, s *Store) error {
			_, err := s.UpdateUser(ctx, app, uid, &directory.UserChange{Name: &name})
			return err
		}},
		{name: "users by id", run: func(ctx context.Context, s *Store) error {
			_, err := s.UsersByID(ctx, app, uids)
			return err
		}},
		// A total is counted over all there are.
		{name: "list users", walks: true, many: true, index: "users_newest", run: func(ctx context.Context, s *Store) error {
			_, err := s.ListUsers(ctx, app, &directory.UserQuery{Page: page})
			return err
		}},
		{name: "deactivate", run: func(ctx context.Context, s *Store) error {
			_, err := s.Deactivate(ctx, app, []string{"uid-000002"})
			return err
		}},
		{name: "reactivate", run: func(ctx context.Context, s *Store) error {
			_, err := s.Reactivate(ctx, app, []string{"uid-000002"})
			return err
		}},
		{name: "delete user", many: true, index: "blocks_blocked", run: func(ctx context.Context, s *Store) error { return s.DeleteUser(ctx, app, "uid-000006") }},
		{name: "create group", run: func(ctx context.Context, s *Store) error {
			return s.CreateGroup(ctx, app, &chat.Group{GUID: "new"}, nil)
		}},
		{name: "update group", run: func(ctx context.Context, s *Store) error {
			return s.UpdateGroup(ctx, app, guid, &directory.GroupChange{Name: &name})
		}},
		{name: "a group", run: func(ctx context.Context, s *Store) error {
			_, err := s.GroupOf(ctx, app, guid, uid)
			return err
		}},
		{name: "list groups", walks: true, many: true, run: func(ctx context.Context, s *Store) error {
			_, err := s.ListGroups(ctx, app, &directory.GroupQuery{Page: page, Descending: true, Viewer: uid})
			return err
		}},
		{name: "somebody's groups", sorts: true, index: "members_groups", run: func(ctx context.Context, s *Store) error {
			_, err := s.ListGroups(ctx, app, &directory.GroupQuery{Page: page, Joined: true, Viewer: uid})
			return err
		}},
		{name: "memberships", run: func(ctx context.Context, s *Store) error {
			_, err := s.Memberships(ctx, app, guid, uids)
			return err
		}},
		{name: "list members", run: func(ctx context.Context, s *Store) error {
			_, err := s.ListMembers(ctx, app, guid, &directory.MemberQuery{Page: page})
			return err
		}},
		{name: "relations", run: func(ctx context.Context, s *Store) error {
			_, err := s.Relations(ctx, app, uid, uids)
			return err
		}},
		{name: "list blocked", run: func(ctx context.Context, s *Store) error {
			_, err := s.ListBlocked(ctx, app, uid, page)
			return err
		}},
		{name: "list conversations", sorts: true, index: "conversations_larger", run: func(ctx context.Context, s *Store) error {
			_, err := s.ListConversations(ctx, app, &directory.ConversationQuery{UID: uid, Page: page})
			return err
		}},
		{name: "list unread conversations", sorts: true, index: "conversations_larger", run: func(ctx context.Context, s *Store) error {
			_, err := s.ListConversations(ctx, app, &directory.ConversationQuery{UID: uid, Unread: true, Page: page})
			return err
		}},
		{name: "a one-on-one conversation", sorts: true, run: func(ctx context.Context, s *Store) error {
			_, err := s.ConversationWith(ctx, app, "uid-000102", chat.OneOnOne(uid, "uid-000102"))
			return err
		}},
		{name: "no conversation", sorts: true, run: func(ctx context.Context, s *Store) error {
			_, err := s.ConversationWith(ctx, app, uid, chat.InGroup("nothing"))
			return expect(err, directory.ErrNone)
		}},
	}
}
