package web

import (
	"embed"
	"net/http"
)

//go:embed templates
var templates embed.FS

// index is the start. Where there is a mailbox, that is what people come for.
func (s *site) index() http.Handler {
	if s.Mailbox != nil {
		return http.RedirectHandler("/mailbox", http.StatusSeeOther)
	}
	start := s.layout.Parse(templates, "templates/index.html")
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		err := start.Write(w, http.StatusOK, struct{ Webhook string }{s.PublicURL + "/webhook"})
		if err != nil {
			s.Logger.Error("write index page", "error", err)
			s.layout.Problem(w, http.StatusInternalServerError, "The page could not be made")
		}
	})
}
