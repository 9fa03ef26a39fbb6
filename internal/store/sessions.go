package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/postrider/postrider/internal/access"
)

const sessionColumns = "sessions.id, sessions.hash, sessions.account, sessions.created_at, sessions.seen_at, sessions.expires_at, sessions.address, sessions.agent"

// sessionRow is a session on its way out of a row.
type sessionRow struct {
	access.Session
	created, seen, expires int64
}

func (r *sessionRow) fields() []any {
	return []any{&r.ID, &r.Hash, &r.Account, &r.created, &r.seen, &r.expires, &r.Address, &r.Agent}
}

func (r *sessionRow) session() access.Session {
	r.CreatedAt, r.SeenAt, r.ExpiresAt = fromMillis(r.created), fromMillis(r.seen), fromMillis(r.expires)
	return r.Session
}

// Session implements [access.AccountStore].
func (s *Store) Session(ctx context.Context, hash []byte) (access.Session, access.Account, error) {
	var row sessionRow
	account, err := scanAccount(s.read.QueryRowContext(ctx, `SELECT `+sessionColumns+`, `+accountColumns+`
		FROM sessions JOIN accounts ON accounts.name = sessions.account WHERE sessions.hash = $1`, hash), row.fields()...)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return access.Session{}, access.Account{}, access.ErrNoSession
	case err != nil:
		return access.Session{}, access.Account{}, fmt.Errorf("read session: %w", err)
	}
	return row.session(), account, nil
}

// Sessions implements [access.AccountStore].
func (s *Store) Sessions(ctx context.Context, account string, now time.Time) ([]access.Session, error) {
	sessions := []access.Session{}
	err := query(ctx, s.read, `SELECT `+sessionColumns+` FROM sessions WHERE account = $1 AND expires_at > $2 ORDER BY seen_at DESC, id`,
		[]any{text(account), millis(now)}, func(rows *sql.Rows) error {
			var row sessionRow
			err := rows.Scan(row.fields()...)
			sessions = append(sessions, row.session())
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return sessions, nil
}

// SeeSession implements [access.AccountStore].
func (s *Store) SeeSession(ctx context.Context, hash []byte, at, until time.Time) error {
	err := s.transaction(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `UPDATE sessions SET seen_at = $1, expires_at = $2 WHERE hash = $3`, millis(at), millis(until), hash)
		return err
	})
	if err != nil {
		return fmt.Errorf("note use of session: %w", err)
	}
	return nil
}

// AddSession implements [access.AccountChanges].
func (c *accountChanges) AddSession(s access.Session) error {
	return c.exec(`INSERT INTO sessions (id, hash, account, created_at, seen_at, expires_at, address, agent) VALUES (`+list(8, 1)+`)`,
		text(s.ID), s.Hash, text(s.Account), millis(s.CreatedAt), millis(s.SeenAt), millis(s.ExpiresAt), text(s.Address), text(s.Agent))
}

// DeleteSession implements [access.AccountChanges].
func (c *accountChanges) DeleteSession(account, id string) (bool, error) {
	return c.affects(`DELETE FROM sessions WHERE account = $1 AND id = $2`, text(account), text(id))
}

// DeleteSessions implements [access.AccountChanges].
func (c *accountChanges) DeleteSessions(account, but string) error {
	return c.exec(`DELETE FROM sessions WHERE account = $1 AND id <> $2`, text(account), text(but))
}

const ticketColumns = "hash, kind, account, role, created_by, created_at, expires_at"

func scanTicket(row interface{ Scan(into ...any) error }) (access.Ticket, error) {
	var t access.Ticket
	var created, expires int64
	err := row.Scan(&t.Hash, &t.Kind, &t.Account, &t.Role, &t.CreatedBy, &created, &expires)
	t.CreatedAt, t.ExpiresAt = fromMillis(created), fromMillis(expires)
	if errors.Is(err, sql.ErrNoRows) {
		return access.Ticket{}, access.ErrNoTicket
	}
	return t, err
}

// Ticket implements [access.AccountStore].
func (s *Store) Ticket(ctx context.Context, hash []byte) (access.Ticket, error) {
	t, err := scanTicket(s.read.QueryRowContext(ctx, `SELECT `+ticketColumns+` FROM tickets WHERE hash = $1`, hash))
	if err != nil && !errors.Is(err, access.ErrNoTicket) {
		return t, fmt.Errorf("read ticket: %w", err)
	}
	return t, err
}

// Tickets implements [access.AccountStore].
func (s *Store) Tickets(ctx context.Context, now time.Time) ([]access.Ticket, error) {
	tickets := []access.Ticket{}
	err := query(ctx, s.read, `SELECT `+ticketColumns+` FROM tickets WHERE expires_at > $1 ORDER BY created_at DESC, account`, []any{millis(now)},
		func(rows *sql.Rows) error {
			t, err := scanTicket(rows)
			tickets = append(tickets, t)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list tickets: %w", err)
	}
	return tickets, nil
}

// PutTicket implements [access.AccountChanges].
func (c *accountChanges) PutTicket(t access.Ticket) error {
	if _, err := c.DeleteTicket(t.Account); err != nil {
		return err
	}
	return c.exec(`INSERT INTO tickets (`+ticketColumns+`) VALUES (`+list(7, 1)+`)`,
		t.Hash, text(string(t.Kind)), text(t.Account), text(string(t.Role)), text(t.CreatedBy), millis(t.CreatedAt), millis(t.ExpiresAt))
}

// TicketFor implements [access.AccountChanges].
func (c *accountChanges) TicketFor(account string) (access.Ticket, error) {
	return scanTicket(c.tx.QueryRowContext(c.ctx, `SELECT `+ticketColumns+` FROM tickets WHERE account = $1`, text(account)))
}

// TakeTicket implements [access.AccountChanges].
func (c *accountChanges) TakeTicket(hash []byte) (access.Ticket, error) {
	t := access.Ticket{}
	err := access.ErrNoTicket
	failed := query(c.ctx, c.tx, `DELETE FROM tickets WHERE hash = $1 RETURNING `+ticketColumns, []any{hash}, func(rows *sql.Rows) error {
		t, err = scanTicket(rows)
		return err
	})
	if failed != nil {
		return t, failed
	}
	return t, err
}

// DeleteTicket implements [access.AccountChanges].
func (c *accountChanges) DeleteTicket(account string) (bool, error) {
	return c.affects(`DELETE FROM tickets WHERE account = $1`, text(account))
}
