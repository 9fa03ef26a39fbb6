package dashboard_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/testkit/axe"
	"github.com/postrider/postrider/internal/testkit/browser"
	"github.com/postrider/postrider/internal/testkit/oidc"
	"github.com/postrider/postrider/internal/web/dashboard"
)

// ada is somebody at the issuer.
func ada(more ...any) oidc.Claims {
	claims := oidc.Claims{"sub": "ada-1", "email": "Ada@example.com", "email_verified": true}
	for i := 0; i < len(more); i += 2 {
		claims[more[i].(string)] = more[i+1]
	}
	return claims
}

// openSite is a site with an issuer.
func openSite(t *testing.T, does oidc.Behaviour, people access.OpenID, change ...func(*options)) (*site, *oidc.Issuer) {
	t.Helper()
	var issuer *oidc.Issuer
	o := options{people: people, issuer: func(clock func() time.Time) string {
		issuer = oidc.New(t, clock, does)
		return issuer.URL
	}}
	for _, one := range change {
		one(&o)
	}
	return newSite(t, o), issuer
}

// leave follows the link to the issuer, and returns the path by which the issuer
// sends people back.
func (v *visitor) leave(t *testing.T, next string) string {
	t.Helper()
	to := v.want(t, http.StatusSeeOther, http.MethodGet, dashboard.OpenIDPath+"?next="+url.QueryEscape(next), nil).header.Get("Location")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, to, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	client.CloseIdleConnections()
	back, ours := strings.CutPrefix(response.Header.Get("Location"), v.URL)
	if !ours {
		t.Fatalf("the issuer answers %d, and leads to %q", response.StatusCode, response.Header.Get("Location"))
	}
	return back
}

// come signs in through the issuer, and returns the answer of our server.
func (v *visitor) come(t *testing.T) reply {
	t.Helper()
	return v.ask(t, http.MethodGet, v.leave(t, "/dashboard/audit"), nil)
}

// in fails the test unless somebody was let in.
func (r reply) in(t *testing.T) {
	t.Helper()
	if to := r.header.Get("Location"); r.status != http.StatusSeeOther || to != "/dashboard/audit" {
		t.Fatalf("status %d to %q\n%s", r.status, to, r.body)
	}
}

