package sink

import (
	"encoding/json"
	"net/http"
)

// Control returns the handler by which a sink in a process of its own is
// asked and told: GET /stats, GET /sample, POST /pause, POST /resume.
func (s *Server) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(s.Stats()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("GET /sample", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "message/rfc822")
		_, _ = w.Write(s.Sample()) // the asker may be gone
	})
	mux.HandleFunc("POST /pause", func(http.ResponseWriter, *http.Request) { s.Pause() })
	mux.HandleFunc("POST /resume", func(http.ResponseWriter, *http.Request) { s.Resume() })
	return mux
}
