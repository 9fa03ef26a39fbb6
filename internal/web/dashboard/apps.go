package dashboard

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/web/gate"
)

const (
	appsPath = Path + "/apps"
	// appCookie holds the id of the app on which the pages act.
	appCookie = "postrider-app"
)

// What is done to apps.
const (
	actionMadeApp     access.Action = "made the app"
	actionClosedApp   access.Action = "closed the app"
	actionReopenedApp access.Action = "opened the app again"
	actionDeletedApp  access.Action = "deleted the app"
)

// perApp serves the dashboard of the app that a browser has chosen: the default
// one unless it has, or if that is gone.
type perApp struct {
	cfg  Config
	made sync.Map // by shownApp
}

type shownApp struct {
	key  string
	many bool // there are others
}

func (p *perApp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	apps := p.cfg.Engine.Apps
	app, shown := apps.Default(), shownApp{}
	// Without the store only what it is asked for fails, not the choice.
	if all, err := apps.List(r.Context()); err == nil {
		shown.many = len(all) > 1
		p.forget(all)
		for i := range all {
			if c, err := r.Cookie(appCookie); err == nil && c.Value == all[i].ID {
				app = all[i]
			}
		}
	}
	shown.key = app.Key
	handler, ok := p.made.Load(shown)
	if !ok {
		handler, _ = p.made.LoadOrStore(shown, p.of(app, shown.many))
	}
	handler.(http.Handler).ServeHTTP(w, r) //nolint:forcetypeassert // nothing else is kept
}

// forget drops the dashboards of apps that are gone.
func (p *perApp) forget(there []access.App) {
	p.made.Range(func(shown, _ any) bool {
		if key := shown.(shownApp).key; !slices.ContainsFunc(there, func(app access.App) bool { return app.Key == key }) { //nolint:forcetypeassert // nothing else is kept
			p.made.Delete(shown)
		}
		return true
	})
}

// of makes the dashboard of an app.
func (p *perApp) of(app access.App, many bool) http.Handler {
	cfg, one := p.cfg, *p.cfg.Engine
	one.App, one.AppID, one.Region = app.Key, app.ID, app.Region
	one.Health = func() []Health { return healthOf(app, p.cfg.Engine.Health()) }
	cfg.Engine = &one
	if many {
		cfg.Layout = cfg.Layout.OfApp(app.ID)
	}
	return newDashboard(cfg)
}

// ofApp reports whether what a route changes is an app's.
func ofApp(pattern string) bool {
	method, path, _ := strings.Cut(pattern, " ")
	return method == http.MethodPost && slices.ContainsFunc([]string{
		"/credentials", "/preferences", "/templates", "/people", "/log", "/keys", "/logins",
	}, func(part string) bool { return strings.HasPrefix(path, Path+part) })
}

// sameApp refuses the form of a page that was of another app than the one that
// the browser has chosen since.
func (d *dashboard) sameApp(next gate.Handler) gate.Handler {
	return func(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
		said := r.URL.Query().Get("app")
		if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); said == "" && kind != "multipart/form-data" {
			said = r.PostFormValue("app")
		}
		if said == "" { // a page from when there was only one
			said = d.Engine.Apps.Default().ID
		}
		if said != d.Engine.AppID {
			d.Layout.Problem(w, http.StatusConflict, "That page was of the app "+said+", and "+d.Engine.AppID+" has been chosen since: nothing was changed")
			return
		}
		next(w, r, v)
	}
}

// healthOf leaves of all endpoints those that an app calls: other apps than the
// default one have their id before the name.
func healthOf(app access.App, all []Health) []Health {
	var own []Health
	for _, h := range all {
		if h.Kind == HealthProvider {
			id, name, other := strings.Cut(h.Name, " ")
			if other == app.Default || other && id != app.ID {
				continue
			}
			if other {
				h.Name = name
			}
		}
		own = append(own, h)
	}
	return own
}