func (s *site) roleOf(t *testing.T, name string) access.Role {
	t.Helper()
	account, err := s.store.Account(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return account.Role
}

func TestOpenID(t *testing.T) {
	t.Parallel()
	s, issuer := openSite(t, oidc.Behaviour{Person: ada()}, access.OpenID{})
	if issuer.Asked() != 0 {
		t.Error("the issuer is asked before somebody signs in")
	}
	s.stranger().get(t, "/dashboard/sign-in?next=/mailbox").contains(t, "Sign in with Acme Login", `href="/dashboard/sign-in/openid?next=%2Fmailbox"`)
	got := s.stranger().come(t)
	got.contains(t, "Nobody has invited you.")
	if got.status != http.StatusForbidden {
		t.Errorf("status %d", got.status)
	}

	if _, _, err := s.accounts.Invite(t.Context(), s.actor(), "ada@example.com", access.RoleOperator); err != nil {
		t.Fatal(err)
	}
	v := s.stranger()
	back := v.leave(t, "/dashboard/audit")
	kept := v.cookie
	if kept.Name != "postrider-openid" || !kept.HttpOnly || kept.SameSite != http.SameSiteLaxMode || kept.MaxAge != 600 || strings.Contains(back, kept.Value) {
		t.Errorf("cookie %+v", kept)
	}
	v.ask(t, http.MethodGet, back, nil).in(t)
	if v.cookie.Name != "postrider-session" {
		t.Fatalf("cookie %+v", v.cookie)
	}
	v.get(t, "/dashboard/credentials/custom") // an operator may
	v.get(t, "/dashboard/audit").contains(t, string(access.ActionCameByOpenID), string(access.ActionSignedInByOpenID))
	s.as(t, "mira").get(t, "/dashboard/accounts").lacks(t, "Invitation as operator")
	// A code works once, whoever has what the browser kept.
	if got := (&visitor{s, kept}).ask(t, http.MethodGet, back, nil); got.status != http.StatusBadGateway {
		t.Errorf("the same code again: %d", got.status)
	}

	// It is the subject that counts, not the address.
	issuer.Be(oidc.Behaviour{Person: ada("email", "lovelace@example.com", "email_verified", false)})
	again := s.stranger()
	again.come(t).in(t)
	again.get(t, "/dashboard/account").contains(t, "ada@example.com")
	issuer.Be(oidc.Behaviour{Person: ada("sub", "ada-2")})
	s.stranger().come(t).contains(t, "There is an account of your email address already")
	if n := issuer.Asked(); n != 1 {
		t.Errorf("the issuer was asked %d times what it is", n)
	}

	// Sessions are as others, and end as others.
	mira := s.as(t, "mira")
	again.post(t, "/dashboard/sign-out", url.Values{})
	again.want(t, http.StatusSeeOther, http.MethodGet, "/dashboard", nil)
	mira.post(t, "/dashboard/accounts/ada@example.com/delete", url.Values{})
	v.want(t, http.StatusSeeOther, http.MethodGet, "/dashboard", nil)
	issuer.Be(oidc.Behaviour{Person: ada()})
	s.stranger().come(t).contains(t, "Nobody has invited you.")
}

// An account of the issuer has no password, and gets none.
func TestOpenIDHasNoPassword(t *testing.T) {
	t.Parallel()
	s, _ := openSite(t, oidc.Behaviour{Person: ada()}, access.OpenID{Role: access.RoleViewer})
	v := s.stranger()
	v.come(t).in(t)
	for _, wrong := range []string{"", password} {
		s.stranger().want(t, http.StatusUnauthorized, http.MethodPost, "/dashboard/sign-in", login("ada@example.com", wrong, ""))
	}
	form := url.Values{"old": {""}, "password": {"another horse battery"}, "again": {"another horse battery"}}
	v.want(t, http.StatusConflict, http.MethodPost, "/dashboard/account/password", form).contains(t, "has no password")
	v.get(t, "/dashboard/account").lacks(t, "Change the password")
	mira := s.as(t, "mira")
	mira.want(t, http.StatusConflict, http.MethodPost, "/dashboard/accounts/ada@example.com/reset", url.Values{}).contains(t, "has no password")
	mira.get(t, "/dashboard/accounts/ada@example.com").lacks(t, "Make a link")
}

// Whoever is at the issuer, an account with a password is not theirs.
func TestOpenIDTakesNoAccount(t *testing.T) {
	t.Parallel()
	s, issuer := openSite(t, oidc.Behaviour{Person: ada()}, access.OpenID{Role: access.RoleAdmin})
	err := s.store.ChangeAccounts(t.Context(), func(tx access.AccountChanges) error {
		return tx.PutAccount(access.Account{Name: "ada@example.com", Role: access.RoleAdmin, Hash: []byte("x"), CreatedAt: noon})
	})
	if err != nil {
		t.Fatal(err)
	}
	s.stranger().come(t).contains(t, "There is an account of your email address already")
	for name, person := range map[string]oidc.Claims{
		"unverified": ada("email", "grace@example.com", "email_verified", false), "nothing said": {"sub": "x", "email": "grace@example.com"},
		"none": {"sub": "x"},
	} {
		issuer.Be(oidc.Behaviour{Person: person})
		got := s.stranger().come(t)
		if got.status != http.StatusForbidden {
			t.Errorf("%s: status %d", name, got.status)
		}
		got.contains(t, "no verified email address")
	}
	issuer.Be(oidc.Behaviour{Person: oidc.Claims{"sub": "x"}, InfoOf: ada("sub", "somebody else")})
	s.stranger().come(t).contains(t, "does not hold")
	issuer.Be(oidc.Behaviour{Person: oidc.Claims{"sub": "x"}, InfoOf: ada("sub", "x", "email", "grace@example.com", "email_verified", "true")})
	s.stranger().come(t).in(t)
}

func TestOpenIDRoles(t *testing.T) {
	t.Parallel()
	people := access.OpenID{Roles: map[string]access.Role{"cn=ops,dc=acme": access.RoleOperator, "admins": access.RoleAdmin}}
	s, issuer := openSite(t, oidc.Behaviour{}, people)
	groups := func(names ...any) { issuer.Be(oidc.Behaviour{Person: ada("groups", names)}) }
	groups("others")
	s.stranger().come(t).contains(t, "None of your groups at Acme Login")
	groups("cn=ops,dc=acme", "others")
	v := s.stranger()
	v.come(t).in(t)
	if role := s.roleOf(t, "ada@example.com"); role != access.RoleOperator {
		t.Errorf("role %s", role)
	}
	groups("cn=ops,dc=acme", "admins")
	s.stranger().come(t).in(t)
	v.get(t, "/dashboard/invite") // counts at once, in every session
	v.get(t, "/dashboard/audit").contains(t, "operator → admin")
	groups()
	s.stranger().come(t).contains(t, "None of your groups")
	// The last admin stays one.
	s.as(t, "mira").post(t, "/dashboard/accounts/mira/role", url.Values{"role": {"viewer"}})
	s.stranger().come(t).in(t)
	if role := s.roleOf(t, "ada@example.com"); role != access.RoleAdmin {
		t.Errorf("role of the last admin: %s", role)
	}
}

// What an issuer, or somebody in its place, may do wrong.
func TestOpenIDRefusals(t *testing.T) {
	t.Parallel()
	alter := func(name string, value any) func(oidc.Claims) {
		return func(c oidc.Claims) { c[name] = value }
	}
	const invalid, denied, refused = "does not hold", "has not let you in", "does not take what Postrider sends"
	for name, test := range map[string]struct {
		does   oidc.Behaviour
		status int
		says   string
	}{
		"the person stops there":       {oidc.Behaviour{Deny: "access_denied"}, http.StatusForbidden, denied},
		"an error that is no code":     {oidc.Behaviour{Deny: "<b>bold</b>"}, http.StatusForbidden, denied},
		"the code is not taken":        {oidc.Behaviour{GrantError: "invalid_grant"}, http.StatusBadGateway, refused},
		"the nonce is another one":     {oidc.Behaviour{Alter: alter("nonce", "other")}, http.StatusBadGateway, invalid},
		"there is no nonce":            {oidc.Behaviour{Alter: func(c oidc.Claims) { delete(c, "nonce") }}, http.StatusBadGateway, invalid},
		"for another client":           {oidc.Behaviour{Alter: alter("aud", "other")}, http.StatusBadGateway, invalid},
		"for several, made by another": {oidc.Behaviour{Alter: func(c oidc.Claims) { c["aud"], c["azp"] = []string{oidc.ClientID, "other"}, "other" }}, http.StatusBadGateway, invalid},
		"of another issuer":            {oidc.Behaviour{Alter: alter("iss", "https://evil.example")}, http.StatusBadGateway, invalid},
		"expired":                      {oidc.Behaviour{Alter: alter("exp", noon.Add(-time.Minute).Unix())}, http.StatusBadGateway, invalid},
		"not yet":                      {oidc.Behaviour{Alter: alter("nbf", noon.Add(time.Hour).Unix())}, http.StatusBadGateway, invalid},
		"of nobody":                    {oidc.Behaviour{Alter: alter("sub", "")}, http.StatusBadGateway, invalid},
		"signed by another":            {oidc.Behaviour{Sign: "stranger"}, http.StatusBadGateway, invalid},
		"not signed":                   {oidc.Behaviour{Sign: "none"}, http.StatusBadGateway, invalid},
		"its keys cannot be read":      {oidc.Behaviour{KeysDown: true}, http.StatusBadGateway, invalid},
		"takes the secret in the form": {oidc.Behaviour{NoBasic: true}, http.StatusSeeOther, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			person := ada()
			test.does.Person = maps.Clone(person)
			s, _ := openSite(t, test.does, access.OpenID{Role: access.RoleViewer})
			v := s.stranger()
			got := v.come(t)
			if got.status != test.status {
				t.Errorf("status %d, want %d\n%s", got.status, test.status, got.body)
			}
			got.contains(t, test.says)
			got.lacks(t, oidc.ClientSecret, "description-marker", "<b>bold")
			if _, err := s.store.Account(t.Context(), "ada@example.com"); (err == nil) != (test.status == http.StatusSeeOther) {
				t.Errorf("the account: %v", err)
			}
		})
	}
}

