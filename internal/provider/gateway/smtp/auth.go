package smtp

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	sasl "github.com/wneessen/go-mail/smtp"
)

// mechanism is a way to log in (RFC 4954).
type mechanism struct {
	parameter string // in our URL
	name      string // in the server's offer
	auth      func(*Config) sasl.Auth
}

// mechanisms lists what is supported, best first.
//
// The library would refuse to send a password in plain text. Here that is
// decided by [Config.Security], which has to say so.
func mechanisms() []mechanism {
	return []mechanism{
		{"plain", "PLAIN", func(c *Config) sasl.Auth { return sasl.PlainAuth("", c.Username, c.Password, c.Host, true) }},
		{"login", "LOGIN", func(c *Config) sasl.Auth { return sasl.LoginAuth(c.Username, c.Password, c.Host, true) }},
	}
}

// pickMechanism returns the configured mechanism, or else the best, if the
// server offers it.
func pickMechanism(configured string, offered []string) (mechanism, error) {
	var wanted []string
	for _, m := range mechanisms() {
		if configured != "" && configured != m.parameter {
			continue
		}
		if slices.Contains(offered, m.name) {
			return m, nil
		}
		wanted = append(wanted, m.name)
	}
	offer := "no login"
	if len(offered) > 0 {
		offer = printable([]byte(strings.Join(offered, " ")), 200)
	}
	return mechanism{}, fmt.Errorf("the server offers %s; wanted is %s", offer, strings.Join(wanted, " or "))
}

func (c *conn) login(ctx context.Context) error {
	m, err := pickMechanism(c.cfg.Auth, c.offers.auth)
	if err != nil {
		return &misfit{stepAUTH, err}
	}
	c.conceal([]byte(c.cfg.Password))
	defer func() { c.secrets = nil }()
	auth, step := m.auth(c.cfg), stepAUTH+" "+m.name

	_, response, err := auth.Start(&sasl.ServerInfo{Name: c.cfg.Host, TLS: c.isTLS(), Auth: c.offers.auth})
	if err != nil {
		return &lost{step: step, err: err}
	}
	line := step
	if response != nil {
		c.conceal(response)
		line += " " + encodeResponse(response)
	}
	for {
		var challenge []byte
		r, err := c.command(ctx, step, line, func(text []byte) { challenge = append(challenge[:0], text...) })
		if err != nil {
			return err
		}
		switch r.code {
		case 235:
			// Some mechanisms have the server prove itself, too.
			if _, err := auth.Next(challenge, false); err != nil {
				return &lost{step: step, err: err}
			}
			return nil
		case 334:
			if response, err = answer(auth, challenge); err != nil {
				c.broken = true // in the middle of an exchange
				return &lost{step: step, err: err}
			}
			c.conceal(response)
			line = base64.StdEncoding.EncodeToString(response)
		default:
			return &refusal{step, r}
		}
	}
}

func answer(auth sasl.Auth, challenge []byte) ([]byte, error) {
	decoded, err := base64.StdEncoding.DecodeString(string(challenge))
	if err != nil {
		return nil, fmt.Errorf("decode the server's challenge: %w", err)
	}
	response, err := auth.Next(decoded, true)
	if errors.Is(err, sasl.ErrUnexpectedServerResponse) {
		err = sasl.ErrUnexpectedServerResponse // without the server's text
	}
	return response, err
}

// encodeResponse is for a response on the AUTH line itself, where nothing at
// all is written as "=" (RFC 4954, section 4).
func encodeResponse(response []byte) string {
	if len(response) == 0 {
		return "="
	}
	return base64.StdEncoding.EncodeToString(response)
}
