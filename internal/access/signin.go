package access

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
)

// SignIn begins a session with a password, and returns the token that proves
// it. ErrWrongPassword and a [*LimitError] say why not.
func (a *Accounts) SignIn(ctx context.Context, by Actor, name, password string) (token string, s Session, err error) {
	account, err := a.authenticate(ctx, name, password, by.Address)
	if err != nil {
		return "", Session{}, err
	}
	by.Account = account.Name
	s, token = a.newSession(account.Name, by)
	return token, s, a.store.ChangeAccounts(ctx, func(tx AccountChanges) error {
		accounts, err := tx.Accounts()
		if err != nil {
			return err
		}
		// Hashing takes a while: somebody may have changed the password since.
		if now := find(accounts, account.Name); now == nil || string(now.Hash) != string(account.Hash) {
			return ErrWrongPassword
		}
		if err := tx.AddSession(s); err != nil {
			return err
		}
		return tx.Record(a.entry(by, ActionSignedIn, "", ""))
	})
}

// Verify returns the account that a program names with each of its calls. What
// was verified is remembered for ten seconds: so long an account that another
// process changed may still work as it was.
func (a *Accounts) Verify(ctx context.Context, name, password, address string) (Account, error) {
	digest := a.digest(name, password)
	if account, ok := a.remembers(digest); ok {
		return account, nil
	}
	if err := a.enter(ctx); err != nil {
		return Account{}, err
	}
	defer a.leave()
	// Programs call several times at once: the first of them is enough.
	if account, ok := a.remembers(digest); ok {
		return account, nil
	}
	account, err := a.check(ctx, name, password, address)
	if err != nil {
		return Account{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.basic) >= maxRemembered {
		clear(a.basic)
	}
	a.basic[digest] = rememberedAccount{account, a.clock().Add(rememberFor)}
	return account, nil
}

func (a *Accounts) remembers(digest [sha256.Size]byte) (Account, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known, ok := a.basic[digest]
	return known.account, ok && a.clock().Before(known.until)
}

// enter waits for a turn to check a password. Only a few are checked at one
// time, so that attempts which fail are counted before the next ones begin.
func (a *Accounts) enter(ctx context.Context) error {
	select {
	case a.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait to check a password: %w", ctx.Err())
	}
}

func (a *Accounts) leave() { <-a.turn }

// digest is what is remembered of a name and a password; nobody can tell by it
// what they are.
func (a *Accounts) digest(name, password string) (digest [sha256.Size]byte) {
	mac := hmac.New(sha256.New, a.secret)
	fmt.Fprintf(mac, "%d:%s%s", len(name), name, password)
	mac.Sum(digest[:0])
	return digest
}

// authenticate returns the account with a name and a password. It takes as long
// where there is none.
func (a *Accounts) authenticate(ctx context.Context, name, password, address string) (Account, error) {
	if err := a.enter(ctx); err != nil {
		return Account{}, err
	}
	defer a.leave()
	return a.check(ctx, name, password, address)
}

func (a *Accounts) check(ctx context.Context, name, password, address string) (Account, error) {
	if a.passwordsOff {
		return Account{}, ErrNoPassword
	}
	name = strings.ToLower(strings.TrimSpace(name))
	if len(name) > 4*MaxAccountName || len(password) > 4*MaxPasswordLength {
		return Account{}, ErrWrongPassword
	}
	if err := a.attempts.check(name, address); err != nil {
		return Account{}, err
	}
	account, err := a.store.Account(ctx, name)
	if err != nil && !errors.Is(err, ErrNoAccount) {
		return Account{}, err
	}
	hash := account.Hash
	known := err == nil && account.HasPassword()
	if !known {
		hash = a.nobody
	}
	matches, wrong := a.passwords.Matches(password, hash)
	switch {
	case wrong != nil:
		return Account{}, fmt.Errorf("account %s: %w", name, wrong)
	case !known || !matches:
		a.attempts.failed(name, address)
		return Account{}, ErrWrongPassword
	}
	a.attempts.succeeded(name, address)
	return account, nil
}

// hashOfNobody returns what looks like a hash and is that of no password.
func hashOfNobody() []byte {
	var salt [saltSize]byte
	var key [hashSize]byte
	rand.Read(salt[:]) // never fails: crypto/rand ends the program instead
	rand.Read(key[:])
	return []byte(hashPrefix() + encode(salt[:]) + "$" + encode(key[:]))
}
