package smtp

import (
	"context"
	"errors"

	"github.com/postrider/postrider/internal/provider/gateway"
)

var _ gateway.Gateway = (*Gateway)(nil)

// Gateway hands mails to one SMTP server. It is safe for concurrent use.
type Gateway struct {
	name string
	pool *pool
}

// New returns a gateway for the server that cfg names. It connects when the
// first mail comes.
func New(cfg Config) *Gateway {
	cfg = cfg.withDefaults()
	cfg.Hello = helloName(cfg.Hello)
	cfg.TLS = cfg.tlsConfig()
	return &Gateway{name: "smtp:" + cfg.address(), pool: newPool(&cfg)}
}

// Name is "smtp:" with host and port.
func (g *Gateway) Name() string { return g.name }

// Stats is the state of the connections at this moment.
func (g *Gateway) Stats() Stats { return g.pool.snapshot() }

// Close ends the connections that are not in use, with QUIT, and returns when
// they are gone; Timeouts.Parting limits how long that takes. A mail that is still under way is
// finished, and its connection closed after it; one that comes later is
// refused.
func (g *Gateway) Close() { g.pool.close() }

// Send implements [gateway.Gateway]. Whose fault a failure is:
//
//   - The gateway's, if no mail could have done better: anything before MAIL
//     FROM (connection, TLS, greeting, EHLO, login, with whatever code), 421
//     to MAIL FROM, and what asks for a login or for TLS: 530, 534, 535, 538
//     and the enhanced codes (RFC 3463) x.7.8 to x.7.14.
//   - The mail's, for now: any other 4xx, 421 among them, to MAIL FROM, RCPT TO, DATA or the
//     content, and a connection lost after MAIL FROM. If it was lost after
//     the final dot, or the last octet of BDAT, the mail may have been taken
//     all the same.
//   - The mail's, for good: any other 5xx, a mail larger than the server
//     takes, and an address that cannot be sent.
//
// A pooled connection that turns out to be dead is replaced at once by a new
// one, as long as the server cannot have the whole mail; that one's verdict
// counts.
func (g *Gateway) Send(ctx context.Context, m gateway.Mail) (gateway.Reply, error) {
	e, err := addresses(m)
	if err != nil {
		return gateway.Reply{}, asMailFault(err)
	}
	c, err := g.pool.take(ctx)
	if err != nil {
		return gateway.Reply{}, asGatewayFault(&lost{step: stepWait, err: err})
	}
	if c != nil {
		r, err := send(ctx, c, m, e)
		if !diedIdle(ctx, c, err) {
			return g.finish(c, r, err)
		}
		g.pool.end(c)
	}
	if c, err = g.pool.open(ctx); err != nil {
		g.pool.drop(nil)
		return gateway.Reply{}, asGatewayFault(err)
	}
	r, err := send(ctx, c, m, e)
	return g.finish(c, r, err)
}

// send delivers on one connection, which does not outlive the end of ctx.
func send(ctx context.Context, c *conn, m gateway.Mail, e envelope) (reply, error) {
	stop := c.watch(ctx)
	r, err := c.deliver(ctx, m, e)
	if !stop() {
		c.broken = true
	}
	return r, err
}

// finish gives the connection back and reports.
func (g *Gateway) finish(c *conn, r reply, err error) (gateway.Reply, error) {
	g.pool.put(c)
	if err != nil {
		return gateway.Reply{}, asMailFault(err)
	}
	g.pool.count(func(s *Stats) { s.Mails++ })
	return gateway.Reply{Code: r.code, Text: r.text}, nil
}

// diedIdle reports whether a pooled connection failed in a way that says
// nothing about the mail, before the server can have had all of it: it is
// gone, or the server takes its leave in answer to the first command, with
// 421 or by hanging up.
func diedIdle(ctx context.Context, c *conn, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	var (
		broken  *lost
		refused *refusal
	)
	switch {
	case errors.As(err, &broken):
		return broken.step != stepFinal && broken.step != stepBDAT
	case errors.As(err, &refused):
		return refused.step == stepMAIL && c.broken
	default:
		return false
	}
}
