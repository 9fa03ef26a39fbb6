package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	gateway "github.com/postrider/postrider/internal/provider/gateway/mailbox"
	"github.com/postrider/postrider/internal/web/answer"
	"github.com/postrider/postrider/internal/web/mailbox"
	"github.com/postrider/postrider/internal/web/page"
)

// Config is what the server answers with. All fields are required unless they
// say otherwise.
type Config struct {
	// Webhook receives notifications. It authenticates its callers itself.
	Webhook http.Handler
	// Events receives what happens in the chat; nil: it is off. It
	// authenticates its callers itself; see [NewEvents].
	Events http.Handler
	// API answers /v3, /openapi.json and /docs; nil: it is off. It
	// authenticates its callers itself.
	API http.Handler
	// AppID is the only app of /webhook/{appId} and /events/{appId}; empty
	// lets every id pass.
	AppID string
	// Mailbox is what the built-in mailbox kept; nil: it is off.
	Mailbox *Mailbox
	// Demo says what somebody or a group is called by their id, "" if it does
	// not know, on the pages that the mails of a demo lead to; nil: there are no
	// such pages.
	Demo func(id string) string
	// Admin says whether a request carries the credentials of an account. See
	// notification.BasicAuth.
	Admin func(*http.Request) bool
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
	account              // an account's credentials; browsers only from our own pages
)

// site is what the handlers share.
type site struct {
	Config
	layout *page.Layout
}

// New returns the handler of all addresses.
func New(cfg Config) http.Handler {
	s := &site{cfg, page.New()}
	crossOrigin := s.crossOrigin()
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		handler := r.handler
		if r.guard == account {
			handler = s.protect(crossOrigin, handler)
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
		{"/webhook/{appId}", own, s.ofApp(s.Webhook)},
	}
	if s.Events != nil {
		all = append(all, route{"/events", own, s.Events}, route{"/events/{appId}", own, s.ofApp(s.Events)})
	}
	if s.API != nil {
		all = append(all, route{"/v3", own, s.API}, route{"/v3/", own, s.API},
			route{"GET /openapi.json", open, s.API}, route{"GET /docs", open, s.API})
	}
	if s.Demo != nil {
		all = append(all, s.demoRoutes()...)
	}
	if s.Mailbox != nil {
		pages := mailbox.New(mailbox.Config{
			Store: s.Mailbox.Store, Keep: s.Mailbox.Keep, PlaysFaults: s.Mailbox.PlaysFaults, Targets: s.Mailbox.Targets,
			Layout: s.layout, PublicURL: s.PublicURL, AppID: s.AppID, SameOrigin: s.sameOrigin(),
			Closing: s.Mailbox.Closing, LongestAnswer: writeTimeout - answerReserve, Clock: s.Clock, Logger: s.Logger,
		})
		all = append(all, route{"/mailbox", account, pages}, route{"/mailbox/", account, pages})
	}
	return all
}

// ofApp serves an endpoint under the app's id.
func (s *site) ofApp(endpoint http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.AppID != "" && r.PathValue("appId") != s.AppID {
			answer.Message(w, http.StatusNotFound, "Unknown app")
			return
		}
		endpoint.ServeHTTP(w, r)
	})
}

// crossOrigin tells requests that other sites made a browser send.
func (s *site) crossOrigin() *http.CrossOriginProtection {
	crossOrigin := http.NewCrossOriginProtection()
	// Behind a proxy the Host header may not be what the browser sees.
	if origin, ok := originOf(s.PublicURL); ok {
		if err := crossOrigin.AddTrustedOrigin(origin); err != nil {
			s.Logger.Warn("public URL is not trusted as an origin", "error", err)
		}
	}
	return crossOrigin
}

// sameOrigin tells requests of other sites whatever their method: what a
// request to read begins may go on.
func (s *site) sameOrigin() func(*http.Request) bool {
	crossOrigin := s.crossOrigin()
	return func(r *http.Request) bool {
		changing := *r
		changing.Method = http.MethodPost
		return crossOrigin.Check(&changing) == nil
	}
}

// protect lets only requests pass that carry an account's credentials.
// Browsers send those along by themselves, so what changes something must
// come from a page of ours besides.
func (s *site) protect(crossOrigin *http.CrossOriginProtection, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.Admin(r) {
			w.Header().Set("WWW-Authenticate", `Basic realm="postrider"`)
			s.refuse(w, r, http.StatusUnauthorized, "Unauthorized")
			return
		}
		if crossOrigin.Check(r) != nil {
			s.refuse(w, r, http.StatusForbidden, "Refused: the request comes from another site")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func originOf(base string) (string, bool) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return "", false
	}
	return u.Scheme + "://" + u.Host, true
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
	s.layout.Problem(w, status, explain(status, message))
}

// explain says to people what they can do.
func explain(status int, message string) string {
	if status == http.StatusUnauthorized {
		return "Sign in with the account that the command “postrider credentials” shows"
	}
	return message
}
