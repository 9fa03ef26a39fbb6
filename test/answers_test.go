package e2e_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// answering is a request to an endpoint that takes JSON, and what it is answered.
type answering struct {
	name    string
	body    []byte
	change  func(*http.Request) // of a request that is all right; may be nil
	status  int
	message string // a part of it
}

// checkAnswers asks an endpoint, and looks at what every answer must be like.
func checkAnswers(t *testing.T, post func([]byte, ...func(*http.Request)) (answer, error), cases []answering) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a, err := post(c.body, func(r *http.Request) {
				if c.change != nil {
					c.change(r)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if a.status != c.status || !strings.Contains(a.message(), c.message) || strings.Contains(string(a.body), saying) {
				t.Errorf("answered %d %s, want %d with %q", a.status, a.body, c.status, c.message)
			}
			if got := a.header.Get("Content-Type"); !strings.HasPrefix(got, "application/json") {
				t.Errorf("Content-Type is %q", got)
			}
			if got, want := a.header.Get("WWW-Authenticate"), `Basic realm="postrider"`; (c.status == 401) != (got == want) {
				t.Errorf("WWW-Authenticate is %q", got)
			}
			if got := a.header.Get("Allow"); (c.status == 405) != (got == "POST") {
				t.Errorf("Allow is %q", got)
			}
		})
	}
}

func noAuth(r *http.Request) { r.Header.Del("Authorization") }

func noType(r *http.Request) { r.Header.Del("Content-Type") }

// inChunks has the server not know how long the body is.
func inChunks(r *http.Request) { r.ContentLength, r.Body = -1, io.NopCloser(r.Body) }

func contentType(value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Content-Type", value) }
}

func to(path string) func(*http.Request) { return func(r *http.Request) { r.URL.Path = path } }

func method(name string) func(*http.Request) { return func(r *http.Request) { r.Method = name } }
