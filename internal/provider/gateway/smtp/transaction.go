package smtp

import (
	"context"
	"fmt"
	"strconv"

	"github.com/postrider/postrider/internal/provider/gateway"
)

// blockSize is how much content is written under one deadline, in octets. A
// mail of ordinary size is one block, and so one write.
const blockSize = 64 << 10

// deliver hands one mail over. On failure it returns a *refusal, *lost or
// *misfit, and the connection's state says what it is still good for.
func (c *conn) deliver(ctx context.Context, m gateway.Mail, e envelope) (reply, error) {
	c.mails++
	if err := e.fits(&c.offers); err != nil {
		return reply{}, err
	}
	w := c.choose(len(m.Data))
	var size int
	c.content, size = appendContent(c.content[:0], m.Data, w == byDATA)
	defer func() {
		if cap(c.content) > keptBuffer {
			c.content = nil
		}
		if cap(c.out) > keptBuffer {
			c.out = nil
		}
	}()
	if c.offers.largest > 0 && int64(size) > c.offers.largest {
		return reply{}, &misfit{stepMAIL, gateway.KindTooLarge, fmt.Errorf("the mail has %d octets, the server takes %d", size, c.offers.largest)}
	}
	switch w {
	case inOneGo:
		return c.sendInOneGo(ctx, e, size)
	case byBDAT:
		if err := c.sendEnvelope(ctx, e, size, stepMAIL, stepRCPT); err != nil {
			return reply{}, err
		}
		c.out = append(c.appendBDAT(c.out[:0], size), c.content...)
		return c.sendContent(ctx, stepBDAT, c.out)
	default:
		if err := c.sendEnvelope(ctx, e, size, stepMAIL, stepRCPT, stepDATA); err != nil {
			return reply{}, err
		}
		c.content = append(c.content, endOfData...)
		return c.sendContent(ctx, stepFinal, c.content)
	}
}

// appendStep appends the command of a step.
func (c *conn) appendStep(dst []byte, step string, e envelope, size int) []byte {
	switch step {
	case stepMAIL:
		return c.appendMAIL(dst, e, size)
	case stepRCPT:
		return append(append(append(dst, "RCPT TO:<"...), e.to...), ">\r\n"...)
	default:
		return append(dst, "DATA\r\n"...)
	}
}

func (c *conn) appendMAIL(dst []byte, e envelope, size int) []byte {
	dst = append(append(append(dst, "MAIL FROM:<"...), e.from...), '>')
	if c.offers.size {
		dst = strconv.AppendInt(append(dst, " SIZE="...), int64(size), 10)
	}
	// Only for mails that need it: a server must not pass an 8-bit mail on to
	// one that takes 7 bits only. Where it is not offered the mail is sent as
	// it is; servers that mind are rarer than those that do not say so.
	if c.offers.eightBit && is8Bit(c.content) {
		dst = append(dst, " BODY=8BITMIME"...)
	}
	if c.offers.utf8 && (e.fromUTF8 || e.toUTF8 || is8Bit(header(c.content))) {
		dst = append(dst, " SMTPUTF8"...)
	}
	return append(dst, "\r\n"...)
}

// sendEnvelope brings the server to where it waits for the content. If the
// server can take it the commands go out in one write (RFC 2920).
func (c *conn) sendEnvelope(ctx context.Context, e envelope, size int, steps ...string) error {
	limit := c.cfg.Timeouts.Command
	c.out = c.out[:0]
	if c.offers.pipelining {
		for _, step := range steps {
			c.out = c.appendStep(c.out, step, e, size)
		}
		if err := c.write(ctx, steps[0], limit, c.out); err != nil {
			return err
		}
	}
	var refused *refusal // the first that was said; the others follow from it
	for _, step := range steps {
		if !c.offers.pipelining {
			c.out = c.appendStep(c.out[:0], step, e, size)
			if err := c.write(ctx, step, limit, c.out); err != nil {
				return err
			}
		}
		r, err := c.read(ctx, step, limit, nil)
		if err != nil {
			if refused != nil {
				return refused // the mail has its answer
			}
			return err
		}
		wanted := 2
		if step == stepDATA {
			wanted = 3
		}
		switch {
		case r.refuses():
			c.dirty = true
			if refused == nil {
				refused = &refusal{step: step, reply: r}
			}
		case r.class() != wanted:
			c.broken = true
			if refused == nil {
				return unexpected(step, r)
			}
		case step == stepDATA && refused != nil:
			c.sendNothing(ctx)
		}
		if refused != nil && (c.broken || !c.offers.pipelining) {
			break
		}
	}
	if refused != nil {
		return refused
	}
	return nil
}

// sendNothing ends the content before it began, for a server that asked for
// it although it had refused sender or recipient (RFC 2920, section 3.1). Its
// reply changes nothing: there was nobody to deliver to.
func (c *conn) sendNothing(ctx context.Context) {
	if c.write(ctx, stepFinal, c.cfg.Timeouts.Command, []byte(endOfData)) == nil {
		_, _ = c.read(ctx, stepFinal, c.cfg.Timeouts.Command, nil)
	}
}

// sendContent sends the content and reads the reply to it, which is that of
// the step.
func (c *conn) sendContent(ctx context.Context, step string, content []byte) (reply, error) {
	if err := c.writeBlocks(ctx, content); err != nil {
		return reply{}, err
	}
	r, err := c.read(ctx, step, c.cfg.Timeouts.Final, nil)
	switch {
	case err != nil:
		return reply{}, err
	case r.class() == 2:
		return r, nil
	case r.refuses():
		c.dirty = true
		return reply{}, &refusal{step: step, reply: r}
	default:
		c.broken = true
		return reply{}, unexpected(step, r)
	}
}

func (c *conn) writeBlocks(ctx context.Context, data []byte) error {
	for rest := data; len(rest) > 0; {
		n := min(len(rest), blockSize)
		if err := c.write(ctx, stepContent, c.cfg.Timeouts.Block, rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

func unexpected(step string, r reply) error {
	return &lost{step: step, err: fmt.Errorf("unexpected reply: %d", r.code)}
}
