package dashboard

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/engine/vault"
	"github.com/postrider/postrider/internal/engine/webhook"
	"github.com/postrider/postrider/internal/web/gate"
	"github.com/postrider/postrider/notification"
)

const loginsPath = Path + "/logins"

// loginView shows by what an endpoint is called, and how to set that up.
type loginView struct {
	common
	Login       access.Login // without its passwords
	AppID, URL  string
	Variable    string // that decides the password
	Fresh       string // the new password, only in the answer to the form that made it
	Took        bool   // the provider that points here uses the new one
	Previous    bool   // there is one that is valid
	Keeps       []keepChoice
	Rotate, End string
	Problem     string
	Method      notification.Method // by which callers prove who they are, if not by this password
	Steps       []string
	Command     string
}

type keepChoice struct {
	Value, Label string
	keep         time.Duration
}

// keepChoices is how long a previous password may stay valid.
func keepChoices() []keepChoice {
	return []keepChoice{
		{"day", "One day", 24 * time.Hour},
		{"hour", "One hour", time.Hour},
		{"week", "One week", 7 * 24 * time.Hour},
		{"ended", "Until somebody ends it here", 0},
	}
}

// currentApp returns the app on which the pages act.
func (d *dashboard) currentApp(ctx context.Context) (access.App, error) {
	return d.Engine.Apps.ByKey(ctx, d.Engine.App)
}

// onLogin answers about the login that an address names, of the app that is shown.
func (d *dashboard) onLogin(w http.ResponseWriter, r *http.Request, do func(app *access.App, login *access.Login) error) {
	app, err := d.currentApp(r.Context())
	if err == nil {
		var login access.Login
		if login, err = d.Engine.Logins.Get(r.Context(), &app, r.PathValue("name")); err == nil {
			err = do(&app, &login)
		}
	}
	if err != nil {
		d.fail(w, r, err)
	}
}

// newLogin shows a login without its passwords.
func (d *dashboard) newLogin(r *http.Request, v *gate.Visitor, app *access.App, login *access.Login) loginView {
	page := loginsPath + "/" + login.Name
	view := loginView{
		common: newCommon(r, v), Login: *login, AppID: app.ID, URL: d.endpoint(app, login.Name),
		Variable: "POSTRIDER_" + strings.ToUpper(login.Name) + "_PASSWORD", Keeps: keepChoices(),
		Previous: login.Previous.Valid(d.Clock()), Rotate: page + "/rotate", End: page + "/end", Steps: setupSteps(login, d.endpoint(app, login.Name)),
	}
	view.Command = "curl -i -u " + shellWord(login.Username) + " -H 'Content-Type: application/json' -d '{}' " + shellWord(view.URL)
	if login.Name == access.NameWebhook && app.Default {
		switch method := d.Engine.WebhookAuth; method {
		case notification.MethodSignature, notification.MethodBoth, notification.MethodNone:
			view.Method = method
		}
	}
	view.Login.Password, view.Login.Previous.Password = "", ""
	return view
}

// endpoint is the address of an endpoint of an app.
func (d *dashboard) endpoint(app *access.App, name string) string {
	url := d.PublicURL + "/" + name
	if !app.Default || !app.AnyID {
		url += "/" + app.ID
	}
	return url
}

func (d *dashboard) login(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	d.onLogin(w, r, func(app *access.App, login *access.Login) error {
		d.show(w, http.StatusOK, "login", d.newLogin(r, v, app, login))
		return nil
	})
}

func (d *dashboard) rotateLogin(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	d.onLogin(w, r, func(app *access.App, login *access.Login) error {
		for _, choice := range keepChoices() {
			if choice.Value == r.PostFormValue("keep") {
				return d.rotate(w, r, v, app, login.Name, choice.keep)
			}
		}
		view := d.newLogin(r, v, app, login)
		view.Problem = "Choose how long the present password stays valid."
		d.show(w, http.StatusUnprocessableEntity, "login", view)
		return nil
	})
}

