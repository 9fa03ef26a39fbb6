package access_test

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/postrider/postrider/internal/access"
)

func TestPasswords(t *testing.T) {
	t.Parallel()
	p := access.NewPasswords()
	hash, err := p.Hash("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.Hash("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(hash, again) || bytes.Contains(hash, []byte("horse")) || !strings.HasPrefix(string(hash), "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hashed to %s and %s", hash, again)
	}
	var together sync.WaitGroup
	for password, want := range map[string]bool{"correct horse": true, "correct horse ": false, "": false, "Correct horse": false} {
		together.Go(func() {
			if got, err := p.Matches(password, hash); got != want || err != nil {
				t.Errorf("%q matches: %t, %v", password, got, err)
			}
		})
	}
	together.Wait()
}

func TestPasswordsOfNoHash(t *testing.T) {
	t.Parallel()
	p := access.NewPasswords()
	for _, hash := range []string{"", "plain", "$argon2id$v=19$m=19456,t=2,p=1$", "$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAA", "$argon2id$v=19$m=19456,t=2,p=1$*$*"} {
		if ok, err := p.Matches("", []byte(hash)); ok || !errors.Is(err, access.ErrNoHash) {
			t.Errorf("%q: %t, %v; want ErrNoHash", hash, ok, err)
		}
	}
}
