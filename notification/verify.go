package notification

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Tolerance is by how much the time of a signature may be off, either way
// (Standard Webhooks).
const Tolerance = 5 * time.Minute

// maxSignatures bounds the work that a stranger can make us do.
const maxSignatures = 50

// SignatureError says why a signature does not count. It quotes nothing of
// what the call carries.
type SignatureError struct{ Problem string }

func (e *SignatureError) Error() string { return "signature: " + e.Problem }

// Verify says why the signature of a call does not count, or nil (Standard
// Webhooks, v1: HMAC-SHA256 of id, timestamp and body). One of the signatures
// has to be made with one of the secrets, and the timestamp within Tolerance
// of now. The error is a [*SignatureError].
//
// Comparing takes the same time whether or not, and where, a signature differs.
func Verify(secrets Secrets, header http.Header, body []byte, now time.Time) error {
	if secrets.Len() == 0 {
		return &SignatureError{"there is no secret to check it with"}
	}
	s, err := readSigned(header, now)
	if err != nil {
		return err
	}
	matched := false
	for _, key := range secrets.keys {
		want := sum(key, s.id, s.second, body)
		for _, given := range s.signatures {
			same := hmac.Equal(given, want)
			matched = matched || same
		}
	}
	if !matched {
		return &SignatureError{"none of the secrets made it, of this id, timestamp and body"}
	}
	return nil
}

// signed is what the headers of a signed call say.
type signed struct {
	id, second string
	signatures [][]byte
}

// isSigned reports whether a call claims to be signed. An id alone is no
// claim: callers without a secret send it too.
func isSigned(header http.Header) bool { return len(header.Values(HeaderSignature)) > 0 }

// readSigned takes from the headers of a call all that can be judged without
// its body.
func readSigned(header http.Header, now time.Time) (signed, error) {
	if !isSigned(header) {
		return signed{}, &SignatureError{"the call carries none"}
	}
	s := signed{id: header.Get(HeaderID), second: header.Get(HeaderTimestamp)}
	if err := checkID(s.id); err != nil {
		return signed{}, &SignatureError{err.Error()}
	}
	second, err := strconv.ParseInt(s.second, 10, 64)
	if err != nil || strconv.FormatInt(second, 10) != s.second { // one time is written in one way
		return signed{}, &SignatureError{"its timestamp is not a number of seconds"}
	}
	const tolerance = int64(Tolerance / time.Second)
	switch at := now.Unix(); {
	case second < at-tolerance:
		return signed{}, &SignatureError{"its timestamp is more than " + Tolerance.String() + " ago"}
	case second > at+tolerance:
		return signed{}, &SignatureError{"its timestamp is more than " + Tolerance.String() + " ahead"}
	}
	given := strings.Fields(header.Get(HeaderSignature))
	if len(given) > maxSignatures {
		return signed{}, &SignatureError{fmt.Sprintf("there are more than %d", maxSignatures)}
	}
	for _, one := range given {
		encoded, ok := strings.CutPrefix(one, signaturePrefix)
		if !ok {
			continue // of another version
		}
		if mac, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			s.signatures = append(s.signatures, mac)
		}
	}
	return s, nil
}

// checkID refuses ids that would make one signature fit several contents.
func checkID(id string) error {
	if id == "" || strings.ContainsAny(id, ". \t\r\n") {
		return errors.New("the id is empty, or holds a dot or white space")
	}
	return nil
}

// sum is what is signed, signed with one key.
func sum(key []byte, id, second string, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte(id + "." + second + ".")) // a hash never fails
	_, _ = mac.Write(body)
	return mac.Sum(nil)
}