// ours is the address of an endpoint of ours for the app that is shown.
func (d *dashboard) ours(name string) string {
	if e := d.Engine; e != nil && e.Apps != nil && e.App != e.Apps.Default().Key {
		return d.PublicURL + "/" + name + "/" + e.AppID
	}
	return d.PublicURL + "/" + name
}

// appsView lists the apps.
type appsView struct {
	common
	Apps    []appRow
	ID      field
	Regions []regionChoice
	Problem string // of the region
}

type appRow struct {
	access.App
	Current bool
	Page    string
}

type regionChoice struct {
	Region  string
	Current bool
}

func (d *dashboard) newApps(r *http.Request, v *gate.Visitor, id, region string) (appsView, error) {
	view := appsView{
		common: newCommon(r, v),
		ID: field{
			Name: "id", Label: "App ID", Value: id, Autocomplete: "off",
			Hint: "The one that CometChat's dashboard shows, or any of your own: up to 64 letters, digits, “-” and “_”.",
		},
	}
	for _, one := range access.Regions() {
		view.Regions = append(view.Regions, regionChoice{one, one == region})
	}
	all, err := d.Engine.Apps.List(r.Context())
	for _, app := range all {
		view.Apps = append(view.Apps, appRow{app, app.Key == d.Engine.App, appsPath + "/" + url.PathEscape(app.ID)})
	}
	return view, err
}

func (d *dashboard) apps(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	view, err := d.newApps(r, v, "", access.Regions()[0])
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.show(w, http.StatusOK, "apps", view)
}

// appView is one app. Its passwords are there only right after it was made.
type appView struct {
	common
	App                  access.App
	Current, Fresh       bool
	Webhook, Events, API string
	Secrets              []field
	Page                 string
}

func (d *dashboard) newApp(r *http.Request, v *gate.Visitor, app access.App) appView {
	return appView{
		common: newCommon(r, v), App: app, Current: app.Key == d.Engine.App, API: d.PublicURL + "/v3",
		Webhook: d.endpoint(&app, access.NameWebhook), Events: d.endpoint(&app, access.NameEvents), Page: appsPath + "/" + url.PathEscape(app.ID),
	}
}

func (d *dashboard) createApp(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	id, region := strings.TrimSpace(r.PostFormValue("id")), r.PostFormValue("region")
	app, err := d.Engine.Apps.Create(r.Context(), id, region)
	wrong := make(problems)
	switch {
	case err == nil:
		d.record(r, v, actionMadeApp, app.ID, app.Region)
		d.showMade(w, r, v, app)
		return
	case errors.Is(err, access.ErrAppID):
		wrong["id"] = "Another app has that id."
	case errors.Is(err, access.ErrTooManyApps):
		wrong["id"] = "There are as many apps as there may be. Delete one first."
	case !wrong.add(err, func(text string) string { return text }):
		d.fail(w, r, err)
		return
	}
	view, err := d.newApps(r, v, id, region)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	view.ID.Problem, view.Problem = wrong["id"], wrong["region"]
	d.show(w, http.StatusUnprocessableEntity, "apps", view)
}

// showMade shows a new app with its passwords, this once.
func (d *dashboard) showMade(w http.ResponseWriter, r *http.Request, v *gate.Visitor, app access.App) {
	view := d.newApp(r, v, app)
	view.Fresh = true
	for _, one := range []struct{ name, path string }{{access.NameWebhook, "/webhook"}, {access.NameEvents, "/events"}} {
		login, err := d.Engine.Logins.Get(r.Context(), &app, one.name)
		if err != nil {
			d.fail(w, r, err)
			return
		}
		view.Secrets = append(view.Secrets,
			field{Name: one.name + "-username", Label: "User name of " + one.path, Value: login.Username},
			field{Name: one.name + "-password", Label: "Password of " + one.path, Value: login.Password, Hint: "It is shown this once."})
	}
	d.show(w, http.StatusOK, "app", view)
}

func (d *dashboard) findApp(r *http.Request) (access.App, error) {
	return d.Engine.Apps.ByID(r.Context(), r.PathValue("app"))
}

