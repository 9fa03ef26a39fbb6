package access

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// loginsFor is how long a process goes by the pairs that it has read: how late
// it may notice that another one has rotated them.
const loginsFor = 5 * time.Second

// ErrFixedLogin means that a variable sets the password: only that can change it.
var ErrFixedLogin = errors.New("the password is set by a variable")

// What happens to logins.
const (
	ActionRotated       Action = "made a new password for"
	ActionEndedPrevious Action = "ended the previous password of"
)

// Pair is a user name and a password that are valid together.
type Pair struct{ Username, Password string }

// Configured is what variables say of a login; empty where they say nothing.
type Configured struct{ Username, Password, PreviousUsername, PreviousPassword string }

// Login is the user name and the password of an endpoint.
type Login struct {
	Name string
	Pair
	// Fixed: a variable sets the password.
	Fixed    bool
	Previous Previous
}

// Previous is the pair before the last rotation.
type Previous struct {
	Pair
	// Until is when it stops being valid; zero: when somebody ends it.
	Until time.Time
	// Fixed: a variable sets it.
	Fixed bool
}

// Valid reports whether there is one that may still be used.
func (p *Previous) Valid(now time.Time) bool {
	return p.Password != "" && (p.Until.IsZero() || now.Before(p.Until))
}

// LoginStore is what [Logins] are kept in.
type LoginStore interface {
	Store
	ChangeAccounts(ctx context.Context, change func(AccountChanges) error) error
}

// LoginsConfig is what [Logins] work with. All fields are required.
type LoginsConfig struct {
	Store  LoginStore
	Sealer *Sealer
	// Configured is what variables say of the default app's, by the login's name.
	Configured map[string]Configured
	Clock      func() time.Time
}

// Logins are the user names and passwords by which others call the endpoints of
// apps, and their rotation. It is safe for concurrent use.
type Logins struct {
	cfg LoginsConfig

	mu   sync.Mutex
	read map[loginKey]*readLogin
}

type loginKey struct{ app, name string }

// readLogin is what is remembered of a login.
type readLogin struct {
	reading sync.Mutex // held by who asks the store

	mu    sync.Mutex
	login Login
	at    time.Time // zero: never
}

// NewLogins returns the logins of a store.
func NewLogins(cfg LoginsConfig) *Logins {
	return &Logins{cfg: cfg, read: make(map[loginKey]*readLogin)}
}

// IsLogin reports whether that is the name of a login.
func IsLogin(name string) bool { return name == NameWebhook || name == NameEvents }

func (l *Logins) keyring(app *App) *Keyring {
	return &Keyring{Store: l.cfg.Store, Sealer: l.cfg.Sealer, App: app.Key}
}

// Get reads a login of an app, and makes it if there is none. ErrNoCredential
// means that there are none of that name.
func (l *Logins) Get(ctx context.Context, app *App, name string) (Login, error) {
	if !IsLogin(name) {
		return Login{}, ErrNoCredential
	}
	var set Configured
	if app.Default {
		set = l.cfg.Configured[name]
	}
	ring := l.keyring(app)
	c, err := ring.Get(ctx, name, set.Username, set.Password)
	if err != nil {
		return Login{}, err
	}
	login := Login{Name: name, Pair: Pair{c.Username, c.Password}, Fixed: set.Password != ""}
	switch {
	case set.PreviousPassword != "":
		login.Previous = Previous{Pair: Pair{set.PreviousUsername, set.PreviousPassword}, Fixed: true}
		if set.PreviousUsername == "" {
			login.Previous.Username = login.Username
		}
	case !login.Fixed:
		login.Previous, err = ring.previous(ctx, name)
	}
	return login, err
}

// Pairs returns the pairs of an app that are valid, the present one first. What
// was read counts for five seconds, and longer while the store cannot be asked.
func (l *Logins) Pairs(ctx context.Context, app *App, name string) ([]Pair, error) {
	login, err := l.recent(ctx, app, name)
	if err != nil {
		return nil, err
	}
	pairs := []Pair{login.Pair}
	if login.Previous.Valid(l.cfg.Clock()) {
		pairs = append(pairs, login.Previous.Pair)
	}
	return pairs, nil
}

func (l *Logins) recent(ctx context.Context, app *App, name string) (Login, error) {
	l.mu.Lock()
	key := loginKey{app.Key, name}
	known := l.read[key]
	if known == nil {
		known = &readLogin{}
		l.read[key] = known
	}
	l.mu.Unlock()

	login, at := known.get()
	if at.IsZero() {
		known.reading.Lock()
	} else if l.fresh(at) || !known.reading.TryLock() { // one asks for all, who go on with what was known
		return login, nil
	}
	defer known.reading.Unlock()
	if login, at = known.get(); l.fresh(at) { // somebody was faster
		return login, nil
	}
	now := l.cfg.Clock()
	read, err := l.Get(ctx, app, name)
	if err != nil {
		if !at.IsZero() {
			return login, nil
		}
		return Login{}, err
	}
	known.set(read, now)
	return read, nil
}

