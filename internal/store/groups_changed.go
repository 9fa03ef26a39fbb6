package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postrider/postrider/internal/chat"
)

// changeGroup stores what a group is now, whoever said before what it is.
func (s *Store) changeGroup(ctx context.Context, tx *transaction, h happened, c chat.GroupChanged) (int, error) {
	if err := s.putGroup(ctx, tx, h.App, h.At, &c.Group, ""); err != nil {
		return 0, err
	}
	if c.Group.MembersCount > 0 {
		told := toldAt(&chat.Member{State: chat.MemberOut}, c.Group.UpdatedAt, h.At)
		if err := putCount(ctx, tx, h.App, c.Group.GUID, countOf(&c.Group, told, h.At)); err != nil {
			return 0, err
		}
	}
	if len(c.Members) == 0 {
		return 1, nil
	}
	members := slices.Clone(c.Members)
	for i := range members {
		if members[i].JoinedAt.IsZero() {
			members[i].JoinedAt = c.Group.CreatedAt
		}
	}
	rows, err := s.changeMembers(ctx, tx, h, chat.MembersChanged{GUID: c.Group.GUID, Members: members}, c.Group.CreatedAt)
	return rows + 1, err
}

// deleteGroupOf forgets a group and its members. The windows that are open in
// it end when they are due: nobody is a member any more.
func (s *Store) deleteGroupOf(ctx context.Context, tx *transaction, app, guid string) (int, error) {
	if _, err := tx.ExecContext(ctx, `DELETE FROM chat_groups WHERE app = $1 AND guid = $2`, text(app), text(guid)); err != nil {
		return 0, fmt.Errorf("delete group: %w", err)
	}
	result, err := tx.ExecContext(ctx, `DELETE FROM members WHERE app = $1 AND guid = $2`, text(app), text(guid))
	if err != nil {
		return 0, fmt.Errorf("delete members of group: %w", err)
	}
	n, err := result.RowsAffected()
	return int(n), err
}

func (s *Store) changeOwner(ctx context.Context, tx *transaction, h happened, c chat.OwnerChanged) error {
	if _, err := tx.ExecContext(ctx, `UPDATE chat_groups SET owner = $3 WHERE app = $1 AND guid = $2`,
		text(h.App), text(c.GUID), text(c.Owner)); err != nil {
		return fmt.Errorf("change owner of group: %w", err)
	}
	_, err := s.changeMembers(ctx, tx, h, chat.MembersChanged{
		GUID: c.GUID, Members: []chat.Member{{UID: c.Owner, Scope: chat.ScopeAdmin, State: chat.MemberIn}},
	}, time.Time{})
	return err
}

