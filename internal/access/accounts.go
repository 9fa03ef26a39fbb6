package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// Accounts are the people of the dashboard: who they are, how they sign in, and
// what each may do. It is safe for concurrent use.
type Accounts struct {
	store     AccountStore
	keyring   *Keyring
	passwords *Passwords
	clock     func() time.Time
	logger    *slog.Logger
	attempts  *attempts
	turn      chan struct{} // to check a password
	// nobody is the hash of no password: it is compared with where there is no
	// account, so that this takes as long.
	nobody       []byte
	passwordsOff bool
	openID       OpenID
	// configured: the password of the first account is.
	configured bool

	mu     sync.Mutex
	secret []byte // of what is remembered
	basic  map[[sha256.Size]byte]rememberedAccount
}

type rememberedAccount struct {
	account Account
	until   time.Time
}

// AccountsConfig is what accounts work with. All fields but the last two are
// required.
type AccountsConfig struct {
	Store     AccountStore
	Keyring   *Keyring // keeps the generated password of the first account, until it is changed
	Passwords *Passwords
	Clock     func() time.Time
	Logger    *slog.Logger
	// PasswordsOff: nobody signs in with a password.
	PasswordsOff bool
	// OpenID says whom it lets in that an issuer knows somebody.
	OpenID OpenID
}

// NewAccounts returns the accounts of a store.
func NewAccounts(cfg AccountsConfig) *Accounts {
	secret := make([]byte, sha256.Size)
	rand.Read(secret) // never fails: crypto/rand ends the program instead
	return &Accounts{
		store: cfg.Store, keyring: cfg.Keyring, passwords: cfg.Passwords, clock: cfg.Clock, logger: cfg.Logger,
		passwordsOff: cfg.PasswordsOff, openID: cfg.OpenID, attempts: newAttempts(cfg.Clock), turn: make(chan struct{}, hashing), nobody: hashOfNobody(), secret: secret,
		basic: make(map[[sha256.Size]byte]rememberedAccount),
	}
}

// EnsureFirst makes sure that somebody can sign in. The credential is that of
// the first account. A configured password is its password, whatever was
// before; a generated one is, until somebody changes it in the dashboard. An
// account that was deleted comes back only if it is configured.
func (a *Accounts) EnsureFirst(ctx context.Context, c Credential) error {
	name, err := AccountName(c.Username)
	if err != nil {
		return err
	}
	a.configured = !c.Generated
	known, err := a.store.Accounts(ctx)
	if err != nil {
		return err
	}
	hash, err := a.firstHash(known, c.Password)
	if err != nil {
		return err
	}
	defer a.forget()
	return a.store.ChangeAccounts(ctx, func(tx AccountChanges) error {
		accounts, err := tx.Accounts()
		if err != nil {
			return err
		}
		first, named := firstOf(accounts), find(accounts, name)
		next := Account{Name: name, Role: RoleAdmin, Hash: hash, First: true, CreatedAt: a.clock()}
		switch {
		case first == nil && len(accounts) > 0 && c.Generated:
			return nil // it was deleted
		case named != nil && !named.First:
			return fmt.Errorf("%w: %s", ErrAccountExists, name)
		case first == nil && hash == nil:
			return errors.New("its password was changed, but there is no account")
		case first != nil:
			next.CreatedAt = first.CreatedAt
			if hash == nil {
				next.Hash = first.Hash
			}
			if c.Generated {
				next.Role = first.Role // somebody may have changed it
			}
			if first.Name == name && string(first.Hash) == string(next.Hash) && first.Role == next.Role {
				return nil
			}
			// Another password or another name: who knew the old ones is out.
			if err := tx.DeleteAccount(first.Name); err != nil {
				return err
			}
		}
		return tx.PutAccount(next)
	})
}

// firstHash returns the hash of the first account's password: the one that is
// kept if it is of that password. It is nil if the password was changed, and
// nobody but its owner knows it.
func (a *Accounts) firstHash(known []Account, password string) ([]byte, error) {
	if password == "" {
		return nil, nil
	}
	if first := firstOf(known); first != nil {
		same, err := a.passwords.Matches(password, first.Hash)
		if err != nil && !errors.Is(err, ErrNoHash) {
			return nil, err
		}
		if same {
			return first.Hash, nil
		}
	}
	return a.passwords.Hash(password)
}

func firstOf(accounts []Account) *Account {
	for i := range accounts {
		if accounts[i].First {
			return &accounts[i]
		}
	}
	return nil
}