// onApp answers about the app that an address names.
func (d *dashboard) onApp(w http.ResponseWriter, r *http.Request, do func(access.App) error) {
	app, err := d.findApp(r)
	if err == nil {
		err = do(app)
	}
	if err != nil {
		d.fail(w, r, err)
	}
}

func (d *dashboard) app(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	d.onApp(w, r, func(app access.App) error {
		d.show(w, http.StatusOK, "app", d.newApp(r, v, app))
		return nil
	})
}

// useApp has the pages act on another app, in this browser.
func (d *dashboard) useApp(w http.ResponseWriter, r *http.Request, _ *gate.Visitor) {
	d.onApp(w, r, func(app access.App) error {
		http.SetCookie(w, &http.Cookie{ //nolint:gosec // G124: Secure wherever browsers come over https
			Name: appCookie, Value: app.ID, Path: Path, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(d.PublicURL, "https:"),
		})
		then(w, r, Path, "")
		return nil
	})
}

// confirmApp asks whether something is to be done to an app: what, in the last
// part of the address and in words, and what that means.
func (d *dashboard) confirmApp(what, words, means, keep string) gate.Handler {
	return func(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
		d.onApp(w, r, func(app access.App) error {
			if app.Default {
				return access.ErrDefaultApp
			}
			page := d.newApp(r, v, app).Page
			d.show(w, http.StatusOK, "confirm", confirmation{
				common: newCommon(r, v), Title: words + " “" + app.ID + "”?", Text: means, Action: page + "/" + what, Button: words, Keep: keep, Back: page,
			})
			return nil
		})
	}
}

func (d *dashboard) closeApp(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	d.changeApp(w, r, v, actionClosedApp, func(app access.App) error { return d.Engine.Apps.Close(r.Context(), app.Key) })
}

func (d *dashboard) reopenApp(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	d.changeApp(w, r, v, actionReopenedApp, func(app access.App) error { return d.Engine.Apps.Reopen(r.Context(), app.Key) })
}

func (d *dashboard) changeApp(w http.ResponseWriter, r *http.Request, v *gate.Visitor, action access.Action, change func(access.App) error) {
	d.onApp(w, r, func(app access.App) error {
		if app.Default {
			return access.ErrDefaultApp
		}
		if err := change(app); err != nil {
			return err
		}
		d.record(r, v, action, app.ID, "")
		path, done := d.newApp(r, v, app).Page, "saved"
		if action == actionDeletedApp {
			path, done = appsPath, "deleted"
		}
		then(w, r, path, done)
		return nil
	})
}

func (d *dashboard) deleteApp(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	d.changeApp(w, r, v, actionDeletedApp, func(app access.App) error { return d.Engine.Apps.Delete(r.Context(), app.Key) })
}

// appRoutes are those of the apps.
func (d *dashboard) appRoutes() []route {
	return []route{
		{"GET " + appsPath, viewer, d.apps, nil},
		{"POST " + appsPath, admin, d.createApp, nil},
		{"GET " + appsPath + "/{app}", viewer, d.app, nil},
		{"POST " + appsPath + "/{app}/use", viewer, d.useApp, nil},
		{"GET " + appsPath + "/{app}/close", admin, d.confirmApp("close", "Close the app",
			"Its addresses and API keys work no more. What waits is still sent. You can open it again, or delete it then.", "Keep it open"), nil},
		{"POST " + appsPath + "/{app}/close", admin, d.closeApp, nil},
		{"POST " + appsPath + "/{app}/reopen", admin, d.reopenApp, nil},
		{"GET " + appsPath + "/{app}/delete", admin, d.confirmApp("delete", "Delete the app",
			"Its people, groups, addresses, preferences, settings, providers, API keys and passwords are gone for good. Its log goes with the retention.", "Keep it"), nil},
		{"POST " + appsPath + "/{app}/delete", admin, d.deleteApp, nil},
	}
}
