package access_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/postrider/postrider/internal/access"
)

func key(b byte) []byte { return bytes.Repeat([]byte{b}, access.KeySize) }

func newSealer(t *testing.T, b byte) *access.Sealer {
	t.Helper()
	s, err := access.NewSealer(key(b))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSealer(t *testing.T) {
	t.Parallel()
	s := newSealer(t, 1)
	sealed := s.Seal("webhook", "correct-horse")
	if bytes.Contains(sealed, []byte("correct-horse")) {
		t.Error("the secret stands in what is sealed")
	}
	if bytes.Equal(sealed, s.Seal("webhook", "correct-horse")) {
		t.Error("the same secret sealed twice is the same")
	}
	if got, err := s.Open("webhook", sealed); err != nil || got != "correct-horse" {
		t.Errorf("opened as %q, %v", got, err)
	}
	if _, err := s.Open("admin", sealed); !errors.Is(err, access.ErrWrongKey) {
		t.Errorf("for another purpose: %v", err)
	}
	if _, err := newSealer(t, 2).Open("webhook", sealed); !errors.Is(err, access.ErrWrongKey) {
		t.Errorf("with another key: %v", err)
	}
	sealed[len(sealed)-1] ^= 1
	if _, err := s.Open("webhook", sealed); !errors.Is(err, access.ErrWrongKey) {
		t.Errorf("tampered with: %v", err)
	}
	if _, err := s.Open("webhook", nil); !errors.Is(err, access.ErrWrongKey) {
		t.Errorf("nothing: %v", err)
	}
}

func TestParseKey(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "short", "!!!", "AAAA"} {
		if _, err := access.ParseKey(bad); err == nil {
			t.Errorf("%q was taken for a key", bad)
		}
	}
	if _, err := access.NewSealer([]byte("short")); err == nil {
		t.Error("a short key was taken")
	}
}

// Processes that start together on an empty directory find one key.
func TestKeyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data", "secret.key")
	keys := make([][]byte, 8)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			var err error
			if keys[i], err = access.KeyFile(path); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, k := range keys {
		if len(k) != access.KeySize || !bytes.Equal(k, keys[0]) {
			t.Fatalf("keys differ: %x, %x", k, keys[0])
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	if err := os.WriteFile(path, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := access.KeyFile(path); err == nil {
		t.Error("a broken key file was taken, or replaced")
	}
}

type memory struct {
	mu     sync.Mutex
	sealed map[string]access.Sealed
}

func (m *memory) Credential(_ context.Context, app, name string) (access.Sealed, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c, ok := m.sealed[app+"/"+name]; ok {
		return c, nil
	}
	return access.Sealed{}, access.ErrNoCredential
}

func (m *memory) AddCredential(_ context.Context, app, name string, c access.Sealed) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.sealed[app+"/"+name]; ok {
		return false, nil
	}
	m.sealed[app+"/"+name] = c
	return true, nil
}

func TestKeyring(t *testing.T) {
	t.Parallel()
	m := &memory{sealed: map[string]access.Sealed{}}
	ring := &access.Keyring{Store: m, Sealer: newSealer(t, 1), App: "default"}
	configured, err := ring.Get(t.Context(), access.NameWebhook, "mailer", "correct-horse")
	if err != nil || configured.Username != "mailer" || configured.Password != "correct-horse" || configured.Generated || len(m.sealed) != 0 {
		t.Errorf("configured: %+v, %v", configured, err)
	}
	first, err := ring.Get(t.Context(), access.NameWebhook, "", "")
	if err != nil || first.Username == "" || len(first.Password) < 20 || !first.Generated || !first.Fresh {
		t.Errorf("generated: %+v, %v", first, err)
	}
	again, err := ring.Get(t.Context(), access.NameWebhook, "mailer", "")
	if err != nil || again.Password != first.Password || again.Username != "mailer" || again.Fresh {
		t.Errorf("stored: %+v, %v", again, err)
	}
	admin, err := ring.Get(t.Context(), access.NameAdmin, "admin", "")
	if err != nil || admin.Password == first.Password {
		t.Errorf("another: %+v, %v", admin, err)
	}
	wrong := &access.Keyring{Store: m, Sealer: newSealer(t, 2), App: "default"}
	if _, err := wrong.Get(t.Context(), access.NameWebhook, "", ""); !errors.Is(err, access.ErrWrongKey) {
		t.Errorf("with another key: %v", err)
	}
}