func (l *Logins) fresh(at time.Time) bool {
	age := l.cfg.Clock().Sub(at)
	return !at.IsZero() && age >= 0 && age < loginsFor
}

func (r *readLogin) get() (Login, time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.login, r.at
}

func (r *readLogin) set(login Login, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.login, r.at = login, at
}

func (l *Logins) forget(app *App, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.read, loginKey{app.Key, name})
}

// Rotate makes a new password and returns it. The one before stays valid for as
// long as keep, or until [Logins.EndPrevious] if keep is 0; what was before that
// one ends now. ErrFixedLogin: a variable sets the password.
func (l *Logins) Rotate(ctx context.Context, by Actor, app *App, name string, keep time.Duration) (Login, error) {
	login, err := l.Get(ctx, app, name) // which makes it, if nobody has
	switch {
	case err != nil:
		return Login{}, err
	case login.Fixed:
		return Login{}, ErrFixedLogin
	}
	ring, now := l.keyring(app), l.cfg.Clock()
	fresh := randomPassword()
	var old Previous
	err = l.cfg.Store.ChangeAccounts(ctx, func(tx AccountChanges) error {
		// Somebody may have rotated it meanwhile: what is stored now comes before.
		sealed, err := tx.Credential(ring.App, name)
		if err != nil {
			return err
		}
		before, err := ring.open(name, sealed)
		if err != nil {
			return err
		}
		old = Previous{Pair: Pair{login.Username, before}}
		if keep > 0 {
			old.Until = now.Add(keep)
		}
		if err := tx.PutCredential(ring.App, previousName(name), ring.sealPrevious(name, &old)); err != nil {
			return err
		}
		if err := tx.PutCredential(ring.App, name, Sealed{sealed.Username, ring.Sealer.Seal(ring.purpose(name), fresh)}); err != nil {
			return err
		}
		return tx.Record(loginEntry(now, by, ActionRotated, app, name))
	})
	if err != nil {
		return Login{}, fmt.Errorf("rotate the password of /%s: %w", name, err)
	}
	l.forget(app, name)
	login.Password = fresh
	if !login.Previous.Fixed {
		login.Previous = old
	}
	return login, nil
}

// EndPrevious ends the pair before the present one. ErrFixedLogin: a variable
// sets it.
func (l *Logins) EndPrevious(ctx context.Context, by Actor, app *App, name string) error {
	login, err := l.Get(ctx, app, name)
	switch {
	case err != nil:
		return err
	case login.Previous.Fixed:
		return ErrFixedLogin
	case login.Previous.Password == "":
		return nil
	}
	ring := l.keyring(app)
	err = l.cfg.Store.ChangeAccounts(ctx, func(tx AccountChanges) error {
		if err := tx.PutCredential(ring.App, previousName(name), ring.sealPrevious(name, &Previous{})); err != nil {
			return err
		}
		return tx.Record(loginEntry(l.cfg.Clock(), by, ActionEndedPrevious, app, name))
	})
	if err != nil {
		return fmt.Errorf("end the previous password of /%s: %w", name, err)
	}
	l.forget(app, name)
	return nil
}

func loginEntry(at time.Time, by Actor, action Action, app *App, name string) Entry {
	return Entry{At: at, Account: by.Account, Address: by.Address, Action: action, Subject: "/" + name, Detail: "app " + app.ID}
}

func previousName(name string) string { return name + "-previous" }

// sealPrevious seals a pair with its end: milliseconds, a space, the password.
func (k *Keyring) sealPrevious(name string, p *Previous) Sealed {
	var until int64
	if !p.Until.IsZero() {
		until = p.Until.UnixMilli()
	}
	return Sealed{p.Username, k.Sealer.Seal(k.purpose(previousName(name)), strconv.FormatInt(until, 10)+" "+p.Password)}
}

// previous returns the pair before the last rotation; empty: there is none.
func (k *Keyring) previous(ctx context.Context, name string) (Previous, error) {
	sealed, err := k.Store.Credential(ctx, k.App, previousName(name))
	if errors.Is(err, ErrNoCredential) {
		return Previous{}, nil
	}
	if err != nil {
		return Previous{}, err
	}
	plain, err := k.open(previousName(name), sealed)
	if err != nil {
		return Previous{}, err
	}
	end, password, _ := strings.Cut(plain, " ")
	millis, err := strconv.ParseInt(end, 10, 64)
	if err != nil {
		return Previous{}, fmt.Errorf("the previous password of /%s: %w", name, err)
	}
	p := Previous{Pair: Pair{sealed.Username, password}}
	if millis != 0 {
		p.Until = time.UnixMilli(millis).UTC()
	}
	return p, nil
}
