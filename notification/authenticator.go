package notification

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Method is what an endpoint asks of its callers to prove who they are.
type Method string

// The methods.
const (
	// MethodAny is content with one proof that is configured, Basic
	// authentication or a signature; one that is there and wrong is refused,
	// whatever the other says. An empty Method is this one.
	MethodAny       Method = "any"
	MethodBasic     Method = "basic"     // Basic authentication; signatures are not looked at
	MethodSignature Method = "signature" // a signature; Basic authentication is not looked at
	MethodBoth      Method = "both"
	MethodNone      Method = "none" // everybody may call
)

// Methods lists all methods.
func Methods() []Method {
	return []Method{MethodAny, MethodBasic, MethodSignature, MethodBoth, MethodNone}
}

// AuthConfig is what an [Authenticator] knows. Clock is required with Secrets.
type AuthConfig struct {
	Method  Method
	Pairs   []Credentials // for Basic authentication; several while rotating
	Secrets Secrets       // for signatures; several while rotating
	Clock   func() time.Time
}

// Authenticator tells who may call an endpoint: give [Handler] or [Endpoint]
// its Authenticate and its Verify, both of them.
type Authenticator struct {
	cfg   AuthConfig
	basic func(*http.Request) bool
}

// NewAuthenticator returns an authenticator, or says what the method asks for
// and the configuration lacks.
func NewAuthenticator(cfg AuthConfig) (*Authenticator, error) {
	if cfg.Method == "" {
		cfg.Method = MethodAny
	}
	pairs, secrets := len(cfg.Pairs) > 0, cfg.Secrets.Len() > 0
	switch cfg.Method {
	case MethodAny:
		if !pairs && !secrets {
			return nil, errors.New(`"any" needs a user name and password, or a signature secret`)
		}
	case MethodBasic, MethodSignature, MethodBoth:
		if !pairs && cfg.Method != MethodSignature {
			return nil, fmt.Errorf("%q needs a user name and password", cfg.Method)
		}
		if !secrets && cfg.Method != MethodBasic {
			return nil, fmt.Errorf("%q needs a signature secret", cfg.Method)
		}
	case MethodNone:
	default:
		return nil, fmt.Errorf("%q is not one of %v", cfg.Method, Methods())
	}
	return &Authenticator{cfg, BasicAuth(cfg.Pairs...)}, nil
}

// Authenticate reports whether a call may go on to its body: Basic
// authentication is decided here, and of a signature what can be told without
// a body.
func (a *Authenticator) Authenticate(r *http.Request) bool { return a.Explain(r) == nil }

// Explain says why Authenticate refuses a call, or nil: for a log. It quotes
// nothing of what the call carries.
func (a *Authenticator) Explain(r *http.Request) error {
	switch a.cfg.Method {
	case MethodNone:
		return nil
	case MethodBasic:
		return a.checkBasic(r)
	case MethodSignature:
		return a.checkHeaders(r)
	case MethodBoth:
		if err := a.checkBasic(r); err != nil {
			return err
		}
		return a.checkHeaders(r)
	}
	basic, signed := a.claimsBasic(r), a.claimsSignature(r)
	if !basic && !signed {
		return errNoProof
	}
	if basic {
		if err := a.checkBasic(r); err != nil {
			return err
		}
	}
	if signed {
		return a.checkHeaders(r)
	}
	return nil
}

// Verify says why the body of a call that passed Authenticate is not to be
// taken, or nil.
func (a *Authenticator) Verify(r *http.Request, body []byte) error {
	switch a.cfg.Method {
	case MethodNone, MethodBasic:
		return nil
	case MethodAny:
		if !a.claimsSignature(r) {
			return nil
		}
	}
	return Verify(a.cfg.Secrets, r.Header, body, a.cfg.Clock())
}

var (
	errNoProof    = errors.New("credentials: the call carries none")
	errWrongBasic = errors.New("credentials: user name and password are missing or wrong")
)

func (a *Authenticator) checkBasic(r *http.Request) error {
	if !a.basic(r) {
		return errWrongBasic
	}
	return nil
}

func (a *Authenticator) checkHeaders(r *http.Request) error {
	_, err := readSigned(r.Header, a.cfg.Clock())
	return err
}

// claimsSignature reports whether a call carries a signature that can be
// judged here.
func (a *Authenticator) claimsSignature(r *http.Request) bool {
	return a.cfg.Secrets.Len() > 0 && isSigned(r.Header)
}

// claimsBasic reports whether a call carries Basic authentication, right or
// wrong, that can be judged here. Other schemes say nothing to us: proxies add
// them.
func (a *Authenticator) claimsBasic(r *http.Request) bool {
	if len(a.cfg.Pairs) == 0 {
		return false
	}
	for _, value := range r.Header.Values("Authorization") {
		scheme, _, _ := strings.Cut(strings.TrimSpace(value), " ")
		if strings.EqualFold(scheme, "Basic") {
			return true
		}
	}
	return false
}
