package access

import (
	"context"
	"errors"
)

// OpenID says what it takes that an issuer of OpenID Connect knows somebody.
type OpenID struct {
	// Role is that of people who come for the first time without an invitation;
	// empty: they are not let in.
	Role Role
	// Roles are the roles of the issuer's groups. If there are some, the
	// highest of somebody's counts, anew at each time that they sign in.
	Roles map[string]Role
}

// Identity is somebody whom an issuer of OpenID Connect vouches for.
type Identity struct {
	Issuer, Subject string
	Email           string // verified, or empty
	Groups          []string
}

// SignInByOpenID begins a session for somebody whom an issuer vouches for, in
// the account that is theirs by issuer and subject. Who comes for the first time
// gets the account that an invitation is for, by the verified address, or a new
// one if that is so configured; never one that there is: who has the address
// there now need not be who has the account here.
//
// ErrNoEmail, ErrAccountExists, ErrNotInvited, ErrNoRole and
// ErrTooManyAccounts say why not.
func (a *Accounts) SignInByOpenID(ctx context.Context, by Actor, who Identity) (token string, s Session, err error) {
	defer a.forget() // its role may be another one
	err = a.store.ChangeAccounts(ctx, func(tx AccountChanges) error {
		accounts, err := tx.Accounts()
		if err != nil {
			return err
		}
		by := by
		account := ofIdentity(accounts, who)
		if account == nil {
			account, err = a.welcome(tx, accounts, by, who)
		} else {
			by.Account = account.Name
			err = a.roleAtSignIn(tx, accounts, by, account, who)
		}
		if err != nil {
			return err
		}
		by.Account = account.Name
		s, token = a.newSession(account.Name, by)
		if err := tx.AddSession(s); err != nil {
			return err
		}
		return tx.Record(a.entry(by, ActionSignedInByOpenID, "", who.Issuer))
	})
	if err != nil {
		return "", Session{}, err
	}
	return token, s, nil
}

func ofIdentity(accounts []Account, who Identity) *Account {
	for i := range accounts {
		if accounts[i].Subject != "" && accounts[i].Issuer == who.Issuer && accounts[i].Subject == who.Subject {
			return &accounts[i]
		}
	}
	return nil
}

// welcome makes an account for somebody who comes for the first time.
func (a *Accounts) welcome(tx AccountChanges, accounts []Account, by Actor, who Identity) (*Account, error) {
	if who.Email == "" {
		return nil, ErrNoEmail
	}
	name, err := AccountName(who.Email)
	if err != nil {
		return nil, ErrNoEmail // it is none
	}
	if find(accounts, name) != nil {
		return nil, ErrAccountExists
	}
	role, err := a.firstRole(tx, name)
	if err != nil {
		return nil, err
	}
	if len(a.openID.Roles) > 0 {
		if of := a.roleOf(who.Groups); of != "" {
			role = of
		}
	}
	switch {
	case role == "" && len(a.openID.Roles) > 0:
		return nil, ErrNoRole
	case role == "":
		return nil, ErrNotInvited
	case len(accounts) >= MaxAccounts:
		return nil, ErrTooManyAccounts
	}
	account := &Account{Name: name, Role: role, CreatedAt: a.clock(), Issuer: who.Issuer, Subject: who.Subject}
	if err := tx.PutAccount(*account); err != nil {
		return nil, err
	}
	if _, err := tx.DeleteTicket(name); err != nil { // the invitation is used
		return nil, err
	}
	by.Account = name
	return account, tx.Record(a.entry(by, ActionCameByOpenID, "", string(role)))
}

// firstRole is the role of somebody who comes for the first time: that of the
// invitation, or the one for all.
func (a *Accounts) firstRole(tx AccountChanges, name string) (Role, error) {
	t, err := tx.TicketFor(name)
	switch {
	case errors.Is(err, ErrNoTicket):
		return a.openID.Role, nil
	case err != nil:
		return "", err
	case t.Kind != KindInvite || !a.clock().Before(t.ExpiresAt):
		return a.openID.Role, nil
	}
	return t.Role, nil
}

// roleAtSignIn gives an account the role that the issuer's groups give, if they
// count. The last admin stays one.
func (a *Accounts) roleAtSignIn(tx AccountChanges, accounts []Account, by Actor, account *Account, who Identity) error {
	if len(a.openID.Roles) == 0 || a.IsConfigured(account) {
		return nil
	}
	role := a.roleOf(who.Groups)
	if role == "" {
		role = a.openID.Role
	}
	before := account.Role
	switch {
	case role == before:
		return nil
	case isLastAdmin(accounts, account):
		a.logger.Warn("the last admin stays one, whatever the issuer's groups say", "account", account.Name)
		return nil
	case role == "":
		return ErrNoRole
	}
	account.Role = role
	if err := tx.PutAccount(*account); err != nil {
		return err
	}
	return tx.Record(a.entry(by, ActionChangedRole, account.Name, string(before)+" → "+string(role)))
}

// roleOf is the highest role that somebody's groups give, or none.
func (a *Accounts) roleOf(groups []string) Role {
	var highest Role
	for _, group := range groups {
		if role := a.openID.Roles[group]; role.rank() > highest.rank() {
			highest = role
		}
	}
	return highest
}

// AttemptByOpenID returns a [*LimitError] if too many attempts from an address
// have failed.
func (a *Accounts) AttemptByOpenID(address string) error { return a.attempts.checkAddress(address) }

// FailedByOpenID counts an attempt that failed.
func (a *Accounts) FailedByOpenID(address string) { a.attempts.failedFrom(address) }
