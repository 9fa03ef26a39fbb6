package main

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/daemon"
)

type serveCommand struct {
	daemon.Settings
}

// Run implements the command serve.
func (c *serveCommand) Run(ctx context.Context) error {
	logger := newLogger(c.Logging)
	warnUnknownVariables(logger)
	limitMemory()
	d, err := daemon.New(ctx, c.Settings, daemonOptions(logger))
	if err != nil {
		return err
	}
	greet(d, logger)
	return d.Run(ctx)
}

func daemonOptions(logger *slog.Logger) daemon.Options {
	return daemon.Options{Clock: time.Now, Random: rand.Float64, Logger: logger, Version: buildFacts().Version}
}

// greet shows at the first start what has to be pasted elsewhere. Secrets go
// to a person's terminal only, never into a log.
func greet(d *daemon.Daemon, logger *slog.Logger) {
	fresh := false
	for _, c := range d.Credentials() {
		fresh = fresh || c.Fresh
	}
	if !fresh {
		return
	}
	if !term.IsTerminal(int(os.Stdout.Fd())) {
		logger.Info("credentials were generated; `postrider credentials` shows them")
		return
	}
	var b strings.Builder
	webhook, events, key, admin := d.Credential(access.NameWebhook), d.Credential(access.NameEvents), d.Credential(access.NameAPIKey), d.Credential(access.NameAdmin)
	fmt.Fprintf(&b, "\nFor CometChat's dashboard (Notifications, Email, Custom provider):\n\n")
	fmt.Fprintf(&b, "  Webhook URL  %s/webhook\n  User name    %s\n  Password     %s\n", d.PublicURL(), webhook.Username, shownPassword(webhook))
	fmt.Fprintf(&b, "\nFor your chat's server webhooks:\n\n")
	fmt.Fprintf(&b, "  Webhook URL  %s/events\n  User name    %s\n  Password     %s\n", d.PublicURL(), events.Username, shownPassword(events))
	fmt.Fprintf(&b, "\nFor the REST API at %s/v3:\n\n  apikey       %s\n", d.PublicURL(), shownPassword(key))
	fmt.Fprintf(&b, "\nTo sign in at %s/dashboard:\n\n  User name    %s\n  Password     %s\n\n", d.PublicURL(), admin.Username, shownPassword(admin))
	fmt.Fprintf(&b, "`postrider credentials` shows this again.\n\n")
	fmt.Fprint(os.Stdout, b.String())
}

// shownPassword returns a generated password; one that was configured is
// known to whoever did it.
func shownPassword(c access.Credential) string {
	switch {
	case c.Changed:
		return "(changed in the dashboard)"
	case c.Generated:
		return c.Password
	}
	return "(as configured)"
}
