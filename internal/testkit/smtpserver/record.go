package smtpserver

import (
	"context"
	"fmt"
	"maps"

	"github.com/postrider/postrider/internal/testkit/watch"
)

// Mail is one that the server has taken.
type Mail struct {
	Connection int    // number of the connection, from 1
	TLS        bool   // it came over TLS
	Hello      string // what the client called itself
	User       string // who was logged in
	From       string
	To         []string
	Params     string // of MAIL FROM, such as "SIZE=123 BODY=8BITMIME"
	Data       []byte // nil with Config.DiscardData
}

// Counts is what happened since the start.
type Counts struct {
	Connections int // accepted
	Open        int // of them: not closed yet
	Mails       int // taken
	Steps       map[Step]int
}

// Counts returns the counts of this moment.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.snapshot()
}

// snapshot is Counts. s.mu is held.
func (s *Server) snapshot() Counts {
	c := s.counts
	c.Steps = maps.Clone(c.Steps)
	return c
}

// Mails returns what was taken so far, in the order in which it was taken.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

// Wait returns the mails once there are n or more.
func (s *Server) Wait(ctx context.Context, n int) ([]Mail, error) {
	if err := s.Await(ctx, func(c Counts) bool { return c.Mails >= n }); err != nil {
		return nil, fmt.Errorf("wait for %d mails: %w", n, err)
	}
	return s.Mails(), nil
}

// Await returns once the counts satisfy the condition. If ctx ends before, the
// error tells the counts.
func (s *Server) Await(ctx context.Context, condition func(Counts) bool) error {
	_, err := watch.Await(ctx, &s.mu, &s.bell, s.snapshot, condition)
	return err
}

// taken records a mail.
func (s *Server) taken(m Mail) {
	if s.cfg.OnMail != nil {
		s.cfg.OnMail(m)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Mails++
	if s.cfg.DiscardData {
		m.Data = nil
	}
	if !s.cfg.DiscardMails {
		s.mails = append(s.mails, m)
	}
	s.bell.Ring()
}
