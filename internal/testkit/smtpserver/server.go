package smtpserver

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"

	"github.com/postrider/postrider/internal/testkit/watch"
)

// TLS is how the server offers encryption.
type TLS int

// Plain offers none, StartTLS the command of that name, Implicit speaks TLS
// from the first byte.
const (
	Plain TLS = iota
	StartTLS
	Implicit
)

// Config is what kind of server to be. The zero value is an open, plain one
// with all that go-smtp offers.
type Config struct {
	// Addr to listen on; empty: a free port of 127.0.0.1. With the address of
	// a server that was closed, the new one takes its place.
	Addr string
	TLS  TLS
	// RequireTLS refuses MAIL with 530 before STARTTLS.
	RequireTLS bool
	// Names are the hosts of the certificate; empty: 127.0.0.1, ::1, localhost.
	Names []string
	// Expired makes its certificate one of yesterday.
	Expired bool

	// Username and Password, if set, must be used to log in before MAIL. With
	// StartTLS the login is offered only after it.
	Username, Password string
	// Auth are the mechanisms offered; empty: PLAIN and LOGIN. Known are also
	// CRAM-MD5, SCRAM-SHA-1, SCRAM-SHA-256, both with -PLUS, which need TLS, and
	// XOAUTH2, for which Password is the token.
	Auth []string
	// UselessAuth are those that are offered but work for nobody.
	UselessAuth []string
	// Rounds is how often SCRAM has the password hashed; 0: 4096.
	Rounds int

	NoEHLO       bool // answer EHLO with 502
	NoPipelining bool // do not offer PIPELINING, and refuse who does it all the same
	No8BitMIME   bool
	Chunking     bool // offer CHUNKING (RFC 3030)
	UTF8         bool // offer SMTPUTF8 (RFC 6531)
	NoSize       bool
	MaxSize      int64 // octets of a mail; 0: no limit

	// DiscardData keeps the mails without their content, DiscardMails not at
	// all; they are counted.
	DiscardData, DiscardMails bool
	// OnMail, if set, is called with each mail, content and all, before the
	// client gets its reply. Calls are concurrent.
	OnMail func(Mail)
}

// Server is a running SMTP server.
type Server struct {
	cfg      Config
	listener net.Listener
	smtp     *smtp.Server
	identity *identity   // nil without TLS
	tls      *tls.Config // nil without TLS
	serving  sync.WaitGroup

	mu       sync.Mutex
	conns    map[*conn]struct{}
	queued   map[Step][]Action
	standing map[Step]Action
	counts   Counts
	mails    []Mail
	bell     watch.Bell
}

// New starts a server that is closed when the test ends.
func New(t testing.TB, cfg Config) *Server {
	t.Helper()
	s, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Start starts a server. The caller has to close it.
func Start(cfg Config) (*Server, error) {
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	if len(cfg.Auth) == 0 {
		cfg.Auth = []string{"PLAIN", "LOGIN"}
	}
	s := &Server{
		cfg:      cfg,
		conns:    make(map[*conn]struct{}),
		queued:   make(map[Step][]Action),
		standing: make(map[Step]Action),
		counts:   Counts{Steps: make(map[Step]int)},
	}
	if cfg.TLS != Plain {
		var err error
		if s.identity, err = newIdentity(cfg.Names, cfg.Expired); err != nil {
			return nil, fmt.Errorf("make a certificate: %w", err)
		}
		s.tls = &tls.Config{Certificates: []tls.Certificate{s.identity.certificate}, MinVersion: tls.VersionTLS12}
	}
	listener, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("smtpserver: %w", err)
	}
	s.listener = listener
	s.smtp = smtp.NewServer(smtp.BackendFunc(newSession))
	s.smtp.Domain = "smtp.test"
	s.smtp.MaxLineLength = 0
	s.smtp.MaxMessageBytes = cfg.MaxSize
	s.smtp.EnableSMTPUTF8 = cfg.UTF8
	s.smtp.AllowInsecureAuth = true // conn.go sees to that
	s.smtp.ErrorLog = log.New(io.Discard, "", 0)
	s.serving.Go(func() { _ = s.smtp.Serve(acceptor{listener, s}) }) // ends when the listener is closed
	return s, nil
}

// Addr is host and port of the server.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Port is the port of the server.
func (s *Server) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// URL is the server as a gateway's URL, with user name and password; query is
// appended, such as "pool=1".
func (s *Server) URL(query string) string {
	u := url.URL{Scheme: "smtp", Host: s.Addr(), RawQuery: query}
	if s.cfg.TLS == Implicit {
		u.Scheme = "smtps"
	}
	if s.cfg.Username != "" {
		u.User = url.UserPassword(s.cfg.Username, s.cfg.Password)
	}
	return u.String()
}

// Close ends all connections at once, and returns when everything has stopped.
func (s *Server) Close() {
	_ = s.listener.Close()
	s.serving.Wait()
	s.mu.Lock()
	for c := range s.conns {
		_ = c.Conn.Close()
	}
	s.mu.Unlock()
	_ = s.smtp.Shutdown(context.Background()) // waits for the connections
}

// CloseIdle closes the connections that have no mail under way but had one
// before, after sending farewell, such as "421 4.4.2 idle\r\n", if it is not
// empty. It returns how many there were.
func (s *Server) CloseIdle(farewell string) int {
	s.mu.Lock()
	var idle []*conn
	for c := range s.conns {
		if !c.busy.Load() {
			idle = append(idle, c)
		}
	}
	s.mu.Unlock()
	for _, c := range idle {
		c.enqueue([]byte(farewell))
		_ = c.Close()
	}
	return len(idle)
}

// acceptor puts a conn around everything that is accepted.
type acceptor struct {
	net.Listener
	server *Server
}

func (a acceptor) Accept() (net.Conn, error) {
	tcp, err := a.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return a.server.accepted(tcp), nil
}

func (s *Server) accepted(tcp net.Conn) *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Connections++
	s.counts.Open++
	c := newConn(s, tcp, s.counts.Connections)
	s.conns[c] = struct{}{}
	s.bell.Ring()
	return c
}

func (s *Server) gone(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	s.counts.Open--
	s.bell.Ring()
}
