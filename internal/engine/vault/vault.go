package vault

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/postrider/postrider/internal/chat"
)

// Errors of what is kept.
var (
	// ErrNothing means that nothing is kept under a name.
	ErrNothing = errors.New("nothing is set")
	// ErrExists means that something is kept already.
	ErrExists = errors.New("it is set already")
)

// Store keeps bytes by app and name.
type Store interface {
	// Setting returns what is kept, or ErrNothing.
	Setting(ctx context.Context, app, name string) ([]byte, error)
	// ReplaceSetting puts body in the place of old, and reports whether it did:
	// it changes nothing if something else than old is there. A nil old stands
	// for nothing, a nil body deletes.
	ReplaceSetting(ctx context.Context, app, name string, old, body []byte) (bool, error)
}

// Sealer seals secrets for the store.
type Sealer interface {
	Seal(purpose, secret string) []byte
	Open(purpose string, sealed []byte) (string, error)
}

// The names under which things are kept.
const nameSettings = "settings"

// Vault is safe for concurrent use.
type Vault struct {
	store  Store
	sealer Sealer

	mu     sync.Mutex
	parsed map[string]parsed // by app
}

// parsed is settings and the bytes they were read from.
type parsed struct {
	stored   []byte
	settings *chat.Settings
}

// New returns the vault of a store.
func New(store Store, sealer Sealer) *Vault {
	return &Vault{store: store, sealer: sealer, parsed: make(map[string]parsed)}
}

// Settings returns what an app has set, and the defaults for the rest. Others
// read the same value: it must not be changed.
func (v *Vault) Settings(ctx context.Context, app string) (*chat.Settings, error) {
	stored, err := v.store.Setting(ctx, app, nameSettings)
	if err != nil && !errors.Is(err, ErrNothing) {
		return nil, err
	}
	return v.parse(app, stored)
}

// parse reads settings, unless the same bytes were read before. Stored is nil
// where there are none.
func (v *Vault) parse(app string, stored []byte) (*chat.Settings, error) {
	v.mu.Lock()
	known, ok := v.parsed[app]
	v.mu.Unlock()
	if ok && (known.stored == nil) == (stored == nil) && bytes.Equal(known.stored, stored) {
		return known.settings, nil
	}
	settings := chat.DefaultSettings()
	if stored != nil {
		if err := json.Unmarshal(stored, settings); err != nil {
			return nil, fmt.Errorf("read settings of app %s: %w", app, err)
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.parsed[app] = parsed{stored, settings}
	return settings, nil
}

// ChangeSettings puts what change makes of an app's settings in their place.
// Change must not touch what it is given, and is called again when somebody
// else was faster.
func (v *Vault) ChangeSettings(ctx context.Context, app string, change func(*chat.Settings) (*chat.Settings, error)) error {
	return v.update(ctx, app, nameSettings, func(stored []byte) ([]byte, error) {
		current, err := v.parse(app, stored)
		if err != nil {
			return nil, err
		}
		changed, err := change(current)
		if err != nil {
			return nil, err
		}
		body, err := json.Marshal(changed)
		if err != nil {
			return nil, fmt.Errorf("write settings: %w", err)
		}
		return body, nil
	})
}

// ResetSettings makes an app's settings the defaults (F065).
func (v *Vault) ResetSettings(ctx context.Context, app string) error {
	err := v.delete(ctx, app, nameSettings)
	if errors.Is(err, ErrNothing) {
		return nil
	}
	return err
}

// update changes what is kept under a name. Change gets nil where there is
// nothing.
func (v *Vault) update(ctx context.Context, app, name string, change func(stored []byte) ([]byte, error)) error {
	for {
		stored, err := v.store.Setting(ctx, app, name)
		if err != nil && !errors.Is(err, ErrNothing) {
			return err
		}
		body, err := change(stored)
		if err != nil {
			return err
		}
		if done, err := v.store.ReplaceSetting(ctx, app, name, stored, body); err != nil || done {
			return err
		}
	}
}

// delete forgets what is kept under a name, or returns ErrNothing.
func (v *Vault) delete(ctx context.Context, app, name string) error {
	return v.update(ctx, app, name, func(stored []byte) ([]byte, error) {
		if stored == nil {
			return nil, ErrNothing
		}
		return nil, nil
	})
}
