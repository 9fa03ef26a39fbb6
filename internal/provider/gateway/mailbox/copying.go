package mailbox

import (
	"context"
	"log/slog"

	"github.com/postrider/postrider/internal/provider/gateway"
)

// Copying hands mails to another gateway and keeps a copy of each that it took.
type Copying struct {
	Next    gateway.Gateway
	Mailbox *Gateway
	Logger  *slog.Logger
}

var _ gateway.Gateway = (*Copying)(nil)

// Name implements [gateway.Gateway].
func (c *Copying) Name() string { return c.Next.Name() }

// Send implements [gateway.Gateway]. Faults are not played: the mail goes to
// real people. A copy that cannot be kept is logged; the
// mail has left all the same.
func (c *Copying) Send(ctx context.Context, m gateway.Mail) (gateway.Reply, error) {
	reply, err := c.Next.Send(ctx, m)
	if err != nil {
		return reply, err
	}
	if err := c.Mailbox.keep(ctx, m); err != nil {
		c.Logger.Warn("keep a copy in the mailbox", "delivery", m.ID, "error", err)
	}
	return reply, nil
}
