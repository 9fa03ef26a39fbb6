package dashboard

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/web/gate"
)

// accountsView lists who may sign in, and who is invited to.
type accountsView struct {
	common
	Accounts []accountRow
	Tickets  []ticketRow
}

type accountRow struct {
	access.Account
	URL string
	Own bool
}

type ticketRow struct {
	access.Ticket
	For      string
	Withdraw string
}

// accountURL is the page of an account.
func accountURL(name string) string { return Path + "/accounts/" + url.PathEscape(name) }

func (d *dashboard) accounts(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	accounts, err := d.Accounts.List(r.Context())
	if err != nil {
		d.fail(w, r, err)
		return
	}
	tickets, err := d.Accounts.Tickets(r.Context())
	if err != nil {
		d.fail(w, r, err)
		return
	}
	view := accountsView{common: newCommon(r, v)}
	for _, a := range accounts {
		view.Accounts = append(view.Accounts, accountRow{a, accountURL(a.Name), a.Name == v.Account.Name})
	}
	for _, t := range tickets {
		purpose := map[access.Kind]string{
			access.KindInvite: "Invitation as " + string(t.Role), access.KindReset: "New password", access.KindSignIn: "Sign-in",
		}
		view.Tickets = append(view.Tickets, ticketRow{t, purpose[t.Kind], accountURL(t.Account) + "/withdraw"})
	}
	d.show(w, http.StatusOK, "accounts", view)
}

// roleChoice is a role in a form.
type roleChoice struct {
	Role    access.Role
	May     string
	Current bool
}

func roleChoices(current access.Role) []roleChoice {
	may := map[access.Role]string{
		access.RoleViewer:   "looks at everything but secrets",
		access.RoleOperator: "also changes what is sent, to whom and how",
		access.RoleAdmin:    "also says who may do what, and makes API keys",
	}
	var choices []roleChoice
	for _, role := range access.Roles() {
		choices = append(choices, roleChoice{role, may[role], role == current})
	}
	return choices
}

// inviteView is the form of an invitation.
type inviteView struct {
	common
	Name        field
	Roles       []roleChoice
	RoleProblem string
}

func newInvite(r *http.Request, v *gate.Visitor, name string, role access.Role) inviteView {
	return inviteView{
		common: newCommon(r, v), Roles: roleChoices(role),
		Name: field{
			Name: "name", Label: "User name", Value: name, Autocomplete: "off", Placeholder: "mira or mira@example.com",
			Hint: "What they sign in with. Upper and lower case are the same.",
		},
	}
}

func (d *dashboard) inviteForm(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	d.show(w, http.StatusOK, "invite", newInvite(r, v, "", access.RoleViewer))
}

func (d *dashboard) invite(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	name, role := r.PostFormValue("name"), access.Role(r.PostFormValue("role"))
	token, t, err := d.Accounts.Invite(r.Context(), v.Actor(), name, role)
	view := newInvite(r, v, name, role)
	wrong := make(problems)
	switch {
	case err == nil:
		d.showLink(w, r, v, "Send this link to "+t.Account, token, t.ExpiresAt)
		return
	case wrong.add(err, nil):
		view.Name.Problem, view.RoleProblem = wrong["name"], wrong["role"]
	case errors.Is(err, access.ErrAccountExists):
		view.Name.Problem = "Somebody has that user name already."
	case errors.Is(err, access.ErrTooManyAccounts):
		view.Alert = "There are as many accounts as there may be. Delete one first."
	default:
		d.fail(w, r, err)
		return
	}
	d.show(w, http.StatusUnprocessableEntity, "invite", view)
}

// linkView shows a link, once.
type linkView struct {
	common
	Title   string
	Link    field
	Expires time.Time
}

func (d *dashboard) showLink(w http.ResponseWriter, r *http.Request, v *gate.Visitor, title, token string, expires time.Time) {
	d.show(w, http.StatusOK, "link", linkView{
		common: newCommon(r, v), Title: title, Expires: expires,
		Link: field{Name: "link", Label: "Link", Value: d.PublicURL + Path + "/invitation/" + token, Hint: "It works once."},
	})
}