func TestOpenIDAttempts(t *testing.T) {
	t.Parallel()
	s, issuer := openSite(t, oidc.Behaviour{Person: ada()}, access.OpenID{Role: access.RoleViewer})
	mine, theirs := s.stranger(), s.stranger()
	back := mine.leave(t, "//evil.example")
	theirs.leave(t, "/")
	theirs.want(t, http.StatusBadRequest, http.MethodGet, back, nil).contains(t, "not begun in this browser")
	s.stranger().want(t, http.StatusBadRequest, http.MethodGet, back, nil)
	forged := &visitor{s, &http.Cookie{Name: "postrider-openid", Value: "e30"}}
	forged.want(t, http.StatusBadRequest, http.MethodGet, back, nil)
	(&visitor{s, mine.cookie}).want(t, http.StatusBadRequest, http.MethodGet, back+"&iss=https%3A%2F%2Fevil.example", nil)
	mine.want(t, http.StatusServiceUnavailable, http.MethodHead, back, nil)
	if to := mine.want(t, http.StatusSeeOther, http.MethodGet, back, nil).header.Get("Location"); to != "/dashboard" {
		t.Errorf("led to %q", to)
	}
	late := s.stranger()
	back = late.leave(t, "/dashboard")
	s.clock.advance(10 * time.Minute)
	late.want(t, http.StatusBadRequest, http.MethodGet, back, nil).contains(t, "took too long")

	// Too many hold an address up, here as with passwords.
	for range 100 {
		s.stranger().ask(t, http.MethodGet, dashboard.OpenIDBack+"?state=x&code=y", nil)
	}
	got := s.stranger().want(t, http.StatusTooManyRequests, http.MethodGet, dashboard.OpenIDPath, nil)
	got.contains(t, "Too many attempts")
	if got.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	s.clock.advance(15 * time.Minute)
	s.stranger().come(t).in(t)

	// An issuer that is down is told of, and asked again.
	down, downIssuer := openSite(t, oidc.Behaviour{Down: true}, access.OpenID{})
	for range 3 {
		down.stranger().want(t, http.StatusBadGateway, http.MethodGet, dashboard.OpenIDPath, nil).contains(t, "Acme Login cannot be reached now", "f-password")
	}
	downIssuer.Be(oidc.Behaviour{Person: ada()})
	down.clock.advance(5 * time.Second)
	down.stranger().come(t).contains(t, "Nobody has invited you")
	// What is known of it outlasts its absence.
	issuer.Be(oidc.Behaviour{Down: true})
	s.clock.advance(25 * time.Hour)
	s.stranger().want(t, http.StatusSeeOther, http.MethodGet, dashboard.OpenIDPath, nil)
}

