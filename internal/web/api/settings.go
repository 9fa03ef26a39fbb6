package api

import (
	"context"
	"net/http"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/chat"
)

const tagPreferences = "Preferences"

// settings are the operations on what an app has set (F065).
func (a *api) settings() []operation {
	const path = "/notifications/v1/settings"
	return []operation{
		{
			id: "getSettings", method: http.MethodGet, path: path, tag: tagPreferences,
			summary: "What the app has set", data: settingsView{},
			do: func(ctx context.Context, r *request) (any, error) { return a.Vault.Settings(ctx, r.app) },
		},
		{
			id: "updateSettings", action: access.ActionSavedPreferences, method: http.MethodPatch, path: path, tag: tagPreferences, limit: maxLargeBody,
			summary: "Set some of what the app has set", about: "What is not named stays.", body: settingsPatch{}, data: success{},
			do: func(ctx context.Context, r *request) (any, error) {
				return success{true}, a.Vault.ChangeSettings(ctx, r.app, func(current *chat.Settings) (*chat.Settings, error) {
					next, err := chat.PatchSettings(current, r.body)
					if err != nil {
						return nil, err
					}
					return next, r.differs(current, next)
				})
			},
		},
		{
			id: "resetSettings", action: access.ActionResetPreferences, method: http.MethodDelete, path: path, tag: tagPreferences,
			summary: "Back to the defaults", data: success{},
			do: func(ctx context.Context, r *request) (any, error) {
				return success{true}, a.Vault.ResetSettings(ctx, r.app)
			},
		},
	}
}
