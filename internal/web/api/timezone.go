package api

import (
	"context"
	"net/http"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
)

type timezoneView struct {
	Timezone string `json:"timezone" doc:"A name of the IANA time zone database, such as Europe/Lisbon."`
}

// timezone are the operations on where somebody is (F015).
func (a *api) timezone() []operation {
	const path = "/notifications/v1/preferences/timezone"
	return []operation{
		{
			id: "getTimezone", method: http.MethodGet, path: path, tag: tagPreferences, actor: actorQuery,
			summary: "Which time zone somebody is in", about: "The default of the app's region for those who have registered none.",
			data: timezoneView{},
			do: func(ctx context.Context, r *request) (any, error) {
				zone, err := a.Personal.Timezone(ctx, r.app, r.actor)
				if err != nil || zone != "" {
					return timezoneView{zone}, err
				}
				region, err := a.regionOf(ctx, r.app)
				return timezoneView{chat.DefaultTimezone(region)}, err
			},
		},
		{
			id: "updateTimezone", method: http.MethodPatch, path: path, tag: tagPreferences, actor: actorQuery,
			summary: "Register somebody's time zone", body: timezoneView{}, data: timezoneView{},
			do: func(ctx context.Context, r *request) (any, error) {
				f := r.fields()
				f.require("timezone")
				zone, ok := f.text("timezone", 100)
				if ok && !directory.IsTimezone(zone) {
					f.fail("timezone", "The %s must be a valid timezone.")
				}
				if err := f.err(); err != nil {
					return nil, err
				}
				return timezoneView{zone}, a.Personal.SetTimezone(ctx, r.app, r.actor, zone)
			},
		},
	}
}
