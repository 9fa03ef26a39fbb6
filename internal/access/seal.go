package access

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// KeySize is the size of the secret key in bytes.
const KeySize = 32

// ErrWrongKey means that what is stored was sealed with another key.
var ErrWrongKey = errors.New("the secret key does not open what is stored; it was sealed with another key")

// Sealer seals secrets for the database with AES-256-GCM, under a key derived
// from the secret key.
type Sealer struct{ aead cipher.AEAD }

// NewSealer returns a sealer for a secret key of KeySize bytes.
func NewSealer(key []byte) (*Sealer, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("secret key: must be %d bytes, is %d", KeySize, len(key))
	}
	derived, err := hkdf.Key(sha256.New, key, nil, "postrider seal v1", KeySize)
	if err != nil {
		return nil, fmt.Errorf("derive sealing key: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, fmt.Errorf("derive sealing key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("derive sealing key: %w", err)
	}
	return &Sealer{aead}, nil
}

// Seal encrypts a secret. purpose is bound to it: what was sealed for one use
// does not open for another.
func (s *Sealer) Seal(purpose, secret string) []byte {
	//nolint:gosec // G407: this AEAD makes a random nonce of its own and takes none
	return s.aead.Seal(nil, nil, []byte(secret), []byte(purpose))
}

// Open decrypts what Seal made, or returns ErrWrongKey.
func (s *Sealer) Open(purpose string, sealed []byte) (string, error) {
	secret, err := s.aead.Open(nil, nil, sealed, []byte(purpose))
	if err != nil {
		return "", ErrWrongKey
	}
	return string(secret), nil
}

// ParseKey reads a secret key in base64.
func ParseKey(s string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(s))
	if err != nil {
		return nil, fmt.Errorf("secret key: not base64: %w", err)
	}
	if len(key) != KeySize {
		return nil, fmt.Errorf("secret key: must be %d bytes in base64, is %d", KeySize, len(key))
	}
	return key, nil
}

// KeyFile returns the key in a file, and makes the file with a fresh key if
// there is none.
func KeyFile(path string) ([]byte, error) {
	content, err := os.ReadFile(path) //nolint:gosec // G304: the operator names the file
	if err == nil {
		key, err := ParseKey(string(content))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		return key, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read secret key: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("create data directory: %w", err)
	}
	key := make([]byte, KeySize)
	rand.Read(key) // never fails: crypto/rand ends the program instead
	// Written beside it first: half a key must never be found, and of two
	// processes that start together one wins.
	temporary, err := os.CreateTemp(filepath.Dir(path), "secret.key.*")
	if err != nil {
		return nil, fmt.Errorf("create secret key: %w", err)
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // a leftover does no harm
	_, err = temporary.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return nil, fmt.Errorf("write secret key: %w", err)
	}
	if err := os.Link(temporary.Name(), path); errors.Is(err, os.ErrExist) {
		return KeyFile(path)
	} else if err != nil {
		return nil, fmt.Errorf("create secret key: %w", err)
	}
	return key, nil
}
