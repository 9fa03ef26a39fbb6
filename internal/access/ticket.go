package access

import (
	"context"
	"fmt"
	"time"
)

// Kind is what a ticket is for.
type Kind string

// The kinds of tickets.
const (
	KindInvite Kind = "invite"  // makes an account
	KindReset  Kind = "reset"   // gives an account another password
	KindSignIn Kind = "sign-in" // begins a session
)

// How long tickets are good.
const (
	inviteFor = 7 * 24 * time.Hour
	resetFor  = 24 * time.Hour
)

// Ticket is what a link that works once stands for, without the token in it.
type Ticket struct {
	Hash      []byte // SHA-256 of the token
	Kind      Kind
	Account   string // name
	Role      Role   // of the account that is to be made
	CreatedBy string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Invite lets somebody make an account of a name. The token is for the link
// that they are sent; it is kept nowhere. An earlier link for that name works
// no more.
func (a *Accounts) Invite(ctx context.Context, by Actor, name string, role Role) (token string, t Ticket, err error) {
	if name, err = AccountName(name); err != nil {
		return "", Ticket{}, err
	}
	if role.rank() == 0 {
		return "", Ticket{}, &Problem{"role", "Choose a role."}
	}
	t, token = a.newTicket(KindInvite, by, name, role, inviteFor)
	err = a.store.ChangeAccounts(ctx, func(tx AccountChanges) error {
		accounts, err := tx.Accounts()
		switch {
		case err != nil:
			return err
		case find(accounts, name) != nil:
			return ErrAccountExists
		case len(accounts) >= MaxAccounts:
			return ErrTooManyAccounts
		}
		if err := tx.PutTicket(t); err != nil {
			return err
		}
		return tx.Record(a.entry(by, ActionInvited, name, string(role)))
	})
	return token, t, err
}

// ResetLink lets somebody choose another password without knowing the old one.
func (a *Accounts) ResetLink(ctx context.Context, by Actor, name string) (token string, t Ticket, err error) {
	t, token = a.newTicket(KindReset, by, name, "", resetFor)
	return token, t, a.issue(ctx, by, t, ActionMadeResetLink)
}

// SignInLink lets somebody sign in once without a password: whoever has the
// machine has the accounts. It is good for as long as lasts says.
func (a *Accounts) SignInLink(ctx context.Context, by Actor, name string, lasts time.Duration) (token string, t Ticket, err error) {
	if name, err = AccountName(name); err != nil {
		return "", Ticket{}, err
	}
	t, token = a.newTicket(KindSignIn, by, name, "", lasts)
	return token, t, a.issue(ctx, by, t, ActionMadeSignInLink)
}

func (a *Accounts) newTicket(kind Kind, by Actor, name string, role Role, lasts time.Duration) (t Ticket, token string) {
	now := a.clock()
	token = randomToken()
	return Ticket{hashToken(token), kind, name, role, by.Account, now, now.Add(lasts)}, token
}

// issue keeps a ticket for an account that there is.
func (a *Accounts) issue(ctx context.Context, by Actor, t Ticket, action Action) error {
	return a.change(ctx, t.Account, func(tx AccountChanges, _ []Account, account *Account) error {
		switch {
		case t.Kind == KindReset && a.IsConfigured(account):
			return ErrConfigured
		case t.Kind == KindReset && (a.passwordsOff || !account.HasPassword()):
			return ErrNoPassword
		}
		if err := tx.PutTicket(t); err != nil {
			return err
		}
		return tx.Record(a.entry(by, action, t.Account, ""))
	})
}

// Withdraw makes the link for an account worthless, or returns ErrNoTicket.
func (a *Accounts) Withdraw(ctx context.Context, by Actor, name string) error {
	return a.store.ChangeAccounts(ctx, func(tx AccountChanges) error {
		there, err := tx.DeleteTicket(name)
		switch {
		case err != nil:
			return err
		case !there:
			return ErrNoTicket
		}
		return tx.Record(a.entry(by, ActionWithdrew, name, ""))
	})
}

// Tickets returns the links that still work, the newest first.
func (a *Accounts) Tickets(ctx context.Context) ([]Ticket, error) {
	return a.store.Tickets(ctx, a.clock())
}

// Ticket returns what a token is good for, or ErrNoTicket.
func (a *Accounts) Ticket(ctx context.Context, token string) (Ticket, error) {
	t, err := a.store.Ticket(ctx, hashToken(token))
	if err == nil && !a.clock().Before(t.ExpiresAt) {
		err = ErrNoTicket
	}
	return t, err
}

// Redeem does what a ticket is good for, once, and begins a session. password
// is the one that was chosen, where the ticket lets somebody choose one; one
// that cannot be used is a [*Problem], and the ticket stays good.
func (a *Accounts) Redeem(ctx context.Context, by Actor, token, password string) (sessionToken string, s Session, err error) {
	t, err := a.Ticket(ctx, token)
	if err != nil {
		return "", Session{}, err
	}
	var hash []byte
	if t.Kind != KindSignIn {
		if a.passwordsOff {
			return "", Session{}, ErrNoPassword
		}
		if err := checkPassword(t.Account, password); err != nil {
			return "", Session{}, err
		}
		if hash, err = a.passwords.Hash(password); err != nil {
			return "", Session{}, err
		}
	}
	by.Account = t.Account
	s, sessionToken = a.newSession(t.Account, by)
	if t.Kind == KindInvite {
		err = a.store.ChangeAccounts(ctx, func(tx AccountChanges) error {
			accounts, err := tx.Accounts()
			switch {
			case err != nil:
				return err
			case find(accounts, t.Account) != nil:
				return ErrAccountExists
			case len(accounts) >= MaxAccounts:
				return ErrTooManyAccounts
			}
			account := Account{Name: t.Account, Role: t.Role, Hash: hash, CreatedAt: a.clock()}
			if err := tx.PutAccount(account); err != nil {
				return err
			}
			return a.redeem(tx, t, s, a.entry(by, ActionAccepted, "", string(t.Role)))
		})
		return sessionToken, s, err
	}
	err = a.change(ctx, t.Account, func(tx AccountChanges, _ []Account, account *Account) error {
		if t.Kind == KindSignIn {
			return a.redeem(tx, t, s, a.entry(by, ActionSignedInByLink, "", ""))
		}
		switch {
		case a.IsConfigured(account):
			return ErrConfigured
		case !account.HasPassword():
			return ErrNoPassword
		}
		account.Hash = hash
		if err := tx.PutAccount(*account); err != nil {
			return err
		}
		if err := tx.DeleteSessions(t.Account, ""); err != nil {
			return err
		}
		return a.redeem(tx, t, s, a.entry(by, ActionResetPassword, "", ""))
	})
	return sessionToken, s, err
}

// redeem takes a ticket, begins a session and notes it. The ticket may have been
// used, or withdrawn, since it was looked at.
func (a *Accounts) redeem(tx AccountChanges, t Ticket, s Session, e Entry) error {
	taken, err := tx.TakeTicket(t.Hash)
	if err != nil {
		return err
	}
	if taken.Kind != t.Kind || taken.Account != t.Account || taken.Role != t.Role {
		return fmt.Errorf("%w: it is another one", ErrNoTicket)
	}
	if err := tx.AddSession(s); err != nil {
		return err
	}
	return tx.Record(e)
}
