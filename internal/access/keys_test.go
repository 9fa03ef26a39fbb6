package access_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/access"
)

const value = "00112233445566778899aabbccddeeff00112233"

// keyMemory keeps API keys, and counts how often it is asked.
type keyMemory struct {
	mu    sync.Mutex
	keys  []access.Key
	asked int
}

func (m *keyMemory) find(hash []byte) int {
	return slices.IndexFunc(m.keys, func(k access.Key) bool { return string(k.Hash) == string(hash) })
}

func (m *keyMemory) APIKey(_ context.Context, hash []byte) (access.Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
	if i := m.find(hash); i >= 0 {
		return m.keys[i], nil
	}
	return access.Key{}, access.ErrNoKey
}

func (m *keyMemory) APIKeys(_ context.Context, app string) (keys []access.Key, err error) {
	for _, k := range m.keys {
		if k.App == app {
			keys = append(keys, k)
		}
	}
	return keys, nil
}

func (m *keyMemory) AddAPIKey(_ context.Context, key access.Key, most int) error {
	if m.find(key.Hash) >= 0 {
		return access.ErrKeyExists
	}
	if keys, _ := m.APIKeys(context.Background(), key.App); len(keys) >= most {
		return access.ErrTooManyKeys
	}
	m.keys = append(m.keys, key)
	return nil
}

func (m *keyMemory) ReplaceAPIKey(_ context.Context, key access.Key) error {
	if m.find(key.Hash) >= 0 {
		return access.ErrKeyExists
	}
	m.keys = slices.DeleteFunc(m.keys, func(k access.Key) bool { return k.App == key.App && k.Name == key.Name })
	m.keys = append(m.keys, key)
	return nil
}

func (m *keyMemory) ChangeAPIKey(_ context.Context, _ string, hash []byte, name string, scope access.Scope) error {
	i := m.find(hash)
	m.keys[i].Name, m.keys[i].Scope = name, scope
	return nil
}

func (m *keyMemory) DeleteAPIKey(_ context.Context, _ string, hash []byte) error {
	m.keys = slices.Delete(m.keys, m.find(hash), m.find(hash)+1)
	return nil
}

func TestKeysAreRemembered(t *testing.T) {
	t.Parallel()
	m, now := &keyMemory{}, time.Unix(1_800_000_000, 0)
	keys := access.NewKeys(m, func() time.Time { return now })
	key, secret, err := keys.Create(t.Context(), "app", "name", access.ScopeFull)
	if err != nil {
		t.Fatal(err)
	}
	verify := func(asked int, want error) {
		t.Helper()
		got, err := keys.Verify(t.Context(), secret)
		if !errors.Is(err, want) || err == nil && got.Name != key.Name || m.asked != asked {
			t.Errorf("%+v, %v after asking %d times; want %v after %d", got, err, m.asked, want, asked)
		}
	}
	verify(1, nil)
	now = now.Add(9 * time.Second)
	verify(1, nil)
	now = now.Add(time.Second)
	verify(2, nil)
	if err := keys.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	verify(3, access.ErrNoKey)
	verify(4, access.ErrNoKey) // what is not known is not remembered either
}

func TestEnsureFirst(t *testing.T) {
	t.Parallel()
	m := &keyMemory{}
	keys := access.NewKeys(m, time.Now)
	ensure := func(app, value string, generated bool) error {
		return keys.EnsureFirst(t.Context(), app, access.Credential{Password: value, Generated: generated})
	}
	works := func(value string) bool {
		key, err := keys.Verify(t.Context(), value)
		return err == nil && key.Scope == access.ScopeFull && key.App == "app"
	}
	other := strings.Repeat("ab", 20)
	if ensure("app", value, true) != nil || !works(value) {
		t.Error("a generated key does not work")
	}
	// Somebody made another key and deleted the first: it stays deleted.
	if _, _, err := keys.Create(t.Context(), "app", "mine", access.ScopeFull); err != nil {
		t.Fatal(err)
	}
	first, err := keys.Find(t.Context(), "app", value)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Delete(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if ensure("app", value, true) != nil || works(value) {
		t.Error("a deleted key came back")
	}
	if ensure("app", value, false) != nil || !works(value) {
		t.Error("a configured key does not work")
	}
	if ensure("app", other, false) != nil || !works(other) || works(value) {
		t.Error("a key that is configured no more still works, or the new one does not")
	}
	key, err := keys.Find(t.Context(), "app", other)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Change(t.Context(), key, "renamed", access.ScopeAuthOnly); err != nil {
		t.Fatal(err)
	}
	if ensure("app", other, false) != nil || !works(other) {
		t.Error("a configured key that was changed has not got its access back")
	}
	if ensure("elsewhere", other, false) == nil {
		t.Error("one key became that of two apps")
	}
	for _, bad := range []string{"", "short", strings.Repeat("x", 40), value + "00"} {
		if err := ensure("app", bad, false); err == nil || strings.Contains(err.Error(), "xx") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestKeyring40Hex(t *testing.T) {
	t.Parallel()
	ring := &access.Keyring{Store: &memory{sealed: map[string]access.Sealed{}}, Sealer: newSealer(t, 1), App: "default"}
	c, err := ring.Get(t.Context(), access.NameAPIKey, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := access.NewKeys(&keyMemory{}, time.Now).EnsureFirst(t.Context(), "default", c); err != nil {
		t.Error(err)
	}
}

func TestMaskKey(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"":                       "",
		"short":                  "*****",
		strings.Repeat("x", 20):  strings.Repeat("*", 20),
		value:                    "00112" + strings.Repeat("*", 30) + "12233",
		strings.Repeat("x", 500): "xxxxx" + strings.Repeat("*", 30) + "xxxxx",
	} {
		if got := access.MaskKey(value); got != want {
			t.Errorf("%q is masked as %q, want %q", value, got, want)
		}
	}
}
