package smtp

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	sasl "github.com/wneessen/go-mail/smtp"

	"github.com/postrider/postrider/internal/provider/gateway"
)

// mostChallenges is how many turns an exchange may take. No mechanism here
// needs more than four; a server could ask for ever.
const mostChallenges = 6

// login logs in by the safest mechanism that both sides have.
//
// A server may offer what its accounts are not made for: SCRAM and CRAM-MD5
// need more than a hash of the password. So where no mechanism is configured,
// and the connection is encrypted, a refusal is followed by one that hands
// over the password. That gives nothing away: a server that is not to be
// trusted could have offered nothing else to begin with.
func (c *conn) login(ctx context.Context) error {
	usable, err := candidates(c.cfg.Auth, c.offers.auth, c.isTLS())
	if err != nil {
		return &misfit{stepAUTH, gateway.KindUnsupported, err}
	}
	usable = c.lessons.usable(usable)
	first := usable[0]
	err = c.authenticate(ctx, first)
	var refused *refusal
	if !errors.As(err, &refused) || refused.reply.class() != 5 || c.broken || c.cfg.Auth != "" || first.reveals || !c.isTLS() {
		return err
	}
	i := slices.IndexFunc(usable, func(m mechanism) bool { return m.reveals })
	if i < 0 {
		return err
	}
	if err := c.authenticate(ctx, usable[i]); err != nil {
		return err
	}
	c.lessons.cannot(first.name)
	return nil
}

// authenticate goes through the exchange of one mechanism.
func (c *conn) authenticate(ctx context.Context, m mechanism) error {
	c.conceal([]byte(c.cfg.Password))
	defer func() { c.secrets = nil }()
	auth, step := m.auth(c.cfg, c.tlsState()), stepAUTH+" "+m.name

	_, response, err := auth.Start(&sasl.ServerInfo{Name: c.cfg.Host, TLS: c.isTLS(), Auth: c.offers.auth})
	if err != nil {
		return &lost{step: step, err: err}
	}
	line := step
	if response != nil {
		c.conceal(response)
		line += " " + encodeResponse(response)
	}
	var explained []byte
	for range mostChallenges {
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
			decoded, err := base64.StdEncoding.DecodeString(string(challenge))
			if err == nil {
				response, err = answer(auth, decoded)
			} else {
				err = fmt.Errorf("decode the server's challenge: %w", err)
			}
			if err != nil {
				c.broken = true // in the middle of an exchange
				return &lost{step: step, err: err}
			}
			if m.name == "XOAUTH2" || m.parameter == "scram" && bytes.HasPrefix(decoded, scramError()) {
				// Not a challenge but a reason. It is answered by nothing, and
				// only then followed by the refusal.
				explained = decoded
			}
			c.conceal(response)
			line = base64.StdEncoding.EncodeToString(response)
		default:
			if len(explained) > 0 {
				r.text = printable(fmt.Appendf(nil, "%s (%s)", r.text, c.redact(explained)), longestReplyText)
			}
			return &refusal{step, r}
		}
	}
	c.broken = true
	return &lost{step: step, err: errors.New("the server goes on asking")}
}

// tlsState is what binds a login to the connection; nil without TLS.
func (c *conn) tlsState() *tls.ConnectionState {
	t, ok := c.net.(*tls.Conn)
	if !ok {
		return nil
	}
	state := t.ConnectionState()
	return &state
}

func answer(auth sasl.Auth, challenge []byte) ([]byte, error) {
	response, err := auth.Next(challenge, true)
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
