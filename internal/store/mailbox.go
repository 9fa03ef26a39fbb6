package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/postrider/postrider/internal/provider/gateway/mailbox"
)

var _ mailbox.Store = (*Store)(nil)

// maxTrim bounds how many mails one transaction removes beyond those it adds,
// after fewer are to be kept than before.
const maxTrim = 500

// AddMail implements [mailbox.Store].
func (s *Store) AddMail(ctx context.Context, m mailbox.Mail, keep int) error {
	_, err := s.mails.do(ctx, storedMail{m, keep, indexed(&m)})
	if err != nil {
		return fmt.Errorf("keep mail: %w", err)
	}
	return nil
}

type storedMail struct {
	mailbox.Mail
	keep  int
	words [4][]string
}

func (s *Store) addMails(ctx context.Context, mails []storedMail) ([]struct{}, error) {
	err := s.inBackground(ctx, func(tx *transaction) error {
		tx.aside()
		var last, kept int64
		err := tx.QueryRowContext(ctx, `UPDATE mailbox_state SET last_arrival = last_arrival + $1 WHERE id = 1
			RETURNING last_arrival, kept`, len(mails)).Scan(&last, &kept)
		if err != nil {
			return err
		}
		before := kept
		for i := range mails {
			added, err := s.addMail(ctx, tx, &mails[i], last-int64(len(mails)-1-i))
			if err != nil {
				return err
			}
			kept += added
		}
		removed, err := s.trimMails(ctx, tx, min(kept-int64(mails[0].keep), kept-before+maxTrim))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE mailbox_state SET kept = $1 WHERE id = 1`, kept-removed)
		return err
	})
	return make([]struct{}, len(mails)), err
}

// addMail returns how many mails it added: the same mail again, after a crash,
// is the same mail.
func (s *Store) addMail(ctx context.Context, tx *transaction, m *storedMail, arrival int64) (int64, error) {
	result, err := tx.ExecContext(ctx, `INSERT INTO mailbox_messages (id, received_at, sender, recipients, subject, size, raw, arrival)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING`, text(m.ID), millis(m.ReceivedAt), text(m.From),
		text(m.To), text(m.Subject), len(m.Raw), notNull(m.Raw), arrival)
	if err != nil {
		return 0, err
	}
	added, err := result.RowsAffected()
	if err != nil || added == 0 {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, s.dialect.mails.add, append([]any{arrival}, s.dialect.mails.row(m.words)...)...)
	return added, err
}

// trimMails removes the n mails that arrived first.
func (s *Store) trimMails(ctx context.Context, tx *transaction, n int64) (int64, error) {
	if n <= 0 {
		return 0, nil
	}
	return s.removeMails(ctx, tx, `SELECT arrival FROM mailbox_messages ORDER BY arrival LIMIT $1`, n)
}

// removeMails removes the mails whose arrivals a statement selects, and their
// words.
func (s *Store) removeMails(ctx context.Context, tx *transaction, arrivals string, args ...any) (int64, error) {
	_, err := tx.ExecContext(ctx, `DELETE FROM mailbox_index WHERE `+s.dialect.mails.key+` IN (`+arrivals+`)`, args...)
	if err != nil {
		return 0, err
	}
	result, err := tx.ExecContext(ctx, `DELETE FROM mailbox_messages WHERE arrival IN (`+arrivals+`)`, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// MailboxState implements [mailbox.Store].
func (s *Store) MailboxState(ctx context.Context) (state mailbox.State, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT kept, last_arrival FROM mailbox_state WHERE id = 1`).Scan(&state.Kept, &state.Last)
	if err != nil {
		return state, fmt.Errorf("read the mailbox's state: %w", err)
	}
	return state, nil
}

// Mail implements [mailbox.Store].
func (s *Store) Mail(ctx context.Context, id string) (mailbox.Mail, error) {
	m := mailbox.Mail{ID: id}
	var received int64
	err := s.read.QueryRowContext(ctx, `SELECT received_at, sender, recipients, subject, size, raw, arrival FROM mailbox_messages
		WHERE id = $1`, text(id)).Scan(&received, &m.From, &m.To, &m.Subject, &m.Size, &m.Raw, &m.Arrival)
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
	var n int64
	err := s.changeMailbox(ctx, func(tx *transaction) (err error) {
		n, err = s.removeMails(ctx, tx, `SELECT arrival FROM mailbox_messages WHERE id = $1`, text(id))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE mailbox_state SET kept = kept - $1 WHERE id = 1`, n)
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

// DeleteMails implements [mailbox.Store].
func (s *Store) DeleteMails(ctx context.Context) error {
	err := s.changeMailbox(ctx, func(tx *transaction) error {
		for _, statement := range []string{
			s.dialect.mails.clear, `DELETE FROM mailbox_messages`, `UPDATE mailbox_state SET kept = 0 WHERE id = 1`,
		} {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("delete mails: %w", err)
	}
	return nil
}

// changeMailbox runs a transaction that begins by locking the state, as those
// that add mails do: whoever comes second waits, and finds what the first has
// left.
func (s *Store) changeMailbox(ctx context.Context, change func(*transaction) error) error {
	return s.transaction(ctx, func(tx *transaction) error {
		if _, err := tx.ExecContext(ctx, `UPDATE mailbox_state SET kept = kept WHERE id = 1`); err != nil {
			return err
		}
		return change(tx)
	})
}
