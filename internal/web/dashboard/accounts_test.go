package dashboard_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/access"
)

func TestOwnAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	here, there, third := s.as(t, "vera"), s.as(t, "vera"), s.as(t, "vera")
	page := here.get(t, "/dashboard/account")
	page.contains(t, "this one", "Firefox on Linux", "192.0.2.7", "End all others")
	if n := strings.Count(page.body, "/end\""); n != 4 {
		t.Errorf("%d forms end sessions, want one for each of three and one for all others", n)
	}
	here.post(t, "/dashboard/account/sessions/end", url.Values{})
	for _, v := range []*visitor{there, third} {
		v.want(t, http.StatusSeeOther, http.MethodGet, "/dashboard", nil)
	}

	change := func(old, password, again string) url.Values {
		return url.Values{"old": {old}, "password": {password}, "again": {again}}
	}
	const next = "another horse battery"
	there = s.as(t, "vera")
	for problem, form := range map[string]url.Values{
		"This is not your present password.": change("wrong", next, next),
		"The passwords differ.":              change(password, next, next+"x"),
		"at least 10 characters":             change(password, "short", "short"),
	} {
		got := here.want(t, http.StatusUnprocessableEntity, http.MethodPost, "/dashboard/account/password", form)
		got.contains(t, problem)
		got.lacks(t, next)
	}
	if to := here.post(t, "/dashboard/account/password", change(password, next, next)); to != "/dashboard/account?done=password" {
		t.Errorf("led to %q", to)
	}
	here.get(t, "/dashboard/account?done=password").contains(t, "The password is changed.")
	there.want(t, http.StatusSeeOther, http.MethodGet, "/dashboard", nil)
	s.stranger().want(t, http.StatusUnauthorized, http.MethodPost, "/dashboard/sign-in", login("vera", password, ""))
	s.stranger().post(t, "/dashboard/sign-in", login("vera", next, ""))
}

func TestSessionsEndByThemselves(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	idle, used := s.as(t, "vera"), s.as(t, "vera")
	for range 9 {
		s.clock.advance(3 * 24 * time.Hour)
		used.get(t, "/dashboard")
	}
	idle.want(t, http.StatusSeeOther, http.MethodGet, "/dashboard", nil)
	s.clock.advance(3 * 24 * time.Hour) // 30 days, however much it was used
	used.want(t, http.StatusSeeOther, http.MethodGet, "/dashboard", nil)
}

func TestOtherAccounts(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	mira, otto := s.as(t, "mira"), s.as(t, "otto")
	otto.get(t, "/dashboard/credentials/custom")
	mira.post(t, "/dashboard/accounts/otto/role", url.Values{"role": {"viewer"}})
	otto.want(t, http.StatusForbidden, http.MethodGet, "/dashboard/credentials/custom", nil) // at once
	mira.want(t, http.StatusUnprocessableEntity, http.MethodPost, "/dashboard/accounts/otto/role", url.Values{"role": {"owner"}})
	mira.want(t, http.StatusConflict, http.MethodPost, "/dashboard/accounts/mira/role", url.Values{"role": {"viewer"}}).contains(t, "the only account of an admin")
	mira.want(t, http.StatusConflict, http.MethodPost, "/dashboard/accounts/mira/delete", url.Values{}).contains(t, "your own account")

	sessions, err := s.accounts.Sessions(t.Context(), "otto")
	if err != nil || len(sessions) != 1 {
		t.Fatalf("sessions %v, %v", sessions, err)
	}
	mira.get(t, "/dashboard/accounts/otto").contains(t, "Firefox on Linux")
	mira.post(t, "/dashboard/accounts/otto/sessions/"+sessions[0].ID+"/end", url.Values{})
	otto.want(t, http.StatusSeeOther, http.MethodGet, "/dashboard", nil)

	page := mira.want(t, http.StatusOK, http.MethodPost, "/dashboard/accounts/otto/reset", url.Values{})
	_, link, _ := strings.Cut(page.body, `value="`+s.URL)
	link, _, _ = strings.Cut(link, `"`)
	otto = s.as(t, "otto")
	const next = "another horse battery"
	s.stranger().post(t, link, url.Values{"password": {next}, "again": {next}})
	otto.want(t, http.StatusSeeOther, http.MethodGet, "/dashboard", nil)
	s.stranger().post(t, "/dashboard/sign-in", login("otto", next, ""))

	mira.get(t, "/dashboard/accounts/otto/delete").contains(t, "Delete the account of otto?")
	mira.post(t, "/dashboard/accounts/otto/delete", url.Values{})
	mira.want(t, http.StatusNotFound, http.MethodGet, "/dashboard/accounts/otto", nil)
	audit := mira.get(t, "/dashboard/audit")
	for _, action := range []access.Action{
		access.ActionDeletedAccount, access.ActionResetPassword, access.ActionMadeResetLink, access.ActionEndedSession, access.ActionChangedRole, access.ActionSignedIn,
	} {
		audit.contains(t, string(action))
	}
	audit.contains(t, "operator → viewer")
	audit.lacks(t, next, password, strings.TrimPrefix(link, "/dashboard/invitation/"))
}

// The account that the configuration holds is not changed here.
func TestConfiguredAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	if err := s.accounts.EnsureFirst(t.Context(), access.Credential{Username: "boss", Password: password}); err != nil {
		t.Fatal(err)
	}
	boss, mira := s.as(t, "boss"), s.as(t, "mira")
	boss.get(t, "/dashboard/account").contains(t, "POSTRIDER_ADMIN_PASSWORD")
	mira.get(t, "/dashboard/accounts/boss").contains(t, "POSTRIDER_ADMIN_PASSWORD")
	form := url.Values{"old": {password}, "password": {"another horse battery"}, "again": {"another horse battery"}}
	boss.want(t, http.StatusConflict, http.MethodPost, "/dashboard/account/password", form)
	for path, form := range map[string]url.Values{"role": {"role": {"viewer"}}, "reset": {}, "delete": {}} {
		mira.want(t, http.StatusConflict, http.MethodPost, "/dashboard/accounts/boss/"+path, form).contains(t, "POSTRIDER_ADMIN_PASSWORD")
	}
}
