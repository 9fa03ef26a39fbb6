package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/postrider/postrider/internal/provider/address"
)

var _ address.Store = (*Store)(nil)

// Contact implements [address.Store].
func (s *Store) Contact(ctx context.Context, app, uid string) (address.Contact, error) {
	c := address.Contact{UID: uid}
	var updated int64
	err := s.read.QueryRowContext(ctx, `SELECT email, phone, updated_at FROM contacts WHERE app = $1 AND uid = $2`,
		text(app), text(uid)).Scan(&c.Email, &c.Phone, &updated)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return address.Contact{}, address.ErrUnknown
	case err != nil:
		return address.Contact{}, fmt.Errorf("read contact: %w", err)
	}
	c.UpdatedAt = fromMillis(updated)
	return c, nil
}

// Contacts implements [address.Store].
func (s *Store) Contacts(ctx context.Context, app, after, search string, limit int) ([]address.Contact, error) {
	contacts := make([]address.Contact, 0, min(limit, 1000))
	pattern := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(text(search))) + "%"
	err := query(ctx, s.read, `SELECT uid, email, phone, updated_at FROM contacts
		WHERE app = $1 AND uid > $2 AND email <> '' AND (uid LIKE $3 ESCAPE '\' OR LOWER(email) LIKE $3 ESCAPE '\')
		ORDER BY uid LIMIT $4`, []any{text(app), text(after), pattern, limit}, func(rows *sql.Rows) error {
		var c address.Contact
		var updated int64
		if err := rows.Scan(&c.UID, &c.Email, &c.Phone, &updated); err != nil {
			return err
		}
		c.UpdatedAt = fromMillis(updated)
		contacts = append(contacts, c)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list contacts: %w", err)
	}
	return contacts, nil
}

// SetContacts implements [address.Store].
func (s *Store) SetContacts(ctx context.Context, app string, contacts []address.Contact) error {
	// A row that comes twice in one statement is an error on PostgreSQL: the
	// last one counts. Sorted, so that two imports cannot deadlock.
	emails := make(map[string]string, len(contacts))
	for _, c := range contacts {
		emails[text(c.UID)] = text(c.Email)
	}
	uids := slices.Sorted(maps.Keys(emails))
	now := millis(s.clock())
	err := s.transaction(ctx, func(tx *transaction) error {
		return chunks(len(uids), func(from, to int) error {
			args := make([]any, 0, 4*(to-from))
			for _, uid := range uids[from:to] {
				args = append(args, text(app), uid, emails[uid], now)
			}
			_, err := tx.ExecContext(ctx, `INSERT INTO contacts (app, uid, email, updated_at) VALUES `+tuples(to-from, 4, 1)+`
				ON CONFLICT (app, uid) DO UPDATE SET email = excluded.email, updated_at = excluded.updated_at`, args...)
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("store contacts: %w", err)
	}
	return nil
}

// ChangeContact sets the address and the phone of a user, and returns what is
// known then. What is nil stays, what is empty is forgotten.
func (s *Store) ChangeContact(ctx context.Context, app, uid string, email, phone *string) (address.Contact, error) {
	c := address.Contact{UID: uid}
	now := millis(s.clock())
	err := s.transaction(ctx, func(tx *transaction) error {
		err := tx.QueryRowContext(ctx, `INSERT INTO contacts (app, uid, email, phone, updated_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (app, uid) DO UPDATE SET email = CASE WHEN CAST($6 AS BIGINT) = 1 THEN excluded.email ELSE contacts.email END,
			phone = CASE WHEN CAST($7 AS BIGINT) = 1 THEN excluded.phone ELSE contacts.phone END, updated_at = excluded.updated_at
			RETURNING email, phone`,
			text(app), text(uid), given(email), given(phone), now, isGiven(email), isGiven(phone)).Scan(&c.Email, &c.Phone)
		if err != nil || c.Email != "" || c.Phone != "" {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM contacts WHERE app = $1 AND uid = $2`, text(app), text(uid))
		return err
	})
	if err != nil {
		return address.Contact{}, fmt.Errorf("store contact: %w", err)
	}
	c.UpdatedAt = fromMillis(now)
	return c, nil
}

func given(s *string) string {
	if s == nil {
		return ""
	}
	return text(*s)
}

func isGiven(s *string) int64 {
	if s == nil {
		return 0
	}
	return 1
}

// DeleteContact implements [address.Store].
func (s *Store) DeleteContact(ctx context.Context, app, uid string) error {
	var n int64
	err := s.transaction(ctx, func(tx *transaction) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM contacts WHERE app = $1 AND uid = $2`, text(app), text(uid))
		if err != nil {
			return err
		}
		n, err = result.RowsAffected()
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("delete contact: %w", err)
	case n == 0:
		return address.ErrUnknown
	}
	return nil
}
