// Package branding keeps the look of an app's mails, as it was set in the
// dashboard. What the configuration says of it comes first.
//
// How a mail shows its brand is the renderer's business.
package branding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/postrider/postrider/internal/provider/render"
)

// Store keeps a brand as bytes.
type Store interface {
	// Brand returns what is kept of an app, or nil.
	Brand(ctx context.Context, app string) ([]byte, error)
	// ReplaceBrand keeps body if what is kept still is old; either may be nil.
	ReplaceBrand(ctx context.Context, app string, old, body []byte) (bool, error)
}

// FreshFor is how old a brand may be that a mail shows: processes that share a
// database follow a change within it.
const FreshFor = 5 * time.Second

// Keeper keeps brands. It is safe for concurrent use.
type Keeper struct {
	store Store
	fixed render.Brand // by the configuration; what is empty in it is not
	clock func() time.Time

	mu     sync.Mutex
	recent map[string]recent // by app
	saved  int               // counts changes: what was read before one is not fresh
}

type recent struct {
	brand render.Brand
	at    time.Time
}

// New returns a keeper. fixed is what the configuration says.
func New(store Store, fixed render.Brand, clock func() time.Time) *Keeper {
	return &Keeper{store: store, fixed: fixed, clock: clock, recent: make(map[string]recent)}
}

// Fixed returns what the configuration says, which nobody can change here.
func (k *Keeper) Fixed() render.Brand { return k.fixed }

// Over returns a brand with what the configuration says on top.
func (k *Keeper) Over(b render.Brand) render.Brand { return k.with(b, k.fixed) }

// with returns a brand whose fixed fields are those of another.
func (k *Keeper) with(b, other render.Brand) render.Brand {
	for _, field := range []struct {
		value        *string
		fixed, other string
	}{
		{&b.Name, k.fixed.Name, other.Name},
		{&b.Logo, k.fixed.Logo, other.Logo},
		{&b.Color, k.fixed.Color, other.Color},
		{&b.Footer, k.fixed.Footer, other.Footer},
	} {
		if field.fixed != "" {
			*field.value = field.other
		}
	}
	return b
}

// Recent returns the brand of an app's mails, as it was at most [FreshFor] ago.
func (k *Keeper) Recent(ctx context.Context, app string) (render.Brand, error) {
	now := k.clock()
	k.mu.Lock()
	known, ok := k.recent[app]
	saved := k.saved
	k.mu.Unlock()
	if age := now.Sub(known.at); ok && age >= 0 && age < FreshFor {
		return known.brand, nil
	}
	brand, err := k.Brand(ctx, app)
	if err != nil {
		return render.Brand{}, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.saved == saved {
		k.recent[app] = recent{brand, now}
	}
	return brand, nil
}

// Brand returns the brand of an app's mails.
func (k *Keeper) Brand(ctx context.Context, app string) (render.Brand, error) {
	_, kept, err := k.kept(ctx, app)
	if err != nil {
		return render.Brand{}, err
	}
	return k.Over(kept), nil
}

// stored is a brand as it is kept.
type stored struct {
	Name   string `json:"name,omitempty"`
	Logo   string `json:"logo,omitempty"`
	Color  string `json:"color,omitempty"`
	Footer string `json:"footer,omitempty"`
}

func (k *Keeper) kept(ctx context.Context, app string) (body []byte, b render.Brand, err error) {
	if body, err = k.store.Brand(ctx, app); err != nil || body == nil {
		return nil, b, err
	}
	var s stored
	if err := json.Unmarshal(body, &s); err != nil {
		return nil, b, fmt.Errorf("decode brand: %w", err)
	}
	return body, render.Brand(s), nil
}

// Save keeps an app's brand, and returns what it was. What the configuration
// says stays, and so does what is kept below it. A field that cannot be used is a [*render.BrandError].
func (k *Keeper) Save(ctx context.Context, app string, b render.Brand) (before render.Brand, err error) {
	if err := b.Validate(); err != nil {
		return before, err
	}
	for range 10 { // somebody else may be faster, but not again and again
		var old []byte
		if old, before, err = k.kept(ctx, app); err != nil {
			return before, err
		}
		encoded, err := json.Marshal(stored(k.with(b, before)))
		if err != nil {
			return before, fmt.Errorf("encode brand: %w", err)
		}
		done, err := k.store.ReplaceBrand(ctx, app, old, encoded)
		if err != nil {
			return before, err
		}
		if done {
			k.mu.Lock()
			delete(k.recent, app)
			k.saved++
			k.mu.Unlock()
			return k.Over(before), nil
		}
	}
	return before, errors.New("keep brand: others change it all the time")
}
