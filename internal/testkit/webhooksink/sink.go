// Package webhooksink is a real HTTP(S) endpoint for tests, on a port of its
// own on loopback, that records what it is sent, with faults on demand:
//
//	sink := webhooksink.New(t, webhooksink.Config{TLS: true})
//	sink.Next(webhooksink.Status(503), webhooksink.Hang())
//	... call sink.URL("/hook") three times ...
//	requests, err := sink.Await(ctx, 3)
//
// It is for tests only; nothing that is shipped imports it.
package webhooksink

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/testkit/watch"
)

// Config is what kind of endpoint to be. The zero value is one without TLS
// that answers 200 and keeps what it gets.
type Config struct {
	// Addr to listen on; empty: a free port of 127.0.0.1. With the address of
	// a sink that was closed, the new one takes its place.
	Addr string
	// TLS makes it HTTPS; see Roots.
	TLS bool
	// DiscardBodies keeps requests without their bodies, DiscardRequests not
	// at all; they are counted.
	DiscardBodies, DiscardRequests bool
	// OnRequest, if set, is called with each request, body and all, before it
	// is answered. Calls are concurrent.
	OnRequest func(Request)
}

// Request is one that came whole.
type Request struct {
	Method     string
	Path       string // with the query
	Host       string
	Proto      string
	Header     http.Header
	Body       []byte // nil with Config.DiscardBodies
	At         time.Time
	Remote     string // address of the caller's end of the connection
	Connection int    // number of the connection, from 1
}

// Counts is what happened since the start.
type Counts struct {
	Connections int // accepted
	Requests    int // that came whole
	InFlight    int // of them: not answered yet
	MostFlight  int // at one time
}

// Sink is a running endpoint.
type Sink struct {
	cfg    Config
	server *httptest.Server
	closed chan struct{}
	once   sync.Once

	mu       sync.Mutex
	queued   []Answer
	standing Answer
	counts   Counts
	requests []Request
	bell     watch.Bell
}

type connectionKey struct{}

// New starts an endpoint that is closed when the test ends.
func New(t testing.TB, cfg Config) *Sink {
	t.Helper()
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		t.Fatalf("webhooksink: %v", err)
	}
	s := &Sink{cfg: cfg, closed: make(chan struct{})}
	s.server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	_ = s.server.Listener.Close() // ours takes its place
	s.server.Listener = listener
	s.server.Config.ErrorLog = log.New(io.Discard, "", 0) // what clients break is their tests' business
	s.server.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.counts.Connections++
		s.bell.Ring()
		return context.WithValue(ctx, connectionKey{}, s.counts.Connections)
	}
	if cfg.TLS {
		s.server.StartTLS()
	} else {
		s.server.Start()
	}
	t.Cleanup(s.Close)
	return s
}

// Close ends the endpoint: connections break, and nobody listens any more.
func (s *Sink) Close() {
	s.once.Do(func() {
		close(s.closed)
		s.server.CloseClientConnections()
		s.server.Close()
	})
}

// Addr is where it listens: host and port.
func (s *Sink) Addr() string { return s.server.Listener.Addr().String() }

// URL is the URL of a path on the endpoint.
func (s *Sink) URL(path string) string { return s.server.URL + path }

// Roots is a pool with the certificate, which is good for 127.0.0.1, ::1 and
// example.com. It must not be called without TLS.
func (s *Sink) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.server.Certificate())
	return pool
}

// Next answers the requests that come next, one by one; after them it is as
// before.
func (s *Sink) Next(answers ...Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queued = append(s.queued, answers...)
}

// Always answers every request from now on, once what Next said is used up.
func (s *Sink) Always(answer Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.standing = answer
}

// Counts returns the counts of this moment.
func (s *Sink) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// Requests returns what came so far, in the order in which it came whole.
func (s *Sink) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// Await returns the requests once there are n or more.
func (s *Sink) Await(ctx context.Context, n int) ([]Request, error) {
	if err := s.AwaitCounts(ctx, func(c Counts) bool { return c.Requests >= n }); err != nil {
		return nil, fmt.Errorf("wait for %d requests: %w", n, err)
	}
	return s.Requests(), nil
}

// AwaitCounts returns once the counts satisfy the condition. If ctx ends
// before, the error tells the counts.
func (s *Sink) AwaitCounts(ctx context.Context, condition func(Counts) bool) error {
	_, err := watch.Await(ctx, &s.mu, &s.bell, func() Counts { return s.counts }, condition)
	return err
}

func (s *Sink) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the caller broke off
	}
	connection, _ := r.Context().Value(connectionKey{}).(int)
	request := Request{
		Method: r.Method, Path: r.URL.RequestURI(), Host: r.Host, Proto: r.Proto, Header: r.Header.Clone(), Body: body,
		At: time.Now(), Remote: r.RemoteAddr, Connection: connection,
	}
	if s.cfg.OnRequest != nil {
		s.cfg.OnRequest(request)
	}
	answer := s.record(request)
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.counts.InFlight--
		s.bell.Ring()
	}()
	answer.give(w, r, s.closed)
}

// record keeps a request and returns its answer.
func (s *Sink) record(request Request) Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Requests++
	s.counts.InFlight++
	s.counts.MostFlight = max(s.counts.MostFlight, s.counts.InFlight)
	if s.cfg.DiscardBodies {
		request.Body = nil
	}
	if !s.cfg.DiscardRequests {
		s.requests = append(s.requests, request)
	}
	s.bell.Ring()
	if len(s.queued) == 0 {
		return s.standing
	}
	answer := s.queued[0]
	s.queued = s.queued[1:]
	return answer
}
