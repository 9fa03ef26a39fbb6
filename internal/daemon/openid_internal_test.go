package daemon

import (
	"maps"
	"strings"
	"testing"

	"github.com/postrider/postrider/internal/access"
)

func TestGroupRoles(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]GroupRoles{
		"":                               {},
		"mail-team=operator":             {"mail-team": access.RoleOperator},
		" a = viewer ; b=admin;":         {"a": access.RoleViewer, "b": access.RoleAdmin},
		"cn=mail,ou=teams,dc=acme=admin": {"cn=mail,ou=teams,dc=acme": access.RoleAdmin},
		"a=viewer;a=admin":               {"a": access.RoleAdmin},
	} {
		var got GroupRoles
		if err := got.UnmarshalText([]byte(text)); err != nil || !maps.Equal(got, want) {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"admin", "=admin", "a=", "a=owner", "a=Admin"} {
		var got GroupRoles
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was taken as %v", text, got)
		}
	}
}

// What is parsed names only roles that there are, and is parsed to the same again
// from what it is written as.
func FuzzGroupRoles(f *testing.F) {
	for _, text := range []string{"", "a=admin", "a=viewer;b = operator", "cn=x,dc=y=admin", ";;=;", "a=owner"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var roles, again GroupRoles
		if roles.UnmarshalText([]byte(text)) != nil {
			return
		}
		for group, role := range roles {
			if group == "" || role.May(access.RoleViewer) == false {
				t.Errorf("%q: the group %q has the role %q", text, group, role)
			}
		}
		if err := again.UnmarshalText([]byte(roles.String())); err != nil || !maps.Equal(roles, again) {
			t.Errorf("%q is written as %q, which is %v, %v", text, roles, again, err)
		}
	})
}

// What cannot work stops the start, and names the variable.
func TestOpenIDSettings(t *testing.T) {
	t.Parallel()
	good := func() SignIn {
		return SignIn{OIDCIssuer: "https://login.example.com/realms/acme", OIDCClientID: "postrider", OIDCScopes: "openid email", OIDCRole: "none"}
	}
	for name, test := range map[string]struct {
		change func(*SignIn)
		want   string // part of the error; empty: none
	}{
		"good":                 {func(*SignIn) {}, ""},
		"off":                  {func(s *SignIn) { *s = SignIn{} }, ""},
		"no issuer, but only":  {func(s *SignIn) { *s = SignIn{OIDCOnly: true} }, "POSTRIDER_OIDC_ONLY"},
		"no issuer, but an id": {func(s *SignIn) { *s = SignIn{OIDCClientID: "x"} }, "POSTRIDER_OIDC_CLIENT_ID"},
		"no URL":               {func(s *SignIn) { s.OIDCIssuer = "login.example.com" }, "POSTRIDER_OIDC_ISSUER"},
		"no id":                {func(s *SignIn) { s.OIDCClientID = "" }, "POSTRIDER_OIDC_CLIENT_ID"},
		"no scope openid":      {func(s *SignIn) { s.OIDCScopes = "email" }, "POSTRIDER_OIDC_SCOPES"},
	} {
		s := good()
		test.change(&s)
		err := s.validate()
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}
