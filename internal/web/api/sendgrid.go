package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/sendgrid"
)

// sendGridView is the SendGrid account in answers.
type sendGridView struct {
	IsEnabled             bool   `json:"isEnabled"`
	APIKey                string `json:"sendGridApiKey" doc:"Masked."`
	TemplateID            string `json:"sendGridTemplateID"`
	UnsubscribeGroupID    int64  `json:"sendGridUnsubscribeGroupID"`
	SenderName            string `json:"senderName"`
	SenderEmail           string `json:"senderEmail"`
	AllowEmailReplies     bool   `json:"allowEmailReplies"`
	SenderEmailForReplies string `json:"senderEmailForReplies,omitempty"`
}

func viewSendGrid(c *sendgrid.Config) sendGridView {
	view := sendGridView{
		c.IsEnabled, maskSecret(c.APIKey), c.TemplateID, int64(c.UnsubscribeGroupID), c.SenderName, c.SenderEmail, c.AllowEmailReplies, "",
	}
	if c.SenderEmailForReplies != nil {
		view.SenderEmailForReplies = *c.SenderEmailForReplies
	}
	return view
}

// sendGridBody makes a SendGrid account.
type sendGridBody struct {
	IsEnabled             *bool       `json:"isEnabled,omitempty" doc:"true unless it is given."`
	APIKey                string      `json:"sendGridApiKey"`
	TemplateID            string      `json:"sendGridTemplateID" doc:"Of a dynamic template."`
	UnsubscribeGroupID    integerText `json:"sendGridUnsubscribeGroupID"`
	SenderName            string      `json:"senderName"`
	SenderEmail           string      `json:"senderEmail"`
	AllowEmailReplies     bool        `json:"allowEmailReplies,omitempty" doc:"Must be false: replies do not exist here."`
	SenderEmailForReplies *string     `json:"senderEmailForReplies,omitempty" nullable:"true"`
}

// sendGridPatch changes some of it.
type sendGridPatch struct {
	IsEnabled             bool        `json:"isEnabled,omitempty"`
	APIKey                string      `json:"sendGridApiKey,omitempty" doc:"The mask of an answer leaves it."`
	TemplateID            string      `json:"sendGridTemplateID,omitempty"`
	UnsubscribeGroupID    integerText `json:"sendGridUnsubscribeGroupID,omitempty"`
	SenderName            string      `json:"senderName,omitempty"`
	SenderEmail           string      `json:"senderEmail,omitempty"`
	AllowEmailReplies     bool        `json:"allowEmailReplies,omitempty" doc:"Must be false: replies do not exist here."`
	SenderEmailForReplies *string     `json:"senderEmailForReplies,omitempty" nullable:"true" doc:"null removes it."`
}

// sendGrid are the operations on the SendGrid account (F007, F008).
func (a *api) sendGrid() []operation {
	const path = "/notifications/email/v1/providers/sendgrid"
	return []operation{
		{
			id: "getSendGridProvider", method: http.MethodGet, path: path, tag: tagProviders,
			summary: "Show the SendGrid account", data: sendGridView{}, refusals: []string{chat.CodeProviderMissing},
			do: func(ctx context.Context, r *request) (any, error) {
				provider, err := a.Vault.SendGrid(ctx, r.app)
				if err != nil {
					return nil, providerRefusal(err)
				}
				return viewSendGrid(provider), nil
			},
		},
		{
			id: "createSendGridProvider", action: access.ActionSavedSendGrid, method: http.MethodPost, path: path, tag: tagProviders,
			summary: "Create the SendGrid account", body: sendGridBody{}, data: sendGridView{}, refusals: []string{chat.CodeProviderExists},
			do: func(ctx context.Context, r *request) (any, error) {
				f := r.fields()
				f.require("sendGridApiKey", "sendGridTemplateID", "sendGridUnsubscribeGroupID", "senderName", "senderEmail")
				provider := sendgrid.Default()
				if err := readSendGrid(f, &provider); err != nil {
					return nil, err
				}
				return viewSendGrid(&provider), providerRefusal(a.Vault.AddSendGrid(ctx, r.app, &provider))
			},
		},
		{
			id: "updateSendGridProvider", action: access.ActionSavedSendGrid, method: http.MethodPut, path: path, tag: tagProviders,
			summary: "Change some of the SendGrid account", about: "What is not named stays.",
			body: sendGridPatch{}, data: sendGridView{}, refusals: []string{chat.CodeProviderMissing},
			do: func(ctx context.Context, r *request) (any, error) {
				provider, err := a.Vault.ChangeSendGrid(ctx, r.app, func(provider *sendgrid.Config) error {
					before := *provider
					if err := readSendGrid(r.fields(), provider); err != nil {
						return err
					}
					return r.differs(before, provider)
				})
				if err != nil {
					return nil, providerRefusal(err)
				}
				return viewSendGrid(provider), nil
			},
		},
		{
			id: "deleteSendGridProvider", action: access.ActionDeletedSendGrid, method: http.MethodDelete, path: path, tag: tagProviders,
			summary: "Delete the SendGrid account", data: success{}, refusals: []string{chat.CodeProviderMissing},
			do: func(ctx context.Context, r *request) (any, error) {
				return success{true}, providerRefusal(a.Vault.DeleteSendGrid(ctx, r.app))
			},
		},
	}
}

// readSendGrid reads what a body says of the account over what is there.
func readSendGrid(f *fields, provider *sendgrid.Config) error {
	f.flag("isEnabled", &provider.IsEnabled)
	f.secret("sendGridApiKey", &provider.APIKey)
	f.line("sendGridTemplateID", &provider.TemplateID)
	f.line("senderName", &provider.SenderName)
	f.line("senderEmail", &provider.SenderEmail)
	f.flag("allowEmailReplies", &provider.AllowEmailReplies)
	if f.isNull("senderEmailForReplies") {
		provider.SenderEmailForReplies = nil
	} else if email, ok := f.text("senderEmailForReplies", 0); ok {
		provider.SenderEmailForReplies = &email
	}
	if raw, ok := f.values["sendGridUnsubscribeGroupID"]; ok {
		if err := json.Unmarshal(raw, &provider.UnsubscribeGroupID); err != nil {
			f.fail("sendGridUnsubscribeGroupID", "The %s must be an integer.")
		}
	}
	if err := f.err(); err != nil {
		return err
	}
	return provider.Validate()
}
