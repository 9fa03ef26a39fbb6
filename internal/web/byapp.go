package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/web/answer"
)

// ByApp serves an endpoint of every app: path is the default app's, and below
// it each app has its own, path and then its id. find returns the handler of an
// app, of the default one for an empty id, or access.ErrNoApp.
func ByApp(path string, find func(ctx context.Context, id string) (http.Handler, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The path itself says it: calls to ourselves pass no router.
		id, ok := strings.CutPrefix(r.URL.Path, path)
		if id != "" {
			id, ok = strings.CutPrefix(id, "/")
			ok = ok && id != "" && !strings.Contains(id, "/")
		}
		var handler http.Handler
		err := access.ErrNoApp
		if ok {
			handler, err = find(r.Context(), id)
		}
		switch {
		case err == nil:
			handler.ServeHTTP(w, r)
		case errors.Is(err, access.ErrNoApp):
			answer.Message(w, http.StatusNotFound, "Unknown app")
		default:
			answer.Message(w, http.StatusServiceUnavailable, "Temporarily unavailable")
		}
	})
}
