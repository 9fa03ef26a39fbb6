package dashboard_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/access"
)

func login(name, password, next string) url.Values {
	return url.Values{"name": {name}, "password": {password}, "next": {next}}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	v := s.stranger()
	for name, form := range map[string]url.Values{
		"a wrong password":     login("mira", "wrong", ""),
		"somebody unknown":     login("nobody", password, ""),
		"nothing":              {},
		"a name of many bytes": login(strings.Repeat("x", 10_000), password, ""),
	} {
		got := v.want(t, http.StatusUnauthorized, http.MethodPost, "/dashboard/sign-in", form)
		got.contains(t, "The user name or the password is wrong.")
		if len(got.header.Values("Set-Cookie")) > 0 {
			t.Errorf("%s: a cookie is set", name)
		}
	}
	got := v.want(t, http.StatusUnauthorized, http.MethodPost, "/dashboard/sign-in", login("<Mira>", "wrong-secret", "/mailbox"))
	got.contains(t, `value="&lt;Mira&gt;"`, `name="next" value="/mailbox"`)
	got.lacks(t, "wrong-secret")

	if to := v.post(t, "/dashboard/sign-in", login(" MIRA ", password, "/mailbox?to=x")); to != "/mailbox?to=x" {
		t.Errorf("led to %q", to)
	}
	if c := v.cookie; c.Name != "postrider-session" || !c.HttpOnly || c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge <= 0 {
		t.Errorf("cookie %+v", c)
	}
	v.get(t, "/mailbox")
	if to := v.want(t, http.StatusSeeOther, http.MethodGet, "/dashboard/sign-in", nil).header.Get("Location"); to != "/dashboard" {
		t.Errorf("who has signed in is led to %q", to)
	}
	before := *v.cookie
	if to := v.post(t, "/dashboard/sign-out", url.Values{}); to != "/dashboard/sign-in" || v.cookie.MaxAge >= 0 {
		t.Errorf("signed out to %q, cookie %+v", to, v.cookie)
	}
	(&visitor{s, &before}).want(t, http.StatusSeeOther, http.MethodGet, "/mailbox", nil)
}

// Over https the cookie is one that nobody beside us can set.
func TestCookieOverHTTPS(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{publicURL: "https://postrider.example.com"})
	v := s.stranger()
	v.post(t, "/dashboard/sign-in", login("mira", password, ""))
	if c := v.cookie; c.Name != "__Host-postrider-session" || !c.Secure || c.Path != "/" || c.Domain != "" {
		t.Errorf("cookie %+v", c)
	}
	v.get(t, "/dashboard")
	// Under the name that others could set it counts for nothing.
	(&visitor{s, &http.Cookie{Name: "postrider-session", Value: v.cookie.Value}}).want(t, http.StatusSeeOther, http.MethodGet, "/dashboard", nil)
}

// Nobody is led to another site, or round in circles.
func TestNext(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	for wish, want := range map[string]string{
		"":                               "/dashboard",
		"/dashboard/audit?before=1":      "/dashboard/audit?before=1",
		"/mailbox/0193/html?images=1":    "/mailbox/0193/html?images=1",
		"https://evil.example/dashboard": "/dashboard",
		"//evil.example/dashboard":       "/dashboard",
		"/\\evil.example":                "/dashboard",
		"/dashboardx":                    "/dashboard",
		"/dashboard/sign-in":             "/dashboard",
		"/v3/users":                      "/dashboard",
		"javascript:alert(1)":            "/dashboard",
		"/dashboard\r\nX: y":             "/dashboard",
	} {
		if got := s.stranger().post(t, "/dashboard/sign-in", login("mira", password, wish)); got != want {
			t.Errorf("next %q leads to %q, want %q", wish, got, want)
		}
	}
}

func TestTooManyAttempts(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	v := s.stranger()
	for range 10 {
		v.want(t, http.StatusUnauthorized, http.MethodPost, "/dashboard/sign-in", login("mira", "wrong", ""))
	}
	got := v.want(t, http.StatusTooManyRequests, http.MethodPost, "/dashboard/sign-in", login("mira", password, ""))
	got.contains(t, "Too many attempts have failed. Try again in 15 minutes.")
	if after := got.header.Get("Retry-After"); after != "900" {
		t.Errorf("Retry-After is %q", after)
	}
	if got := v.ask(t, http.MethodGet, "/mailbox/api/v1/messages", nil, "Authorization", "Basic bWlyYTp3cm9uZw=="); got.status != http.StatusTooManyRequests {
		t.Errorf("the API still answers who guesses: %d", got.status)
	}
	v.post(t, "/dashboard/sign-in", login("otto", password, "")) // somebody else
	s.clock.advance(15 * time.Minute)
	s.stranger().post(t, "/dashboard/sign-in", login("mira", password, ""))
}

