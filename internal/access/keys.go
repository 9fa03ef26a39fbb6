package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Scope is what an API key may do (F101).
type Scope string

// The scopes.
const (
	ScopeFull     Scope = "fullAccess"
	ScopeAuthOnly Scope = "authOnly" // may create users, and nothing else (K1)
)

// Bounds of API keys.
const (
	MaxKeys       = 25  // of one app
	MaxKeyName    = 100 // characters
	keyBytes      = 20
	maskedEnds    = 5 // characters that a mask shows at either end
	rememberFor   = 10 * time.Second
	maxRemembered = 1024
)

// firstKeyName is the name of the key that the program makes, or that its
// configuration gives.
const firstKeyName = "First key"

// Key is an API key as it is kept: without the key itself.
type Key struct {
	App       string
	Hash      []byte // SHA-256 of the key
	Mask      string // what may be shown of it
	Name      string
	Scope     Scope
	CreatedAt time.Time
}

// Caller is how the audit log names who calls with the key. No account has such
// a name.
func (k *Key) Caller() string { return "API key " + k.Name }

// Errors of keys.
var (
	// ErrNoKey means that there is no such key.
	ErrNoKey = errors.New("no such API key")
	// ErrKeyName means that another key of the app has that name.
	ErrKeyName = errors.New("an API key of that name exists")
	// ErrKeyExists means that the same key exists already.
	ErrKeyExists = errors.New("the same API key exists")
	// ErrTooManyKeys means that the app has as many keys as may be.
	ErrTooManyKeys = errors.New("the app has as many API keys as it may have")
	// ErrLastKey means that no key with full access would be left.
	ErrLastKey = errors.New("it is the last API key with full access")
)

// KeyStore keeps API keys. Each change is checked and made at one time.
type KeyStore interface {
	// APIKey returns the key with a hash, or ErrNoKey.
	APIKey(ctx context.Context, hash []byte) (Key, error)
	// APIKeys returns the keys of an app, oldest first.
	APIKeys(ctx context.Context, app string) ([]Key, error)
	// AddAPIKey stores a key, unless the app has most keys or more
	// (ErrTooManyKeys), or one of that name (ErrKeyName), or anybody has that
	// key (ErrKeyExists).
	AddAPIKey(ctx context.Context, key Key, most int) error
	// ReplaceAPIKey makes a key the one of its name: an older one of that name
	// is gone. ErrKeyExists if anybody has the key under another name.
	ReplaceAPIKey(ctx context.Context, key Key) error
	// ChangeAPIKey gives a key another name and scope. ErrNoKey, ErrKeyName or
	// ErrLastKey say why not.
	ChangeAPIKey(ctx context.Context, app string, hash []byte, name string, scope Scope) error
	// DeleteAPIKey forgets a key. ErrNoKey or ErrLastKey say why not.
	DeleteAPIKey(ctx context.Context, app string, hash []byte) error
}

// Keys makes API keys and tells who a key belongs to. It remembers keys that
// it has verified for ten seconds: so long a key that another process deleted
// may still work.
type Keys struct {
	store KeyStore
	clock func() time.Time

	mu         sync.Mutex
	remembered map[[sha256.Size]byte]remembered
}

type remembered struct {
	key   Key
	until time.Time
}

// NewKeys returns the keys of a store.
func NewKeys(store KeyStore, clock func() time.Time) *Keys {
	return &Keys{store: store, clock: clock, remembered: make(map[[sha256.Size]byte]remembered)}
}

// Verify returns the key that a caller sent, or ErrNoKey.
func (k *Keys) Verify(ctx context.Context, value string) (Key, error) {
	hash, now := sha256.Sum256([]byte(value)), k.clock()
	k.mu.Lock()
	known, ok := k.remembered[hash]
	k.mu.Unlock()
	if ok && now.Before(known.until) {
		return known.key, nil
	}
	key, err := k.store.APIKey(ctx, hash[:])
	if err != nil {
		return Key{}, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.remembered) >= maxRemembered {
		clear(k.remembered)
	}
	k.remembered[hash] = remembered{key, now.Add(rememberFor)}
	return key, nil
}

// forget makes the next Verify of every key ask the store.
func (k *Keys) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.remembered)
}

