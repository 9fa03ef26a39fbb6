package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/postrider/postrider/internal/daemon"
)

type credentialsCommand struct {
	dataFlags
	WebhookUsername string        `env:"POSTRIDER_WEBHOOK_USERNAME" hidden:""`
	WebhookPassword daemon.Secret `env:"POSTRIDER_WEBHOOK_PASSWORD" hidden:""`
	EventsUsername  string        `env:"POSTRIDER_EVENTS_USERNAME" hidden:""`
	EventsPassword  daemon.Secret `env:"POSTRIDER_EVENTS_PASSWORD" hidden:""`
	APIKey          daemon.Secret `env:"POSTRIDER_API_KEY" name:"api-key" hidden:""`
	AdminUsername   string        `env:"POSTRIDER_ADMIN_USERNAME" default:"admin" hidden:""`
	AdminPassword   daemon.Secret `env:"POSTRIDER_ADMIN_PASSWORD" hidden:""`
}

// Run implements the command credentials.
func (c *credentialsCommand) Run(ctx context.Context) (err error) {
	data, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	credentials, err := data.Credentials(ctx,
		&daemon.Webhook{WebhookUsername: c.WebhookUsername, WebhookPassword: c.WebhookPassword},
		&daemon.Chat{EventsUsername: c.EventsUsername, EventsPassword: c.EventsPassword, APIKey: c.APIKey},
		&daemon.Server{AdminUsername: c.AdminUsername, AdminPassword: c.AdminPassword})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(credentials)
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FOR\tUSER NAME\tPASSWORD")
	for _, credential := range credentials {
		fmt.Fprintf(table, "%s\t%s\t%s\n", credential.Name, dash(credential.Username), shownPassword(credential))
	}
	return table.Flush()
}
