package gate

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/web/answer"
	"github.com/postrider/postrider/internal/web/page"
)

// SignInPath is where people sign in.
const SignInPath = "/dashboard/sign-in"

// MaxForm bounds what is read of a form, in bytes.
const MaxForm = 256 << 10

// Config is what a gate works with. All fields are required.
type Config struct {
	Accounts *access.Accounts
	Layout   *page.Layout // of refusals
	// PublicURL is the base of links to this server.
	PublicURL string
	Logger    *slog.Logger
}

// Gate lets people in. It is safe for concurrent use.
type Gate struct {
	Config
	crossOrigin *http.CrossOriginProtection
	https       bool
}

// New returns a gate.
func New(cfg Config) *Gate {
	g := &Gate{Config: cfg, crossOrigin: http.NewCrossOriginProtection()}
	base, err := url.Parse(cfg.PublicURL)
	if err != nil || base.Scheme == "" || base.Host == "" {
		return g
	}
	g.https = base.Scheme == "https"
	// Behind a proxy the Host header may not be what the browser sees.
	if err := g.crossOrigin.AddTrustedOrigin(base.Scheme + "://" + base.Host); err != nil {
		cfg.Logger.Warn("public URL is not trusted as an origin", "error", err)
	}
	return g
}

// Visitor is who asks.
type Visitor struct {
	Account access.Account
	Session access.Session // of those who have one: programs have none
	Address string         // of the network
	Agent   string
}

// Actor returns who it is for the audit log.
func (v *Visitor) Actor() access.Actor {
	return access.Actor{Account: v.Account.Name, Address: v.Address, Agent: v.Agent}
}

// May reports whether the visitor's role suffices.
func (v *Visitor) May(needed access.Role) bool { return v.Account.Role.May(needed) }

// Handler answers a visitor who was let in.
type Handler func(w http.ResponseWriter, r *http.Request, v *Visitor)

// Open lets everybody in but browsers that another site sent.
func (g *Gate) Open(next http.HandlerFunc) http.Handler { return g.open(MaxForm, next) }

func (g *Gate) open(limit int64, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "private, no-store")
		if g.crossOrigin.Check(r) != nil {
			g.Layout.Problem(w, http.StatusForbidden, "Refused: the request comes from another site")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		next(w, r)
	})
}

// Page lets people in who have signed in and whose role suffices. Those who
// have not are led to where they can.
func (g *Gate) Page(needed access.Role, next Handler) http.Handler {
	return g.PageUpTo(MaxForm, needed, next)
}

// PageUpTo is Page for bodies of up to so many bytes.
func (g *Gate) PageUpTo(limit int64, needed access.Role, next Handler) http.Handler {
	return g.open(limit, func(w http.ResponseWriter, r *http.Request) {
		v, err := g.bySession(r)
		switch {
		case errors.Is(err, access.ErrNoSession) && (r.Method == http.MethodGet || r.Method == http.MethodHead):
			http.Redirect(w, r, SignInPath+"?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		case errors.Is(err, access.ErrNoSession):
			g.Layout.Problem(w, http.StatusUnauthorized, "You are not signed in any more. Sign in at "+SignInPath+" and try again")
		case err != nil:
			g.failed(r, err)
			g.Layout.Problem(w, http.StatusServiceUnavailable, "Nobody can sign in now; try again later")
		case !v.May(needed):
			g.Layout.Problem(w, http.StatusForbidden, refusal(v, needed))
		default:
			next(w, r, v)
		}
	})
}

// API lets programs in that name an account with each call, and people who have
// signed in, if their role suffices.
func (g *Gate) API(needed access.Role, next Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "private, no-store")
		v, err := g.byBasic(r)
		if errors.Is(err, access.ErrNoSession) {
			v, err = g.bySession(r)
		}
		var limited *access.LimitError
		switch {
		case errors.As(err, &limited):
			RetryAfter(w, limited)
			answer.Message(w, http.StatusTooManyRequests, "Too many attempts with a wrong password")
		case errors.Is(err, access.ErrNoSession), errors.Is(err, access.ErrWrongPassword), errors.Is(err, access.ErrNoPassword):
			w.Header().Set("WWW-Authenticate", `Basic realm="postrider"`)
			answer.Message(w, http.StatusUnauthorized, "Unauthorized")
		case err != nil:
			g.failed(r, err)
			answer.Message(w, http.StatusServiceUnavailable, "Nobody can sign in now; try again later")
		case g.crossOrigin.Check(r) != nil:
			answer.Message(w, http.StatusForbidden, "Refused: the request comes from another site")
		case !v.May(needed):
			answer.Message(w, http.StatusForbidden, refusal(v, needed))
		default:
			next(w, r, v)
		}
	})
}

func refusal(v *Visitor, needed access.Role) string {
	return "This takes the role " + string(needed) + "; " + v.Account.Name + " has the role " + string(v.Account.Role)
}

// SameOrigin reports whether a request comes from a page of ours, or from no
// browser at all, whatever its method: what a request to read begins may go on.
func (g *Gate) SameOrigin(r *http.Request) bool {
	changing := *r
	changing.Method = http.MethodPost
	return g.crossOrigin.Check(&changing) == nil
}

// RetryAfter says when to try again.
func RetryAfter(w http.ResponseWriter, limited *access.LimitError) {
	w.Header().Set("Retry-After", strconv.Itoa(int((limited.Wait+time.Second-1)/time.Second)))
}

func (g *Gate) failed(r *http.Request, err error) {
	if r.Context().Err() == nil { // who hung up is not waiting for an answer
		g.Logger.Error("tell who asks", "error", err)
	}
}

// bySession returns who has signed in, or access.ErrNoSession.
func (g *Gate) bySession(r *http.Request) (*Visitor, error) {
	cookie, err := r.Cookie(g.cookieName(r))
	if err != nil {
		return nil, access.ErrNoSession
	}
	session, account, err := g.Accounts.Session(r.Context(), cookie.Value)
	if err != nil {
		return nil, err
	}
	return &Visitor{Account: account, Session: session, Address: Address(r), Agent: r.UserAgent()}, nil
}

// byBasic returns who is named with the call; access.ErrNoSession if nobody is.
func (g *Gate) byBasic(r *http.Request) (*Visitor, error) {
	name, password, ok := r.BasicAuth()
	if !ok {
		return nil, access.ErrNoSession
	}
	account, err := g.Accounts.Verify(r.Context(), name, password, Address(r))
	if err != nil {
		return nil, err
	}
	return &Visitor{Account: account, Address: Address(r), Agent: r.UserAgent()}, nil
}

// Stranger returns who asks without being signed in, for the audit log.
func (g *Gate) Stranger(r *http.Request) access.Actor {
	return access.Actor{Address: Address(r), Agent: r.UserAgent()}
}

// SignedIn reports whether somebody is.
func (g *Gate) SignedIn(r *http.Request) bool {
	_, err := g.bySession(r)
	return err == nil
}

// Next returns the path to go on to after signing in: one of our own pages,
// whatever was asked for.
func Next(wish string) string {
	u, err := url.Parse(wish)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || strings.ContainsAny(wish, "\\") {
		return "/dashboard"
	}
	for _, ours := range []string{"/dashboard", "/mailbox"} {
		if rest, ok := strings.CutPrefix(u.Path, ours); ok && (rest == "" || rest[0] == '/') && !strings.HasPrefix(u.Path, SignInPath) {
			return u.RequestURI()
		}
	}
	return "/dashboard"
}
