package openid

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// AttemptFor is how long somebody may take at the issuer.
const AttemptFor = 10 * time.Minute

// purpose is what a sealed attempt is sealed for.
const purpose = "openid/attempt"

// attempt is what has to be the same when a browser comes back.
type attempt struct {
	State    string    `json:"state"`
	Nonce    string    `json:"nonce"`
	Verifier string    `json:"verifier"` // of PKCE, RFC 7636
	Next     string    `json:"next"`
	Until    time.Time `json:"until"`
}

// Identity is who somebody is, as the issuer says.
type Identity struct {
	Issuer  string
	Subject string // never changes, and is nobody else's at this issuer
	// Email is empty unless the issuer says that it was verified.
	Email  string
	Groups []string
}

// Begin returns where a browser is sent, and what it keeps meanwhile, in the
// characters of a cookie. next is where it goes on to at the end.
func (i *Issuer) Begin(ctx context.Context, next string) (address, kept string, err error) {
	known, err := i.know(ctx)
	if err != nil {
		return "", "", err
	}
	a := attempt{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Next: next, Until: i.Clock().Add(AttemptFor)}
	text, err := json.Marshal(a)
	if err != nil {
		return "", "", fmt.Errorf("write down an attempt to sign in: %w", err)
	}
	address = known.oauth.AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier))
	return address, base64.RawURLEncoding.EncodeToString(i.Sealer.Seal(purpose, string(text))), nil
}

// Finish returns who came back, and where they go on to. kept is what the
// browser kept, query what it was sent back with. The errors are those of this
// package.
func (i *Issuer) Finish(ctx context.Context, kept string, query url.Values) (who Identity, next string, err error) {
	a, err := i.open(kept)
	if err != nil {
		return Identity{}, "", err
	}
	if subtle.ConstantTimeCompare([]byte(a.State), []byte(query.Get("state"))) != 1 {
		return Identity{}, "", fmt.Errorf("%w: the state is another one", ErrAttempt)
	}
	// RFC 9207, against answers of another issuer.
	if from := query.Get("iss"); from != "" && from != i.Issuer {
		return Identity{}, "", fmt.Errorf("%w: another issuer answers", ErrAttempt)
	}
	if code := query.Get("error"); code != "" {
		return Identity{}, a.Next, fmt.Errorf("%w: %s", ErrDenied, errorCode(code))
	}
	if query.Get("code") == "" {
		return Identity{}, a.Next, fmt.Errorf("%w: there is no code", ErrAttempt)
	}
	known, err := i.know(ctx)
	if err != nil {
		return Identity{}, a.Next, err
	}
	token, err := known.oauth.Exchange(i.calling(ctx), query.Get("code"), oauth2.VerifierOption(a.Verifier))
	var answer *oauth2.RetrieveError
	switch {
	case errors.As(err, &answer) && answer.Response.StatusCode < 500:
		return Identity{}, a.Next, fmt.Errorf("%w: status %d %s", ErrRefused, answer.Response.StatusCode, errorCode(answer.ErrorCode))
	case errors.As(err, &answer): // its text holds the answer's body
		return Identity{}, a.Next, fmt.Errorf("%w: it answers a code with status %d", ErrUnavailable, answer.Response.StatusCode)
	case err != nil:
		return Identity{}, a.Next, fmt.Errorf("%w: exchange the code: %w", ErrUnavailable, err)
	}
	who, err = i.identify(ctx, known, token, a.Nonce)
	return who, a.Next, err
}

func (i *Issuer) open(kept string) (*attempt, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(kept)
	if err != nil {
		return nil, fmt.Errorf("%w: what the browser kept is not ours", ErrAttempt)
	}
	text, err := i.Sealer.Open(purpose, sealed)
	if err != nil {
		return nil, fmt.Errorf("%w: what the browser kept is not ours", ErrAttempt)
	}
	var a attempt
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return nil, fmt.Errorf("%w: what the browser kept is not ours", ErrAttempt)
	}
	if !i.Clock().Before(a.Until) {
		return nil, fmt.Errorf("%w: it took longer than %s", ErrAttempt, AttemptFor)
	}
	return &a, nil
}

// errorCode returns a code of an error if it looks like one (RFC 6749, section
// 4.1.2.1): it comes from a browser, and stands in the log.
func errorCode(code string) string {
	for _, r := range code {
		if (r < 'a' || r > 'z') && r != '_' {
			return "(no code of an error)"
		}
	}
	return code[:min(len(code), 50)]
}
