package api_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/web/api"
)

// What an admin would change is noted: by which key, from where, what, and never
// a secret. What changed nothing, or was refused, is not.
func TestAudit(t *testing.T) {
	t.Parallel()
	var noted []string
	s := start(t, func(cfg *api.Config) {
		cfg.Record = func(_ context.Context, _ string, by access.Actor, action access.Action, subject, detail string) error {
			noted = append(noted, strings.Join([]string{by.Account, by.Address, string(action), subject, detail}, " | "))
			return nil
		}
	})
	const (
		settings = "/notifications/v1/settings"
		custom   = "/notifications/email/v1/providers/custom"
		grid     = "/notifications/email/v1/providers/sendgrid"
	)
	for _, one := range []struct{ method, path, body string }{
		{http.MethodPatch, settings, `{"preferences":{"email":{"maxPerDay":7,"intervalInSeconds":90}}}`},
		{http.MethodPatch, settings, `{"preferences":{"email":{"maxPerDay":7}}}`},
		{http.MethodPatch, settings, `{"preferences":{"email":{"maxPerDay":"many"}}}`},
		{http.MethodGet, settings, ""},
		{http.MethodDelete, settings, ""},
		{http.MethodPost, custom, `{"isEnabled":true,"useStoredEmailID":false,"webhookURL":"https://example.com/hook","useBasicAuth":true,"basicAuthUsername":"u","basicAuthPassword":"top-secret"}`},
		{http.MethodPut, custom, `{"basicAuthPassword":"more-secret"}`},
		{http.MethodDelete, custom, ""},
		{http.MethodDelete, custom, ""},
		{http.MethodPost, grid, `{"isEnabled":true,"sendGridApiKey":"SG.secret","sendGridTemplateID":"d-1","sendGridUnsubscribeGroupID":1,"senderName":"Acme","senderEmail":"a@example.com"}`},
		{http.MethodPut, grid, `{"senderName":"Acme Chat"}`},
		{http.MethodDelete, grid, ""},
		{http.MethodPost, "/apikeys", `{"name":"robot","scope":"authOnly"}`},
	} {
		s.call(t, one.method, one.path, one.body)
	}
	keys, err := s.keys.List(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	robot := keys[slices.IndexFunc(keys, func(k access.Key) bool { return k.Name == "robot" })].Mask
	s.call(t, http.MethodPut, "/apikeys/"+robot, `{"name":"machine"}`)
	s.call(t, http.MethodDelete, "/apikeys/"+robot, "")
	want := []string{
		"saved the preferences |  | preferences.email.intervalInSeconds, preferences.email.maxPerDay",
		"reset the preferences |  | ",
		"saved the custom provider |  | ",
		"saved the custom provider |  | basicAuthPassword",
		"deleted the custom provider |  | ",
		"saved SendGrid |  | ",
		"saved SendGrid |  | senderName",
		"deleted SendGrid |  | ",
		"made the API key | robot | authOnly",
		"changed the API key | machine | authOnly",
		"deleted the API key | machine | ",
	}
	for i := range want {
		want[i] = "API key First key | 192.0.2.1 | " + want[i]
	}
	if diff := cmp.Diff(want, noted); diff != "" {
		t.Error(diff)
	}
}
