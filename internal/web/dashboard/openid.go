package dashboard

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/openid"
	"github.com/postrider/postrider/internal/web/gate"
)

// OpenIDPath leads to the issuer, and OpenIDBack is where it sends people back
// to.
const (
	OpenIDPath = gate.SignInPath + "/openid"
	OpenIDBack = OpenIDPath + "/back"
)

// OpenID is how people sign in through OpenID Connect.
type OpenID struct {
	Issuer *openid.Issuer
	// Name is what people call the issuer.
	Name string
}

// toIssuer sends a browser to the issuer. It is a link: a form that leads to
// another site would be refused by the policy of our pages.
func (d *dashboard) toIssuer(w http.ResponseWriter, r *http.Request) {
	switch {
	case d.OpenID == nil:
		d.Layout.Problem(w, http.StatusNotFound, "Nobody signs in through OpenID Connect here")
		return
	case r.Method == http.MethodHead || strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch"):
		d.Layout.Problem(w, http.StatusServiceUnavailable, "The link leads to the issuer when it is opened")
		return
	}
	next := gate.Next(r.URL.Query().Get("next"))
	err := d.Accounts.AttemptByOpenID(gate.Address(r))
	var address, kept string
	if err == nil {
		address, kept, err = d.OpenID.Issuer.Begin(r.Context(), next)
	}
	if err != nil {
		d.refuseOpenID(w, r, next, err)
		return
	}
	d.Gate.Keep(w, r, kept, openid.AttemptFor)
	http.Redirect(w, r, address, http.StatusSeeOther) //nolint:gosec // G710: the issuer's address, which the configuration names
}

// fromIssuer begins the session of somebody whom the issuer sends back.
func (d *dashboard) fromIssuer(w http.ResponseWriter, r *http.Request) {
	switch {
	case d.OpenID == nil:
		d.Layout.Problem(w, http.StatusNotFound, "Nobody signs in through OpenID Connect here")
		return
	case r.Method == http.MethodHead:
		d.Layout.Problem(w, http.StatusServiceUnavailable, "The link works once, when it is opened")
		return
	}
	if err := d.Accounts.AttemptByOpenID(gate.Address(r)); err != nil {
		d.refuseOpenID(w, r, Path, err)
		return
	}
	kept := d.Gate.Kept(w, r)
	who, next, err := d.OpenID.Issuer.Finish(r.Context(), kept, r.URL.Query())
	next = gate.Next(next)
	var token string
	if err == nil {
		token, _, err = d.Accounts.SignInByOpenID(r.Context(), d.Gate.Stranger(r), access.Identity{
			Issuer: who.Issuer, Subject: who.Subject, Email: who.Email, Groups: who.Groups,
		})
	}
	if err != nil {
		if !errors.Is(err, openid.ErrUnavailable) && !errors.Is(err, openid.ErrDenied) {
			d.Accounts.FailedByOpenID(gate.Address(r))
		}
		d.refuseOpenID(w, r, next, err)
		return
	}
	d.Gate.Welcome(w, r, token)
	http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // G710: it went through gate.Next
}

// refuseOpenID shows the page of signing in with the reason why somebody is not
// let in. What the issuer said is for the log.
func (d *dashboard) refuseOpenID(w http.ResponseWriter, r *http.Request, next string, err error) {
	status, text := d.openIDRefusal(err)
	if text == "" {
		d.fail(w, r, err)
		return
	}
	var limited *access.LimitError
	if errors.As(err, &limited) {
		gate.RetryAfter(w, limited)
	}
	if r.Context().Err() == nil {
		d.Logger.Warn("sign-in through OpenID Connect refused", "remote", gate.Address(r), "status", status, "error", err)
	}
	view := d.newSignIn("", next)
	view.Alert = text
	d.show(w, status, "signin", view)
}

// openIDRefusal says to people why they are not let in; empty if that is not
// for them.
func (d *dashboard) openIDRefusal(err error) (status int, text string) {
	var limited *access.LimitError
	if errors.As(err, &limited) {
		return http.StatusTooManyRequests, fmt.Sprintf("Too many attempts have failed. Try again in %.0f minutes.", math.Ceil(max(limited.Wait.Minutes(), 1)))
	}
	name := d.OpenID.Name
	for _, known := range []struct {
		err    error
		status int
		text   string
	}{
		{openid.ErrUnavailable, http.StatusBadGateway, name + " cannot be reached now. Try again in a moment."},
		{openid.ErrAttempt, http.StatusBadRequest, "This sign-in was not begun in this browser, or it took too long. Try again."},
		{openid.ErrDenied, http.StatusForbidden, name + " has not let you in, or you have stopped there."},
		{openid.ErrRefused, http.StatusBadGateway, name + " does not take what Postrider sends. Try again; if it stays so, an admin finds the reason in the server’s log."},
		{openid.ErrToken, http.StatusBadGateway, "What " + name + " says of you does not hold. An admin finds the reason in the server’s log."},
		{access.ErrNoEmail, http.StatusForbidden, name + " knows no verified email address of yours, so that nobody can tell who you are here."},
		{access.ErrAccountExists, http.StatusForbidden, "There is an account of your email address already, and it does not belong to " + name + ". " +
			"Sign in to it as before, or ask an admin to delete it and to invite you anew."},
		{access.ErrNotInvited, http.StatusForbidden, "Nobody has invited you. Ask an admin of the dashboard to invite your email address."},
		{access.ErrNoRole, http.StatusForbidden, "None of your groups at " + name + " may use the dashboard. Ask an admin."},
		{access.ErrTooManyAccounts, http.StatusForbidden, "There are as many accounts as there may be. Ask an admin to delete one."},
	} {
		if errors.Is(err, known.err) {
			return known.status, known.text
		}
	}
	return 0, ""
}

// openIDLink is the way to the issuer, and on to a page.
func openIDLink(next string) string { return OpenIDPath + "?next=" + url.QueryEscape(next) }
