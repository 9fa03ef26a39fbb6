package webhook

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
)

const (
	herePath = "/webhook"
	// hereRemote is where our own calls seem to come from.
	hereRemote = "127.0.0.1:0"
	// maxHereBody bounds what is kept of an answer.
	maxHereBody = 64 << 10
)

// Here serves the calls to our own custom provider in the process, through the
// same handler as everybody's, authentication and all, but without a network.
// All other calls go on to the next transport.
//
// Our own are the calls to the public URL and then /webhook or
// /webhook/{appId}.
type Here struct {
	handler http.Handler
	next    http.RoundTripper
	base    *url.URL
	running sync.WaitGroup
}

// NewHere returns a transport. publicURL is the server's own, absolute.
func NewHere(handler http.Handler, publicURL string, next http.RoundTripper) (*Here, error) {
	base, err := url.Parse(publicURL)
	if err != nil {
		return nil, fmt.Errorf("public URL: %w", err)
	}
	if base.Scheme == "" || base.Host == "" {
		return nil, fmt.Errorf("public URL: %q is not absolute", publicURL)
	}
	return &Here{handler: handler, next: next, base: base}, nil
}

// IsHere reports whether a URL is one of our own custom provider.
func (h *Here) IsHere(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && h.isHere(u)
}

func (h *Here) isHere(u *url.URL) bool {
	if u.Opaque != "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || origin(u) != origin(h.base) {
		return false
	}
	path, ok := strings.CutPrefix(u.EscapedPath(), strings.TrimSuffix(h.base.EscapedPath(), "/")+herePath)
	if !ok || path == "" {
		return ok
	}
	app, ok := strings.CutPrefix(path, "/")
	return ok && app != "" && !strings.Contains(app, "/") && !isDots(app)
}

// isDots reports whether a segment of a path leads elsewhere.
func isDots(segment string) bool {
	text, err := url.PathUnescape(segment)
	return err != nil || text == "." || text == ".."
}

// origin is what has to be equal of two URLs of one server.
func origin(u *url.URL) string {
	scheme, port := strings.ToLower(u.Scheme), u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	return scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// RoundTrip implements [http.RoundTripper]. A handler that is not done when
// the request's context ends is not waited for.
func (h *Here) RoundTrip(r *http.Request) (*http.Response, error) {
	if !h.isHere(r.URL) {
		return h.next.RoundTrip(r)
	}
	ctx := r.Context()
	if err := ctx.Err(); err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	done := make(chan served, 1)
	request := h.incoming(r)
	h.running.Go(func() { done <- h.serve(request) })
	select {
	case s := <-done:
		if s.err != nil {
			return nil, s.err
		}
		return s.recorder.response(r), nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Wait returns when every handler has come to its end, those that were not
// waited for too.
func (h *Here) Wait() { h.running.Wait() }

type served struct {
	recorder *recorder
	err      error
}

// serve runs the handler, as a server would.
func (h *Here) serve(request *http.Request) (s served) {
	defer func() { _ = request.Body.Close() }()
	defer func() {
		// A server would break the connection.
		if cause := recover(); cause != nil {
			s = served{err: fmt.Errorf("our own webhook broke off: %v", cause)}
		}
	}()
	s.recorder = &recorder{header: make(http.Header)}
	h.handler.ServeHTTP(s.recorder, request)
	s.recorder.WriteHeader(http.StatusOK) // if nothing was said
	return s
}

// incoming makes of the caller's request the one that a server would see.
func (h *Here) incoming(r *http.Request) *http.Request {
	request := r.Clone(r.Context())
	for name, values := range request.Header {
		if len(values) == 0 {
			delete(request.Header, name) // would not have been sent
		}
	}
	if base := strings.TrimSuffix(h.base.Path, "/"); base != "" {
		// What stands before a server under a path takes it away.
		request.URL.Path = strings.TrimPrefix(request.URL.Path, base)
		request.URL.RawPath = strings.TrimPrefix(request.URL.RawPath, strings.TrimSuffix(h.base.EscapedPath(), "/"))
	}
	request.RequestURI = request.URL.EscapedPath()
	request.Host = r.URL.Host
	request.URL.Scheme, request.URL.Host = "", ""
	request.Proto, request.ProtoMajor, request.ProtoMinor = "HTTP/1.1", 1, 1
	request.RemoteAddr = hereRemote
	request.GetBody = nil
	if request.Body == nil {
		request.Body = http.NoBody
	}
	return request
}

// recorder keeps what a handler answers.
type recorder struct {
	header  http.Header
	status  int
	written http.Header // as it was when the status was said
	body    bytes.Buffer
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status != 0 || status < http.StatusOK { // one of 1xx is no answer yet
		return
	}
	w.status, w.written = status, w.header.Clone()
}

// Write keeps the beginning, and takes the rest.
func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	room := min(len(p), max(0, maxHereBody-w.body.Len()))
	w.body.Write(p[:room])
	return len(p), nil
}

func (w *recorder) response(r *http.Request) *http.Response {
	return &http.Response{
		Status:     strconv.Itoa(w.status) + " " + http.StatusText(w.status),
		StatusCode: w.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        w.written,
		Body:          io.NopCloser(bytes.NewReader(w.body.Bytes())),
		ContentLength: int64(w.body.Len()),
		Request:       r,
	}
}
