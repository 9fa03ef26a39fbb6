package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Limits of a server. They are wide for honest callers and keep slow or
// boundless ones from holding connections and memory.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 60 * time.Second // header and body
	writeTimeout      = 2 * time.Minute  // from the end of the header to the end of the answer
	// answerReserve is how long before writeTimeout a long answer ends itself.
	answerReserve  = 20 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 32 << 10
)

// ServerConfig says where to listen and who answers.
type ServerConfig struct {
	// Address is host:port; port 0 takes a free one.
	Address string
	// CertFile and KeyFile (PEM) make it HTTPS. They are read again when they
	// change.
	CertFile, KeyFile string
	Handler           http.Handler
	Clock             func() time.Time
	Logger            *slog.Logger
}

// Server is a listening HTTP or HTTPS server.
type Server struct {
	http     *http.Server
	listener net.Listener
	closing  chan struct{}
}

// Listen reads the certificate, if there is one, and takes the address. From
// then on callers can connect; they are answered once Serve runs.
func Listen(ctx context.Context, cfg ServerConfig) (*Server, error) {
	s, err := newServer(cfg)
	if err != nil {
		return nil, err
	}
	if s.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", cfg.Address); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", cfg.Address, err)
	}
	return s, nil
}

func newServer(cfg ServerConfig) (*Server, error) {
	s := &Server{closing: make(chan struct{}), http: &http.Server{
		Handler:           cfg.Handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(cfg.Logger.Handler(), slog.LevelWarn),
	}}
	s.http.RegisterOnShutdown(sync.OnceFunc(func() { close(s.closing) }))
	if cfg.CertFile == "" && cfg.KeyFile == "" {
		return s, nil
	}
	certificate, err := loadCertificate(cfg.CertFile, cfg.KeyFile, cfg.Clock, cfg.Logger)
	if err != nil {
		return nil, err
	}
	s.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certificate.get}
	return s, nil
}

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Closing is closed when Shutdown begins: answers that go on for long end then.
func (s *Server) Closing() <-chan struct{} { return s.closing }

// Serve answers until Shutdown, and then returns nil.
func (s *Server) Serve() error {
	var err error
	if s.http.TLSConfig != nil {
		err = s.http.ServeTLS(s.listener, "", "")
	} else {
		err = s.http.Serve(s.listener)
	}
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve HTTP: %w", err)
	}
	return nil
}

// Shutdown takes no more requests and waits for those under way. When ctx
// ends first it closes their connections and returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	// Until Serve runs, http.Server does not know the listener.
	if closing := s.listener.Close(); closing != nil && !errors.Is(closing, net.ErrClosed) {
		err = errors.Join(err, closing)
	}
	if err != nil {
		return fmt.Errorf("stop HTTP server: %w", err)
	}
	return nil
}
