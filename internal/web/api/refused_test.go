package api_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// TestRefusedChangesNothing: of a body with one fault nothing is taken, whatever
// else is in it.
func TestRefusedChangesNothing(t *testing.T) {
	t.Parallel()
	s := settle(t, "mira-17")
	const notifications = "/notifications/v1"
	custom := `{"isEnabled":true,"useStoredEmailID":false,"webhookURL":"https://hooks.example.org/email","useBasicAuth":true,` +
		`"basicAuthUsername":"mailer","basicAuthPassword":"correct-horse"}`
	s.call(t, http.MethodPost, customPath, custom).data(t)
	s.call(t, http.MethodPost, "/groups", `{"guid":"club","name":"Club","type":"public"}`, "onBehalfOf", "mira-17").data(t)
	s.take()
	later := s.server.clock.Now().Add(time.Hour).UnixMilli()
	for _, c := range []struct{ method, path, body, field, look string }{
		{
			http.MethodPatch, notifications + "/settings", `{"preferences":{"email":{"maxPerDay":5},"bypassPreferencesForMentions":7}}`,
			"preferences.bypassPreferencesForMentions", notifications + "/settings",
		},
		{
			http.MethodPatch, notifications + "/preferences?uid=mira-17", `{"usePrivacyTemplate":true,"groupPreferences":{"groupMessages":4}}`,
			"groupPreferences.groupMessages", notifications + "/preferences?uid=mira-17",
		},
		{
			http.MethodPatch, notifications + "/preferences/timezone?uid=mira-17", `{"timezone":"Mars/Olympus"}`,
			"timezone", notifications + "/preferences/timezone?uid=mira-17",
		},
		{
			http.MethodPut, notifications + "/preferences/mute?uid=mira-17",
			fmt.Sprintf(`{"conversations":[{"id":"x","type":"group","until":%d},{"id":"y","type":"group","until":1}]}`, later),
			"conversations.1.until", notifications + "/preferences/mute?uid=mira-17",
		},
		{
			http.MethodPatch, notifications + "/contact-details?uid=mira-17", `{"email":"mira@example.org","phno":"call me"}`,
			"phno", notifications + "/contact-details?uid=mira-17",
		},
		{http.MethodPut, customPath, `{"isEnabled":false,"webhookURL":"ftp://example.org"}`, "webhookURL", customPath},
		{http.MethodPut, "/users/mira-17", `{"name":"Mira","avatar":7}`, "avatar", "/users/mira-17"},
		{http.MethodPut, "/groups/club", `{"name":"Other","type":"secret"}`, "type", "/groups/club"},
	} {
		before := s.call(t, http.MethodGet, c.look, "").body
		s.call(t, c.method, c.path, c.body).refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST", c.field)
		if after := s.call(t, http.MethodGet, c.look, "").body; after != before {
			t.Errorf("%s %s: it was\n%s\nand is\n%s", c.method, c.path, before, after)
		}
	}
	if events := s.take(); len(events) != 0 {
		t.Errorf("told the engine of %+v", events)
	}
}
