package smtpserver

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/xdg-go/scram"
)

func (s *session) AuthMechanisms() []string {
	if s.conn.server.cfg.Username == "" {
		return nil
	}
	return s.conn.server.cfg.Auth
}

func (s *session) Auth(mechanism string) (sasl.Server, error) {
	cfg := s.conn.server.cfg
	if !slices.Contains(s.AuthMechanisms(), mechanism) || slices.Contains(cfg.UselessAuth, mechanism) {
		return nil, smtp.ErrAuthUnknownMechanism
	}
	family, binding := strings.CutSuffix(mechanism, "-PLUS")
	switch family {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, user, password string) error { return s.login(user, password) }), nil
	case sasl.Login:
		return &loginServer{login: s.login}, nil
	case "CRAM-MD5":
		return &cramServer{session: s}, nil
	case "XOAUTH2":
		return &xoauth2Server{login: s.login}, nil
	case "SCRAM-SHA-1":
		return newSCRAMServer(s, scram.SHA1, binding)
	case "SCRAM-SHA-256":
		return newSCRAMServer(s, scram.SHA256, binding)
	default:
		return nil, smtp.ErrAuthUnknownMechanism
	}
}

func (s *session) login(user, password string) error {
	cfg := s.conn.server.cfg
	if user != cfg.Username || password != cfg.Password {
		return smtp.ErrAuthFailed
	}
	s.loggedInAs(user)
	return nil
}

func (s *session) loggedInAs(user string) { s.user, s.loggedIn = user, true }

// loginServer is the LOGIN mechanism, which go-sasl has for clients only.
type loginServer struct {
	login func(user, password string) error
	step  int
	user  string
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	default:
		return nil, true, l.login(l.user, string(response))
	}
}

// cramServer is CRAM-MD5 (RFC 2195).
type cramServer struct {
	session   *session
	challenge []byte
}

func (c *cramServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if c.challenge == nil {
		c.challenge = fmt.Appendf(nil, "<%p.%d@smtp.test>", c, c.session.conn.number)
		return c.challenge, false, nil
	}
	cfg := c.session.conn.server.cfg
	mac := hmac.New(md5.New, []byte(cfg.Password))
	mac.Write(c.challenge)
	if want := cfg.Username + " " + hex.EncodeToString(mac.Sum(nil)); string(response) != want {
		return nil, true, smtp.ErrAuthFailed
	}
	c.session.loggedInAs(cfg.Username)
	return nil, true, nil
}

// xoauth2Server is XOAUTH2 as Google does it: a token that is not taken is
// answered by a challenge with the reason, which the client has to answer by
// an empty line before it is told so.
type xoauth2Server struct {
	login   func(user, password string) error
	refused error
}

func (x *xoauth2Server) Next(response []byte) (challenge []byte, done bool, err error) {
	if x.refused != nil {
		if len(response) > 0 {
			return nil, true, &smtp.SMTPError{Code: 501, EnhancedCode: smtp.EnhancedCode{5, 5, 2}, Message: "an empty line was expected"}
		}
		return nil, true, x.refused
	}
	user, ok1 := bytes.CutPrefix(response, []byte("user="))
	user, token, ok2 := bytes.Cut(user, []byte("\x01auth=Bearer "))
	token, ok3 := bytes.CutSuffix(token, []byte("\x01\x01"))
	if !ok1 || !ok2 || !ok3 {
		return nil, true, &smtp.SMTPError{Code: 501, EnhancedCode: smtp.EnhancedCode{5, 5, 2}, Message: "cannot decode response"}
	}
	if x.refused = x.login(string(user), string(token)); x.refused != nil {
		return []byte(`{"status":"401","schemes":"Bearer","scope":"https://mail.example.com/"}`), false, nil //nolint:nilerr // the challenge tells, and the refusal follows
	}
	return nil, true, nil
}

// scramServer is SCRAM by a library that is not the client's.
type scramServer struct {
	session *session
	talk    *scram.ServerConversation
	begun   bool
}

func newSCRAMServer(s *session, hash scram.HashGeneratorFcn, binding bool) (sasl.Server, error) {
	cfg := s.conn.server.cfg
	client, err := hash.NewClient(cfg.Username, cfg.Password, "")
	if err != nil {
		return nil, err
	}
	rounds := cfg.Rounds
	if rounds == 0 {
		rounds = 4096
	}
	account, err := client.WithMinIterations(1).GetStoredCredentialsWithError(scram.KeyFactors{Salt: "pepper and salt", Iters: rounds})
	if err != nil {
		return nil, err
	}
	server, err := hash.NewServer(func(user string) (scram.StoredCredentials, error) {
		if user != cfg.Username {
			return scram.StoredCredentials{}, errors.New("unknown user")
		}
		return account, nil
	})
	if err != nil {
		return nil, err
	}
	if !binding {
		return &scramServer{session: s, talk: server.NewConversation()}, nil
	}
	c, ok := s.conn.wire.(*tls.Conn)
	if !ok {
		return nil, smtp.ErrAuthUnknownMechanism
	}
	state := c.ConnectionState()
	exported, err := scram.NewTLSExporterBinding(&state)
	if err != nil {
		return nil, err
	}
	return &scramServer{session: s, talk: server.NewConversationWithChannelBindingRequired(exported)}, nil
}

func (s *scramServer) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case !s.begun && len(response) == 0:
		s.begun = true
		return nil, false, nil
	case s.talk.Done() && s.talk.Valid():
		s.session.loggedInAs(s.talk.Username())
		return nil, true, nil
	case s.talk.Done():
		return nil, true, smtp.ErrAuthFailed
	}
	s.begun = true
	said, err := s.talk.Step(string(response))
	if err != nil && said == "" {
		return nil, true, smtp.ErrAuthFailed
	}
	// An error that has a name is told before the refusal (RFC 5802, section 7).
	return []byte(said), false, nil
}
