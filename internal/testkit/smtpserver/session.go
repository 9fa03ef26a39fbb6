package smtpserver

import (
	"errors"
	"io"

	"github.com/emersion/go-smtp"
)

// session takes the mails of one connection from go-smtp.
type session struct {
	conn     *conn
	hello    string
	user     string
	from     string
	to       []string
	loggedIn bool
}

var _ smtp.AuthSession = (*session)(nil)

func newSession(c *smtp.Conn) (smtp.Session, error) {
	return &session{conn: c.Conn().(*conn), hello: c.Hostname()}, nil
}

func (s *session) Reset() {
	s.from, s.to = "", nil
	s.conn.busy.Store(false)
}

func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.conn.server.cfg.Username != "" && !s.loggedIn {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	var data []byte
	var err error
	if cfg := s.conn.server.cfg; cfg.OnMail == nil && (cfg.DiscardData || cfg.DiscardMails) {
		_, err = io.Copy(io.Discard, r)
	} else {
		data, err = io.ReadAll(r)
	}
	if err != nil {
		return err
	}
	action := s.conn.server.reached(Body)
	if action == (Action{}) && s.conn.answering == BDAT {
		action = s.conn.action // the last chunk's reply is the one to the content
	}
	if action.stall {
		return s.conn.stall()
	}
	// The reply that go-smtp writes next is the one to change.
	s.conn.answering, s.conn.action = Body, action
	if !action.dutiful() {
		return errors.New("not taken: the script wants it so")
	}
	s.conn.server.taken(Mail{
		Connection: s.conn.number, TLS: s.conn.encrypted, Hello: s.hello, User: s.user,
		From: s.from, To: s.to, Params: s.conn.params, Data: data,
	})
	return nil
}
