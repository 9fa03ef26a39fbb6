// Package answer writes what every part of the web server answers in the same
// words: JSON, JSON with a message, and refusals of what no route matches.
//
// It holds no routes and no pages.
package answer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// JSON writes a value. One that cannot be marshalled is a fault of the
// program: it panics, and net/http logs it and ends the connection.
func JSON(w http.ResponseWriter, status int, value any) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // it is no page; mails stay readable
	if err := encoder.Encode(value); err != nil {
		panic(fmt.Sprintf("answer %T: %v", value, err))
	}
	header := w.Header()
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the caller may be gone; there is nobody else to tell
}

// Message writes {"message": text}, the form of every refusal.
func Message(w http.ResponseWriter, status int, text string) {
	JSON(w, status, struct {
		Message string `json:"message"`
	}{text})
}

// Refuse answers a request that is not served: with [Message], or with a page
// where people call.
type Refuse func(w http.ResponseWriter, r *http.Request, status int, message string)

// Routes serves a mux, and lets refuse say what the mux would say in plain
// text: 404, and 405 with Allow.
func Routes(mux *http.ServeMux, refuse Refuse) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		said := verdict{header: make(http.Header), status: http.StatusOK}
		handler.ServeHTTP(&said, r)
		if said.status == http.StatusMethodNotAllowed {
			allowed := said.header.Get("Allow")
			w.Header().Set("Allow", allowed)
			refuse(w, r, said.status, "Method not allowed; use "+allowed)
			return
		}
		refuse(w, r, http.StatusNotFound, "There is nothing at this address")
	})
}

// verdict listens to what a mux would answer.
type verdict struct {
	header http.Header
	status int
}

func (v *verdict) Header() http.Header         { return v.header }
func (v *verdict) WriteHeader(status int)      { v.status = status }
func (v *verdict) Write(b []byte) (int, error) { return len(b), nil }
