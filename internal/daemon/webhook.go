package daemon

import (
	"fmt"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/notification"
)

// webhookAuth is who may call /webhook.
func (d *Daemon) webhookAuth() (*notification.Authenticator, error) {
	s := &d.settings
	secrets, err := notification.ParseSecrets(string(s.WebhookSecret))
	if err != nil {
		return nil, fmt.Errorf("POSTRIDER_WEBHOOK_SECRET: %w", err)
	}
	method := notification.Method(s.WebhookAuth)
	auth, err := notification.NewAuthenticator(notification.AuthConfig{
		Method: method, Pairs: d.webhookPairs(), Secrets: secrets, Clock: d.clock,
	})
	if err != nil {
		return nil, fmt.Errorf("POSTRIDER_WEBHOOK_AUTH: %w: set POSTRIDER_WEBHOOK_SECRET", err) // a password there always is
	}
	switch {
	case method == notification.MethodNone:
		d.logger.Warn("everybody may call /webhook, and have mails sent: POSTRIDER_WEBHOOK_AUTH is none")
	case method == notification.MethodBasic && secrets.Len() > 0:
		d.logger.Warn("signatures are not looked at: POSTRIDER_WEBHOOK_AUTH is basic, though POSTRIDER_WEBHOOK_SECRET is set")
	}
	return auth, nil
}

func (d *Daemon) webhookPairs() []notification.Credentials {
	now := d.Credential(access.NameWebhook)
	pairs := []notification.Credentials{{Username: now.Username, Password: now.Password}}
	if previous := d.settings.WebhookPreviousPassword; previous != "" {
		username := d.settings.WebhookPreviousUsername
		if username == "" {
			username = now.Username
		}
		pairs = append(pairs, notification.Credentials{Username: username, Password: string(previous)})
	}
	return pairs
}
