package web

import (
	"embed"
	"net/http"

	"github.com/postrider/postrider/internal/web/page"
)

//go:embed templates
var templates embed.FS

var indexPage = page.Parse(templates, "templates/index.html")

// index is the start. Where there is a mailbox, that is what people come for.
func index(cfg Config) http.Handler {
	if cfg.Mailbox != nil {
		return http.RedirectHandler("/mailbox", http.StatusSeeOther)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		err := indexPage.Write(w, http.StatusOK, struct{ Webhook string }{cfg.PublicURL + "/webhook"})
		if err != nil {
			cfg.Logger.Error("write index page", "error", err)
			page.Problem(w, http.StatusInternalServerError, "The page could not be made")
		}
	})
}
