package smtp

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"strings"

	"github.com/postrider/postrider/internal/provider/gateway"
)

// open connects, greets, encrypts and logs in. The connection is then ready
// for its first mail.
func open(ctx context.Context, cfg *Config, lessons *lessons) (*conn, error) {
	dialer := net.Dialer{Timeout: cfg.Timeouts.Connect}
	tcp, err := dialer.DialContext(ctx, "tcp", cfg.address())
	if err != nil {
		return nil, &lost{step: stepConnect, err: explain(ctx, err, cfg.Timeouts.Connect)}
	}
	c := newConn(cfg, lessons, tcp)
	stop := c.watch(ctx)
	err = c.begin(ctx)
	if !stop() {
		c.broken = true
		if err == nil {
			err = &lost{step: stepConnect, err: ctx.Err()}
		}
	}
	if err != nil {
		c.quit()
		return nil, err
	}
	return c, nil
}

func (c *conn) begin(ctx context.Context) error {
	if c.cfg.Security == Implicit {
		if err := c.encrypt(ctx); err != nil {
			return err
		}
	}
	if err := c.greet(ctx); err != nil {
		return err
	}
	if err := c.startTLS(ctx); err != nil {
		return err
	}
	if c.cfg.Username == "" {
		return nil
	}
	return c.login(ctx)
}

func (c *conn) greet(ctx context.Context) error {
	r, err := c.read(ctx, stepGreeting, c.cfg.Timeouts.Command, nil)
	if err != nil {
		return err
	}
	if r.class() != 2 {
		return &refusal{step: stepGreeting, reply: r}
	}
	return c.hello(ctx)
}

// hello says EHLO and notes what the server offers; to a server that does not
// know EHLO it says HELO.
func (c *conn) hello(ctx context.Context) error {
	c.offers = offers{}
	first := true
	r, err := c.command(ctx, stepEHLO, "EHLO "+c.cfg.Hello, func(line []byte) {
		if !first { // the first line is a greeting
			c.offers.add(line)
		}
		first = false
	})
	switch {
	case err != nil:
		return err
	case r.code == 250:
		return nil
	case r.class() != 5:
		return &refusal{step: stepEHLO, reply: r}
	}
	c.offers = offers{}
	return c.expect(ctx, 250, stepHELO, "HELO "+c.cfg.Hello)
}

func (o *offers) add(line []byte) {
	name, rest, _ := strings.Cut(string(bytes.ToUpper(line)), " ")
	switch {
	case name == "STARTTLS":
		o.startTLS = true
	case name == "PIPELINING":
		o.pipelining = true
	case name == "8BITMIME":
		o.eightBit = true
	case name == "CHUNKING":
		o.chunking = true
	case name == "SMTPUTF8":
		o.utf8 = true
	case name == "SIZE":
		o.size = true
		if n, err := strconv.ParseInt(strings.TrimSpace(rest), 10, 64); err == nil && n > 0 {
			o.largest = n
		}
	case name == "AUTH":
		o.auth = append(o.auth, strings.Fields(rest)...)
	case strings.HasPrefix(name, "AUTH="): // before there was a standard
		o.auth = append(o.auth, strings.Fields(strings.TrimPrefix(name, "AUTH=")+" "+rest)...)
	}
}

// startTLS encrypts the conversation as far as the configuration asks for it,
// and then greets again: what was said in plain text does not count.
func (c *conn) startTLS(ctx context.Context) error {
	switch c.cfg.Security {
	case None, Implicit:
		return nil
	case Opportunistic:
		if !c.offers.startTLS {
			return nil
		}
	default:
		if !c.offers.startTLS {
			return &misfit{stepSTARTTLS, gateway.KindUnsupported, errors.New("the server does not offer it; with ?tls=opportunistic or ?tls=none mails, and the password, would go out in plain text")}
		}
	}
	if err := c.expect(ctx, 220, stepSTARTTLS, "STARTTLS"); err != nil {
		var refused *refusal
		if c.cfg.Security == Opportunistic && errors.As(err, &refused) && refused.reply.refuses() && !c.broken {
			return nil // not now (454): goes on in plain text
		}
		return err
	}
	// Whatever follows the reply in plain text was put there by somebody else.
	if c.replies.in.Buffered() > 0 {
		c.broken = true
		return &lost{step: stepSTARTTLS, err: errors.New("the server went on in plain text")}
	}
	if err := c.encrypt(ctx); err != nil {
		return err
	}
	return c.hello(ctx)
}

func (c *conn) encrypt(ctx context.Context) error {
	t := tls.Client(c.tcp, c.cfg.TLS)
	err := c.within(ctx, c.cfg.Timeouts.TLS)
	if err == nil {
		err = t.HandshakeContext(ctx)
	}
	if err != nil {
		c.broken = true
		return &lost{step: stepTLS, err: explain(ctx, err, c.cfg.Timeouts.TLS)}
	}
	c.use(t)
	return nil
}
