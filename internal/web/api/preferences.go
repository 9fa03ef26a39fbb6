package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/postrider/postrider/internal/chat"
)

// preferences are the operations on what people have set for themselves (F061
// to F064).
func (a *api) preferences() []operation {
	const path = "/notifications/v1/preferences"
	return []operation{
		{
			id: "getPreferences", method: http.MethodGet, path: path, tag: tagPreferences, actor: actorQuery,
			summary: "What counts for somebody", about: "Their own choice where the app allows one, else the app's.",
			data: mergedView{},
			do: func(ctx context.Context, r *request) (any, error) {
				settings, err := a.Vault.Settings(ctx, r.app)
				if err != nil {
					return nil, err
				}
				p, err := a.Personal.Preferences(ctx, r.app, r.actor)
				return chat.MergedView(settings, p), err
			},
		},
		{
			id: "updatePreferences", method: http.MethodPatch, path: path, tag: tagPreferences, actor: actorQuery,
			summary: "Set some of somebody's preferences",
			about:   "What is not named stays. What the app does not let people choose is ignored.",
			body:    preferencesPatch{}, data: mergedView{}, do: a.updatePreferences,
		},
		{
			id: "resetPreferences", method: http.MethodDelete, path: path, tag: tagPreferences, actor: actorQuery,
			summary: "Forget what somebody has set", about: "The answer is what counts from then on, in the words of the request that sets it. Time zone and mutes stay.",
			data: defaultsView{},
			do: func(ctx context.Context, r *request) (any, error) {
				settings, err := a.Vault.Settings(ctx, r.app)
				if err != nil {
					return nil, err
				}
				_, err = a.Personal.ChangePreferences(ctx, r.app, r.actor, func(*chat.Preferences) (*chat.Preferences, error) {
					return nil, nil //nolint:nilnil // nothing is set any more
				})
				return chat.DefaultsView(settings), err
			},
		},
	}
}

func (a *api) updatePreferences(ctx context.Context, r *request) (any, error) {
	settings, err := a.Vault.Settings(ctx, r.app)
	if err != nil {
		return nil, err
	}
	p, err := a.Personal.ChangePreferences(ctx, r.app, r.actor, func(current *chat.Preferences) (*chat.Preferences, error) {
		return chat.PatchPreferences(settings, current, r.body)
	})
	return chat.MergedView(settings, p), err
}

// mergedView describes what counts for somebody. Email is there only for those
// with delivery settings of their own.
type mergedView struct{}

// Schema implements [huma.SchemaProvider].
func (mergedView) Schema(huma.Registry) *huma.Schema {
	schema := schemaOf(chat.MergedView(chat.DefaultSettings(), &chat.Preferences{Email: &chat.EmailChoices{}}), true)
	preferences := schema.Properties["preferences"]
	preferences.Required = slices.DeleteFunc(preferences.Required, func(name string) bool { return name == "email" })
	return schema
}

// defaultsView describes what counts for people who have set nothing.
type defaultsView struct{}

// Schema implements [huma.SchemaProvider].
func (defaultsView) Schema(huma.Registry) *huma.Schema {
	return schemaOf(chat.DefaultsView(chat.DefaultSettings()), true)
}

// preferencesPatch describes what people may set.
type preferencesPatch struct{}

// Schema implements [huma.SchemaProvider].
func (preferencesPatch) Schema(huma.Registry) *huma.Schema {
	schema := schemaOf(chat.DefaultsView(chat.DefaultSettings()), false)
	schema.Properties["emailPreferences"] = schemaOf(chat.DefaultSettings().Preferences.Email.DeliverySettings, false)
	schema.Properties["emailPreferences"].Description = "Delivery settings of one's own: an extension."
	return schema
}
