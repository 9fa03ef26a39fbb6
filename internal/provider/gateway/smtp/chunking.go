package smtp

import (
	"context"
	"errors"
	"strconv"
	"time"
)

// way is how a mail goes over the wire.
type way int

const (
	// byDATA: the envelope, and when the server asks for it the content. With
	// PIPELINING two turns to the server and back, else four.
	byDATA way = iota
	// byBDAT: the envelope, and then the content without being asked for (RFC
	// 3030). It saves the turn of DATA: for servers without PIPELINING.
	byBDAT
	// inOneGo: envelope and content together, one turn in all.
	inOneGo
)

// A mail goes in one go only if it is small enough that it does not matter
// when it was sent for nothing, the recipient being refused, and over a
// connection that was in use a moment ago. For the price of a single turn is
// that nobody can tell whether a server that leaves without a word has taken
// the mail: it has to be sent again after a pause, where otherwise a new
// connection would do at once.
const (
	mostInOneGo = 256 << 10 // octets
	momentAgo   = time.Second
)

// choose picks the fastest way that the server offers. Mails a second over two
// connections, a turn taking 10 ms: 42 where the server offers nothing, 57
// with CHUNKING, 91 with PIPELINING, 180 with both; without a network between
// them, 1.3 times as many with both as with PIPELINING (BenchmarkSend).
func (c *conn) choose(size int) way {
	switch {
	case !c.offers.chunking:
		return byDATA
	case !c.offers.pipelining:
		return byBDAT
	case size <= mostInOneGo && now().Sub(c.lastUsed()) < momentAgo && !c.lessons.isUnsteady() && c.isAlive():
		return inOneGo
	default:
		return byDATA
	}
}

// lastUsed is when the server was last heard of.
func (c *conn) lastUsed() time.Time {
	if c.rested.IsZero() {
		return c.born
	}
	return c.rested
}

func (c *conn) appendBDAT(dst []byte, size int) []byte {
	return append(strconv.AppendInt(append(dst, "BDAT "...), int64(size), 10), " LAST\r\n"...)
}

// sendInOneGo sends envelope and content together, and then reads the three
// replies. Once all of it is out, only a refusal says that the mail was not
// taken.
func (c *conn) sendInOneGo(ctx context.Context, e envelope, size int) (reply, error) {
	c.out = c.appendMAIL(c.out[:0], e, size)
	c.out = c.appendStep(c.out, stepRCPT, e, size)
	c.out = append(c.appendBDAT(c.out, size), c.content...)
	if err := c.writeBlocks(ctx, c.out); err != nil {
		return reply{}, err
	}
	var refused *refusal // the first that was said; the others follow from it
	for _, step := range [...]string{stepMAIL, stepRCPT, stepBDAT} {
		limit := c.cfg.Timeouts.Command
		if step == stepBDAT {
			limit = c.cfg.Timeouts.Final
		}
		r, err := c.read(ctx, step, limit, nil)
		switch {
		case err != nil && refused != nil:
			return reply{}, refused // the mail has its answer
		case err != nil:
			if step == stepMAIL && c.mails > 1 && ctx.Err() == nil {
				c.lessons.leaves()
			}
			return reply{}, leftOpen(err)
		case r.refuses():
			c.dirty = true
			if refused == nil {
				refused = &refusal{step: step, reply: r}
			}
			if c.broken {
				return reply{}, refused
			}
		case r.class() != 2:
			c.broken = true
			if refused != nil {
				return reply{}, refused
			}
			return reply{}, unexpected(stepBDAT, r)
		case step == stepBDAT && refused == nil:
			return r, nil
		}
	}
	return reply{}, refused
}

// leftOpen makes a connection that was lost, at whatever reply, one that was
// lost with the mail.
func leftOpen(err error) error {
	var broken *lost
	if errors.As(err, &broken) {
		return &lost{step: stepBDAT, err: broken.err}
	}
	return err
}
