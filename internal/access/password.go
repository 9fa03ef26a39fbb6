package access

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// What a hash of a password costs: 19 MiB of memory, two passes, one thread.
const (
	argonMemory  = 19 << 10 // KiB
	argonPasses  = 2
	argonThreads = 1
	saltSize     = 16
	hashSize     = 32
	// hashing is how many passwords are hashed at one time: each takes its
	// memory.
	hashing = 2
)

// ErrNoHash means that what is to be compared with a password is no hash of
// one.
var ErrNoHash = errors.New("not the hash of a password")

// Passwords makes of passwords what may be kept of them: Argon2id hashes
// (RFC 9106) with a salt, in the usual text form. It is safe for concurrent
// use, and bounds the memory that hashing takes.
type Passwords struct{ turn chan struct{} }

// NewPasswords returns a hasher.
func NewPasswords() *Passwords { return &Passwords{make(chan struct{}, hashing)} }

// Hash returns what to keep of a password.
func (p *Passwords) Hash(password string) ([]byte, error) {
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails: crypto/rand ends the program instead
	return fmt.Appendf(nil, "%s%s$%s", hashPrefix(), encode(salt), encode(p.key(password, salt))), nil
}

// Matches reports whether a password is the one of a hash. What Hash did not
// make is ErrNoHash.
func (p *Passwords) Matches(password string, hash []byte) (bool, error) {
	parts, ok := strings.CutPrefix(string(hash), hashPrefix())
	salt, key, found := strings.Cut(parts, "$")
	if !ok || !found {
		return false, ErrNoHash
	}
	rawSalt, err := base64.RawStdEncoding.DecodeString(salt)
	rawKey, err2 := base64.RawStdEncoding.DecodeString(key)
	if err != nil || err2 != nil || len(rawKey) != hashSize {
		return false, ErrNoHash
	}
	return subtle.ConstantTimeCompare(p.key(password, rawSalt), rawKey) == 1, nil
}

func (p *Passwords) key(password string, salt []byte) []byte {
	p.turn <- struct{}{}
	defer func() { <-p.turn }()
	return argon2.IDKey([]byte(password), salt, argonPasses, argonMemory, argonThreads, hashSize)
}

func hashPrefix() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, argonMemory, argonPasses, argonThreads)
}

func encode(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }
