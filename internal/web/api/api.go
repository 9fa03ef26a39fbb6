package api

import (
	"context"
	"log/slog"
	"net/http"
	"path"
	"time"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/directory"
	"github.com/postrider/postrider/internal/engine/history"
	"github.com/postrider/postrider/internal/engine/vault"
)

// prefix is the version of the API, the start of every path.
const prefix = "/v3"

// Config is what the API answers with. All fields are required unless they say
// otherwise.
type Config struct {
	Keys  *access.Keys
	Vault *vault.Vault
	// People knows the directory.
	People   People
	Personal Personal
	History  history.Store
	// Directory is who there is, and what may be done to them.
	Directory *directory.Directory
	// App resolves the id by which callers name an app to the name under which
	// what is its own is kept; false: there is none.
	App func(ctx context.Context, id string) (app string, ok bool)
	// Limits bound the requests of an app in a minute; zero: the documented
	// ones (F105).
	Limits Limits
	// Region is the apps': us, eu or in. It decides the time zone of those who
	// have registered none (F017).
	Region string
	// RegionOf, if set, tells an app's region in Region's place, or
	// access.ErrNoApp if the app takes no calls: its keys then count as unknown.
	RegionOf func(ctx context.Context, app string) (string, error)
	// Record, if set, notes in the audit log who has changed settings, providers
	// and keys of an app.
	Record func(ctx context.Context, app string, by access.Actor, action access.Action, subject, detail string) error
	// AllowPrivateTargets lets providers have http and private URLs. Here tells
	// URLs that are our own, which they may always have; nil: none is.
	AllowPrivateTargets bool
	Here                func(url string) bool
	// PublicURL is where this server is reached, without a slash at its end.
	PublicURL string
	// Version of the program, for the document.
	Version string
	Clock   func() time.Time
	Logger  *slog.Logger
}

// People knows who there is.
type People interface {
	// KnowsUser reports whether there is a user who is not deactivated. The
	// user id is in its normal form.
	KnowsUser(ctx context.Context, app, uid string) (bool, error)
}

// api is what the handlers share.
type api struct {
	Config
	limiter *limiter
}

// operations lists everything that callers can do.
func (a *api) operations() []operation {
	var all []operation
	for _, part := range [][]operation{
		a.users(), a.userLists(), a.groups(), a.members(), a.bans(), a.blocks(), a.conversations(), a.receipts(),
		a.settings(), a.preferences(), a.mutes(), a.timezone(), a.contacts(), a.custom(), a.sendGrid(), a.log(), a.apiKeys(),
	} {
		all = append(all, part...)
	}
	return all
}

// New returns the handler of everything below /v3/, and of /openapi.json and
// /docs. It panics if operations contradict each other: they are part of the
// program.
func New(cfg Config) http.Handler {
	a := &api{Config: cfg, limiter: newLimiter(cfg.Limits, cfg.Clock)}
	operations := a.operations()
	mux := http.NewServeMux()
	for i := range operations {
		op := &operations[i]
		mux.Handle(op.method+" "+prefix+op.path, a.serve(op))
	}
	document := describe(&cfg, operations)
	mux.Handle("GET /openapi.json", document)
	mux.Handle("GET /docs", document.docs())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A mux would redirect what is not clean; to an API it is just wrong.
		if _, pattern := mux.Handler(r); pattern == "" || path.Clean(r.URL.Path) != r.URL.Path {
			a.refuse(w, r, "", errNoEndpoint())
			return
		}
		mux.ServeHTTP(w, r)
	})
}
