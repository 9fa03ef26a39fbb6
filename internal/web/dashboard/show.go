package dashboard

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/jobs"
	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/web/gate"
)

// common is what every page inside the dashboard shows.
type common struct {
	visitor *gate.Visitor
	Done    string // what has been done, after a form
	Alert   string // what could not be done
}

// Operator reports whether the visitor may change how things are sent.
func (c common) Operator() bool { return c.visitor.May(operator) }

// Admin reports whether the visitor may say who may do what.
func (c common) Admin() bool { return c.visitor.May(admin) }

// Me is the name of the visitor's account.
func (c common) Me() string { return c.visitor.Account.Name }

// done are the sentences that a page may begin with, by the value of ?done=.
func doneText(r *http.Request) string {
	switch r.URL.Query().Get("done") {
	case "saved":
		return "Saved."
	case "deleted":
		return "Deleted."
	case "password":
		return "The password is changed. All other sessions have ended."
	case "ended":
		return "The session has ended."
	case "all-ended":
		return "All other sessions have ended."
	case "previous-ended":
		return "The previous password works no more."
	case "replayed":
		return "It is handed over again."
	case "cancelled":
		return "It is cancelled."
	case "withdrawn":
		return "The link works no more."
	}
	return ""
}

func newCommon(r *http.Request, v *gate.Visitor) common {
	return common{visitor: v, Done: doneText(r)}
}

// show writes a page.
func (d *dashboard) show(w http.ResponseWriter, status int, name string, view any) {
	if err := d.pages[name].Write(w, status, view); err != nil {
		d.Logger.Error("write page of the dashboard", "page", name, "error", err)
		d.Layout.Problem(w, http.StatusInternalServerError, "The page could not be made")
	}
}

// then leads to a page after a form, with a sentence for it.
func then(w http.ResponseWriter, r *http.Request, path, done string) {
	if done != "" {
		path += "?done=" + url.QueryEscape(done)
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
}

// fail answers with an error that no form can show. What is not the visitor's
// doing is logged.
func (d *dashboard) fail(w http.ResponseWriter, r *http.Request, err error) {
	if status, text := refusal(err); text != "" {
		d.Layout.Problem(w, status, text)
		return
	}
	if r.Context().Err() == nil || !errors.Is(err, context.Canceled) { // who hung up is not waiting
		d.Logger.Error("the dashboard cannot answer", "path", r.URL.Path, "error", err)
	}
	d.Layout.Problem(w, http.StatusServiceUnavailable, "This cannot be done now; try again later")
}

// refusal says why something is not done, to people; empty if that is not for
// them.
func refusal(err error) (status int, text string) {
	for _, known := range []struct {
		err    error
		status int
		text   string
	}{
		{access.ErrNoAccount, http.StatusNotFound, "There is no such account"},
		{access.ErrNoSession, http.StatusNotFound, "There is no such session any more"},
		{access.ErrNoTicket, http.StatusNotFound, "The link has expired, or was used already"},
		{outbox.ErrNotFound, http.StatusNotFound, "There is no such entry, or it is too old to be kept"},
		{jobs.ErrNotFound, http.StatusNotFound, "There is no such job, or it is too old to be kept"},
		{access.ErrNoKey, http.StatusNotFound, "There is no such API key any more"},
		{access.ErrNoApp, http.StatusNotFound, "There is no such app any more"},
		{access.ErrDefaultApp, http.StatusConflict, "It is the default app, which the configuration of the server makes"},
		{access.ErrAppOpen, http.StatusConflict, "It is open, or was 20 seconds ago: close it, and wait a moment"},
		{access.ErrAppBusy, http.StatusConflict, "Something of it still waits to be sent; see the log"},
		{access.ErrLastAdmin, http.StatusConflict, "It is the only account of an admin: nobody could say any more who may do what"},
		{access.ErrOwnAccount, http.StatusConflict, "It is your own account; another admin can do that"},
		{access.ErrConfigured, http.StatusConflict, "The configuration of the server decides this (POSTRIDER_ADMIN_PASSWORD)"},
		{access.ErrNoPassword, http.StatusConflict, "The account has no password: its owner signs in elsewhere"},
		{access.ErrNoCredential, http.StatusNotFound, "There is no such endpoint"},
		{access.ErrFixedLogin, http.StatusConflict, "A variable of the server sets this password: it has to be changed there"},
		{access.ErrLastKey, http.StatusConflict, "It is the last key with full access: nobody could call the API any more"},
	} {
		if errors.Is(err, known.err) {
			return known.status, known.text
		}
	}
	return 0, ""
}

// problems are what is wrong with a form, by field.
type problems map[string]string

// add notes an error that says which field it is about, and reports whether it
// does. names are what fields are called on the page.
func (p problems) add(err error, plain func(string) string) bool {
	var one *access.Problem
	var many *chat.Error
	switch {
	case errors.As(err, &one):
		p[one.Field] = one.Text
	case errors.As(err, &many) && len(many.Details) > 0:
		for field, texts := range many.Details {
			p[field] = plain(texts[0])
		}
	default:
		return false
	}
	return true
}

// field is a line of a form.
type field struct {
	Name, Label, Value string
	Type               string
	Hint, Problem      string
	Placeholder        string
	Autocomplete       string
	Optional           bool
}

// toggle is a switch of a form.
type toggle struct {
	Name, Label   string
	Hint, Problem string
	On            bool
}

// confirmation asks before something is done for good.
type confirmation struct {
	common
	Title, Text, Action string
	Button, Keep, Back  string
}
