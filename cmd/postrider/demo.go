package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/daemon"
	"github.com/postrider/postrider/internal/demo"
)

type demoCommand struct {
	daemon.Logging
	Listen string `env:"POSTRIDER_LISTEN" default:"127.0.0.1:0" placeholder:"ADDR" help:"Address of the HTTP server; a free port of this machine unless set."`
}

// Run implements the command demo.
func (c *demoCommand) Run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "postrider-demo-")
	if err != nil {
		return fmt.Errorf("create temporary directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	// The log is not what a first look is about.
	if c.LogLevel == "info" {
		c.LogLevel = "warn"
	}
	settings := daemon.DemoSettings(dir, c.Listen)
	d, err := newDaemon(ctx, settings, newLogger(c.Logging))
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	shown := make(chan error, 1)
	go func() {
		err := show(ctx, d)
		if err != nil {
			stop(err)
		}
		shown <- err
	}()
	err = d.Run(ctx)
	stop(nil)
	return errors.Join(err, ignoreStop(<-shown))
}

// show posts the notifications and prints where their mails can be read.
func show(ctx context.Context, d *daemon.Daemon) error {
	webhook, admin := d.Credential(access.NameWebhook), d.Credential(access.NameAdmin)
	target := &demo.Target{
		URL: d.PublicURL(), Username: webhook.Username, Password: webhook.Password,
		Client: &http.Client{Timeout: 10 * time.Second},
	}
	notifications := demo.Notifications(d.PublicURL())
	for _, n := range notifications {
		if err := target.Post(ctx, n); err != nil {
			return err
		}
	}
	mails, err := d.AwaitMails(ctx, len(notifications))
	if err != nil {
		return err
	}
	fmt.Printf("Two notifications were posted to %s/webhook, and two mails arrived:\n\n", d.PublicURL())
	for _, m := range mails {
		fmt.Printf("  %-34s %s/mailbox/%s\n", m.Subject, d.PublicURL(), m.ID)
	}
	fmt.Printf("\nThe mailbox:  %s/mailbox\n", d.PublicURL())
	fmt.Printf("Sign in:      %s  /  %s\n", admin.Username, admin.Password)
	fmt.Printf("\nPost one yourself:\n\n  curl -u %s:%s -H 'Content-Type: application/json' %s/webhook \\\n", webhook.Username, webhook.Password, d.PublicURL())
	fmt.Printf(`    -d '{"trigger":"email-notification-payload-generated","data":{"to":{"uid":"you","email":"you@example.com","name":"You"},"messages":[{"sender":{"uid":"me","name":"Me"},"message":"Hello!"}],"senderDetails":{"uid":"me","name":"Me"},"subject":"New messages from Me"},"appId":"app123","region":"us","webhook":"custom"}'`)
	fmt.Printf("\n\nEverything is in a temporary directory and goes away with Ctrl-C.\n")
	return nil
}

func ignoreStop(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
