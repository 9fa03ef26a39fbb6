package dashboard

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/web/gate"
)

// signInView is the form of signing in.
type signInView struct {
	Alert    string
	Next     string
	Name     field
	Password field
	// OpenID is what people call the issuer; empty: there is none.
	OpenID     string
	OpenIDLink string
	// PasswordsOff: nobody signs in with a password.
	PasswordsOff bool
}

func (d *dashboard) newSignIn(name, next string) signInView {
	view := signInView{
		Next: next, PasswordsOff: d.Accounts.PasswordsOff(),
		Name:     field{Name: "name", Label: "User name", Value: name, Autocomplete: "username"},
		Password: field{Name: "password", Label: "Password", Type: "password", Autocomplete: "current-password"},
	}
	if d.OpenID != nil {
		view.OpenID, view.OpenIDLink = d.OpenID.Name, openIDLink(next)
	}
	return view
}

func (d *dashboard) signInForm(w http.ResponseWriter, r *http.Request) {
	next := gate.Next(r.URL.Query().Get("next"))
	if d.Gate.SignedIn(r) {
		http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // G710: it went through gate.Next
		return
	}
	d.show(w, http.StatusOK, "signin", d.newSignIn("", next))
}

func (d *dashboard) signIn(w http.ResponseWriter, r *http.Request) {
	name, next := r.PostFormValue("name"), gate.Next(r.PostFormValue("next"))
	token, _, err := d.Accounts.SignIn(r.Context(), d.Gate.Stranger(r), name, r.PostFormValue("password"))
	var limited *access.LimitError
	status := http.StatusUnauthorized
	view := d.newSignIn(name, next)
	switch {
	case err == nil:
		d.Gate.Welcome(w, r, token)
		http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // G710: it went through gate.Next
		return
	case errors.As(err, &limited):
		gate.RetryAfter(w, limited)
		status = http.StatusTooManyRequests
		view.Alert = fmt.Sprintf("Too many attempts have failed. Try again in %.0f minutes.", math.Ceil(max(limited.Wait.Minutes(), 1)))
	case errors.Is(err, access.ErrNoPassword):
		status = http.StatusForbidden
		view.Alert = "Nobody signs in with a password here."
	case errors.Is(err, access.ErrWrongPassword):
		view.Alert = "The user name or the password is wrong."
	default:
		d.fail(w, r, err)
		return
	}
	// Not the name: people type passwords into the wrong field.
	d.Logger.Warn("sign-in refused", "remote", gate.Address(r), "status", status)
	d.show(w, status, "signin", view)
}

// signInByLink begins a session for whoever has a link of that kind. Links that
// make somebody choose a password have a form; this one has nothing to ask.
func (d *dashboard) signInByLink(w http.ResponseWriter, r *http.Request) {
	// What looks at a link before somebody follows it must not use it up.
	if r.Method == http.MethodHead || strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch") {
		d.Layout.Problem(w, http.StatusServiceUnavailable, "The link works once, when it is opened")
		return
	}
	token := r.PathValue("token")
	t, err := d.Accounts.Ticket(r.Context(), token)
	if err == nil && t.Kind != access.KindSignIn {
		err = access.ErrNoTicket
	}
	var session string
	if err == nil {
		session, _, err = d.Accounts.Redeem(r.Context(), d.Gate.Stranger(r), token, "")
	}
	switch {
	case errors.Is(err, access.ErrNoTicket) && d.Gate.SignedIn(r): // it was used a moment ago
	case errors.Is(err, access.ErrNoTicket):
		view := d.newSignIn("", Path)
		view.Alert = "The link has expired, or was used already. Sign in with a password."
		d.show(w, http.StatusNotFound, "signin", view)
		return
	case err != nil:
		d.fail(w, r, err)
		return
	default:
		d.Gate.Welcome(w, r, session)
	}
	http.Redirect(w, r, Path, http.StatusSeeOther)
}

func (d *dashboard) signOut(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	if err := d.Accounts.SignOut(r.Context(), v.Actor(), v.Session); err != nil && !errors.Is(err, access.ErrNoSession) {
		d.fail(w, r, err)
		return
	}
	d.Gate.Goodbye(w, r)
	http.Redirect(w, r, gate.SignInPath, http.StatusSeeOther)
}

// invitationView is the form of whoever chooses a password by a link.
type invitationView struct {
	Alert    string
	New      bool // the account is to be made
	Name     string
	Role     access.Role
	Password field
	Again    field
	// OpenID, OpenIDLink and PasswordsOff are as on the page of signing in.
	OpenID       string
	OpenIDLink   string
	PasswordsOff bool
}

func (d *dashboard) newInvitation(t access.Ticket) invitationView {
	view := invitationView{
		PasswordsOff: d.Accounts.PasswordsOff(),
		New:          t.Kind == access.KindInvite, Name: t.Account, Role: t.Role,
		Password: field{Name: "password", Label: "Password", Type: "password", Autocomplete: "new-password", Hint: passwordHint()},
		Again:    field{Name: "again", Label: "The same password again", Type: "password", Autocomplete: "new-password"},
	}
	if d.OpenID != nil && view.New {
		view.OpenID, view.OpenIDLink = d.OpenID.Name, openIDLink(Path)
	}
	return view
}

func passwordHint() string {
	return fmt.Sprintf("At least %d characters. A few words are easier to remember than signs.", access.MinPasswordLength)
}

// ticket returns what the link of a request is for, unless that is not to choose
// a password.
func (d *dashboard) ticket(r *http.Request) (access.Ticket, error) {
	t, err := d.Accounts.Ticket(r.Context(), r.PathValue("token"))
	if err == nil && t.Kind == access.KindSignIn {
		err = access.ErrNoTicket
	}
	return t, err
}

func (d *dashboard) invitation(w http.ResponseWriter, r *http.Request) {
	t, err := d.ticket(r)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.show(w, http.StatusOK, "invitation", d.newInvitation(t))
}

func (d *dashboard) accept(w http.ResponseWriter, r *http.Request) {
	t, err := d.ticket(r)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	view := d.newInvitation(t)
	password := r.PostFormValue("password")
	if password != r.PostFormValue("again") {
		view.Again.Problem = "The passwords differ."
		d.show(w, http.StatusUnprocessableEntity, "invitation", view)
		return
	}
	session, _, err := d.Accounts.Redeem(r.Context(), d.Gate.Stranger(r), r.PathValue("token"), password)
	wrong := make(problems)
	switch {
	case err == nil:
		d.Gate.Welcome(w, r, session)
		http.Redirect(w, r, Path, http.StatusSeeOther)
	case wrong.add(err, nil):
		view.Password.Problem = wrong["password"]
		d.show(w, http.StatusUnprocessableEntity, "invitation", view)
	case errors.Is(err, access.ErrAccountExists), errors.Is(err, access.ErrTooManyAccounts):
		view.Alert = "The account cannot be made: " + err.Error() + "."
		d.show(w, http.StatusConflict, "invitation", view)
	default:
		d.fail(w, r, err)
	}
}
