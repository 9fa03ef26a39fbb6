package dashboard_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/web/dashboard"
)

// What each address takes is written down twice, here and in the routes: a new
// one is for those for whom it is meant, or this test says so.
func TestRoles(t *testing.T) {
	t.Parallel()
	const everybody, viewer, operator, admin = "", access.RoleViewer, access.RoleOperator, access.RoleAdmin
	want := map[string]access.Role{
		"GET /dashboard/sign-in":             everybody,
		"POST /dashboard/sign-in":            everybody,
		"GET /dashboard/sign-in/{token}":     everybody,
		"GET /dashboard/sign-in/openid":      everybody,
		"GET /dashboard/sign-in/openid/back": everybody,
		"GET /dashboard/invitation/{token}":  everybody,
		"POST /dashboard/invitation/{token}": everybody,

		"POST /dashboard/sign-out":                  viewer,
		"GET /dashboard":                            viewer,
		"GET /dashboard/{$}":                        viewer,
		"GET /dashboard/account":                    viewer,
		"POST /dashboard/account/password":          viewer,
		"POST /dashboard/account/sessions/end":      viewer,
		"POST /dashboard/account/sessions/{id}/end": viewer,
		"GET /dashboard/accounts":                   viewer,
		"GET /dashboard/audit":                      viewer,
		"GET /dashboard/credentials":                viewer,
		"GET /dashboard/keys":                       viewer,
		"GET /dashboard/apps":                       viewer,
		"GET /dashboard/apps/{app}":                 viewer,
		"POST /dashboard/apps/{app}/use":            viewer,
		"POST /dashboard/apps":                      admin,
		"GET /dashboard/apps/{app}/close":           admin,
		"POST /dashboard/apps/{app}/close":          admin,
		"POST /dashboard/apps/{app}/reopen":         admin,
		"GET /dashboard/apps/{app}/delete":          admin,
		"POST /dashboard/apps/{app}/delete":         admin,
		"GET /dashboard/log":                        viewer,
		"GET /dashboard/log/{id}":                   viewer,
		"GET /dashboard/jobs":                       viewer,
		"GET /dashboard/jobs/{id}":                  viewer,

		"GET /dashboard/templates":         viewer,
		"POST /dashboard/templates":        operator,
		"GET /dashboard/templates/preview": viewer,

		"POST /dashboard/people/{uid}/zone":  operator,
		"GET /dashboard/people/{uid}/reset":  operator,
		"POST /dashboard/people/{uid}/reset": operator,

		"GET /dashboard/log/replay":        operator,
		"POST /dashboard/log/replay":       operator,
		"GET /dashboard/log/cancel":        operator,
		"POST /dashboard/log/cancel":       operator,
		"GET /dashboard/log/{id}/replay":   operator,
		"POST /dashboard/log/{id}/replay":  operator,
		"GET /dashboard/log/{id}/cancel":   operator,
		"POST /dashboard/log/{id}/cancel":  operator,
		"GET /dashboard/people":            viewer,
		"GET /dashboard/people/{uid}":      viewer,
		"GET /dashboard/people-export.csv": viewer,
		"GET /dashboard/preferences":       viewer,

		"GET /dashboard/credentials/custom":           operator,
		"POST /dashboard/credentials/custom":          operator,
		"GET /dashboard/credentials/custom/test":      operator,
		"POST /dashboard/credentials/custom/test":     operator,
		"GET /dashboard/credentials/custom/delete":    operator,
		"POST /dashboard/credentials/custom/delete":   operator,
		"GET /dashboard/credentials/sendgrid":         operator,
		"POST /dashboard/credentials/sendgrid":        operator,
		"GET /dashboard/credentials/sendgrid/test":    operator,
		"POST /dashboard/credentials/sendgrid/test":   operator,
		"GET /dashboard/credentials/sendgrid/delete":  operator,
		"POST /dashboard/credentials/sendgrid/delete": operator,

		"POST /dashboard/preferences":       operator,
		"GET /dashboard/preferences/reset":  operator,
		"POST /dashboard/preferences/reset": operator,

		"POST /dashboard/people":                   operator,
		"GET /dashboard/people-import":             operator,
		"POST /dashboard/people-import":            operator,
		"POST /dashboard/people/{uid}":             operator,
		"POST /dashboard/people/{uid}/mute":        operator,
		"POST /dashboard/people/{uid}/unmute":      operator,
		"GET /dashboard/people/{uid}/preferences":  operator,
		"POST /dashboard/people/{uid}/preferences": operator,
		"GET /dashboard/people/{uid}/delete":       operator,
		"POST /dashboard/people/{uid}/delete":      operator,

		"GET /dashboard/logins/{name}":         viewer,
		"POST /dashboard/logins/{name}/rotate": admin,
		"GET /dashboard/logins/{name}/end":     admin,
		"POST /dashboard/logins/{name}/end":    admin,

		"GET /dashboard/invite":                             admin,
		"POST /dashboard/invite":                            admin,
		"GET /dashboard/accounts/{name}":                    admin,
		"POST /dashboard/accounts/{name}/withdraw":          admin,
		"POST /dashboard/accounts/{name}/role":              admin,
		"POST /dashboard/accounts/{name}/reset":             admin,
		"GET /dashboard/accounts/{name}/delete":             admin,
		"POST /dashboard/accounts/{name}/delete":            admin,
		"POST /dashboard/accounts/{name}/sessions/{id}/end": admin,
		"POST /dashboard/keys":                              admin,
		"GET /dashboard/keys/{id}/delete":                   admin,
		"POST /dashboard/keys/{id}/delete":                  admin,
	}
	if diff := cmp.Diff(want, dashboard.Routes()); diff != "" {
		t.Error(diff)
	}
}

