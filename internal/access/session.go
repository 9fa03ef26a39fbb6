package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"
)

// How long sessions last.
const (
	SessionIdle = 7 * 24 * time.Hour  // without being used
	SessionAge  = 30 * 24 * time.Hour // in any case
	// noteEvery is how often it is noted that a session is used: not at every
	// request.
	noteEvery = 5 * time.Minute
)

// maxAgent is how many characters are kept of what a browser says that it is.
const maxAgent = 200

// Session is that somebody is signed in, without the token that proves it.
type Session struct {
	ID        string // by which it can be named; it proves nothing
	Hash      []byte // SHA-256 of the token
	Account   string
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
	Address   string // where it began
	Agent     string
}

// newSession returns a session of an account and its token, which is kept
// nowhere.
func (a *Accounts) newSession(account string, by Actor) (s Session, token string) {
	now := a.clock()
	token = randomToken()
	s = Session{
		ID: randomPassword(), Hash: hashToken(token), Account: account, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(SessionIdle),
		Address: by.Address, Agent: clip(by.Agent, maxAgent),
	}
	return s, token
}

// Session returns the session that a token proves, and whose it is, or
// ErrNoSession. It lasts longer by being used.
func (a *Accounts) Session(ctx context.Context, token string) (Session, Account, error) {
	s, account, err := a.store.Session(ctx, hashToken(token))
	if err != nil {
		return Session{}, Account{}, err
	}
	now := a.clock()
	if !now.Before(s.ExpiresAt) {
		return Session{}, Account{}, ErrNoSession
	}
	if now.Sub(s.SeenAt) < noteEvery {
		return s, account, nil
	}
	s.SeenAt, s.ExpiresAt = now, earlier(now.Add(SessionIdle), s.CreatedAt.Add(SessionAge))
	if err := a.store.SeeSession(ctx, s.Hash, s.SeenAt, s.ExpiresAt); err != nil {
		// A database that cannot be written is a reason to look at pages.
		a.logger.Warn("note that a session is used", "error", err)
	}
	return s, account, nil
}

// Sessions returns the sessions of an account, the one that was used last
// first.
func (a *Accounts) Sessions(ctx context.Context, account string) ([]Session, error) {
	return a.store.Sessions(ctx, account, a.clock())
}

// SignOut ends the session of who asks.
func (a *Accounts) SignOut(ctx context.Context, by Actor, s Session) error {
	return a.endSession(ctx, by, s.Account, s.ID, ActionSignedOut, "")
}

// EndSession ends a session of an account, or returns ErrNoSession.
func (a *Accounts) EndSession(ctx context.Context, by Actor, account, id string) error {
	return a.endSession(ctx, by, account, id, ActionEndedSession, account)
}

func (a *Accounts) endSession(ctx context.Context, by Actor, account, id string, action Action, subject string) error {
	return a.store.ChangeAccounts(ctx, func(tx AccountChanges) error {
		there, err := tx.DeleteSession(account, id)
		switch {
		case err != nil:
			return err
		case !there:
			return ErrNoSession
		}
		return tx.Record(a.entry(by, action, subject, ""))
	})
}

// EndOtherSessions ends all sessions of an account but one.
func (a *Accounts) EndOtherSessions(ctx context.Context, by Actor, s Session) error {
	return a.store.ChangeAccounts(ctx, func(tx AccountChanges) error {
		if err := tx.DeleteSessions(s.Account, s.ID); err != nil {
			return err
		}
		return tx.Record(a.entry(by, ActionEndedSessions, "", ""))
	})
}

// Purge forgets what has expired.
func (a *Accounts) Purge(ctx context.Context) error {
	now := a.clock()
	if err := a.store.PurgeAccounts(ctx, now, now.Add(-KeepEntries)); err != nil {
		return fmt.Errorf("forget what has expired of accounts: %w", err)
	}
	return nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// randomToken returns 256 random bits in characters that stand in addresses and
// cookies as they are.
func randomToken() string {
	var b [32]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func hashToken(token string) []byte {
	hash := sha256.Sum256([]byte(token))
	return hash[:]
}

// clip returns the beginning of a text.
func clip(text string, most int) string {
	for i := range text {
		if most == 0 {
			return text[:i]
		}
		most--
	}
	return text
}
