package web

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/postrider/postrider/internal/access"
	gateway "github.com/postrider/postrider/internal/provider/gateway/mailbox"
	"github.com/postrider/postrider/internal/web/answer"
	"github.com/postrider/postrider/internal/web/dashboard"
	"github.com/postrider/postrider/internal/web/gate"
	"github.com/postrider/postrider/internal/web/mailbox"
	"github.com/postrider/postrider/internal/web/page"
)

// Config is what the server answers with. All fields are required unless they
// say otherwise.
type Config struct {
	// Webhook receives notifications, for every app: see [ByApp]. It
	// authenticates its callers itself.
	Webhook http.Handler
	// Events receives what happens in the chat; nil: it is off. It
	// authenticates its callers itself; see [NewEvents].
	Events http.Handler
	// API answers /v3, /openapi.json and /docs; nil: it is off. It
	// authenticates its callers itself.
	API http.Handler
	// AppID is the default app's id, for examples; empty: it has none.
	AppID string
	// Mailbox is what the built-in mailbox kept; nil: it is off.
	Mailbox *Mailbox
	// Demo says what somebody or a group is called by their id, "" if it does
	// not know, on the pages that the mails of a demo lead to; nil: there are no
	// such pages.
	Demo func(id string) string
	// Accounts are the people of the dashboard.
	Accounts *access.Accounts
	// OpenID is how people sign in to the dashboard through OpenID Connect;
	// nil: they do not.
	OpenID *dashboard.OpenID
	// Engine is what the dashboard's pages of the engine work with; nil: there
	// are none.
	Engine *dashboard.Engine
	// Ready says why the program cannot do its work, or nil. Everybody may
	// read what it says.
	Ready func(context.Context) error
	// PublicURL is the base of links to this server, without a slash at its
	// end.
	PublicURL string
	Clock     func() time.Time
	Logger    *slog.Logger
}

// Mailbox is what the pages and the API of the built-in mailbox work with. See
// the fields of mailbox.Config.
type Mailbox struct {
	Store       gateway.Store
	Keep        int
	PlaysFaults bool
	Targets     http.RoundTripper
	// Closing is closed when the server stops; nil: it never does.
	Closing <-chan struct{}
}

// route is an address and what protects it.
type route struct {
	pattern string // of http.ServeMux
	guard   guard
	handler http.Handler
}

// guard is what a request has to pass on its way to a handler.
type guard int

const (
	open    guard = iota // nothing
	own                  // the handler's own authentication
	session              // somebody is signed in; a role that may change things, to change things
	account              // the same, or an account's name and password with the request
)

// site is what the handlers share.
type site struct {
	Config
	layout *page.Layout
	gate   *gate.Gate
}

func newSite(cfg Config) *site {
	layout := page.New()
	return &site{cfg, layout, gate.New(gate.Config{Accounts: cfg.Accounts, Layout: layout, PublicURL: cfg.PublicURL, Logger: cfg.Logger})}
}

// New returns the handler of all addresses.
func New(cfg Config) http.Handler {
	s := newSite(cfg)
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		handler := r.handler
		switch r.guard {
		case session:
			handler = byMethod(s.gate.Page, handler)
		case account:
			handler = byMethod(s.gate.API, handler)
		}
		mux.Handle(r.pattern, handler)
	}
	return secure(answer.Routes(mux, s.refuse))
}

func (s *site) routes() []route {
	all := []route{
		{"GET /{$}", open, s.index()},
		{"GET " + page.AssetsPath, open, s.layout.Assets()},
		{"GET /healthz", open, http.HandlerFunc(healthz)},
		{"GET /readyz", open, readyz(s.Ready)},
		{"/webhook", own, s.Webhook},
		{"/webhook/{appId}", own, s.Webhook},
	}
	if s.Events != nil {
		all = append(all, route{"/events", own, s.Events}, route{"/events/{appId}", own, s.Events})
	}
	if s.API != nil {
		all = append(all, route{"/v3", own, s.API}, route{"/v3/", own, s.API},
			route{"GET /openapi.json", open, s.API}, route{"GET /docs", open, s.API})
	}
	if s.Demo != nil {
		all = append(all, s.demoRoutes()...)
	}
	cfg := dashboard.Config{
		Accounts: s.Accounts, Gate: s.gate, Layout: s.layout, Engine: s.Engine, OpenID: s.OpenID, Mailbox: s.Mailbox != nil,
		PublicURL: s.PublicURL, Clock: s.Clock, Logger: s.Logger,
	}
	pages := dashboard.New(cfg)
	all = append(all, route{dashboard.Path, own, pages}, route{dashboard.Path + "/", own, pages})
	if s.Mailbox != nil {
		pages := mailbox.New(mailbox.Config{
			Store: s.Mailbox.Store, Keep: s.Mailbox.Keep, PlaysFaults: s.Mailbox.PlaysFaults, Targets: s.Mailbox.Targets,
			Layout: s.layout.Shell(page.SectionMailbox, cfg.Has), PublicURL: s.PublicURL, AppID: s.AppID, SameOrigin: s.gate.SameOrigin,
			Closing: s.Mailbox.Closing, LongestAnswer: writeTimeout - answerReserve, Clock: s.Clock, Logger: s.Logger,
		})
		all = append(all, route{"/mailbox", session, pages}, route{"/mailbox/", session, pages}, route{"/mailbox/api/", account, pages})
	}
	return all
}

// byMethod asks for a role that may look, or for one that may change things
// where the method does.
func byMethod(guard func(access.Role, gate.Handler) http.Handler, next http.Handler) http.Handler {
	handle := func(w http.ResponseWriter, r *http.Request, _ *gate.Visitor) { next.ServeHTTP(w, r) }
	look, change := guard(access.RoleViewer, handle), guard(access.RoleOperator, handle)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			look.ServeHTTP(w, r)
			return
		}
		change.ServeHTTP(w, r)
	})
}

// refuse answers programs with JSON and people with a page. Which of them
// calls is told by the address: programs ask for any content type.
func (s *site) refuse(w http.ResponseWriter, r *http.Request, status int, message string) {
	for _, prefix := range [...]string{"/webhook", "/mailbox/api", "/healthz", "/readyz", "/events", "/v3"} {
		if rest, ok := strings.CutPrefix(r.URL.Path, prefix); ok && (rest == "" || rest[0] == '/') {
			answer.Message(w, status, message)
			return
		}
	}
	s.layout.Problem(w, status, message)
}
