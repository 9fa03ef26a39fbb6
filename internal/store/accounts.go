package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/postrider/postrider/internal/access"
)

var _ access.AccountStore = (*Store)(nil)

const accountColumns = "accounts.name, accounts.role, accounts.hash, accounts.first, accounts.created_at, accounts.issuer, accounts.subject"

// scanAccount reads an account, after what the caller reads of the same row.
func scanAccount(row interface{ Scan(into ...any) error }, before ...any) (access.Account, error) {
	var a access.Account
	var created int64
	err := row.Scan(append(before, &a.Name, &a.Role, &a.Hash, &a.First, &created, &a.Issuer, &a.Subject)...)
	a.CreatedAt = fromMillis(created)
	return a, err
}

// Account implements [access.AccountStore].
func (s *Store) Account(ctx context.Context, name string) (access.Account, error) {
	account, err := scanAccount(s.read.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM accounts WHERE name = $1`, text(name)))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return access.Account{}, access.ErrNoAccount
	case err != nil:
		return access.Account{}, fmt.Errorf("read account: %w", err)
	}
	return account, nil
}

// Accounts implements [access.AccountStore].
func (s *Store) Accounts(ctx context.Context) ([]access.Account, error) {
	accounts, err := listAccounts(ctx, s.read)
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	return accounts, nil
}

func listAccounts(ctx context.Context, q querier) ([]access.Account, error) {
	accounts := []access.Account{}
	err := query(ctx, q, `SELECT `+accountColumns+` FROM accounts ORDER BY name`, nil, func(rows *sql.Rows) error {
		account, err := scanAccount(rows)
		accounts = append(accounts, account)
		return err
	})
	return accounts, err
}

// ChangeAccounts implements [access.AccountStore].
func (s *Store) ChangeAccounts(ctx context.Context, change func(access.AccountChanges) error) error {
	err := s.transaction(ctx, func(tx *transaction) error {
		// There may be no account to lock: a row of the settings of no app
		// stands for all of them.
		_, err := tx.ExecContext(ctx, `INSERT INTO settings (app, name, body, updated_at) VALUES ('', 'lock/accounts', $1, $2)
			ON CONFLICT (app, name) DO UPDATE SET updated_at = excluded.updated_at`, []byte{}, millis(s.clock()))
		if err != nil {
			return err
		}
		return change(&accountChanges{ctx: ctx, tx: tx, clock: s.clock})
	})
	if err != nil {
		return fmt.Errorf("change accounts: %w", err)
	}
	return nil
}

// accountChanges is one transaction of ChangeAccounts, with its context.
type accountChanges struct {
	ctx   context.Context
	tx    *transaction
	clock func() time.Time
}

var _ access.AccountChanges = (*accountChanges)(nil)

func (c *accountChanges) exec(statement string, args ...any) error {
	_, err := c.tx.ExecContext(c.ctx, statement, args...)
	return err
}

// affects runs a statement and reports whether it changed anything.
func (c *accountChanges) affects(statement string, args ...any) (bool, error) {
	result, err := c.tx.ExecContext(c.ctx, statement, args...)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// Accounts implements [access.AccountChanges].
func (c *accountChanges) Accounts() ([]access.Account, error) { return listAccounts(c.ctx, c.tx) }

// PutAccount implements [access.AccountChanges].
func (c *accountChanges) PutAccount(a access.Account) error {
	hash := a.Hash
	if hash == nil { // it has no password
		hash = []byte{}
	}
	return c.exec(`INSERT INTO accounts (name, role, hash, first, created_at, issuer, subject) VALUES (`+list(7, 1)+`)
		ON CONFLICT (name) DO UPDATE SET role = excluded.role, hash = excluded.hash, first = excluded.first, created_at = excluded.created_at,
			issuer = excluded.issuer, subject = excluded.subject`,
		text(a.Name), text(string(a.Role)), hash, a.First, millis(a.CreatedAt), text(a.Issuer), text(a.Subject))
}

// DeleteAccount implements [access.AccountChanges].
func (c *accountChanges) DeleteAccount(name string) error {
	return errors.Join(
		c.exec(`DELETE FROM accounts WHERE name = $1`, text(name)),
		c.exec(`DELETE FROM sessions WHERE account = $1`, text(name)),
		c.exec(`DELETE FROM tickets WHERE account = $1`, text(name)),
	)
}

// Credential implements [access.AccountChanges].
func (c *accountChanges) Credential(app, name string) (access.Sealed, error) {
	return readCredential(c.ctx, c.tx, app, name)
}

// PutCredential implements [access.AccountChanges].
func (c *accountChanges) PutCredential(app, name string, sealed access.Sealed) error {
	return c.exec(`INSERT INTO credentials (app, name, username, sealed, created_at) VALUES (`+list(5, 1)+`)
		ON CONFLICT (app, name) DO UPDATE SET username = excluded.username, sealed = excluded.sealed, created_at = excluded.created_at`,
		text(app), text(name), text(sealed.Username), sealed.Secret, millis(c.clock()))
}

// PurgeAccounts implements [access.AccountStore].
func (s *Store) PurgeAccounts(ctx context.Context, now, entriesBefore time.Time) error {
	for _, old := range []struct {
		what, statement string
		than            any
	}{
		{"sessions", `DELETE FROM sessions WHERE hash IN (SELECT hash FROM sessions WHERE expires_at <= $1 LIMIT $2)`, millis(now)},
		{"tickets", `DELETE FROM tickets WHERE hash IN (SELECT hash FROM tickets WHERE expires_at <= $1 LIMIT $2)`, millis(now)},
		{"entries of the audit log", `DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE id < $1 ORDER BY id LIMIT $2)`, firstID(entriesBefore)},
	} {
		if err := s.deleteAll(ctx, old.statement, old.than); err != nil {
			return fmt.Errorf("delete old %s: %w", old.what, err)
		}
	}
	return nil
}