// Without an issuer there is no way there.
func TestOpenIDOff(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	s.stranger().want(t, http.StatusNotFound, http.MethodGet, dashboard.OpenIDPath, nil)
	s.stranger().want(t, http.StatusNotFound, http.MethodGet, dashboard.OpenIDBack, nil)
}

// With passwords switched off nobody comes in by one, or gets one.
func TestPasswordsOff(t *testing.T) {
	t.Parallel()
	s, _ := openSite(t, oidc.Behaviour{Person: ada()}, access.OpenID{Role: access.RoleAdmin}, func(o *options) { o.passwordsOff = true })
	s.stranger().get(t, "/dashboard/sign-in").lacks(t, "f-password")
	s.stranger().want(t, http.StatusForbidden, http.MethodPost, "/dashboard/sign-in", login("mira", password, "")).contains(t, "Nobody signs in with a password here.")
	got := s.stranger().ask(t, http.MethodGet, "/mailbox/api/v1/messages", nil, "Authorization", "Basic bWlyYTpjb3JyZWN0IGhvcnNlIGJhdHRlcnk=")
	if got.status != http.StatusUnauthorized {
		t.Errorf("the mailbox's API: %d", got.status)
	}
	v := s.stranger()
	v.come(t).in(t)
	v.want(t, http.StatusConflict, http.MethodPost, "/dashboard/accounts/mira/reset", url.Values{})
	token, _, err := s.accounts.Invite(t.Context(), s.actor(), "lin@example.com", access.RoleViewer)
	if err != nil {
		t.Fatal(err)
	}
	s.stranger().get(t, "/dashboard/invitation/"+token).lacks(t, "f-password")
	form := url.Values{"password": {"another horse battery"}, "again": {"another horse battery"}}
	s.stranger().want(t, http.StatusConflict, http.MethodPost, "/dashboard/invitation/"+token, form)
}

// The pages that are different with an issuer.
func TestOpenIDLooks(t *testing.T) {
	t.Parallel()
	rules := axe.Install(t)
	s, _ := openSite(t, oidc.Behaviour{Person: ada()}, access.OpenID{Role: access.RoleViewer})
	token, _, err := s.accounts.Invite(t.Context(), s.actor(), "lin@example.com", access.RoleViewer)
	if err != nil {
		t.Fatal(err)
	}
	e := &eye{s, t, browser.Open(t), rules}
	e.look("signin-openid", "/dashboard/sign-in")
	e.look("invitation-openid", "/dashboard/invitation/"+token)
	calm(t, "pages", e.tab)
	e.look("signin-openid-refused", dashboard.OpenIDBack+"?state=x")
}

// In a browser: the button, there and back, and out again.
func TestOpenIDInBrowser(t *testing.T) {
	t.Parallel()
	s, _ := openSite(t, oidc.Behaviour{Person: ada()}, access.OpenID{Role: access.RoleViewer})
	tab := browser.Open(t)
	tab.Look(browser.Desktop, browser.Light)
	tab.Do(chromedp.Navigate(s.URL + "/dashboard/account"))
	tab.Click(".gate .elsewhere")
	if got := text(tab, "main"); !strings.Contains(got, "ada@example.com") {
		t.Errorf("signed in: %s", got)
	}
	tab.Click(`form[action="/dashboard/sign-out"] button`)
	if got := text(tab, "main"); !strings.Contains(got, "Sign in with Acme Login") {
		t.Errorf("signed out: %s", got)
	}
	calm(t, "OpenID Connect", tab)
}
