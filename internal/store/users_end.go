package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/postrider/postrider/internal/chat"
)

// Deactivate implements [directory.Store].
func (s *Store) Deactivate(ctx context.Context, app string, uids []string) ([]string, error) {
	var changed []string
	err := s.transaction(ctx, func(tx *transaction) error {
		changed = nil
		return s.eachUser(app, uids, func(parameters string, args []any) error {
			var active []string
			err := query(ctx, tx, `SELECT uid FROM users WHERE app = $1 AND uid IN (`+parameters+`) AND deactivated_at = 0 ORDER BY uid`, args, scanUIDs(&active))
			if err != nil {
				return err
			}
			for _, uid := range active {
				if err := s.closeWindowsOf(ctx, tx, app, uid); err != nil {
					return err
				}
			}
			args = append(args, millis(s.clock()))
			return query(ctx, tx, fmt.Sprintf(`UPDATE users SET deactivated_at = $%d
				WHERE app = $1 AND uid IN (%s) AND deactivated_at = 0 RETURNING uid`, len(args), parameters), args, scanUIDs(&changed))
		})
	})
	if err != nil {
		return nil, fmt.Errorf("deactivate users: %w", err)
	}
	return changed, nil
}

// Reactivate implements [directory.Store].
func (s *Store) Reactivate(ctx context.Context, app string, uids []string) ([]string, error) {
	var changed []string
	err := s.transaction(ctx, func(tx *transaction) error {
		changed = nil
		return s.eachUser(app, uids, func(parameters string, args []any) error {
			return query(ctx, tx, `UPDATE users SET deactivated_at = 0
				WHERE app = $1 AND uid IN (`+parameters+`) AND deactivated_at > 0 RETURNING uid`, args, scanUIDs(&changed))
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reactivate users: %w", err)
	}
	return changed, nil
}

// eachUser calls do with some of the ids at a time: the app is $1, the ids are
// the parameters. Sorted, so that two calls rarely wait for each other.
func (s *Store) eachUser(app string, uids []string, do func(parameters string, args []any) error) error {
	uids = slices.Compact(slices.Sorted(slices.Values(uids)))
	return chunks(len(uids), func(from, to int) error {
		args := make([]any, 0, 2+to-from)
		args = append(args, text(app))
		for _, uid := range uids[from:to] {
			args = append(args, text(uid))
		}
		return do(list(to-from, 2), args)
	})
}

func scanUIDs(into *[]string) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		var uid string
		if err := rows.Scan(&uid); err != nil {
			return err
		}
		*into = append(*into, uid)
		return nil
	}
}

// closeWindowsOf ends all windows of somebody. They come before everything else
// in a transaction: whoever decides locks them first, and would be waited for
// in a circle. They are found by the conversations that somebody can be in.
func (s *Store) closeWindowsOf(ctx context.Context, tx *transaction, app, uid string) error {
	own := text(string(chat.OneOnOne(uid, maxID)))
	begin := strings.TrimSuffix(own, maxID)
	_, err := tx.ExecContext(ctx, `DELETE FROM windows WHERE app = $1 AND uid = $2 AND conversation IN (
			SELECT id FROM conversations WHERE app = $1 AND id >= $3 AND id <= $4
			UNION ALL SELECT c.id FROM conversations c`+s.dialect.by("conversations_larger")+` WHERE c.app = $1 AND `+s.dialect.larger+` = $2
			UNION ALL SELECT 'g:' || guid FROM members`+s.dialect.by("members_groups")+` WHERE app = $1 AND uid = $2)`,
		text(app), text(uid), begin, own)
	if err != nil {
		return fmt.Errorf("close windows: %w", err)
	}
	return nil
}

// maxID sorts after every id of a person.
const maxID = "\U0010FFFF"

// DeleteUser implements [directory.Store].
func (s *Store) DeleteUser(ctx context.Context, app, uid string) error {
	err := s.transaction(ctx, func(tx *transaction) error {
		if err := s.closeWindowsOf(ctx, tx, app, uid); err != nil {
			return err
		}
		for _, statement := range []string{
			`DELETE FROM members` + s.dialect.by("members_groups") + ` WHERE app = $1 AND uid = $2`,
			`DELETE FROM blocks WHERE app = $1 AND uid = $2`,
			`DELETE FROM blocks` + s.dialect.by("blocks_blocked") + ` WHERE app = $1 AND blocked = $2`,
			`DELETE FROM contacts WHERE app = $1 AND uid = $2`,
			`DELETE FROM preferences WHERE app = $1 AND uid = $2`,
			`DELETE FROM mutes WHERE app = $1 AND uid = $2`,
			`DELETE FROM marks WHERE app = $1 AND uid = $2`,
			`DELETE FROM users WHERE app = $1 AND uid = $2`,
		} {
			if _, err := tx.ExecContext(ctx, statement, text(app), text(uid)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("delete user: %w", err)
	}
	return nil
}
