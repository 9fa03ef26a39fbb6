package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/vault"
	"github.com/postrider/postrider/internal/engine/webhook"
)

const tagProviders = "Providers"

// secretMask stands for a secret in answers. Sent back, it leaves the secret as
// it is.
const secretMask = "********"

func maskSecret(secret string) string {
	if secret == "" {
		return ""
	}
	return secretMask
}

// secret reads a secret into its place, unless it is the mask of the one that
// is there.
func (f *fields) secret(name string, into *string) {
	value, ok := f.text(name, 0)
	switch {
	case !ok:
	case value != secretMask:
		*into = value
	case *into == "":
		f.fail(name, "The %s is the mask of a secret, and there is none.")
	}
}

// flag reads a boolean into its place.
func (f *fields) flag(name string, into *bool) {
	if value, ok := f.boolean(name); ok {
		*into = value
	}
}

// line reads a text into its place.
func (f *fields) line(name string, into *string) {
	if value, ok := f.text(name, 0); ok {
		*into = value
	}
}

// providerRefusal says to callers why a provider cannot be made or changed.
func providerRefusal(err error) error {
	switch {
	case errors.Is(err, vault.ErrNothing):
		return refusal(chat.CodeProviderMissing, "There is no such provider. Please create it first.")
	case errors.Is(err, vault.ErrExists):
		return refusal(chat.CodeProviderExists, "The provider exists already. Please update it.")
	}
	return err
}

// customView is the custom provider in answers.
type customView struct {
	IsEnabled         bool   `json:"isEnabled"`
	UseStoredEmailID  bool   `json:"useStoredEmailID"`
	WebhookURL        string `json:"webhookURL"`
	UseBasicAuth      bool   `json:"useBasicAuth"`
	BasicAuthUsername string `json:"basicAuthUsername"`
	BasicAuthPassword string `json:"basicAuthPassword" doc:"Masked."`
	SignatureSecret   string `json:"signatureSecret,omitempty" doc:"Masked."`
}

func viewCustom(c *webhook.Config) customView {
	return customView{
		c.IsEnabled, c.UseStoredEmailID, c.WebhookURL, c.UseBasicAuth, c.BasicAuthUsername,
		maskSecret(c.BasicAuthPassword), maskSecret(c.SignatureSecret),
	}
}

// customBody makes a custom provider.
type customBody struct {
	IsEnabled         bool   `json:"isEnabled"`
	UseStoredEmailID  bool   `json:"useStoredEmailID" doc:"Call it only for people with a stored address."`
	WebhookURL        string `json:"webhookURL" doc:"https, and public."`
	UseBasicAuth      bool   `json:"useBasicAuth"`
	BasicAuthUsername string `json:"basicAuthUsername" doc:"May be empty without Basic Auth."`
	BasicAuthPassword string `json:"basicAuthPassword" doc:"May be empty without Basic Auth."`
	SignatureSecret   string `json:"signatureSecret,omitempty" doc:"Signs calls as Standard Webhooks does: whsec_ and base64; several, separated by spaces, while rotating."`
}

// customPatch changes some of it.
type customPatch struct {
	IsEnabled         bool   `json:"isEnabled,omitempty"`
	UseStoredEmailID  bool   `json:"useStoredEmailID,omitempty"`
	WebhookURL        string `json:"webhookURL,omitempty"`
	UseBasicAuth      bool   `json:"useBasicAuth,omitempty"`
	BasicAuthUsername string `json:"basicAuthUsername,omitempty"`
	BasicAuthPassword string `json:"basicAuthPassword,omitempty" doc:"The mask of an answer leaves it."`
	SignatureSecret   string `json:"signatureSecret,omitempty" doc:"The mask of an answer leaves it, an empty text removes it."`
}

// custom are the operations on the custom provider (F002 to F006).
func (a *api) custom() []operation {
	const path = "/notifications/email/v1/providers/custom"
	return []operation{
		{
			id: "getCustomProvider", method: http.MethodGet, path: path, tag: tagProviders,
			summary: "Show the custom provider", data: customView{}, refusals: []string{chat.CodeProviderMissing},
			do: func(ctx context.Context, r *request) (any, error) {
				provider, err := a.Vault.Custom(ctx, r.app)
				if err != nil {
					return nil, providerRefusal(err)
				}
				return viewCustom(provider), nil
			},
		},
		{
			id: "createCustomProvider", action: access.ActionSavedCustom, method: http.MethodPost, path: path, tag: tagProviders,
			summary: "Create the custom provider", body: customBody{}, data: customView{}, refusals: []string{chat.CodeProviderExists},
			do: func(ctx context.Context, r *request) (any, error) {
				f := r.fields()
				f.requirePresent("isEnabled", "useStoredEmailID", "useBasicAuth", "basicAuthUsername", "basicAuthPassword")
				f.require("webhookURL")
				provider := new(webhook.Config)
				if err := a.readCustom(f, provider); err != nil {
					return nil, err
				}
				return viewCustom(provider), providerRefusal(a.Vault.AddCustom(ctx, r.app, provider))
			},
		},
		{
			id: "updateCustomProvider", action: access.ActionSavedCustom, method: http.MethodPut, path: path, tag: tagProviders,
			summary: "Change some of the custom provider", about: "What is not named stays.",
			body: customPatch{}, data: customView{}, refusals: []string{chat.CodeProviderMissing},
			do: func(ctx context.Context, r *request) (any, error) {
				provider, err := a.Vault.ChangeCustom(ctx, r.app, func(provider *webhook.Config) error {
					before := *provider
					if err := a.readCustom(r.fields(), provider); err != nil {
						return err
					}
					return r.differs(before, provider)
				})
				if err != nil {
					return nil, providerRefusal(err)
				}
				return viewCustom(provider), nil
			},
		},
		{
			id: "deleteCustomProvider", action: access.ActionDeletedCustom, method: http.MethodDelete, path: path, tag: tagProviders,
			summary: "Delete the custom provider", data: success{}, refusals: []string{chat.CodeProviderMissing},
			do: func(ctx context.Context, r *request) (any, error) {
				return success{true}, providerRefusal(a.Vault.DeleteCustom(ctx, r.app))
			},
		},
	}
}

// readCustom reads what a body says of the custom provider over what is there.
func (a *api) readCustom(f *fields, provider *webhook.Config) error {
	f.flag("isEnabled", &provider.IsEnabled)
	f.flag("useStoredEmailID", &provider.UseStoredEmailID)
	f.flag("useBasicAuth", &provider.UseBasicAuth)
	f.line("webhookURL", &provider.WebhookURL)
	f.line("basicAuthUsername", &provider.BasicAuthUsername)
	f.secret("basicAuthPassword", &provider.BasicAuthPassword)
	f.secret("signatureSecret", &provider.SignatureSecret)
	if err := f.err(); err != nil {
		return err
	}
	return provider.Validate(a.AllowPrivateTargets, a.Here)
}
