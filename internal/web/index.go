package web

import (
	"embed"
	"net/http"

	"github.com/postrider/postrider/internal/web/dashboard"
)

//go:embed templates
var templates embed.FS

// index is the start: what people come for is the dashboard.
func (*site) index() http.Handler { return http.RedirectHandler(dashboard.Path, http.StatusSeeOther) }
