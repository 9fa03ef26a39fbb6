package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/postrider/postrider/internal/access"
)

// Entries implements [access.AccountStore].
func (s *Store) Entries(ctx context.Context, before string, limit int) ([]access.Entry, error) {
	condition, args := "", []any{limit}
	if before != "" {
		condition, args = ` WHERE id < $2`, append(args, text(before))
	}
	entries := []access.Entry{}
	err := query(ctx, s.read, `SELECT id, at, account, address, action, subject, detail FROM audit`+condition+` ORDER BY id DESC LIMIT $1`, args,
		func(rows *sql.Rows) error {
			var e access.Entry
			var at int64
			err := rows.Scan(&e.ID, &at, &e.Account, &e.Address, &e.Action, &e.Subject, &e.Detail)
			e.At = fromMillis(at)
			entries = append(entries, e)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list the audit log: %w", err)
	}
	return entries, nil
}

// Record implements [access.AccountChanges].
func (c *accountChanges) Record(e access.Entry) error {
	id, err := c.nextEntry(e.At)
	if err != nil {
		return err
	}
	return c.exec(`INSERT INTO audit (id, at, account, address, action, subject, detail) VALUES (`+list(7, 1)+`)`,
		id, millis(e.At), text(e.Account), text(e.Address), text(string(e.Action)), text(e.Subject), text(e.Detail))
}

// nextEntry returns the id of an entry: of its moment, and after all that there
// are. Changes wait for each other, so that there is one last entry.
func (c *accountChanges) nextEntry(at time.Time) (string, error) {
	id, err := newID(at)
	if err != nil {
		return "", err
	}
	last := ""
	if err := c.tx.QueryRowContext(c.ctx, `SELECT COALESCE(MAX(id), '') FROM audit`).Scan(&last); err != nil {
		return "", fmt.Errorf("read the last entry of the audit log: %w", err)
	}
	if id > last {
		return id, nil
	}
	return following(last)
}