func (d *dashboard) rotate(w http.ResponseWriter, r *http.Request, v *gate.Visitor, app *access.App, name string, keep time.Duration) error {
	login, err := d.Engine.Logins.Rotate(r.Context(), v.Actor(), app, name, keep)
	if err != nil {
		return err
	}
	view := d.newLogin(r, v, app, &login)
	view.Fresh = login.Password
	if name == access.NameWebhook {
		view.Took, err = d.tellProvider(r.Context(), app, &login)
		if err != nil { // the password is there, and has to be shown
			d.Logger.Error("give the custom provider its new password", "app", app.ID, "error", err)
		}
	}
	d.show(w, http.StatusOK, "login", view)
	return nil
}

// tellProvider gives the custom provider of an app a new password if it calls us
// by the one before, and reports whether it does.
func (d *dashboard) tellProvider(ctx context.Context, app *access.App, login *access.Login) (bool, error) {
	took := false
	_, err := d.Engine.Vault.ChangeCustom(ctx, app.Key, func(c *webhook.Config) error {
		took = c.UseBasicAuth && c.BasicAuthUsername == login.Previous.Username && c.BasicAuthPassword == login.Previous.Password && d.Engine.Here(c.WebhookURL)
		if took {
			c.BasicAuthPassword = login.Password
		}
		return nil
	})
	if errors.Is(err, vault.ErrNothing) {
		err = nil
	}
	return took && err == nil, err
}

func (d *dashboard) confirmEndPrevious(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	d.onLogin(w, r, func(_ *access.App, login *access.Login) error {
		page := loginsPath + "/" + login.Name
		d.show(w, http.StatusOK, "confirm", confirmation{
			common: newCommon(r, v), Title: "End the previous password of /" + login.Name + "?",
			Text:   "Whoever still uses it is refused from now on.",
			Action: page + "/end", Button: "End it", Keep: "Keep it", Back: page,
		})
		return nil
	})
}

func (d *dashboard) endPrevious(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	d.onLogin(w, r, func(app *access.App, login *access.Login) error {
		if err := d.Engine.Logins.EndPrevious(r.Context(), v.Actor(), app, login.Name); err != nil {
			return err
		}
		then(w, r, loginsPath+"/"+login.Name, "previous-ended")
		return nil
	})
}

// setupSteps is what to do in CometChat's dashboard, so that it can be handed to
// somebody else. The password goes another way.
func setupSteps(login *access.Login, address string) []string {
	if login.Name == access.NameEvents {
		return []string{
			"In CometChat's dashboard, open your app and its webhooks, and add one.",
			"Enter its URL: " + address,
			"Turn Basic Authentication on, and enter the user name " + login.Username + " and the password.",
			"Choose the triggers: messages, receipts, mentions, groups, members, and blocked users. What is not needed is ignored.",
			"Save it, and enable it.",
		}
	}
	return []string{
		"In CometChat's dashboard, open your app and the settings of its notifications, and switch email on.",
		"Among the providers, click “+ Add Credentials” for the custom provider, and enable it.",
		"Enter the webhook URL: " + address,
		"Turn “Use Basic Authentication” on, and enter the user name " + login.Username + " and the password.",
		"Leave “Trigger only if email address is stored” off if the addresses are kept here.",
		"Save.",
	}
}

// shellWord is a word for a POSIX shell.
func shellWord(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// loginRoutes are those of user names and passwords.
func (d *dashboard) loginRoutes() []route {
	return []route{
		{"GET " + loginsPath + "/{name}", viewer, d.login, nil},
		{"POST " + loginsPath + "/{name}/rotate", admin, d.rotateLogin, nil},
		{"GET " + loginsPath + "/{name}/end", admin, d.confirmEndPrevious, nil},
		{"POST " + loginsPath + "/{name}/end", admin, d.endPrevious, nil},
	}
}