// changeMembers says who is in a group. Who comes (again) is not told of what
// was said before: since, and what was sent before told_at. Windows stay as they
// are: whether somebody is a member is asked when a window is due. A change that
// happened before one that is known already changes nothing. created is when the
// group was made, where that is known.
func (s *Store) changeMembers(ctx context.Context, tx *transaction, h happened, c chat.MembersChanged, created time.Time) (int, error) {
	members := slices.Clone(c.Members)
	slices.SortStableFunc(members, func(a, b chat.Member) int { return strings.Compare(a.UID, b.UID) })
	members = lastOf(members)
	var since int64
	err := tx.QueryRowContext(ctx, `SELECT last FROM conversations WHERE app = $1 AND id = $2`, text(h.App), text(string(chat.InGroup(c.GUID)))).Scan(&since)
	if err != nil && !isNone(err) {
		return 0, fmt.Errorf("read the group's last message: %w", err)
	}
	told := make(map[string]time.Time, len(members))
	for i := range members {
		told[members[i].UID] = toldAt(&members[i], c.At, h.At)
	}
	late, err := s.lateNews(ctx, tx, h, c.GUID, members, told, created)
	if err != nil {
		return 0, fmt.Errorf("look for what new members have missed: %w", err)
	}
	now := millis(h.At)
	err = chunks(len(members), func(from, to int) error {
		const columns = 9
		args := make([]any, 0, columns*(to-from))
		for _, m := range members[from:to] {
			at := told[m.UID]
			joined := at
			if joined.IsZero() {
				joined = h.At
			}
			after, ok := late[m.UID]
			if !ok {
				after = since
			}
			args = append(args, text(h.App), text(c.GUID), text(m.UID), text(string(m.Scope)), string(m.State), after, millis(joined), now, millis(at))
		}
		// Leaving does not end a ban.
		_, err := tx.ExecContext(ctx, `INSERT INTO members (app, guid, uid, scope, state, since, joined_at, changed_at, told_at) VALUES `+tuples(to-from, columns, 1)+`
			ON CONFLICT (app, guid, uid) DO UPDATE SET
				scope = CASE WHEN excluded.scope <> '' THEN excluded.scope ELSE members.scope END,
				since = CASE WHEN members.state = 'in' THEN members.since ELSE excluded.since END,
				joined_at = CASE WHEN members.state = 'in' THEN members.joined_at ELSE excluded.joined_at END,
				changed_at = CASE WHEN members.state = excluded.state THEN members.changed_at ELSE excluded.changed_at END,
				told_at = CASE WHEN members.state <> excluded.state AND NOT (members.state = 'banned' AND excluded.state = 'out')
					OR members.told_at > 0 AND excluded.told_at > 0 THEN excluded.told_at ELSE members.told_at END,
				state = CASE WHEN members.state = 'banned' AND excluded.state = 'out' THEN members.state ELSE excluded.state END
			WHERE excluded.told_at = 0 OR excluded.told_at >= members.told_at`, args...)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("change members of group: %w", err)
	}
	return len(members) + len(late), s.openLate(ctx, tx, h, chat.InGroup(c.GUID), late)
}

// timely is how far from its arrival a change may have happened, by the time that
// its event gives for the group as a whole: what lies further away is likelier
// to be that of an earlier change, and a person who is taken for a member for
// longer than they are would be told what is not for them.
const timely = time.Hour

// toldAt is when somebody's place in a group changed, by the clock of the chat,
// as its messages go by it too; zero where nobody says so.
func toldAt(m *chat.Member, at, arrived time.Time) time.Time {
	switch {
	case m.State == chat.MemberIn && !m.JoinedAt.IsZero():
		return m.JoinedAt
	case m.State == chat.MemberBanned && !m.BannedAt.IsZero():
		return m.BannedAt
	case at.IsZero() || at.Sub(arrived).Abs() > timely:
		return time.Time{}
	default:
		return at
	}
}

// lastOf leaves what is said last of everybody: one statement must not change
// a row twice.
func lastOf(sorted []chat.Member) []chat.Member {
	last := sorted[:0]
	for i, m := range sorted {
		if i+1 == len(sorted) || sorted[i+1].UID != m.UID {
			last = append(last, m)
		}
	}
	return last
}

func (s *Store) changeScope(ctx context.Context, tx *transaction, h happened, c chat.ScopeChanged) error {
	_, err := s.changeMembers(ctx, tx, h, chat.MembersChanged{
		GUID: c.GUID, Members: []chat.Member{{UID: c.UID, Scope: cmp.Or(c.Scope, chat.ScopeParticipant), State: chat.MemberIn}}, At: c.At,
	}, time.Time{})
	return err
}

func (s *Store) unban(ctx context.Context, tx *transaction, h happened, c chat.Unbanned) error {
	uids := slices.Sorted(slices.Values(c.UIDs))
	err := chunks(len(uids), func(from, to int) error {
		args := []any{text(h.App), text(c.GUID), millis(h.At), millis(toldAt(&chat.Member{State: chat.MemberOut}, c.At, h.At))}
		for _, uid := range uids[from:to] {
			args = append(args, text(uid))
		}
		_, err := tx.ExecContext(ctx, `UPDATE members SET state = 'out', changed_at = $3, told_at = $4
			WHERE app = $1 AND guid = $2 AND state = 'banned' AND (CAST($4 AS BIGINT) = 0 OR told_at <= CAST($4 AS BIGINT)) AND uid IN (`+list(to-from, 5)+`)`, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("unban: %w", err)
	}
	return nil
}

// block begins or ends a block. What was sent during one that is over stays
// unseen.
func (s *Store) block(ctx context.Context, tx *transaction, h happened, c chat.Blocked) error {
	uids := slices.Compact(slices.Sorted(slices.Values(c.UIDs)))
	now := millis(h.At)
	err := chunks(len(uids), func(from, to int) error {
		if !c.Blocked {
			args := []any{text(h.App), text(c.By), now}
			for _, uid := range uids[from:to] {
				args = append(args, text(uid))
			}
			_, err := tx.ExecContext(ctx, `UPDATE blocks SET unblocked_at = $3
				WHERE app = $1 AND uid = $2 AND unblocked_at = 0 AND blocked IN (`+list(to-from, 4)+`)`, args...)
			return err
		}
		args := make([]any, 0, 4*(to-from))
		for _, uid := range uids[from:to] {
			args = append(args, text(h.App), text(c.By), text(uid), now)
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO blocks (app, uid, blocked, blocked_at) VALUES `+tuples(to-from, 4, 1)+`
			ON CONFLICT (app, uid, blocked) DO UPDATE SET blocked_at = excluded.blocked_at, unblocked_at = 0
			WHERE blocks.unblocked_at > 0`, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("block: %w", err)
	}
	return nil
}
