package openid

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/access"
)

func newSealed(t testing.TB, b byte) *access.Sealer {
	t.Helper()
	sealer, err := access.NewSealer(bytes.Repeat([]byte{b}, access.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return sealer
}

// Whatever a browser brings back, it opens nothing that was not sealed here.
func FuzzOpen(f *testing.F) {
	now := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	issuer := New(Config{Sealer: newSealed(f, 1), Clock: func() time.Time { return now }})
	for _, kept := range []string{"", "AAAA", "not base64!", strings.Repeat("A", 4096)} {
		f.Add(kept)
	}
	f.Fuzz(func(t *testing.T, kept string) {
		if a, err := issuer.open(kept); err == nil || !errors.Is(err, ErrAttempt) {
			t.Errorf("opened %q as %+v, %v", kept, a, err)
		}
	})
}

// A code of an error that goes into the log is short, and nothing but a code.
func FuzzErrorCode(f *testing.F) {
	for _, code := range []string{"access_denied", "", "<script>", "a\nb", strings.Repeat("a", 100)} {
		f.Add(code)
	}
	f.Fuzz(func(t *testing.T, code string) {
		got := errorCode(code)
		if len(got) > 50 || strings.ContainsFunc(got, func(r rune) bool { return (r < 'a' || r > 'z') && r != '_' }) && got != "(no code of an error)" {
			t.Errorf("%q became %q", code, got)
		}
	})
}
