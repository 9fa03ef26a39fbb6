package daemon

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/openid"
	"github.com/postrider/postrider/internal/outbound"
	"github.com/postrider/postrider/internal/web/dashboard"
)

// SignIn says how people sign in to the dashboard besides passwords.
type SignIn struct {
	OIDCIssuer       string     `env:"POSTRIDER_OIDC_ISSUER" name:"oidc-issuer" placeholder:"URL" help:"Let people sign in to the dashboard through this issuer of OpenID Connect."`
	OIDCClientID     string     `env:"POSTRIDER_OIDC_CLIENT_ID" name:"oidc-client-id" placeholder:"ID" help:"Postrider's client id there."`
	OIDCClientSecret Secret     `env:"POSTRIDER_OIDC_CLIENT_SECRET" name:"oidc-client-secret" placeholder:"SECRET" help:"Its secret; a public client unless set."`
	OIDCScopes       string     `env:"POSTRIDER_OIDC_SCOPES" name:"oidc-scopes" default:"openid email profile" placeholder:"SCOPES" help:"What is asked of the issuer."`
	OIDCName         string     `env:"POSTRIDER_OIDC_NAME" name:"oidc-name" default:"OpenID Connect" placeholder:"NAME" help:"What people call the issuer: \"Sign in with NAME\"."`
	OIDCRole         FirstRole  `env:"POSTRIDER_OIDC_ROLE" name:"oidc-role" default:"none" placeholder:"ROLE" help:"Role of people who come without an invitation: none (they are not let in), viewer, operator or admin."`
	OIDCGroupsClaim  string     `env:"POSTRIDER_OIDC_GROUPS_CLAIM" name:"oidc-groups-claim" default:"groups" placeholder:"CLAIM" help:"The claim in which the issuer names groups."`
	OIDCRoles        GroupRoles `env:"POSTRIDER_OIDC_ROLES" name:"oidc-roles" placeholder:"GROUP=ROLE;…" help:"Roles of groups; if set they count anew at each sign-in."`
	OIDCOnly         bool       `env:"POSTRIDER_OIDC_ONLY" name:"oidc-only" help:"Switch passwords of the dashboard off."`
}

func (s *SignIn) validate() error {
	if s.OIDCIssuer == "" {
		switch {
		case s.OIDCOnly:
			return errors.New("POSTRIDER_OIDC_ONLY: is set without POSTRIDER_OIDC_ISSUER: nobody could sign in")
		case s.OIDCClientID != "" || s.OIDCClientSecret != "":
			return errors.New("POSTRIDER_OIDC_CLIENT_ID and POSTRIDER_OIDC_CLIENT_SECRET: are set without POSTRIDER_OIDC_ISSUER")
		}
		return nil
	}
	u, err := url.Parse(s.OIDCIssuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return errors.New("POSTRIDER_OIDC_ISSUER: must be a URL such as https://login.example.com/realms/acme")
	}
	if s.OIDCClientID == "" {
		return errors.New("POSTRIDER_OIDC_CLIENT_ID: is required with POSTRIDER_OIDC_ISSUER")
	}
	if !slices.Contains(strings.Fields(s.OIDCScopes), "openid") {
		return errors.New("POSTRIDER_OIDC_SCOPES: must contain openid")
	}
	return nil
}

// policy says whom it lets in that the issuer knows somebody.
func (s *SignIn) policy() access.OpenID {
	policy := access.OpenID{Roles: s.OIDCRoles}
	if s.OIDCRole != "none" {
		policy.Role = access.Role(s.OIDCRole)
	}
	return policy
}

// openID returns how people sign in through OpenID Connect; nil if they do not.
func (d *Daemon) openID() *dashboard.OpenID {
	s := &d.settings
	if s.OIDCIssuer == "" {
		return nil
	}
	// The operator names the issuer: it may be anywhere.
	transport := outbound.New(outbound.Config{AllowPrivate: true})
	d.closers = append(d.closers, closerFunc(func() error { transport.CloseIdleConnections(); return nil }))
	groups := ""
	if len(s.OIDCRoles) > 0 {
		groups = s.OIDCGroupsClaim
	}
	return &dashboard.OpenID{Name: s.OIDCName, Issuer: openid.New(openid.Config{
		Issuer: s.OIDCIssuer, ClientID: s.OIDCClientID, ClientSecret: string(s.OIDCClientSecret), RedirectURL: s.PublicURL + dashboard.OpenIDBack,
		Scopes: strings.Fields(s.OIDCScopes), GroupsClaim: groups, Sealer: d.data.Keyring.Sealer, Transport: transport, Clock: d.clock,
	})}
}

// FirstRole is the role of people who come without an invitation.
type FirstRole string

// UnmarshalText implements [encoding.TextUnmarshaler].
func (r *FirstRole) UnmarshalText(text []byte) error {
	return pick(r, text, "none", string(access.RoleViewer), string(access.RoleOperator), string(access.RoleAdmin))
}

// GroupRoles are the roles of an issuer's groups.
type GroupRoles map[string]access.Role

// UnmarshalText implements [encoding.TextUnmarshaler]. Names of groups may hold
// commas and equals signs: those of LDAP do.
func (g *GroupRoles) UnmarshalText(text []byte) error {
	roles := make(GroupRoles)
	for part := range strings.SplitSeq(string(text), ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		at := strings.LastIndexByte(part, '=')
		if at <= 0 {
			return fmt.Errorf("%q is not a group and its role, such as mail-team=operator", part)
		}
		group, role := strings.TrimSpace(part[:at]), access.Role(strings.TrimSpace(part[at+1:]))
		if !slices.Contains(access.Roles(), role) {
			return fmt.Errorf("%q is not one of viewer, operator, admin", role)
		}
		roles[group] = role
	}
	*g = roles
	return nil
}

func (g GroupRoles) String() string {
	parts := make([]string, 0, len(g))
	for group, role := range g {
		parts = append(parts, group+"="+string(role))
	}
	slices.Sort(parts)
	return strings.Join(parts, ";")
}
