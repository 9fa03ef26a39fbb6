package access

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Role is what somebody may do in the dashboard.
type Role string

// The roles. Each may do what those before it may.
const (
	RoleViewer   Role = "viewer"   // looks at everything but secrets
	RoleOperator Role = "operator" // changes what is sent, to whom and how
	RoleAdmin    Role = "admin"    // says who may do what
)

// Roles lists all roles, those who may do least first.
func Roles() []Role { return []Role{RoleViewer, RoleOperator, RoleAdmin} }

// May reports whether a role suffices where another is asked for. What is no
// role may do nothing, and suffices for nobody.
func (r Role) May(needed Role) bool {
	has, needs := r.rank(), needed.rank()
	return needs > 0 && has >= needs
}

func (r Role) rank() int {
	for i, role := range Roles() {
		if r == role {
			return i + 1
		}
	}
	return 0
}

// Bounds of accounts.
const (
	MaxAccounts       = 500
	MaxAccountName    = 100 // characters
	MinPasswordLength = 10  // characters
	MaxPasswordLength = 200 // characters
)

// Account is somebody who may sign in to the dashboard.
type Account struct {
	// Name is in its normal form; see [AccountName].
	Name string
	Role Role
	Hash []byte // of the password; empty: it has none
	// First: it is the one that the program made, or that its configuration
	// names.
	First     bool
	CreatedAt time.Time
	// Issuer and Subject are who signs in to it through OpenID Connect; empty:
	// nobody does.
	Issuer, Subject string
}

// HasPassword reports whether there is a password to sign in with.
func (a *Account) HasPassword() bool { return len(a.Hash) > 0 }

// Errors of accounts.
var (
	// ErrNoAccount means that there is no such account.
	ErrNoAccount = errors.New("no such account")
	// ErrAccountExists means that there is an account of that name.
	ErrAccountExists = errors.New("an account of that name exists")
	// ErrLastAdmin means that nobody would be left who says who may do what.
	ErrLastAdmin = errors.New("it is the last account of an admin")
	// ErrOwnAccount means that it cannot be done to one's own account.
	ErrOwnAccount = errors.New("it is the account of who asks")
	// ErrConfigured means that the configuration decides it.
	ErrConfigured = errors.New("the configuration decides it")
	// ErrTooManyAccounts means that there are as many accounts as may be.
	ErrTooManyAccounts = errors.New("there are as many accounts as there may be")
	// ErrWrongPassword means that there is no account of that name with that
	// password.
	ErrWrongPassword = errors.New("wrong user name or password")
	// ErrNoPassword means that there is no password to be used or changed: the
	// account has none, or the configuration has switched passwords off.
	ErrNoPassword = errors.New("it has no password")
	// ErrNotInvited means that nobody has let somebody in.
	ErrNotInvited = errors.New("nobody has invited them")
	// ErrNoEmail means that nobody has verified somebody's address.
	ErrNoEmail = errors.New("no verified email address is known")
	// ErrNoRole means that nothing which counts gives somebody a role.
	ErrNoRole = errors.New("they have no role")
	// ErrNoSession means that there is no such session, or it has ended.
	ErrNoSession = errors.New("no such session")
	// ErrNoTicket means that there is no such link, or it has expired or was
	// used.
	ErrNoTicket = errors.New("no such link")
)

// Problem is what is wrong with one field of a form, in a sentence.
type Problem struct{ Field, Text string }

func (p *Problem) Error() string { return p.Field + ": " + p.Text }

// AccountName returns a name in its normal form: without spaces around it, and
// in lower case, so that nobody is taken for somebody else. What cannot be a
// name is a [*Problem] of the field "name".
func AccountName(name string) (string, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	problem := ""
	switch {
	case name == "":
		problem = "Enter a user name."
	case utf8.RuneCountInString(name) > MaxAccountName:
		problem = "The user name must not be longer than " + strconv.Itoa(MaxAccountName) + " characters."
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsGraphic(r) }):
		problem = "The user name must not contain invisible characters."
	case strings.Contains(name, ":"): // RFC 7617, section 2
		problem = "The user name must not contain a colon."
	case name == "." || name == "..": // it stands in addresses
		problem = "The user name must be more than dots."
	}
	if problem != "" {
		return "", &Problem{"name", problem}
	}
	return name, nil
}