func find(accounts []Account, name string) *Account {
	for i := range accounts {
		if accounts[i].Name == name {
			return &accounts[i]
		}
	}
	return nil
}

// IsConfigured reports whether the configuration holds an account's password,
// so that nobody can change or delete it in the dashboard.
func (a *Accounts) IsConfigured(account *Account) bool { return account.First && a.configured }

// List returns all accounts, by name.
func (a *Accounts) List(ctx context.Context) ([]Account, error) { return a.store.Accounts(ctx) }

// ChangePassword gives who asks another password, and ends their other
// sessions. A wrong old one is ErrWrongPassword, or a [*LimitError] if that
// happens often; a new one that cannot be used is a [*Problem].
func (a *Accounts) ChangePassword(ctx context.Context, by Actor, s Session, old, password string) error {
	if err := a.mayHavePassword(ctx, s.Account); err != nil {
		return err
	}
	if err := checkPassword(s.Account, password); err != nil {
		return err
	}
	account, err := a.authenticate(ctx, s.Account, old, by.Address)
	if err != nil {
		return err
	}
	if a.IsConfigured(&account) {
		return ErrConfigured
	}
	hash, err := a.passwords.Hash(password)
	if err != nil {
		return err
	}
	return a.change(ctx, account.Name, func(tx AccountChanges, _ []Account, account *Account) error {
		account.Hash = hash
		if err := tx.PutAccount(*account); err != nil {
			return err
		}
		if err := tx.DeleteSessions(account.Name, s.ID); err != nil {
			return err
		}
		return tx.Record(a.entry(by, ActionChangedPassword, "", ""))
	})
}

// mayHavePassword returns ErrNoPassword for an account that has none.
func (a *Accounts) mayHavePassword(ctx context.Context, name string) error {
	account, err := a.store.Account(ctx, name)
	switch {
	case err != nil:
		return err
	case a.passwordsOff || !account.HasPassword():
		return ErrNoPassword
	}
	return nil
}

// PasswordsOff reports whether nobody signs in with a password.
func (a *Accounts) PasswordsOff() bool { return a.passwordsOff }

// SetRole gives an account another role.
func (a *Accounts) SetRole(ctx context.Context, by Actor, name string, role Role) error {
	if role.rank() == 0 {
		return &Problem{"role", "Choose a role."}
	}
	return a.change(ctx, name, func(tx AccountChanges, all []Account, account *Account) error {
		before := account.Role
		switch {
		case before == role:
			return nil
		case a.IsConfigured(account):
			return ErrConfigured
		case role != RoleAdmin && isLastAdmin(all, account):
			return ErrLastAdmin
		}
		account.Role = role
		if err := tx.PutAccount(*account); err != nil {
			return err
		}
		return tx.Record(a.entry(by, ActionChangedRole, name, string(before)+" → "+string(role)))
	})
}

// Delete forgets an account, and ends its sessions.
func (a *Accounts) Delete(ctx context.Context, by Actor, name string) error {
	return a.change(ctx, name, func(tx AccountChanges, all []Account, account *Account) error {
		switch {
		case account.Name == by.Account:
			return ErrOwnAccount
		case a.IsConfigured(account):
			return ErrConfigured
		case isLastAdmin(all, account):
			return ErrLastAdmin
		}
		if err := tx.DeleteAccount(name); err != nil {
			return err
		}
		return tx.Record(a.entry(by, ActionDeletedAccount, name, ""))
	})
}

func isLastAdmin(all []Account, account *Account) bool {
	for i := range all {
		if all[i].Role == RoleAdmin && all[i].Name != account.Name {
			return false
		}
	}
	return account.Role == RoleAdmin
}

// change runs a change of one account, or returns ErrNoAccount. If the first
// account gets another password, the generated one is forgotten.
func (a *Accounts) change(ctx context.Context, name string, change func(AccountChanges, []Account, *Account) error) error {
	defer a.forget()
	return a.store.ChangeAccounts(ctx, func(tx AccountChanges) error {
		accounts, err := tx.Accounts()
		if err != nil {
			return err
		}
		account := find(accounts, strings.ToLower(name))
		if account == nil {
			return ErrNoAccount
		}
		before := string(account.Hash)
		if err := change(tx, accounts, account); err != nil {
			return err
		}
		if !account.First || before == string(account.Hash) {
			return nil
		}
		return tx.PutCredential(a.keyring.App, NameAdmin, a.keyring.changed(NameAdmin, account.Name))
	})
}

// forget makes the next Verify of everybody ask the store.
func (a *Accounts) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.basic)
}
