package access

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds of apps.
const (
	MaxApps  = 50 // besides the default one
	maxAppID = 64 // characters
)

// Regions are where an app can be (F017).
func Regions() []string { return []string{"us", "eu", "in"} }

// App is one chat whose people are notified. No app sees what is another's.
type App struct {
	// Key is the name under which what is the app's is kept; it never changes.
	Key string
	// ID is what its notifications, events and addresses carry.
	ID        string
	Region    string
	CreatedAt time.Time
	// ClosedAt is when it was closed: it takes nothing new since then. Zero
	// while it is open.
	ClosedAt time.Time
	// Default: it is the app of the addresses that name none. Its id and region
	// are the configuration's.
	Default bool
	// AnyID: nobody has said its id, so that it takes what names any id but
	// those of other apps.
	AnyID bool
}

// Closed reports whether the app takes nothing new.
func (a App) Closed() bool { return !a.ClosedAt.IsZero() }

// Errors of apps.
var (
	// ErrNoApp means that there is no such app.
	ErrNoApp = errors.New("no such app")
	// ErrAppID means that another app has that id.
	ErrAppID = errors.New("an app of that id exists")
	// ErrDefaultApp means that the default app cannot be closed or deleted.
	ErrDefaultApp = errors.New("it is the default app")
	// ErrTooManyApps means that there are as many apps as may be.
	ErrTooManyApps = errors.New("there are as many apps as there may be")
	// ErrAppOpen means that an app has to be closed first, and for long enough
	// that every process knows.
	ErrAppOpen = errors.New("the app is open, or was a moment ago")
	// ErrAppBusy means that something of the app waits to be sent.
	ErrAppBusy = errors.New("something of the app waits to be sent")
)

// AppStore keeps the apps besides the default one.
type AppStore interface {
	// Apps returns all, oldest first.
	Apps(ctx context.Context) ([]App, error)
	// AddApp stores one, unless there are most or more (ErrTooManyApps) or one
	// of that id in any case of letters (ErrAppID).
	AddApp(ctx context.Context, app App, most int) error
	// SetAppClosed closes an app, or with the zero time opens it; ErrNoApp.
	SetAppClosed(ctx context.Context, key string, at time.Time) error
	// DeleteApp forgets an app that was closed before a moment, and all that is
	// its own. ErrNoApp, ErrAppOpen or ErrAppBusy say why not.
	DeleteApp(ctx context.Context, key string, closedBefore time.Time) error
}

// appsFor is how long the apps are remembered: one that is made or closed by
// another process is known after that time.
const appsFor = time.Second

// settled is how long after its closing an app may still have taken something:
// longer than apps and API keys are remembered.
const settled = 2 * rememberFor

// Apps are the apps of a server. It is safe for concurrent use.
type Apps struct {
	store AppStore
	first App
	clock func() time.Time

	mu      sync.Mutex
	known   []App
	readAt  time.Time
	changes int // that this process has made
	reading sync.Mutex
}

// NewApps returns the apps of a store after the default one. ErrAppID means
// that the default one's id is another's.
func NewApps(ctx context.Context, store AppStore, first App, clock func() time.Time) (*Apps, error) {
	first.Default = true
	a := &Apps{store: store, first: first, clock: clock}
	all, err := a.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, app := range all[1:] {
		if strings.EqualFold(app.ID, first.ID) {
			return nil, ErrAppID
		}
	}
	return a, nil
}

// Default returns the default app.
func (a *Apps) Default() App { return a.first }

// List returns all apps, the default one first. What it says may be a second
// old, and older while the store cannot be asked.
func (a *Apps) List(ctx context.Context) ([]App, error) {
	known, fresh := a.remembered()
	if fresh {
		return known, nil
	}
	if known != nil { // one asks for all, who go on with what was known
		if !a.reading.TryLock() {
			return known, nil
		}
	} else {
		a.reading.Lock()
	}
	defer a.reading.Unlock()
	if known, fresh = a.remembered(); fresh {
		return known, nil
	}
	now, changes := a.clock(), a.changed(0)
	others, err := a.store.Apps(ctx)
	if err != nil {
		if known != nil {
			return known, nil
		}
		return nil, err
	}
	all := append([]App{a.first}, others...)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known = all
	if a.changes == changes { // else it may be from before a change
		a.readAt = now
	}
	return all, nil
}

