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
	// AppID is the only app of /webhook/{appId}; empty lets every id pass.
	AppID string
	// Mailbox is what the built-in mailbox kept; nil: it is off.
	Mailbox gateway.Store
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

// New returns the handler of all addresses.
func New(cfg Config) http.Handler {
	mux := http.NewServeMux()
	protect := protection(cfg)
	for _, r := range routes(cfg) {
		handler := r.handler
		if r.guard == account {
			handler = protect(handler)
		}
		mux.Handle(r.pattern, handler)
	}
	return secure(answer.Routes(mux, refuse))
}

func routes(cfg Config) []route {
	all := []route{
		{"GET /{$}", open, index(cfg)},
		{"GET " + page.AssetsPath, open, page.Assets()},
		{"GET /healthz", open, http.HandlerFunc(healthz)},
		{"GET /readyz", open, readyz(cfg.Ready)},
		{"/webhook", own, cfg.Webhook},
		{"/webhook/{appId}", own, webhookOfApp(cfg)},
	}
	if cfg.Mailbox != nil {
		pages := mailbox.New(mailbox.Config{
			Store: cfg.Mailbox, PublicURL: cfg.PublicURL, AppID: cfg.AppID, Clock: cfg.Clock, Logger: cfg.Logger,
		})
		all = append(all, route{"/mailbox", account, pages}, route{"/mailbox/", account, pages})
	}
	return all
}

// webhookOfApp serves the webhook under the app's id.
func webhookOfApp(cfg Config) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if cfg.AppID != "" && r.PathValue("appId") != cfg.AppID {
			answer.Message(w, http.StatusNotFound, "Unknown app")
			return
		}
		cfg.Webhook.ServeHTTP(w, r)
	})
}

// protection lets only requests pass that carry an account's credentials.
// Browsers send those along by themselves, so what changes something must
// come from a page of ours besides.
func protection(cfg Config) func(http.Handler) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	// Behind a proxy the Host header may not be what the browser sees.
	if origin, ok := originOf(cfg.PublicURL); ok {
		if err := crossOrigin.AddTrustedOrigin(origin); err != nil {
			cfg.Logger.Warn("public URL is not trusted as an origin", "error", err)
		}
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !cfg.Admin(r) {
				w.Header().Set("WWW-Authenticate", `Basic realm="postrider"`)
				refuse(w, r, http.StatusUnauthorized, "Unauthorized")
				return
			}
			if crossOrigin.Check(r) != nil {
				refuse(w, r, http.StatusForbidden, "Refused: the request comes from another site")
				return
			}
			next.ServeHTTP(w, r)
		})
	}
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
func refuse(w http.ResponseWriter, r *http.Request, status int, message string) {
	for _, prefix := range [...]string{"/webhook", "/mailbox/api", "/healthz", "/readyz", "/events", "/v3"} {
		if rest, ok := strings.CutPrefix(r.URL.Path, prefix); ok && (rest == "" || rest[0] == '/') {
			answer.Message(w, status, message)
			return
		}
	}
	page.Problem(w, status, explain(status, message))
}

// explain says to people what they can do.
func explain(status int, message string) string {
	if status == http.StatusUnauthorized {
		return "Sign in with the account that the command “postrider credentials” shows"
	}
	return message
}
