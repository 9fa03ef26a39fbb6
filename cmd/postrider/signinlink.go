package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/postrider/postrider/internal/daemon"
)

type signInLinkCommand struct {
	dataFlags
	User      string `arg:"" optional:"" help:"User name of the account; the first admin unless given."`
	Listen    string `env:"POSTRIDER_LISTEN" hidden:""`
	TLSCert   string `env:"POSTRIDER_TLS_CERT" name:"tls-cert" hidden:""`
	TLSKey    string `env:"POSTRIDER_TLS_KEY" name:"tls-key" hidden:""`
	PublicURL string `env:"POSTRIDER_PUBLIC_URL" name:"public-url" hidden:""`
}

// Run implements the command sign-in-link.
func (c *signInLinkCommand) Run(ctx context.Context) (err error) {
	data, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	link, err := data.SignInLink(ctx, daemon.Server{Listen: c.Listen, TLSCert: c.TLSCert, TLSKey: c.TLSKey, PublicURL: c.PublicURL}, c.User)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(link)
	}
	fmt.Printf("Signs in as %s, once, until %s:\n\n  %s\n", link.Account, link.ExpiresAt.Local().Format(time.TimeOnly), link.URL)
	return nil
}
