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
func (c *conn) deliver(ctx context.Context, m gateway.Mail) (reply, error) {
	c.mails++
	var size int
	c.content, size = appendBody(c.content[:0], m.Data)
	defer func() {
		if cap(c.content) > keptBuffer {
			c.content = nil
		}
	}()
	if c.offers.largest > 0 && int64(size) > c.offers.largest {
		return reply{}, &misfit{stepMAIL, fmt.Errorf("the mail has %d octets, the server takes %d", size, c.offers.largest)}
	}
	if err := c.sendEnvelope(ctx, m, size); err != nil {
		return reply{}, err
	}
	return c.sendContent(ctx)
}

// sendEnvelope brings the server to where it waits for the content. If the
// server can take it the three commands go out in one write (RFC 2920).
func (c *conn) sendEnvelope(ctx context.Context, m gateway.Mail, size int) error {
	limit := c.cfg.Timeouts.Command
	steps := [...]string{stepMAIL, stepRCPT, stepDATA}
	var ends [len(steps)]int
	c.out = c.appendMAIL(c.out[:0], m, size)
	ends[0] = len(c.out)
	c.out = append(append(append(c.out, "RCPT TO:<"...), m.To...), ">\r\n"...)
	ends[1] = len(c.out)
	c.out = append(c.out, "DATA\r\n"...)
	ends[2] = len(c.out)

	var (
		refused *refusal // the first that was said; the others follow from it
		sent    int
	)
	for i, step := range steps {
		if i == 0 || !c.offers.pipelining {
			end := ends[i]
			if c.offers.pipelining {
				end = len(c.out)
			}
			if err := c.write(ctx, step, limit, c.out[sent:end]); err != nil {
				return err
			}
			sent = end
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
				refused = &refusal{step, r}
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

func (c *conn) appendMAIL(dst []byte, m gateway.Mail, size int) []byte {
	dst = append(append(append(dst, "MAIL FROM:<"...), m.From...), '>')
	if c.offers.size {
		dst = strconv.AppendInt(append(dst, " SIZE="...), int64(size), 10)
	}
	// Only for mails that need it: a server must not pass an 8-bit mail on to
	// one that takes 7 bits only. Where it is not offered the mail is sent as
	// it is; servers that mind are rarer than those that do not say so.
	if c.offers.eightBit && is8Bit(c.content) {
		dst = append(dst, " BODY=8BITMIME"...)
	}
	return append(dst, "\r\n"...)
}

// sendNothing ends the content before it began, for a server that asked for
// it although it had refused sender or recipient (RFC 2920, section 3.1). Its
// reply changes nothing: there was nobody to deliver to.
func (c *conn) sendNothing(ctx context.Context) {
	if c.write(ctx, stepFinal, c.cfg.Timeouts.Command, []byte(".\r\n")) == nil {
		_, _ = c.read(ctx, stepFinal, c.cfg.Timeouts.Command, nil)
	}
}

func (c *conn) sendContent(ctx context.Context) (reply, error) {
	for rest := c.content; len(rest) > 0; {
		n := min(len(rest), blockSize)
		if err := c.write(ctx, stepContent, c.cfg.Timeouts.Block, rest[:n]); err != nil {
			return reply{}, err
		}
		rest = rest[n:]
	}
	r, err := c.read(ctx, stepFinal, c.cfg.Timeouts.Final, nil)
	switch {
	case err != nil:
		return reply{}, err
	case r.class() == 2:
		return r, nil
	case r.refuses():
		c.dirty = true
		return reply{}, &refusal{stepFinal, r}
	default:
		c.broken = true
		return reply{}, unexpected(stepFinal, r)
	}
}

func unexpected(step string, r reply) error {
	return &lost{step: step, err: fmt.Errorf("unexpected reply: %d", r.code)}
}
