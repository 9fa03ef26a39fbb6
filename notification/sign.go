package notification

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Headers of a call, as Standard Webhooks names them. The id is the same on
// every attempt of one call, and is sent with or without a signature.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp" // of the attempt: seconds since 1970
	HeaderSignature = "Webhook-Signature"
)

const (
	secretPrefix     = "whsec_"
	signaturePrefix  = "v1,"
	minSecret        = 24 // bytes, by Standard Webhooks
	maxSecret        = 64
	maxSecrets       = 10
	howToMakeASecret = `make one with: echo "whsec_$(openssl rand -base64 32)"`
)

// Secrets are the keys that calls are signed with: one, or several while they
// are being rotated. Printed they do not show.
type Secrets struct{ keys [][]byte }

// ParseSecrets reads secrets as Standard Webhooks writes them: whsec_ and then
// 24 to 64 bytes in base64, at most ten of them, separated by spaces. An empty
// text is no secrets. Errors say which secret is wrong, but do not quote it.
func ParseSecrets(text string) (Secrets, error) {
	words := strings.Fields(text)
	if len(words) > maxSecrets {
		return Secrets{}, fmt.Errorf("more than %d secrets", maxSecrets)
	}
	keys := make([][]byte, 0, len(words))
	for i, word := range words {
		key, err := parseSecret(word)
		if err != nil {
			return Secrets{}, fmt.Errorf("secret %d of %d: %w", i+1, len(words), err)
		}
		keys = append(keys, key)
	}
	return Secrets{keys}, nil
}

func parseSecret(word string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(word, secretPrefix)
	if !ok {
		return nil, errors.New("does not begin with " + secretPrefix + "; " + howToMakeASecret)
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	switch {
	case err != nil:
		return nil, errors.New("what follows " + secretPrefix + " is not base64, with its padding; " + howToMakeASecret)
	case len(key) < minSecret || len(key) > maxSecret:
		return nil, fmt.Errorf("has %d bytes instead of %d to %d; %s", len(key), minSecret, maxSecret, howToMakeASecret)
	}
	return key, nil
}

// Len is the number of secrets.
func (s Secrets) Len() int { return len(s.keys) }

// String tells only how many there are.
func (s Secrets) String() string { return strconv.Itoa(len(s.keys)) + " secrets" }

// GoString is String.
func (s Secrets) GoString() string { return s.String() }

// Sign returns the header webhook-signature of a call: one HMAC-SHA256 (v1)
// with each secret, in their order. The headers webhook-id and
// webhook-timestamp must carry the same id and second.
func Sign(secrets Secrets, id string, timestamp time.Time, body []byte) (string, error) {
	if secrets.Len() == 0 {
		return "", errors.New("sign: there is no secret")
	}
	if err := checkID(id); err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	second := strconv.FormatInt(timestamp.Unix(), 10)
	signatures := make([]string, len(secrets.keys))
	for i, key := range secrets.keys {
		signatures[i] = signaturePrefix + base64.StdEncoding.EncodeToString(sum(key, id, second, body))
	}
	return strings.Join(signatures, " "), nil
}
