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
	"github.com/postrider/postrider/internal/web/page"
)

// Addresses below which this package answers.
const (
	pagesPath = "/mailbox"
	apiPath   = "/mailbox/api/v1/messages"
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
	AppID  string
	Clock  func() time.Time
	Logger *slog.Logger
}

//go:embed templates
var templates embed.FS

type mailbox struct {
	Config
	listPage, mailPage, deletePage *page.Page
}

// New returns the handler of /mailbox and everything below it. It asks nobody
// who they are.
func New(cfg Config) http.Handler {
	m := &mailbox{
		Config:     cfg,
		listPage:   cfg.Layout.Parse(templates, "templates/list.html", "templates/empty.html", "templates/icons.html"),
		mailPage:   cfg.Layout.Parse(templates, "templates/mail.html"),
		deletePage: cfg.Layout.Parse(templates, "templates/delete.html"),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+pagesPath, m.list)
	mux.HandleFunc("GET "+pagesPath+"/{$}", m.toList)
	mux.HandleFunc("GET "+pagesPath+"/delete", m.confirmDeleteAll)
	mux.HandleFunc("POST "+pagesPath+"/delete", m.deleteAll)
	mux.HandleFunc("GET "+pagesPath+"/{id}", m.mail)
	mux.HandleFunc("GET "+pagesPath+"/{id}/html", m.frame)
	mux.HandleFunc("GET "+pagesPath+"/{id}/source.eml", m.download(m.problem))
	mux.HandleFunc("POST "+pagesPath+"/{id}/delete", m.delete)

	mux.HandleFunc("GET "+apiPath, m.apiList)
	mux.HandleFunc("DELETE "+apiPath, m.apiDeleteAll)
	mux.HandleFunc("GET "+apiPath+"/{id}", m.apiGet)
	mux.HandleFunc("GET "+apiPath+"/{id}/source.eml", m.download(m.apiProblem))
	mux.HandleFunc("DELETE "+apiPath+"/{id}", m.apiDelete)

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
	if err := p.Write(w, http.StatusOK, view); err != nil {
		m.Logger.Error("write mailbox page", "error", err)
		m.Layout.Problem(w, http.StatusInternalServerError, "The page could not be made")
	}
}
