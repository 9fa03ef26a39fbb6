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
// A server may offer what it cannot do: a binding to the connection of another
// type than ours, or, for accounts of which it knows only a hash of the
// password, SCRAM and CRAM-MD5. So a refusal is followed by the next mechanism
// that may work (see [conn.instead]); what was tried in vain is not tried again
// once one has worked.
func (c *conn) login(ctx context.Context) error {
	usable, err := candidates(c.cfg.Auth, c.offers.auth, c.isTLS())
	if err != nil {
		return &misfit{stepAUTH, gateway.KindUnsupported, err}
	}
	usable = c.lessons.usable(usable)
	var vain []string
	for m := usable[0]; ; {
		err := c.authenticate(ctx, m)
		if err == nil {
			c.lessons.cannot(vain...)
			return nil
		}
		var refused *refusal
		if !errors.As(err, &refused) || refused.reply.class() != 5 || c.broken {
			return err
		}
		next := c.instead(m, refused.reason, usable)
		if next < 0 {
			return err
		}
		vain = append(vain, m.name)
		m = usable[next]
	}
}

// instead returns which mechanism to try after one was refused, or -1: SCRAM
// without binding after one with it, and then, where no mechanism is
// configured and the connection is encrypted, one that hands over the
// password. That gives nothing away: a server that is not to be trusted could
// have offered nothing else to begin with.
//
// A binding that does not match is another matter. Then somebody stands
// between us and the server, and gets nothing.
func (c *conn) instead(failed mechanism, reason string, usable []mechanism) int {
	switch {
	case reason == "e=channel-bindings-dont-match":
		return -1
	case failed.binds && reason != "e=invalid-proof": // which is about the password
		i := slices.IndexFunc(usable, func(m mechanism) bool { return m.parameter == failed.parameter && !m.binds })
		if i >= 0 {
			return i
		}
	}
	if failed.reveals || c.cfg.Auth != "" || !c.isTLS() {
		return -1
	}
	return slices.IndexFunc(usable, func(m mechanism) bool { return m.reveals })
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
			return &refusal{step: step, reply: r, reason: string(explained)}
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
