package notification

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
)

// Credentials are one user name and password for HTTP Basic authentication
// (RFC 7617).
type Credentials struct {
	Username string
	Password string
}

// BasicAuth returns a check that passes requests which carry any of the given
// pairs: give two while a password is being rotated. Without pairs it refuses
// everything.
//
// Comparing takes the same time whether or not, and where, a pair differs.
func BasicAuth(pairs ...Credentials) func(*http.Request) bool {
	type digest [2][sha256.Size]byte
	hash := func(user, password string) digest {
		return digest{sha256.Sum256([]byte(user)), sha256.Sum256([]byte(password))}
	}
	known := make([]digest, len(pairs))
	for i, p := range pairs {
		known[i] = hash(p.Username, p.Password)
	}
	return func(r *http.Request) bool {
		user, password, ok := r.BasicAuth()
		if !ok {
			return false
		}
		given := hash(user, password)
		matched := 0
		for i := range known {
			matched |= subtle.ConstantTimeCompare(given[0][:], known[i][0][:]) &
				subtle.ConstantTimeCompare(given[1][:], known[i][1][:])
		}
		return matched == 1
	}
}
