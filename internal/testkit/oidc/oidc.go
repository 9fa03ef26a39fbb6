// Package oidc is an issuer of OpenID Connect for tests, over HTTP: discovery,
// keys, codes with PKCE, tokens signed with RS256, and each way in which an
// issuer may go wrong. It signs by itself, so that it shares nothing with what
// verifies.
package oidc

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Client is who may ask.
const (
	ClientID     = "postrider"
	ClientSecret = "client-secret-marker"
)

// Claims is what a token says.
type Claims map[string]any

// Behaviour is what an issuer does. The zero value of each field is right.
type Behaviour struct {
	Person     Claims       // who has signed in there
	Deny       string       // the code of an error in the place of a code
	GrantError string       // the same, when the code is exchanged
	Down       bool         // 503 to everything
	KeysDown   bool         // 503 where its keys are
	NoBasic    bool         // takes the secret in the form only
	Sign       string       // "none", or "stranger": by a key that nobody knows
	Alter      func(Claims) // changes a token before it is signed
	InfoOf     Claims       // what it says besides, of whom
}

// Issuer is a running one.
type Issuer struct {
	*httptest.Server
	clock         func() time.Time
	key, stranger *rsa.PrivateKey

	mu     sync.Mutex
	does   Behaviour
	grants map[string]url.Values // requests, by code
	asked  int                   // for what it is
}

// New starts an issuer, which ends with the test.
func New(t testing.TB, clock func() time.Time, does Behaviour) *Issuer {
	t.Helper()
	i := &Issuer{clock: clock, does: does, grants: make(map[string]url.Values)}
	for _, key := range []**rsa.PrivateKey{&i.key, &i.stranger} {
		var err error
		if *key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			t.Fatal(err)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.discovery)
	mux.HandleFunc("GET /keys", i.keys)
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.token)
	mux.HandleFunc("GET /userinfo", i.userinfo)
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if i.behaviour().Down {
			http.Error(w, "down for maintenance", http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(i.Close)
	return i
}

// Be changes what it does from now on.
func (i *Issuer) Be(does Behaviour) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.does = does
}

// Asked is how often it was asked what it is.
func (i *Issuer) Asked() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked
}

func (i *Issuer) behaviour() Behaviour {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.does
}

func (i *Issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	i.asked++
	i.mu.Unlock()
	methods := []string{"client_secret_basic", "client_secret_post"}
	if i.behaviour().NoBasic {
		methods = methods[1:]
	}
	write(w, http.StatusOK, map[string]any{
		"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
		"userinfo_endpoint": i.URL + "/userinfo", "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256", "none"}, "token_endpoint_auth_methods_supported": methods,
	})
}

func (i *Issuer) keys(w http.ResponseWriter, _ *http.Request) {
	if i.behaviour().KeysDown {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	}
	write(w, http.StatusOK, map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1", "n": encode(i.key.N.Bytes()), "e": encode(big.NewInt(int64(i.key.E)).Bytes()),
	}}})
}

// authorize is where somebody would sign in: they have.
func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if query.Get("client_id") != ClientID || query.Get("response_type") != "code" || query.Get("code_challenge_method") != "S256" ||
		query.Get("state") == "" || query.Get("nonce") == "" {
		http.Error(w, "not a request that this issuer takes", http.StatusBadRequest)
		return
	}
	back := url.Values{"state": {query.Get("state")}}
	if deny := i.behaviour().Deny; deny != "" {
		back.Set("error", deny)
		back.Set("error_description", "description-marker")
	} else {
		code := rand.Text()
		i.mu.Lock()
		i.grants[code] = query
		i.mu.Unlock()
		back.Set("code", code)
	}
	http.Redirect(w, r, query.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	does := i.behaviour()
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	i.mu.Lock()
	grant := i.grants[r.PostFormValue("code")]
	delete(i.grants, r.PostFormValue("code"))
	i.mu.Unlock()
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case id != ClientID || secret != ClientSecret || basic == does.NoBasic:
		write(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
	case does.GrantError != "":
		write(w, http.StatusBadRequest, map[string]any{"error": does.GrantError, "error_description": "description-marker"})
	case grant == nil || grant.Get("redirect_uri") != r.PostFormValue("redirect_uri") || grant.Get("code_challenge") != encode(challenge[:]):
		write(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
	default:
		now := i.clock()
		claims := Claims{"iss": i.URL, "aud": ClientID, "nonce": grant.Get("nonce"), "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
		for name, value := range does.Person {
			claims[name] = value
		}
		if does.Alter != nil {
			does.Alter(claims)
		}
		write(w, http.StatusOK, map[string]any{
			"access_token": rand.Text(), "token_type": "Bearer", "expires_in": 3600, "id_token": i.sign(claims, does.Sign),
		})
	}
}

func (i *Issuer) userinfo(w http.ResponseWriter, _ *http.Request) {
	if info := i.behaviour().InfoOf; info != nil {
		write(w, http.StatusOK, info)
		return
	}
	write(w, http.StatusOK, map[string]any{"sub": i.behaviour().Person["sub"]})
}

// sign returns a token (RFC 7519).
func (i *Issuer) sign(claims Claims, how string) string {
	header := map[string]string{"alg": "RS256", "kid": "1", "typ": "JWT"}
	key := i.key
	switch how {
	case "none":
		header["alg"] = "none"
	case "stranger":
		key = i.stranger
	}
	first, _ := json.Marshal(header)
	second, _ := json.Marshal(claims)
	text := encode(first) + "." + encode(second)
	if how == "none" {
		return text + "."
	}
	hash := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, hash[:])
	if err != nil {
		panic(err) // a test's own key
	}
	return text + "." + encode(signature)
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
