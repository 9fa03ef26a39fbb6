package daemon

import (
	"context"
	"net/mail"
	"slices"
	"time"

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

// AwaitMails waits until the mailbox holds n mails and returns them, oldest
// first.
func (d *Daemon) AwaitMails(ctx context.Context, n int) ([]mailbox.Mail, error) {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		mails, err := d.data.Store.Mails(ctx, "", n)
		if err != nil {
			return nil, err
		}
		if len(mails) == n {
			slices.Reverse(mails)
			return mails, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-ticker.C:
		}
	}
}