func TestSignInLink(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	token, _, err := s.accounts.SignInLink(t.Context(), access.Actor{}, "mira", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	v := s.stranger()
	link := "/dashboard/sign-in/" + token
	v.want(t, http.StatusServiceUnavailable, http.MethodHead, link, nil)
	v.want(t, http.StatusServiceUnavailable, http.MethodGet, link, nil, "Sec-Purpose", "prefetch;prerender")
	if to := v.want(t, http.StatusSeeOther, http.MethodGet, link, nil).header.Get("Location"); to != "/dashboard" {
		t.Errorf("led to %q", to)
	}
	v.get(t, "/dashboard")
	v.want(t, http.StatusSeeOther, http.MethodGet, link, nil) // who comes back is still in
	s.stranger().want(t, http.StatusNotFound, http.MethodGet, link, nil).contains(t, "was used already")
	s.stranger().want(t, http.StatusNotFound, http.MethodGet, "/dashboard/invitation/"+token, nil)
}

func TestInvitation(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	mira := s.as(t, "mira")
	mira.want(t, http.StatusUnprocessableEntity, http.MethodPost, "/dashboard/invite", url.Values{"name": {"Otto"}, "role": {"viewer"}}).
		contains(t, `value="Otto"`, "Somebody has that user name already.", `aria-invalid="true"`)
	mira.want(t, http.StatusUnprocessableEntity, http.MethodPost, "/dashboard/invite", url.Values{"name": {"a:b"}, "role": {"owner"}}).
		contains(t, "must not contain a colon")
	page := mira.want(t, http.StatusOK, http.MethodPost, "/dashboard/invite", url.Values{"name": {"Ada/Lovelace@example.com"}, "role": {"operator"}})
	_, link, _ := strings.Cut(page.body, `value="`+s.URL)
	link, _, _ = strings.Cut(link, `"`)
	mira.get(t, "/dashboard/accounts").contains(t, "ada/lovelace@example.com", "Invitation as operator")

	ada := s.stranger()
	ada.get(t, link).contains(t, "Welcome, ada/lovelace@example.com", "as operator")
	for problem, form := range map[string]url.Values{
		"The passwords differ.":                           {"password": {"long enough it is"}, "again": {"long enough it was"}},
		"The password must have at least 10 characters.":  {"password": {"short"}, "again": {"short"}},
		"The password must not be the user name.":         {"password": {"Ada/Lovelace@Example.com"}, "again": {"Ada/Lovelace@Example.com"}},
		"must be more than one character over and over":   {"password": {"aaaaaaaaaaaa"}, "again": {"aaaaaaaaaaaa"}},
		"The password must not be longer than 200 charac": {"password": {strings.Repeat("ab", 101)}, "again": {strings.Repeat("ab", 101)}},
	} {
		ada.want(t, http.StatusUnprocessableEntity, http.MethodPost, link, form).contains(t, problem)
	}
	ada.post(t, link, url.Values{"password": {"long enough it is"}, "again": {"long enough it is"}})
	ada.get(t, "/dashboard/credentials/custom") // an operator may
	ada.want(t, http.StatusForbidden, http.MethodGet, "/dashboard/invite", nil)
	s.stranger().want(t, http.StatusNotFound, http.MethodGet, link, nil)
	s.stranger().want(t, http.StatusNotFound, http.MethodPost, link, url.Values{"password": {"long enough it is"}, "again": {"long enough it is"}})
	mira.get(t, "/dashboard/accounts/ada%2Flovelace@example.com").contains(t, "ada/lovelace@example.com", "/dashboard/accounts/ada%2Flovelace@example.com/delete")
	mira.get(t, "/dashboard/audit").contains(t, "accepted the invitation", "invited <strong>ada/lovelace@example.com</strong>")
}

func TestLinksExpireAndAreWithdrawn(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	token, _, err := s.accounts.Invite(t.Context(), access.Actor{Account: "mira"}, "ada", access.RoleViewer)
	if err != nil {
		t.Fatal(err)
	}
	s.stranger().get(t, "/dashboard/invitation/"+token)
	s.as(t, "mira").post(t, "/dashboard/accounts/ada/withdraw", url.Values{})
	s.stranger().want(t, http.StatusNotFound, http.MethodGet, "/dashboard/invitation/"+token, nil)

	token, _, err = s.accounts.ResetLink(t.Context(), access.Actor{Account: "mira"}, "otto")
	if err != nil {
		t.Fatal(err)
	}
	s.clock.advance(24 * time.Hour)
	s.stranger().want(t, http.StatusNotFound, http.MethodGet, "/dashboard/invitation/"+token, nil)
}
