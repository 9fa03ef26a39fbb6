package daemon

import (
	"context"
	"net/mail"
	"slices"
	"time"

	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/provider/gateway/mailbox"
)

// DemoSettings returns settings for a server that leaves no trace: everything
// in a directory of its own, on free ports, with the built-in mailbox as its
// gateway.
func DemoSettings(dir, listen string) Settings {
	metrics := "127.0.0.1:0"
	return Settings{
		Database: Database{DataDir: dir},
		Server:   Server{Listen: listen, MetricsListen: &metrics, Region: "us", MaxBody: 8 << 20, AdminUsername: "admin"},
		Chat:     Chat{Speed: 60, ProviderRetrySchedule: []time.Duration{10 * time.Second, 30 * time.Second, 2 * time.Minute}},
		Mail: Mail{
			From:   MailAddress(mail.Address{Name: "Postrider", Address: "postrider@localhost"}),
			MaxAge: 72 * time.Hour, Retention: 336 * time.Hour,
			EmailRetrySchedule: []time.Duration{30 * time.Second, 2 * time.Minute},
		},
	}
}

// Mails returns what the built-in mailbox holds, up to limit of the newest,
// oldest first.
func (d *Daemon) Mails(ctx context.Context, limit int) ([]mailbox.Mail, error) {
	mails, err := d.data.Store.Mails(ctx, mailbox.Query{}, limit)
	slices.Reverse(mails)
	return mails, err
}

// AwaitQuiet waits until everything that has happened in the chat is decided
// and handed over, but for what waits for longer than the given time: for
// somebody's hours, for a retry. It gives up with ctx.
func (d *Daemon) AwaitQuiet(ctx context.Context, longer time.Duration) error {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		quiet, err := d.quiet(ctx, longer)
		if quiet || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// quiet looks in the direction in which a notification travels: what has left
// one place by then is in the next, or through.
func (d *Daemon) quiet(ctx context.Context, longer time.Duration) (bool, error) {
	until := d.clock().Add(longer)
	due, err := d.data.Store.NextWindow(ctx, App)
	if err != nil || !due.IsZero() && due.Before(until) {
		return false, err
	}
	for _, lane := range []outbox.Lane{outbox.LaneCall, outbox.LaneMail} {
		depth, err := d.data.Store.Depth(ctx, lane)
		if err != nil || depth.InHand > 0 || depth.Pending > 0 && depth.OldestDue.Before(until) {
			return false, err
		}
	}
	return true, nil
}
