package access

import (
	"context"
	"time"
)

// KeepEntries is how long the audit log is kept.
const KeepEntries = 365 * 24 * time.Hour

// Action is what somebody did.
type Action string

// What happens to accounts. What is done to other things, their pages name.
const (
	ActionSignedIn         Action = "signed in"
	ActionSignedInByLink   Action = "signed in by a link"
	ActionSignedInByOpenID Action = "signed in through OpenID Connect"
	ActionCameByOpenID     Action = "came in for the first time through OpenID Connect"
	ActionSignedOut        Action = "signed out"
	ActionEndedSession     Action = "ended a session"
	ActionEndedSessions    Action = "ended all other sessions"
	ActionChangedPassword  Action = "changed the password"
	ActionInvited          Action = "invited"
	ActionWithdrew         Action = "withdrew the link for"
	ActionAccepted         Action = "accepted the invitation"
	ActionMadeResetLink    Action = "made a link for a new password of"
	ActionMadeSignInLink   Action = "made a sign-in link for"
	ActionResetPassword    Action = "set a new password by a link" //nolint:gosec // G101: a sentence
	ActionChangedRole      Action = "changed the role of"
	ActionDeletedAccount   Action = "deleted the account of"
)

// What is done to an app, in the dashboard or through the REST API.
const (
	ActionSavedPreferences Action = "saved the preferences"
	ActionResetPreferences Action = "reset the preferences"
	ActionSavedCustom      Action = "saved the custom provider"
	ActionDeletedCustom    Action = "deleted the custom provider"
	ActionSavedSendGrid    Action = "saved SendGrid"
	ActionDeletedSendGrid  Action = "deleted SendGrid"
	ActionCreatedKey       Action = "made the API key"
	ActionChangedKey       Action = "changed the API key"
	ActionDeletedKey       Action = "deleted the API key"
)

// Actor is who does something, and from where.
type Actor struct {
	// Account is a name; of an API key see [Key.Caller]. Empty: the program, or
	// whoever is at its command line.
	Account string
	Address string // of the network
	Agent   string // what the browser says that it is
}

// Entry is a line of the audit log: who did what to whom or what. It holds no
// secret.
type Entry struct {
	ID      string // given by the store; later ones sort after earlier ones
	At      time.Time
	Account string
	Address string
	Action  Action
	Subject string // whom or what it was done to; may be empty
	Detail  string // such as what it was before and is now; may be empty
}

// entry returns what somebody does now.
func (a *Accounts) entry(by Actor, action Action, subject, detail string) Entry {
	return Entry{At: a.clock(), Account: by.Account, Address: by.Address, Action: action, Subject: subject, Detail: detail}
}

// Record notes what somebody has done to something that is no account.
func (a *Accounts) Record(ctx context.Context, by Actor, action Action, subject, detail string) error {
	return a.store.ChangeAccounts(ctx, func(tx AccountChanges) error { return tx.Record(a.entry(by, action, subject, detail)) })
}

// Entries returns up to limit entries of the audit log, the newest first; those
// older than the one with the id before, unless it is empty.
func (a *Accounts) Entries(ctx context.Context, before string, limit int) ([]Entry, error) {
	return a.store.Entries(ctx, before, limit)
}
