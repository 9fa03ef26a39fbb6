package mailbox

import (
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	gateway "github.com/postrider/postrider/internal/provider/gateway/mailbox"
	"github.com/postrider/postrider/internal/web/answer"
	"github.com/postrider/postrider/internal/web/mailbox/htmlcheck"
	"github.com/postrider/postrider/internal/web/mailbox/links"
	"github.com/postrider/postrider/internal/web/page"
)

// Addresses below which this package answers.
const (
	pagesPath = "/mailbox"
	apiPath   = "/mailbox/api/v1/messages"

	apiFaultsPath = "/mailbox/api/v1/faults"
)

// Config is what the mailbox works with. All fields are required unless they
// say otherwise.
type Config struct {
	Store  gateway.Store
	Layout *page.Layout
	// PublicURL is the base of links to this server, without a slash at its
	// end. Mails may show the pictures below its /assets/.
	PublicURL string
	// AppID stands in the example that an empty mailbox shows; empty: any.
	AppID string
	// Keep is how many mails the gateway keeps.
	Keep int
	// PlaysFaults says that mails go to the mailbox alone, which can play
	// faults. Mails that leave for real people never meet any.
	PlaysFaults bool
	// Targets makes the requests that check links. It refuses targets that may
	// not be called, as outbound.Transport does.
	Targets http.RoundTripper
	// SameOrigin says whether a request comes from a page of ours, or from no
	// browser at all, whatever its method.
	SameOrigin func(*http.Request) bool
	// Closing is closed when the server stops: then nobody is waited for.
	Closing <-chan struct{}
	// LongestAnswer is how long one answer may go on.
	LongestAnswer time.Duration
	Clock         func() time.Time
	Logger        *slog.Logger
}

//go:embed templates
var templates embed.FS

type mailbox struct {
	Config
	listPage, mailPage, deletePage, faultsPage *page.Page
	// streams holds a place for each page that is live.
	streams chan struct{}

	checker  links.Checker
	features *htmlcheck.Checker
}

// New returns the handler of /mailbox and everything below it. It asks nobody
// who they are.
func New(cfg Config) http.Handler {
	m := &mailbox{
		Config:     cfg,
		listPage:   cfg.Layout.Parse(templates, "templates/list.html", "templates/row.html", "templates/empty.html", "templates/icons.html"),
		mailPage:   cfg.Layout.Parse(templates, "templates/mail.html", "templates/links.html", "templates/htmlcheck.html"),
		deletePage: cfg.Layout.Parse(templates, "templates/delete.html"),
		faultsPage: cfg.Layout.Parse(templates, "templates/faults.html"),
		streams:    make(chan struct{}, maxStreams),
		checker:    links.Checker{Transport: cfg.Targets, Clock: cfg.Clock},
		features:   htmlcheck.New(),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+pagesPath, m.list)
	mux.HandleFunc("GET "+pagesPath+"/{$}", m.toList)
	mux.HandleFunc("GET "+pagesPath+"/delete", m.confirmDeleteAll)
	mux.HandleFunc("POST "+pagesPath+"/delete", m.deleteAll)
	mux.HandleFunc("GET "+livePath, m.live)
	mux.HandleFunc("GET "+faultsPath, m.faults)
	mux.HandleFunc("POST "+faultsPath, m.setFaults)
	mux.HandleFunc("POST "+faultsPath+"/off", m.faultsOff)
	mux.HandleFunc("GET "+pagesPath+"/{id}", m.mail)
	mux.HandleFunc("GET "+pagesPath+"/{id}/html", m.frame)
	mux.HandleFunc("GET "+pagesPath+"/{id}/source.eml", m.download(m.problem))
	mux.HandleFunc("POST "+pagesPath+"/{id}/delete", m.delete)
	mux.HandleFunc("POST "+pagesPath+"/{id}/links", m.checkLinks)

	mux.HandleFunc("GET "+apiPath, m.apiList)
	mux.HandleFunc("DELETE "+apiPath, m.apiDeleteAll)
	mux.HandleFunc("GET "+apiPath+"/wait", m.apiWait)
	mux.HandleFunc("GET "+apiPath+"/{id}", m.apiGet)
	mux.HandleFunc("GET "+apiPath+"/{id}/links", m.apiLinks)
	mux.HandleFunc("POST "+apiPath+"/{id}/links/check", m.apiCheckLinks)
	mux.HandleFunc("GET "+apiPath+"/{id}/html-check", m.apiHTMLCheck)
	mux.HandleFunc("GET "+apiPath+"/{id}/source.eml", m.download(m.apiProblem))
	mux.HandleFunc("DELETE "+apiPath+"/{id}", m.apiDelete)
	mux.HandleFunc("GET "+apiFaultsPath, m.apiGetFaults)
	mux.HandleFunc("PUT "+apiFaultsPath, m.apiSetFaults)
	mux.HandleFunc("DELETE "+apiFaultsPath, m.apiClearFaults)

	routes := answer.Routes(mux, m.refuse)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Mails are for who signed in, and gone when they are deleted.
		w.Header().Set("Cache-Control", "private, no-store")
		routes.ServeHTTP(w, r)
	})
}

func (m *mailbox) refuse(w http.ResponseWriter, r *http.Request, status int, message string) {
	if strings.HasPrefix(r.URL.Path, pagesPath+"/api/") {
		answer.Message(w, status, message)
		return
	}
	m.Layout.Problem(w, status, message)
}

// explain turns an error of the store into an answer. What is not the
// caller's doing is logged.
func (m *mailbox) explain(err error) (status int, message string) {
	if errors.Is(err, gateway.ErrNotFound) {
		return http.StatusNotFound, "No such mail"
	}
	m.Logger.Error("mailbox cannot be used", "error", err)
	return http.StatusServiceUnavailable, "The mailbox cannot be used now; try again later"
}

func (m *mailbox) problem(w http.ResponseWriter, err error) {
	status, message := m.explain(err)
	m.Layout.Problem(w, status, message)
}

func (m *mailbox) apiProblem(w http.ResponseWriter, err error) {
	status, message := m.explain(err)
	answer.Message(w, status, message)
}

// show writes a page.
func (m *mailbox) show(w http.ResponseWriter, p *page.Page, view any) {
	m.showAs(w, http.StatusOK, p, view)
}

func (m *mailbox) showAs(w http.ResponseWriter, status int, p *page.Page, view any) {
	if err := p.Write(w, status, view); err != nil {
		m.Logger.Error("write mailbox page", "error", err)
		m.Layout.Problem(w, http.StatusInternalServerError, "The page could not be made")
	}
}