// Every address, asked for by nobody, by everybody, and by a browser that
// another site sent.
func TestEveryRouteWithEveryRole(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	tokens := make(map[string]*http.Cookie)
	roles := map[string]access.Role{"mira": access.RoleAdmin, "otto": access.RoleOperator, "vera": access.RoleViewer}
	for name := range roles {
		tokens[name] = s.as(t, name).cookie
	}
	for pattern, needed := range dashboard.Routes() {
		method, path, _ := strings.Cut(pattern, " ")
		path = strings.NewReplacer("{token}", "none", "{id}", "none", "{name}", "nobody", "{uid}", "nobody", "{app}", "nothing", "{$}", "").Replace(path)
		form := url.Values{}
		if needed != "" {
			got := s.stranger().ask(t, method, path, form)
			switch {
			case method == http.MethodGet && (got.status != http.StatusSeeOther || !strings.HasPrefix(got.header.Get("Location"), "/dashboard/sign-in?next=")):
				t.Errorf("%s by nobody: %d to %q, want to be led to where one signs in", pattern, got.status, got.header.Get("Location"))
			case method == http.MethodPost && got.status != http.StatusUnauthorized:
				t.Errorf("%s by nobody: %d, want 401", pattern, got.status)
			}
		}
		if method == http.MethodPost {
			for name := range roles {
				got := (&visitor{s, tokens[name]}).ask(t, method, path, form, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")
				if got.status != http.StatusForbidden {
					t.Errorf("%s by %s, sent by another site: %d, want 403", pattern, name, got.status)
				}
			}
		}
		if strings.HasSuffix(path, "/sign-out") {
			continue // ends the session that the rest needs
		}
		for name, role := range roles {
			got := (&visitor{s, tokens[name]}).ask(t, method, path, form)
			refused := got.status == http.StatusForbidden
			if may := needed == "" || role.May(needed); refused == may || got.status == http.StatusUnauthorized && needed != "" {
				t.Errorf("%s by %s: %d, may %t", pattern, role, got.status, may)
			}
			if got.status >= http.StatusInternalServerError {
				t.Errorf("%s by %s: %d\n%s", pattern, role, got.status, got.body)
			}
			if cache := got.header.Get("Cache-Control"); cache != "private, no-store" {
				t.Errorf("%s by %s: Cache-Control is %q", pattern, role, cache)
			}
		}
	}
}

// A viewer is shown no way to what a viewer may not do.
func TestPagesOfAViewer(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	vera := s.as(t, "vera")
	for path, forbidden := range map[string][]string{
		"/dashboard/credentials":    {"/dashboard/credentials/custom", "/dashboard/credentials/sendgrid"},
		"/dashboard/accounts":       {"/dashboard/invite", "/dashboard/accounts/mira"},
		"/dashboard/keys":           {"Make a key"},
		"/dashboard/apps":           {"+ Add app"},
		"/dashboard/logins/webhook": {"/rotate", "/end"},
	} {
		vera.get(t, path).lacks(t, forbidden...)
	}
}

// What the mailbox shows, a viewer sees; what is in it, an operator deletes.
func TestMailboxByRole(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	vera, otto := s.as(t, "vera"), s.as(t, "otto")
	vera.get(t, "/mailbox")
	vera.want(t, http.StatusForbidden, http.MethodPost, "/mailbox/delete", url.Values{})
	vera.want(t, http.StatusForbidden, http.MethodDelete, "/mailbox/api/v1/messages", nil)
	otto.post(t, "/mailbox/delete", url.Values{})
	otto.want(t, http.StatusNoContent, http.MethodDelete, "/mailbox/api/v1/messages", nil)
}