// Create makes a key. The value that it returns beside it is kept nowhere.
func (k *Keys) Create(ctx context.Context, app, name string, scope Scope) (key Key, value string, err error) {
	value = randomKey()
	key = k.keyOf(app, name, scope, value)
	return key, value, k.store.AddAPIKey(ctx, key, MaxKeys)
}

func (k *Keys) keyOf(app, name string, scope Scope, value string) Key {
	hash := sha256.Sum256([]byte(value))
	return Key{App: app, Hash: hash[:], Mask: MaskKey(value), Name: name, Scope: scope, CreatedAt: k.clock()}
}

// List returns the keys of an app, oldest first.
func (k *Keys) List(ctx context.Context, app string) ([]Key, error) { return k.store.APIKeys(ctx, app) }

// Find returns a key of an app by its value or, for those who have lost that,
// by its mask, if no two keys share it. Otherwise it returns ErrNoKey.
func (k *Keys) Find(ctx context.Context, app, value string) (Key, error) {
	hash := sha256.Sum256([]byte(value))
	key, err := k.store.APIKey(ctx, hash[:])
	switch {
	case err == nil && key.App == app:
		return key, nil
	case err != nil && !errors.Is(err, ErrNoKey):
		return Key{}, err
	}
	keys, err := k.store.APIKeys(ctx, app)
	if err != nil {
		return Key{}, err
	}
	var found []Key
	for _, key := range keys {
		if key.Mask == value {
			found = append(found, key)
		}
	}
	if len(found) != 1 {
		return Key{}, ErrNoKey
	}
	return found[0], nil
}

// Change gives a key another name and scope.
func (k *Keys) Change(ctx context.Context, key Key, name string, scope Scope) error {
	defer k.forget()
	return k.store.ChangeAPIKey(ctx, key.App, key.Hash, name, scope)
}

// Delete makes a key worthless.
func (k *Keys) Delete(ctx context.Context, key Key) error {
	defer k.forget()
	return k.store.DeleteAPIKey(ctx, key.App, key.Hash)
}

// EnsureFirst makes sure that somebody can call the API of an app. The
// credential's password is the key. One that is configured becomes a key with
// full access in place of the one that was configured before; one that was
// generated does so only while the app has no key at all: once deleted, it
// stays deleted.
func (k *Keys) EnsureFirst(ctx context.Context, app string, c Credential) error {
	if !IsKey(c.Password) {
		return fmt.Errorf("API key: must be %d hexadecimal characters", 2*keyBytes)
	}
	defer k.forget()
	key := k.keyOf(app, firstKeyName, ScopeFull, c.Password)
	if c.Generated {
		err := k.store.AddAPIKey(ctx, key, 1)
		if errors.Is(err, ErrTooManyKeys) || errors.Is(err, ErrKeyName) || errors.Is(err, ErrKeyExists) {
			return nil // there are others, or another process was faster
		}
		return err
	}
	err := k.store.ReplaceAPIKey(ctx, key)
	if !errors.Is(err, ErrKeyExists) {
		return err
	}
	known, err := k.store.APIKey(ctx, key.Hash)
	switch {
	case err != nil:
		return err
	case known.App != app:
		return fmt.Errorf("API key: it is a key of the app %q already", known.App)
	case known.Scope != ScopeFull:
		return k.store.ChangeAPIKey(ctx, app, known.Hash, known.Name, ScopeFull)
	}
	return nil
}

// MaskKey returns what may be shown of a key, or of what was sent as one: the
// characters at its ends, if it is long enough to hide the rest.
func MaskKey(value string) string {
	value = strings.ToValidUTF8(value, "*")
	r := []rune(value)
	if len(r) > 2*keyBytes {
		r = append(r[:2*keyBytes-maskedEnds:2*keyBytes-maskedEnds], r[len(r)-maskedEnds:]...)
	}
	if len(r) <= 4*maskedEnds {
		return strings.Repeat("*", len(r))
	}
	return string(r[:maskedEnds]) + strings.Repeat("*", len(r)-2*maskedEnds) + string(r[len(r)-maskedEnds:])
}

// IsKey reports whether a value could be a key: 40 hexadecimal characters.
func IsKey(value string) bool {
	_, err := hex.DecodeString(value)
	return err == nil && len(value) == 2*keyBytes
}

func randomKey() string {
	var b [keyBytes]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b[:])
}