// checkPassword returns a [*Problem] of the field "password" with a password
// that somebody chose. Length is what counts (NIST SP 800-63B, section
// 3.1.1.2); no kinds of characters are asked for.
func checkPassword(name, password string) error {
	problem := ""
	switch n := utf8.RuneCountInString(password); {
	case n < MinPasswordLength:
		problem = "The password must have at least " + strconv.Itoa(MinPasswordLength) + " characters."
	case n > MaxPasswordLength:
		problem = "The password must not be longer than " + strconv.Itoa(MaxPasswordLength) + " characters."
	case strings.EqualFold(password, name):
		problem = "The password must not be the user name."
	case len(strings.Trim(password, string([]rune(password)[:1]))) == 0:
		problem = "The password must be more than one character over and over."
	}
	if problem != "" {
		return &Problem{"password", problem}
	}
	return nil
}

// AccountStore keeps accounts, and what belongs to them.
type AccountStore interface {
	// Account returns one, or ErrNoAccount.
	Account(ctx context.Context, name string) (Account, error)
	// Accounts returns all, by name.
	Accounts(ctx context.Context) ([]Account, error)
	// Session returns the session with a hash and its account, or
	// ErrNoSession. It may have expired.
	Session(ctx context.Context, hash []byte) (Session, Account, error)
	// Sessions returns those of an account that have not expired, the one that
	// was seen last first.
	Sessions(ctx context.Context, account string, now time.Time) ([]Session, error)
	// SeeSession notes that a session was used, and until when it is good now.
	SeeSession(ctx context.Context, hash []byte, at, until time.Time) error
	// Ticket returns a ticket, or ErrNoTicket. It may have expired.
	Ticket(ctx context.Context, hash []byte) (Ticket, error)
	// Tickets returns those that have not expired, the newest first.
	Tickets(ctx context.Context, now time.Time) ([]Ticket, error)
	// Entries returns up to limit entries of the audit log, the newest first;
	// those older than the one with the id before, unless it is empty.
	Entries(ctx context.Context, before string, limit int) ([]Entry, error)
	// ChangeAccounts makes a change, all of it or nothing. Changes wait for
	// each other, also those of other processes. Change may be called again
	// when the database asks for it.
	ChangeAccounts(ctx context.Context, change func(AccountChanges) error) error
	// PurgeAccounts deletes sessions and tickets that had expired by now, and
	// entries of the audit log from before a moment.
	PurgeAccounts(ctx context.Context, now, entriesBefore time.Time) error
}

// AccountChanges is what can be done inside a change. What it reads is what is
// true while the change lasts.
type AccountChanges interface {
	Accounts() ([]Account, error)
	// PutAccount adds an account, or replaces the one of its name.
	PutAccount(Account) error
	// DeleteAccount forgets an account, its sessions and its tickets.
	DeleteAccount(name string) error
	AddSession(Session) error
	// DeleteSession ends a session of an account, and reports whether there
	// was one.
	DeleteSession(account, id string) (bool, error)
	// DeleteSessions ends all sessions of an account but the one with an id.
	DeleteSessions(account, but string) error
	// PutTicket adds a ticket in the place of those for the same account.
	PutTicket(Ticket) error
	// TicketFor returns the ticket for an account, or ErrNoTicket. It may have
	// expired.
	TicketFor(account string) (Ticket, error)
	// TakeTicket returns a ticket, and forgets it. ErrNoTicket if there is
	// none.
	TakeTicket(hash []byte) (Ticket, error)
	// DeleteTicket forgets the ticket for an account, and reports whether
	// there was one.
	DeleteTicket(account string) (bool, error)
	// Credential returns a credential, or ErrNoCredential.
	Credential(app, name string) (Sealed, error)
	// PutCredential stores a credential in the place of the one of its name.
	PutCredential(app, name string, c Sealed) error
	Record(Entry) error
}
