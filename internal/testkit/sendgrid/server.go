// Package sendgrid plays SendGrid's v3 API for tests, as far as one mail is
// sent by it: it checks what the real one checks of a request to mail/send
// (method, key, type, size, required fields, sender identity), gives the
// answers that the real one gives, and fails on demand:
//
//	srv := sendgrid.New(t, sendgrid.Config{APIKey: "SG.test"})
//	srv.Next(sendgrid.RateLimited(time.Now().Add(time.Minute)))
//	... send to srv.URL() ...
//	mails, err := srv.Await(ctx, 1)
//
// It is for tests only; nothing that is shipped imports it.
package sendgrid

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/postrider/postrider/internal/testkit/watch"
)

// Config is what kind of account to be.
type Config struct {
	// APIKey is the only one that is valid; empty: any.
	APIKey string
	// Senders are the verified sender identities; empty: all.
	Senders []string
	// MaxBody is the largest request in bytes; 0 is 30 MB.
	MaxBody int64
}

// Address is one of a mail's addresses.
type Address struct {
	Email string `json:"email"`
	Name  string `json:"name"`
}

// Personalization is what one recipient gets.
type Personalization struct {
	To         []Address         `json:"to"`
	Data       json.RawMessage   `json:"dynamic_template_data"`
	CustomArgs map[string]string `json:"custom_args"`
}

// Mail is a request that was accepted.
type Mail struct {
	MessageID        string            `json:"-"` // what the answer called it
	Header           http.Header       `json:"-"` // of the request
	From             *Address          `json:"from"`
	Personalizations []Personalization `json:"personalizations"`
	Subject          string            `json:"subject"`
	Content          []json.RawMessage `json:"content"`
	TemplateID       string            `json:"template_id"`
	ASM              *struct {
		GroupID json.Number `json:"group_id"`
	} `json:"asm"`
}

// Server is a running API.
type Server struct {
	cfg    Config
	server *httptest.Server

	mu       sync.Mutex
	queued   []Answer
	requests int
	mails    []Mail
	bell     watch.Bell
}

// New starts a server that is closed when the test ends.
func New(t testing.TB, cfg Config) *Server {
	t.Helper()
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 30 << 20
	}
	s := &Server{cfg: cfg}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v3/mail/send", s.send)
	mux.HandleFunc("/v3/mail/send", func(w http.ResponseWriter, _ *http.Request) {
		refusal(http.StatusMethodNotAllowed, "method not allowed", "").give(w)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { refusal(http.StatusNotFound, "not found", "").give(w) })
	s.server = httptest.NewServer(mux)
	t.Cleanup(s.server.Close)
	return s
}

// URL is the base of the API.
func (s *Server) URL() string { return s.server.URL }

// Next answers the requests that come next, one by one, whatever is in them.
func (s *Server) Next(answers ...Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queued = append(s.queued, answers...)
}

// Requests is how many came, accepted or not.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// Mails returns what was accepted so far.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// Await returns the mails once there are n or more.
func (s *Server) Await(ctx context.Context, n int) ([]Mail, error) {
	type counts struct{ Requests, Mails int }
	look := func() counts { return counts{s.requests, len(s.mails)} }
	if _, err := watch.Await(ctx, &s.mu, &s.bell, look, func(c counts) bool { return c.Mails >= n }); err != nil {
		return nil, fmt.Errorf("wait for %d mails: %w", n, err)
	}
	return s.Mails(), nil
}

func (s *Server) send(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the caller broke off
	}
	s.answer(r, body).give(w)
}

func (s *Server) answer(r *http.Request, body []byte) Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if len(s.queued) > 0 {
		answer := s.queued[0]
		s.queued = s.queued[1:]
		return answer
	}
	mail, answer := s.judge(r, body)
	if mail == nil {
		return answer
	}
	mail.MessageID = "sg-" + strconv.Itoa(len(s.mails)+1)
	mail.Header = r.Header.Clone()
	s.mails = append(s.mails, *mail)
	s.bell.Ring()
	return Answer{status: http.StatusAccepted, header: http.Header{"X-Message-Id": {mail.MessageID}}}
}

// judge returns the mail, or why it is refused.
func (s *Server) judge(r *http.Request, body []byte) (*Mail, Answer) {
	key, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case !bearer || key == "" || s.cfg.APIKey != "" && key != s.cfg.APIKey:
		return nil, Unauthorized()
	case r.Header.Get("Content-Type") != "application/json":
		return nil, refusal(http.StatusUnsupportedMediaType, "Content-Type should be application/json.", "")
	case int64(len(body)) > s.cfg.MaxBody:
		return nil, TooLarge()
	}
	var mail Mail
	if err := json.Unmarshal(body, &mail); err != nil {
		return nil, refusal(http.StatusBadRequest, "Bad Request", "")
	}
	if message, field := mail.problem(); message != "" {
		return nil, refusal(http.StatusBadRequest, message, field)
	}
	if len(s.cfg.Senders) > 0 && !slices.Contains(s.cfg.Senders, mail.From.Email) {
		return nil, Forbidden()
	}
	return &mail, Answer{}
}
