package daemon

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/web/dashboard"
)

// commandLinkFor is how long a link from the command line is good: it is opened
// by whoever has just asked for it.
const commandLinkFor = 15 * time.Minute

// SignInLink is the address of a page that signs its reader in, once.
type SignInLink struct {
	Account   string    `json:"account"`
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// SignInLink makes a link for an account beside whoever serves: for somebody who
// cannot sign in, and has the machine. Without a name it is the first account's;
// that of another admin if the first one was deleted or is no admin any more.
func (d *Data) SignInLink(ctx context.Context, server Server, name string) (SignInLink, error) {
	if err := server.complete(); err != nil {
		return SignInLink{}, err
	}
	accounts := access.NewAccounts(access.AccountsConfig{
		Store: d.Store, Keyring: d.Keyring, Passwords: access.NewPasswords(), Clock: d.clock, Logger: d.logger,
	})
	if name == "" {
		all, err := accounts.List(ctx)
		if err != nil {
			return SignInLink{}, err
		}
		if name = chiefOf(all); name == "" {
			return SignInLink{}, errors.New("there is no account yet: the first start of `postrider serve` makes one")
		}
	}
	token, t, err := accounts.SignInLink(ctx, access.Actor{}, name, commandLinkFor)
	if err != nil {
		return SignInLink{}, fmt.Errorf("make a sign-in link for %q: %w", name, err)
	}
	base := server.PublicURL
	if base == "" {
		base = localURL(server.Listen, server.TLSCert != "")
	}
	return SignInLink{Account: t.Account, URL: signInURL(base, token), ExpiresAt: t.ExpiresAt}, nil
}

// chiefOf returns the name of the first account if it is an admin, or else of
// the first admin by name; empty if there is none.
func chiefOf(accounts []access.Account) (name string) {
	for i := range accounts {
		if accounts[i].Role == access.RoleAdmin && (accounts[i].First || name == "") {
			name = accounts[i].Name
		}
	}
	return name
}

// signInURL is where a token of a sign-in link is taken.
func signInURL(base, token string) string { return base + dashboard.Path + "/sign-in/" + token }
