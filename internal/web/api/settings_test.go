package api_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestSettings(t *testing.T) {
	t.Parallel()
	s := start(t)
	const path = "/notifications/v1/settings"
	email := func() map[string]any {
		t.Helper()
		preferences := s.call(t, http.MethodGet, path, "").data(t)["preferences"].(map[string]any)
		return preferences["email"].(map[string]any)
	}
	expect := func(when string, interval, perDay float64) {
		t.Helper()
		if got := email(); got["intervalInSeconds"] != interval || got["maxPerDay"] != perDay {
			t.Errorf("%s: %v, want interval %v and %v a day", when, got, interval, perDay)
		}
	}
	expect("defaults", 7200, 20)
	if got := s.call(t, http.MethodPatch, path, `{"preferences":{"email":{"intervalInSeconds":60,"maxPerDay":null}},"x":1}`).data(t); got["success"] != true {
		t.Errorf("change: %v", got)
	}
	expect("changed", 60, 20)
	for body, field := range map[string]string{
		`{"preferences":{"email":{"maxPerDay":5,"intervalInSeconds":59}}}`:               "preferences.email.intervalInSeconds",
		`{"preferences":{"email":{"maxPerDay":"5"}}}`:                                    "preferences.email.maxPerDay",
		`{"preferences":{"email":{"maxPerDay":5}},"templates":{"usePrivacyTemplate":4}}`: "templates.usePrivacyTemplate",
	} {
		s.call(t, http.MethodPatch, path, body).refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST", field)
	}
	expect("after refusals", 60, 20)
	large := `{"sound":{"chat":"` + strings.Repeat("x", 256<<10) + `"}}`
	s.call(t, http.MethodPatch, path, large).refused(t, http.StatusRequestEntityTooLarge, "ERR_BAD_REQUEST")
	if got := s.call(t, http.MethodDelete, path, "").data(t); got["success"] != true {
		t.Errorf("reset: %v", got)
	}
	expect("reset", 7200, 20)
	s.call(t, http.MethodDelete, path, "").data(t) // nothing is there: the same
}

func TestPreferences(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.people(t, "mira-17")
	const path = "/notifications/v1/preferences?uid=Mira-17"
	messages := func(r reply) any {
		t.Helper()
		preferences := r.data(t)["preferences"].(map[string]any)
		return preferences["group"].(map[string]any)["messagesSetting"]
	}
	if got := messages(s.call(t, http.MethodGet, path, "")); got != 2.0 {
		t.Errorf("default: %v", got)
	}
	changed := s.call(t, http.MethodPatch, path, `{"groupPreferences":{"groupMessages":3},"usePrivacyTemplate":true,"emailPreferences":{"intervalInSeconds":120}}`)
	if got := messages(changed); got != 3.0 {
		t.Errorf("the answer to a change: %s", changed.body)
	}
	email := changed.data(t)["preferences"].(map[string]any)["email"].(map[string]any)
	if email["intervalInSeconds"] != 120.0 || email["maxPerDay"] != 20.0 {
		t.Errorf("own delivery settings: %v", email)
	}
	if got := messages(s.call(t, http.MethodGet, path, "")); got != 3.0 {
		t.Errorf("kept: %v", got)
	}
	s.call(t, http.MethodPatch, path, `{"groupPreferences":{"groupMessages":4}}`).
		refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST", "groupPreferences.groupMessages")
	// What the app does not let people choose is ignored, and its own value
	// counts at once (F061).
	s.call(t, http.MethodPatch, "/notifications/v1/settings", `{"preferences":{"group":{"messagesOverride":false}}}`).data(t)
	if got := messages(s.call(t, http.MethodPatch, path, `{"groupPreferences":{"groupMessages":1}}`)); got != 2.0 {
		t.Errorf("without override: %v", got)
	}
	reset := s.call(t, http.MethodDelete, path, "").data(t)
	if got := reset["groupPreferences"].(map[string]any)["groupMessages"]; got != 2.0 || reset["usePrivacyTemplate"] != false {
		t.Errorf("reset: %v", reset)
	}
	s.call(t, http.MethodPatch, "/notifications/v1/settings", `{"preferences":{"group":{"messagesOverride":true}}}`).data(t)
	if got := messages(s.call(t, http.MethodGet, path, "")); got != 2.0 {
		t.Errorf("after the reset: %v", got)
	}
}

func TestTimezone(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.people(t, "mira-17")
	const path = "/notifications/v1/preferences/timezone?uid=mira-17"
	expect := func(want string) {
		t.Helper()
		if got := s.call(t, http.MethodGet, path, "").data(t)["timezone"]; got != want {
			t.Errorf("time zone %v, want %s", got, want)
		}
	}
	expect("GMT")
	if got := s.call(t, http.MethodPatch, path, `{"timezone":"Europe/Lisbon"}`).data(t)["timezone"]; got != "Europe/Lisbon" {
		t.Errorf("answered %v", got)
	}
	for _, bad := range []string{`""`, `"Local"`, `"localtime"`, `"Europe/Atlantis"`, `"../zone"`, `7`, `null`} {
		s.call(t, http.MethodPatch, path, `{"timezone":`+bad+`}`).refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST", "timezone")
	}
	expect("Europe/Lisbon")
	// Time zones are no preferences: a reset leaves them.
	s.call(t, http.MethodDelete, "/notifications/v1/preferences?uid=mira-17", "").data(t)
	expect("Europe/Lisbon")
}
