package demo

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// setUp makes the server ready for the community: its provider, the app's
// settings, and what people have set for themselves.
func (t *Target) setUp(ctx context.Context, c *community, place away, now time.Time) error {
	err := t.set(ctx, http.MethodPost, "/notifications/email/v1/providers/custom", "", object{
		"isEnabled": true, "useStoredEmailID": true, "webhookURL": t.URL + "/webhook",
		"useBasicAuth": true, "basicAuthUsername": t.Webhook.Username, "basicAuthPassword": t.Webhook.Password,
	})
	if err != nil {
		return err
	}
	// Before the first event: windows wait as long as was set when they opened.
	err = t.set(ctx, http.MethodPatch, "/notifications/v1/settings", "", object{"preferences": object{
		"email":                        object{"intervalInSeconds": 60},
		"bypassPreferencesForMentions": true,
	}})
	if err != nil {
		return err
	}
	// That there are groups tells who there is.
	events := make([]object, 0, len(c.groups))
	for i := range c.groups {
		events = append(events, groupCreated(c, &c.groups[i], t.URL, now))
	}
	if err := t.tell(ctx, append(events, block("user_blocked", c, greta, felix, t.URL))); err != nil {
		return err
	}
	for i := range c.people {
		p := &c.people[i]
		if p.email == "" {
			continue
		}
		if err := t.set(ctx, http.MethodPatch, "/notifications/v1/contact-details", p.uid, object{"email": p.email}); err != nil {
			return err
		}
	}
	return t.setPreferences(ctx, place, now)
}

// setPreferences sets what some people have chosen.
func (t *Target) setPreferences(ctx context.Context, place away, now time.Time) error {
	week := make(object)
	for day := range time.Weekday(7) {
		week[strings.ToLower(day.String())] = object{"from": workFrom, "to": workTo, "dnd": false}
	}
	const path = "/notifications/v1/preferences"
	for _, s := range []struct {
		method, path, uid string
		body              object
	}{
		{http.MethodPatch, path, tomas, object{"mutePreferences": object{"dnd": 2}}},
		{http.MethodPatch, path, john, object{"groupPreferences": object{"groupMessages": 3}}},
		{http.MethodPut, path + "/mute", ravi, object{"conversations": []object{
			{"id": hikers, "type": "group", "until": now.Add(muteFor).UnixMilli()},
		}}},
		{http.MethodPatch, path + "/timezone", kenji, object{"timezone": place.zone}},
		{http.MethodPatch, path, kenji, object{"mutePreferences": object{"schedule": week}}},
	} {
		if err := t.set(ctx, s.method, s.path+"?uid="+s.uid, "", s.body); err != nil {
			return fmt.Errorf("preferences of %s: %w", s.uid, err)
		}
	}
	return nil
}
