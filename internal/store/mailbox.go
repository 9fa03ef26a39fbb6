package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/postrider/postrider/internal/provider/gateway/mailbox"
)

var _ mailbox.Store = (*Store)(nil)

// AddMail implements [mailbox.Store].
func (s *Store) AddMail(ctx context.Context, m mailbox.Mail, keep int) error {
	_, err := s.mails.do(ctx, storedMail{m, keep})
	if err != nil {
		return fmt.Errorf("keep mail: %w", err)
	}
	return nil
}

type storedMail struct {
	mailbox.Mail
	keep int
}

func (s *Store) addMails(ctx context.Context, mails []storedMail) ([]struct{}, error) {
	err := s.inBackground(ctx, func(tx *transaction) error {
		for i := range mails {
			m := &mails[i]
			// The same mail again, after a crash, is the same mail.
			_, err := tx.ExecContext(ctx, `INSERT INTO mailbox_messages (id, received_at, sender, recipients, subject, size, raw)
				VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING`, text(m.ID), millis(m.ReceivedAt), text(m.From),
				text(m.To), text(m.Subject), len(m.Raw), notNull(m.Raw))
			if err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM mailbox_messages WHERE id <=
			(SELECT id FROM mailbox_messages ORDER BY id DESC LIMIT 1 OFFSET $1)`, mails[0].keep)
		return err
	})
	return make([]struct{}, len(mails)), err
}

// Mails implements [mailbox.Store].
func (s *Store) Mails(ctx context.Context, before string, limit int) ([]mailbox.Mail, error) {
	where, args := "", []any{limit}
	if before != "" {
		where, args = " WHERE id < $2", append(args, text(before))
	}
	mails := make([]mailbox.Mail, 0, min(limit, 1000))
	err := query(ctx, s.read, `SELECT id, received_at, sender, recipients, subject, size FROM mailbox_messages`+where+
		` ORDER BY id DESC LIMIT $1`, args, func(rows *sql.Rows) error {
		var m mailbox.Mail
		var received int64
		if err := rows.Scan(&m.ID, &received, &m.From, &m.To, &m.Subject, &m.Size); err != nil {
			return err
		}
		m.ReceivedAt = fromMillis(received)
		mails = append(mails, m)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list mails: %w", err)
	}
	return mails, nil
}

// Mail implements [mailbox.Store].
func (s *Store) Mail(ctx context.Context, id string) (mailbox.Mail, error) {
	m := mailbox.Mail{ID: id}
	var received int64
	err := s.read.QueryRowContext(ctx, `SELECT received_at, sender, recipients, subject, size, raw FROM mailbox_messages
		WHERE id = $1`, text(id)).Scan(&received, &m.From, &m.To, &m.Subject, &m.Size, &m.Raw)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return m, mailbox.ErrNotFound
	case err != nil:
		return m, fmt.Errorf("read mail: %w", err)
	}
	m.ReceivedAt = fromMillis(received)
	return m, nil
}

// DeleteMail implements [mailbox.Store].
func (s *Store) DeleteMail(ctx context.Context, id string) error {
	return s.deleteMails(ctx, ` WHERE id = $1`, text(id))
}

// DeleteMails implements [mailbox.Store].
func (s *Store) DeleteMails(ctx context.Context) error {
	if err := s.deleteMails(ctx, ``); !errors.Is(err, mailbox.ErrNotFound) {
		return err
	}
	return nil
}

func (s *Store) deleteMails(ctx context.Context, where string, args ...any) error {
	var n int64
	err := s.transaction(ctx, func(tx *transaction) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM mailbox_messages`+where, args...)
		if err != nil {
			return err
		}
		n, err = result.RowsAffected()
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("delete mail: %w", err)
	case n == 0:
		return mailbox.ErrNotFound
	}
	return nil
}
