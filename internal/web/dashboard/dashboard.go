package dashboard

import (
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/engine/sendgrid"
	"github.com/postrider/postrider/internal/engine/vault"
	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/provider/address"
	"github.com/postrider/postrider/internal/web/answer"
	"github.com/postrider/postrider/internal/web/gate"
	"github.com/postrider/postrider/internal/web/page"
	"github.com/postrider/postrider/notification"
)

// Path is where the dashboard is.
const Path = "/dashboard"

// Config is what the dashboard works with. All fields are required unless they
// say otherwise.
type Config struct {
	Accounts *access.Accounts
	Gate     *gate.Gate
	Layout   *page.Layout
	// Engine is what the pages of the engine work with; nil: there are none.
	Engine *Engine
	// OpenID is how people sign in through OpenID Connect; nil: they do not.
	OpenID *OpenID
	// Mailbox: the built-in mailbox has its pages beside ours.
	Mailbox bool
	// PublicURL is the base of links to this server, without a slash at its
	// end.
	PublicURL string
	Clock     func() time.Time
	Logger    *slog.Logger
}

// Engine is what the pages of the engine work with.
type Engine struct {
	// App is the name under which what is the app's is kept; AppID and Region
	// stand in notifications.
	App, AppID, Region string
	// Apps are all apps; nil: there is only that one, and no pages of apps.
	// Logins are the user names and passwords of their endpoints.
	Apps   *access.Apps
	Logins *access.Logins
	// WebhookAuth is how callers of the default app's /webhook prove who they are.
	WebhookAuth notification.Method
	Vault       *vault.Vault
	// Keys are the app's API keys.
	Keys     *access.Keys
	Contacts address.Store
	Personal Personal
	// Log is what became of deliveries, and Jobs of long work.
	Log  Log
	Jobs Jobs
	// Health tells how the ways out do, as this process sees it.
	Health func() []Health
	// Depth tells how much waits in a lane, up to outbox.MaxDepth.
	Depth func(ctx context.Context, lane outbox.Lane) (outbox.Depth, error)
	// Transport leads to custom providers: the one by which the engine calls
	// them.
	Transport http.RoundTripper
	// SendGrid is the client's configuration but for its transport's being
	// listened to.
	SendGrid sendgrid.ClientConfig
	// AllowPrivateTargets and Here are as in the REST API.
	AllowPrivateTargets bool
	Here                func(url string) bool
	Version             string
	// Brands keeps the look of mails, and Preview shows them.
	Brands  Brands
	Preview Previews
}

//go:embed templates
var templates embed.FS

type dashboard struct {
	Config
	pages       map[string]*page.Page
	previewPage *template.Template // a document for a frame
}

// New returns the handler of Path and everything below it. It panics if what is
// embedded is broken: it is part of the program.
func New(cfg Config) http.Handler {
	if cfg.Engine != nil && cfg.Engine.Apps != nil {
		return &perApp{cfg: cfg}
	}
	return newDashboard(cfg)
}

// newDashboard makes the pages of one app.
func newDashboard(cfg Config) http.Handler {
	d := &dashboard{
		Config: cfg, pages: make(map[string]*page.Page),
		previewPage: template.Must(template.ParseFS(templates, "templates/preview.html")),
	}
	for _, p := range pages() {
		layout := cfg.Layout
		if p.inside {
			layout = layout.Shell(p.section, cfg.Has)
		}
		d.pages[p.name] = layout.Parse(templates, "templates/"+p.name+".html", "templates/parts.html", "templates/controls.html")
	}
	mux := http.NewServeMux()
	for _, r := range d.routes() {
		mux.Handle(r.pattern, d.guarded(r))
	}
	shell := cfg.Layout.Shell(page.NoSection, cfg.Has)
	missing := cfg.Gate.Page(access.RoleViewer, func(w http.ResponseWriter, _ *http.Request, _ *gate.Visitor) {
		shell.Problem(w, http.StatusNotFound, "There is nothing at this address")
	})
	return answer.Routes(mux, func(w http.ResponseWriter, r *http.Request, status int, message string) {
		if status == http.StatusNotFound {
			missing.ServeHTTP(w, r)
			return
		}
		cfg.Layout.Problem(w, status, message)
	})
}

// guarded lets those to a route whom it is for.
func (d *dashboard) guarded(r route) http.Handler {
	if r.role == "" {
		return d.Gate.Open(r.open)
	}
	handle := r.handle
	if d.Engine != nil && d.Engine.Apps != nil && ofApp(r.pattern) {
		handle = d.sameApp(handle)
	}
	return d.Gate.PageUpTo(r.limit(), r.role, handle)
}

// Has tells which sections there are.
func (c *Config) Has(section page.Section) bool {
	switch section {
	case page.SectionMailbox:
		return c.Mailbox
	case page.SectionCredentials, page.SectionPreferences, page.SectionTemplates, page.SectionPeople, page.SectionLog, page.SectionKeys:
		return c.Engine != nil
	default:
		return true
	}
}
