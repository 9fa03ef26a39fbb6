package web

import (
	"context"
	"net/http"
	"time"

	"github.com/postrider/postrider/internal/web/answer"
)

// readyTimeout bounds the check of /readyz: a machine that asks would rather
// hear no than wait.
const readyTimeout = 5 * time.Second

type health struct {
	Status  string `json:"status"`
	Problem string `json:"problem,omitempty"`
}

// healthz says that the process lives.
func healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	answer.JSON(w, http.StatusOK, health{Status: "ok"})
}

// readyz says whether it can do its work.
func readyz(check func(context.Context) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		if err := check(ctx); err != nil {
			answer.JSON(w, http.StatusServiceUnavailable, health{"not ready", err.Error()})
			return
		}
		answer.JSON(w, http.StatusOK, health{Status: "ready"})
	})
}
