package dashboard

import (
	"errors"
	"fmt"
	"math"
	"net/http"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/web/gate"
)

// ownView is the page of one's own account.
type ownView struct {
	common
	Role        access.Role
	Configured  bool // the password is not to be changed here
	NoPassword  bool // there is none
	Old         field
	Password    field
	Again       field
	Sessions    []sessionRow
	OtherExists bool
}

// sessionRow is a session in a list.
type sessionRow struct {
	access.Session
	Current bool
	Browser string
	End     string // the path of the form that ends it
}

func (d *dashboard) newOwn(r *http.Request, v *gate.Visitor) (ownView, error) {
	view := ownView{
		common: newCommon(r, v), Role: v.Account.Role, Configured: d.Accounts.IsConfigured(&v.Account),
		NoPassword: !v.Account.HasPassword() || d.Accounts.PasswordsOff(),
		Old:        field{Name: "old", Label: "Present password", Type: "password", Autocomplete: "current-password"},
		Password:   field{Name: "password", Label: "New password", Type: "password", Autocomplete: "new-password", Hint: passwordHint()},
		Again:      field{Name: "again", Label: "The new password again", Type: "password", Autocomplete: "new-password"},
	}
	rows, err := d.sessionsOf(r, v, v.Account.Name, Path+"/account")
	view.Sessions, view.OtherExists = rows, len(rows) > 1
	return view, err
}

func (d *dashboard) sessionsOf(r *http.Request, v *gate.Visitor, account, path string) ([]sessionRow, error) {
	sessions, err := d.Accounts.Sessions(r.Context(), account)
	rows := make([]sessionRow, len(sessions))
	for i, s := range sessions {
		rows[i] = sessionRow{s, s.ID == v.Session.ID, browserOf(s.Agent), path + "/sessions/" + s.ID + "/end"}
	}
	return rows, err
}

func (d *dashboard) own(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	view, err := d.newOwn(r, v)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.show(w, http.StatusOK, "own", view)
}

func (d *dashboard) changePassword(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	view, err := d.newOwn(r, v)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	password := r.PostFormValue("password")
	if password != r.PostFormValue("again") {
		view.Again.Problem = "The passwords differ."
		d.show(w, http.StatusUnprocessableEntity, "own", view)
		return
	}
	err = d.Accounts.ChangePassword(r.Context(), v.Actor(), v.Session, r.PostFormValue("old"), password)
	wrong := make(problems)
	var limited *access.LimitError
	switch {
	case err == nil:
		then(w, r, Path+"/account", "password")
		return
	case wrong.add(err, nil):
		view.Password.Problem = wrong["password"]
	case errors.Is(err, access.ErrWrongPassword):
		view.Old.Problem = "This is not your present password."
	case errors.As(err, &limited):
		view.Old.Problem = fmt.Sprintf("Too many attempts have failed. Try again in %.0f minutes.", math.Ceil(max(limited.Wait.Minutes(), 1)))
	default:
		d.fail(w, r, err)
		return
	}
	d.show(w, http.StatusUnprocessableEntity, "own", view)
}

func (d *dashboard) endSession(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	if r.PathValue("id") == v.Session.ID {
		d.signOut(w, r, v)
		return
	}
	err := d.Accounts.EndSession(r.Context(), v.Actor(), v.Account.Name, r.PathValue("id"))
	if err != nil && !errors.Is(err, access.ErrNoSession) {
		d.fail(w, r, err)
		return
	}
	then(w, r, Path+"/account", "ended")
}

func (d *dashboard) endOtherSessions(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	if err := d.Accounts.EndOtherSessions(r.Context(), v.Actor(), v.Session); err != nil {
		d.fail(w, r, err)
		return
	}
	then(w, r, Path+"/account", "all-ended")
}
