package e2e_test

import (
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/testkit/oidc"
)

// The variables of OpenID Connect, in a server as people run it: a person of the
// issuer comes in with the role of their group, and passwords are off.
func TestOpenID(t *testing.T) {
	t.Parallel()
	issuer := oidc.New(t, time.Now, oidc.Behaviour{Person: oidc.Claims{
		"sub": "ada-1", "email": "ada@example.com", "email_verified": true, "teams": []string{"cn=mail,dc=acme", "others"},
	}})
	const public = "http://postrider.example.com"
	server := newSite(t, map[string]string{
		"POSTRIDER_PUBLIC_URL":         public,
		"POSTRIDER_OIDC_ISSUER":        issuer.URL,
		"POSTRIDER_OIDC_CLIENT_ID":     oidc.ClientID,
		"POSTRIDER_OIDC_CLIENT_SECRET": oidc.ClientSecret,
		"POSTRIDER_OIDC_NAME":          "Acme Login",
		"POSTRIDER_OIDC_GROUPS_CLAIM":  "teams",
		"POSTRIDER_OIDC_ROLES":         "cn=mail,dc=acme=operator",
		"POSTRIDER_OIDC_ONLY":          "true",
	}).serve()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(client.CloseIdleConnections)
	get := func(address string) answer {
		t.Helper()
		r, err := http.NewRequestWithContext(within(t), http.MethodGet, strings.Replace(address, public, server.url, 1), nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := do(client, r)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	page := get(server.url + "/dashboard/sign-in")
	if body := string(page.body); !strings.Contains(body, "Sign in with Acme Login") || strings.Contains(body, `type="password"`) {
		t.Errorf("the page to sign in:\n%s", body)
	}
	at := get(server.url + "/dashboard/sign-in/openid?next=/dashboard/credentials/custom")
	for range 3 { // to the issuer, back, and on
		to := at.header.Get("Location")
		if strings.HasPrefix(to, "/") {
			to = server.url + to
		}
		if to == "" {
			t.Fatalf("led nowhere: %d\n%s", at.status, at.body)
		}
		at = get(to)
	}
	if err := at.want(http.StatusOK); err != nil || !strings.Contains(string(at.body), "Webhook URL") {
		t.Errorf("an operator does not see the form of the custom provider: %v\n%s", err, at.body)
	}
	if got := get(server.url + "/dashboard/invite"); got.status != http.StatusForbidden {
		t.Errorf("an operator may invite: %d", got.status)
	}
	server.stop()
}