func (d *dashboard) withdraw(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	err := d.Accounts.Withdraw(r.Context(), v.Actor(), r.PathValue("name"))
	if err != nil && !errors.Is(err, access.ErrNoTicket) {
		d.fail(w, r, err)
		return
	}
	then(w, r, Path+"/accounts", "withdrawn")
}

// accountView is the page of somebody's account.
type accountView struct {
	common
	Account    access.Account
	URL        string
	Own        bool
	Configured bool
	NoPassword bool // there is none
	Roles      []roleChoice
	Sessions   []sessionRow
}

func (d *dashboard) newAccount(r *http.Request, v *gate.Visitor) (accountView, error) {
	name := r.PathValue("name")
	accounts, err := d.Accounts.List(r.Context())
	if err != nil {
		return accountView{}, err
	}
	for _, a := range accounts {
		if a.Name != name {
			continue
		}
		view := accountView{
			common: newCommon(r, v), Account: a, URL: accountURL(name), Own: a.Name == v.Account.Name,
			Configured: d.Accounts.IsConfigured(&a), Roles: roleChoices(a.Role),
			NoPassword: !a.HasPassword() || d.Accounts.PasswordsOff(),
		}
		view.Sessions, err = d.sessionsOf(r, v, name, view.URL)
		return view, err
	}
	return accountView{}, access.ErrNoAccount
}

func (d *dashboard) account(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	view, err := d.newAccount(r, v)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.show(w, http.StatusOK, "account", view)
}

// again shows an account with the reason why something was not done to it.
func (d *dashboard) again(w http.ResponseWriter, r *http.Request, v *gate.Visitor, cause error) {
	view, err := d.newAccount(r, v)
	status, text := refusal(cause)
	if err != nil || status != http.StatusConflict {
		d.fail(w, r, cause)
		return
	}
	view.Alert = text + "."
	d.show(w, status, "account", view)
}

func (d *dashboard) setRole(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	name := r.PathValue("name")
	err := d.Accounts.SetRole(r.Context(), v.Actor(), name, access.Role(r.PostFormValue("role")))
	wrong := make(problems)
	switch {
	case wrong.add(err, nil):
		d.Layout.Problem(w, http.StatusUnprocessableEntity, "There is no such role")
	case err != nil:
		d.again(w, r, v, err)
	default:
		then(w, r, accountURL(name), "saved")
	}
}

func (d *dashboard) resetLink(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	token, t, err := d.Accounts.ResetLink(r.Context(), v.Actor(), r.PathValue("name"))
	if err != nil {
		d.again(w, r, v, err)
		return
	}
	d.showLink(w, r, v, "With this link "+t.Account+" chooses a new password", token, t.ExpiresAt)
}

func (d *dashboard) confirmDeleteAccount(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	name := r.PathValue("name")
	d.show(w, http.StatusOK, "confirm", confirmation{
		common: newCommon(r, v), Title: "Delete the account of " + name + "?",
		Text:   "They are signed out everywhere, and cannot sign in any more. What they did stays in the audit log.",
		Action: accountURL(name) + "/delete", Button: "Delete the account", Keep: "Keep it", Back: accountURL(name),
	})
}

func (d *dashboard) deleteAccount(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	err := d.Accounts.Delete(r.Context(), v.Actor(), r.PathValue("name"))
	if err != nil && !errors.Is(err, access.ErrNoAccount) {
		d.again(w, r, v, err)
		return
	}
	then(w, r, Path+"/accounts", "deleted")
}

func (d *dashboard) endSessionOf(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	name := r.PathValue("name")
	err := d.Accounts.EndSession(r.Context(), v.Actor(), name, r.PathValue("id"))
	if err != nil && !errors.Is(err, access.ErrNoSession) {
		d.fail(w, r, err)
		return
	}
	then(w, r, accountURL(name), "ended")
}
