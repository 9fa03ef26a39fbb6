package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/access"
)

var apiKeyTests = []test{
	{"are added, changed and deleted", keysKept},
	{"leave one with full access, however many delete each other", keysLast},
	{"are no more than may be, however many are added at one time", keysMany},
	{"of one name replace each other", keysReplaced},
}

func (f *fixture) key(app, value string, scope access.Scope) access.Key {
	return access.Key{App: app, Hash: []byte("hash of " + value), Mask: value, Name: value, Scope: scope, CreatedAt: f.clock.Now()}
}

func (f *fixture) addKey(t testing.TB, key access.Key) access.Key {
	t.Helper()
	if err := f.AddAPIKey(t.Context(), key, access.MaxKeys); err != nil {
		t.Fatal(err)
	}
	return key
}

func (f *fixture) keys(t testing.TB, app string) []access.Key {
	t.Helper()
	keys, err := f.APIKeys(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func keysKept(t *testing.T, f *fixture) {
	first := f.addKey(t, f.key("app", "first", access.ScopeFull))
	f.clock.Advance(time.Second)
	second := f.addKey(t, f.key("app", "second", access.ScopeAuthOnly))
	other := f.addKey(t, f.key("other", "third", access.ScopeFull))
	if diff := cmp.Diff([]access.Key{first, second}, f.keys(t, "app")); diff != "" {
		t.Error(diff)
	}
	if got, err := f.APIKey(t.Context(), other.Hash); err != nil || cmp.Diff(other, got) != "" {
		t.Errorf("APIKey = %+v, %v", got, err)
	}
	if _, err := f.APIKey(t.Context(), []byte(poison)); !errors.Is(err, access.ErrNoKey) {
		t.Errorf("an unknown key: %v", err)
	}
	for name, c := range map[string]struct {
		err  error
		want error
	}{
		"same name":            {f.AddAPIKey(t.Context(), access.Key{App: "app", Hash: []byte("x"), Name: "second"}, 9), access.ErrKeyName},
		"same key":             {f.AddAPIKey(t.Context(), access.Key{App: "app", Hash: other.Hash, Name: "x"}, 9), access.ErrKeyExists},
		"too many":             {f.AddAPIKey(t.Context(), access.Key{App: "app", Hash: []byte("x"), Name: "x"}, 2), access.ErrTooManyKeys},
		"rename to the other":  {f.ChangeAPIKey(t.Context(), "app", first.Hash, "second", access.ScopeFull), access.ErrKeyName},
		"last loses access":    {f.ChangeAPIKey(t.Context(), "app", first.Hash, "first", access.ScopeAuthOnly), access.ErrLastKey},
		"last is deleted":      {f.DeleteAPIKey(t.Context(), "app", first.Hash), access.ErrLastKey},
		"change another app's": {f.ChangeAPIKey(t.Context(), "app", other.Hash, "x", access.ScopeFull), access.ErrNoKey},
		"delete another app's": {f.DeleteAPIKey(t.Context(), "app", other.Hash), access.ErrNoKey},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, want %v", name, c.err, c.want)
		}
	}
	if err := f.ChangeAPIKey(t.Context(), "app", second.Hash, poison, access.ScopeFull); err != nil {
		t.Fatal(err)
	}
	if err := f.DeleteAPIKey(t.Context(), "app", first.Hash); err != nil {
		t.Fatal(err)
	}
	second.Name, second.Scope = repaired, access.ScopeFull
	if diff := cmp.Diff([]access.Key{second}, f.keys(t, "app")); diff != "" {
		t.Error(diff)
	}
}

func keysLast(t *testing.T, f *fixture) {
	const n = 6
	var keys []access.Key
	for i := range n {
		keys = append(keys, f.addKey(t, f.key("app", fmt.Sprint(i), access.ScopeFull)))
	}
	other := f.open(t)
	refused := make([]bool, n)
	together(n, func(i int) {
		s := f.Store
		if i%2 == 0 {
			s = other
		}
		err := s.DeleteAPIKey(t.Context(), "app", keys[i].Hash)
		refused[i] = errors.Is(err, access.ErrLastKey)
		if err != nil && !refused[i] {
			t.Error(err)
		}
	})
	if left := f.keys(t, "app"); len(left) != 1 {
		t.Errorf("%d keys are left, refused were %v; want one", len(left), refused)
	}
}

func keysMany(t *testing.T, f *fixture) {
	const n, most = 12, 5
	other := f.open(t)
	together(n, func(i int) {
		s := f.Store
		if i%2 == 0 {
			s = other
		}
		err := s.AddAPIKey(t.Context(), f.key("app", fmt.Sprint(i), access.ScopeFull), most)
		if err != nil && !errors.Is(err, access.ErrTooManyKeys) {
			t.Error(err)
		}
	})
	if left := f.keys(t, "app"); len(left) != most {
		t.Errorf("%d keys, want %d", len(left), most)
	}
}

func keysReplaced(t *testing.T, f *fixture) {
	old := f.addKey(t, f.key("app", "old", access.ScopeFull))
	next := f.key("app", "next", access.ScopeFull)
	next.Name = old.Name
	if err := f.ReplaceAPIKey(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]access.Key{next}, f.keys(t, "app")); diff != "" {
		t.Error(diff)
	}
	next.Name = "another name"
	if err := f.ReplaceAPIKey(t.Context(), next); !errors.Is(err, access.ErrKeyExists) {
		t.Errorf("the same key: %v, want ErrKeyExists", err)
	}
}
