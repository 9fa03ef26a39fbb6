package openid

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	// callTimeout bounds each call to the issuer.
	callTimeout = 10 * time.Second
	// retryAfter is how long an issuer that could not be asked is left alone:
	// so long everybody is told the same.
	retryAfter = 5 * time.Second
	// learnAgain is how long what the issuer says of itself counts. Its keys
	// are asked for as they are needed.
	learnAgain = 24 * time.Hour
	// maxAnswer bounds what is read of one answer, in bytes.
	maxAnswer = 1 << 20
	// maxDescription is how many characters are kept of what is wrong.
	maxDescription = 200
)

// Sealer seals what travels in a browser's cookie; see access.Sealer.
type Sealer interface {
	Seal(purpose, secret string) []byte
	Open(purpose string, sealed []byte) (string, error)
}

// Config is what an issuer is asked with. All fields but the secret are
// required.
type Config struct {
	Issuer       string // URL, to the letter as the issuer writes it
	ClientID     string
	ClientSecret string // empty: a public client, which PKCE alone protects
	RedirectURL  string // where browsers come back to
	Scopes       []string
	GroupsClaim  string // the claim in which groups stand
	Sealer       Sealer
	Transport    http.RoundTripper
	Clock        func() time.Time
}

// Issuer is asked who people are. It is asked for its addresses when somebody
// signs in, not before, so that a server starts without it. It is safe for
// concurrent use.
type Issuer struct {
	Config
	client *http.Client

	turn    chan struct{} // held by the one who asks
	mu      sync.Mutex
	known   *knowledge
	failure error
	asked   time.Time
}

// knowledge is what an issuer says of itself.
type knowledge struct {
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	oauth    *oauth2.Config
}

// New returns an issuer. It asks nothing.
func New(cfg Config) *Issuer {
	return &Issuer{
		Config: cfg, turn: make(chan struct{}, 1),
		client: &http.Client{
			Transport: bounded{cfg.Transport}, Timeout: callTimeout,
			// What is sent, a secret among it, is for the address that was named.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// calling returns a context for calls to the issuer.
func (i *Issuer) calling(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, i.client)
}

// know returns what the issuer says of itself. One asks, the others wait for
// the answer. An error is ErrUnavailable.
func (i *Issuer) know(ctx context.Context) (*knowledge, error) {
	if known, err := i.remembers(); known != nil || err != nil {
		return known, err
	}
	select {
	case i.turn <- struct{}{}:
		defer func() { <-i.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for what the issuer says of itself: %w", ctx.Err())
	}
	if known, err := i.remembers(); known != nil || err != nil {
		return known, err
	}
	// Who hangs up does not make it fail for the others.
	known, err := i.ask(context.WithoutCancel(ctx))
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked = i.Clock()
	if err != nil {
		i.failure = fmt.Errorf("%w: %w", ErrUnavailable, err)
		if i.known != nil { // what it said before is better than nothing
			return i.known, nil
		}
		return nil, i.failure
	}
	i.known, i.failure = known, nil
	return known, nil
}

// remembers returns what is known, or why nothing is; nothing if it is time to
// ask.
func (i *Issuer) remembers() (*knowledge, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	since := i.Clock().Sub(i.asked)
	switch {
	case i.failure != nil && since < retryAfter:
		if i.known != nil {
			return i.known, nil
		}
		return nil, i.failure
	case i.failure == nil && i.known != nil && since < learnAgain:
		return i.known, nil
	}
	return nil, nil
}

func (i *Issuer) ask(ctx context.Context) (*knowledge, error) {
	provider, err := oidc.NewProvider(i.calling(ctx), i.Issuer)
	if err != nil {
		return nil, describe(err)
	}
	var says struct {
		Keys    string   `json:"jwks_uri"`
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := provider.Claims(&says); err != nil {
		return nil, fmt.Errorf("read what the issuer says of itself: %w", err)
	}
	endpoint := provider.Endpoint()
	if endpoint.AuthURL == "" || endpoint.TokenURL == "" || says.Keys == "" {
		return nil, errors.New("the issuer does not name its endpoints")
	}
	// OpenID Connect Discovery 1.0, section 3: without a word it is Basic.
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if i.ClientSecret == "" || len(says.Methods) > 0 && !slices.Contains(says.Methods, "client_secret_basic") {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &knowledge{
		provider: provider,
		verifier: provider.Verifier(&oidc.Config{ClientID: i.ClientID, Now: i.Clock}),
		oauth: &oauth2.Config{
			ClientID: i.ClientID, ClientSecret: i.ClientSecret, RedirectURL: i.RedirectURL, Endpoint: endpoint, Scopes: i.Scopes,
		},
	}, nil
}

// describe says why an issuer could not be asked, without the page that may
// have come in the place of an answer.
func describe(err error) error {
	var unreached *url.Error
	var mismatch *oidc.IssuerMismatchError
	if errors.As(err, &unreached) || errors.As(err, &mismatch) {
		return fmt.Errorf("ask the issuer what it is: %w", err)
	}
	text := []rune(err.Error())
	return fmt.Errorf("ask the issuer what it is: %q", string(text[:min(len(text), maxDescription)]))
}

// bounded reads no more of an answer than an issuer has to say.
type bounded struct{ http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(response.Body, maxAnswer), response.Body}
	return response, nil
}