func (a *Apps) remembered() (known []App, fresh bool) {
	now := a.clock()
	a.mu.Lock()
	defer a.mu.Unlock()
	age := now.Sub(a.readAt)
	return a.known, a.known != nil && age >= 0 && age < appsFor
}

// changed counts changes, and returns how many there were.
func (a *Apps) changed(more int) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.changes += more
	return a.changes
}

// forget has the next list be read anew.
func (a *Apps) forget() {
	a.changed(1)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.readAt = time.Time{}
}

// ByID returns the app of an id, closed or not, or ErrNoApp. An empty id is the
// default app's.
func (a *Apps) ByID(ctx context.Context, id string) (App, error) {
	return a.find(ctx, func(app *App) bool { return app.ID == id || id == "" && app.Default })
}

// ByFoldedID is ByID for ids that came in a host name, where the case of letters
// says nothing.
func (a *Apps) ByFoldedID(ctx context.Context, id string) (App, error) {
	return a.find(ctx, func(app *App) bool { return strings.EqualFold(app.ID, id) })
}

// ByKey returns the app that is kept under a name, or ErrNoApp.
func (a *Apps) ByKey(ctx context.Context, key string) (App, error) {
	return a.find(ctx, func(app *App) bool { return app.Key == key })
}

func (a *Apps) find(ctx context.Context, is func(*App) bool) (App, error) {
	all, err := a.List(ctx)
	if err != nil {
		return App{}, err
	}
	for i := range all {
		if is(&all[i]) {
			return all[i], nil
		}
	}
	return App{}, ErrNoApp
}

// Takes reports whether what carries an id belongs to an app.
func (a *Apps) Takes(ctx context.Context, app *App, id string) (bool, error) {
	if !app.AnyID {
		return id == app.ID, nil
	}
	other, err := a.ByID(ctx, id)
	if errors.Is(err, ErrNoApp) {
		return true, nil
	}
	return other.Key == app.Key, err
}

// Create makes an app. A *Problem says what is wrong with its id or region.
func (a *Apps) Create(ctx context.Context, id, region string) (App, error) {
	switch {
	case id == "":
		return App{}, &Problem{"id", "Enter the app's id."}
	case !isAppID(id):
		return App{}, &Problem{"id", "The id has up to 64 letters, digits, “-” and “_”."}
	case strings.EqualFold(id, a.first.ID):
		return App{}, ErrAppID
	case !slices.Contains(Regions(), region):
		return App{}, &Problem{"region", "Choose us, eu or in."}
	}
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	app := App{Key: hex.EncodeToString(b[:]), ID: id, Region: region, CreatedAt: a.clock()}
	defer a.forget()
	return app, a.store.AddApp(ctx, app, MaxApps)
}

func isAppID(id string) bool {
	return len(id) <= maxAppID && !strings.ContainsFunc(id, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}

// Close has an app take nothing new; what waits is still sent.
func (a *Apps) Close(ctx context.Context, key string) error {
	defer a.forget()
	return a.store.SetAppClosed(ctx, key, a.clock())
}

// Reopen opens a closed app.
func (a *Apps) Reopen(ctx context.Context, key string) error {
	defer a.forget()
	return a.store.SetAppClosed(ctx, key, time.Time{})
}

// Delete forgets a closed app and all that is its own. ErrAppOpen and
// ErrAppBusy say why it has to wait.
func (a *Apps) Delete(ctx context.Context, key string) error {
	defer a.forget()
	return a.store.DeleteApp(ctx, key, a.clock().Add(-settled))
}
