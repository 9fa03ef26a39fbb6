package main

import (
	"fmt"
	"time"

	"github.com/postrider/postrider/internal/conformance"
	"github.com/postrider/postrider/notification"
)

// targetFlags name a custom provider, anybody's.
type targetFlags struct {
	URL      string `arg:"" help:"Address of the custom provider's webhook."`
	Username string `placeholder:"NAME" help:"User name for Basic Auth; without a user name and a password there is none."`
	Password string `placeholder:"PASSWORD" help:"Its password."`
	Secret   string `placeholder:"SECRET" help:"Sign the calls with this secret (whsec_…)."`
	AppID    string `env:"POSTRIDER_APP_ID" default:"postrider-check" placeholder:"ID" help:"appId of the notifications; postrider-check unless set."`
	JSON     bool   `name:"json" help:"Print JSON."`
}

func (f *targetFlags) client() (*conformance.Client, error) {
	secrets, err := notification.ParseSecrets(f.Secret)
	if err != nil {
		return nil, fmt.Errorf("--secret: %w", err)
	}
	return conformance.New(conformance.Config{
		Target:  conformance.Target{URL: f.URL, Username: f.Username, Password: f.Password, Secrets: secrets, AppID: f.AppID},
		Version: buildFacts().Version, Clock: time.Now,
	})
}
