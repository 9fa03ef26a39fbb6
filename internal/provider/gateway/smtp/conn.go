package smtp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net"
	"os"
	"time"
)

// conn is a conversation with the server. It is used by one goroutine at a
// time.
type conn struct {
	cfg     *Config
	lessons *lessons
	tcp     net.Conn // the bare connection
	net     net.Conn // the same, or TLS on top of it
	replies replyReader
	offers  offers

	// secrets must not appear in what we report of a reply.
	secrets [][]byte

	born, rested time.Time // opened; last put back
	mails        int       // given to it so far

	// broken: nothing more can be said on it. dirty: a mail was refused and
	// the server may still hold part of it.
	broken, dirty bool

	out, content []byte // buffers: commands, and the mail as it goes out
}

// offers is what the server's EHLO reply lists (RFC 5321, section 4.1.1.1).
type offers struct {
	startTLS   bool
	pipelining bool
	eightBit   bool
	chunking   bool
	utf8       bool
	size       bool
	largest    int64    // octets a mail may have; 0: not said
	auth       []string // login mechanisms, in upper case
}

// keptBuffer is how much room for a mail's content a connection keeps between
// mails, in octets.
const keptBuffer = 256 << 10

func newConn(cfg *Config, lessons *lessons, tcp net.Conn) *conn {
	c := &conn{cfg: cfg, lessons: lessons, tcp: tcp, born: now()}
	c.use(tcp)
	return c
}

// use changes over to TLS. What was read ahead is gone with the old reader.
func (c *conn) use(n net.Conn) {
	c.net = n
	c.replies.in = bufio.NewReaderSize(n, longestReplyLine)
}

func (c *conn) isTLS() bool { return c.net != c.tcp }

// now is the real time: deadlines of connections are kept by the operating
// system, which nobody can hand another clock.
func now() time.Time {
	return time.Now() //nolint:forbidigo // see above
}

// longAgo is a deadline that ends reading and writing at once.
func longAgo() time.Time { return time.Unix(1, 0) }

// watch makes the end of ctx interrupt whatever the connection waits for,
// until stop is called. stop returns false if that has happened; the
// connection is of no more use then.
func (c *conn) watch(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() { _ = c.tcp.SetDeadline(longAgo()) })
}

// within gives the next steps a deadline.
func (c *conn) within(ctx context.Context, limit time.Duration) error {
	if err := c.net.SetDeadline(now().Add(limit)); err != nil {
		return err
	}
	// watch may just have set its own, which must stand.
	if ctx.Err() != nil {
		return c.net.SetDeadline(longAgo())
	}
	return nil
}

// write sends all of data.
func (c *conn) write(ctx context.Context, step string, limit time.Duration, data []byte) error {
	err := c.within(ctx, limit)
	if err == nil {
		_, err = c.net.Write(data)
	}
	if err == nil {
		return nil
	}
	c.broken = true
	if said, ok := c.lastWords(ctx, err); ok {
		return &refusal{step: step, reply: said}
	}
	return &lost{step: step, err: explain(ctx, err, limit)}
}

// lastWords is the reply of a server that refused and hung up before it had
// read everything, so that writing failed.
func (c *conn) lastWords(ctx context.Context, failure error) (reply, bool) {
	if ctx.Err() != nil || errors.Is(failure, os.ErrDeadlineExceeded) || c.within(ctx, time.Second) != nil {
		return reply{}, false
	}
	r, err := c.reply(nil)
	return r, err == nil && r.refuses()
}

// read reads one reply, whatever it says.
func (c *conn) read(ctx context.Context, step string, limit time.Duration, each func([]byte)) (reply, error) {
	err := c.within(ctx, limit)
	var r reply
	if err == nil {
		r, err = c.reply(each)
	}
	if err != nil {
		c.broken = true
		return reply{}, &lost{step: step, err: explain(ctx, err, limit)}
	}
	if r.code == closing {
		c.broken = true
	}
	return r, nil
}

func (c *conn) reply(each func([]byte)) (reply, error) {
	code, err := c.replies.read(each)
	if err != nil {
		return reply{}, err
	}
	text := printable(c.redact(c.replies.text), longestReplyText)
	return reply{code, enhancedCode(code, text), text}, nil
}

// redact takes the secrets out of what a server said.
func (c *conn) redact(text []byte) []byte {
	for _, secret := range c.secrets {
		text = bytes.ReplaceAll(text, secret, []byte("***"))
	}
	return text
}

// conceal keeps a secret, as it is and in Base64, out of what is reported of
// replies: servers like to repeat a command that they do not understand.
func (c *conn) conceal(secret []byte) {
	if len(secret) > 0 {
		c.secrets = append(c.secrets, bytes.Clone(secret), []byte(base64.StdEncoding.EncodeToString(secret)))
	}
}

// command sends a line and reads the reply, whatever it says.
func (c *conn) command(ctx context.Context, step, line string, each func([]byte)) (reply, error) {
	c.out = append(append(c.out[:0], line...), "\r\n"...)
	if err := c.write(ctx, step, c.cfg.Timeouts.Command, c.out); err != nil {
		return reply{}, err
	}
	return c.read(ctx, step, c.cfg.Timeouts.Command, each)
}

// expect is command for when only one code will do.
func (c *conn) expect(ctx context.Context, code int, step, line string) error {
	r, err := c.command(ctx, step, line, nil)
	if err == nil && r.code != code {
		err = &refusal{step: step, reply: r}
	}
	return err
}

// parting is a command that no mail waits for, with its own time limit.
func (c *conn) parting(step string) error {
	ctx := context.Background() // bounded by the timeout
	if err := c.write(ctx, step, c.cfg.Timeouts.Parting, []byte(step+"\r\n")); err != nil {
		return err
	}
	r, err := c.read(ctx, step, c.cfg.Timeouts.Parting, nil)
	if err == nil && r.class() != 2 {
		err = &refusal{step: step, reply: r}
	}
	return err
}

// reset makes the server forget a refused mail.
func (c *conn) reset() error {
	err := c.parting(stepRSET)
	c.dirty = err != nil
	return err
}

// quit says goodbye, if it can be said, and closes the connection.
func (c *conn) quit() {
	if c.broken || c.parting(stepQUIT) != nil {
		c.close()
		return
	}
	c.broken = true
	_ = c.net.Close() // with a word to the other side, where it is TLS
}

// close ends the connection at once. TLS is not told: that could block.
func (c *conn) close() {
	c.broken = true
	_ = c.tcp.Close()
}

// reusable reports whether another mail may be given to the connection.
func (c *conn) reusable(at time.Time) bool {
	return !c.broken && c.mails < c.cfg.MaxMails && at.Before(c.expires()) &&
		// Something that nobody asked for, such as the announcement of an end.
		c.replies.in.Buffered() == 0
}

// expires is when an unused connection has to be closed.
func (c *conn) expires() time.Time {
	end := c.born.Add(c.cfg.MaxAge)
	if !c.rested.IsZero() {
		if idle := c.rested.Add(c.cfg.MaxIdle); idle.Before(end) {
			return idle
		}
	}
	return end
}
