package dashboard_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/postrider/postrider/internal/chat"
)

const preferencesPath = "/dashboard/preferences"

// formOf is what a browser sends of a page's form, unchanged.
func formOf(t *testing.T, page reply) url.Values {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page.body))
	if err != nil {
		t.Fatal(err)
	}
	form := make(url.Values)
	for node := range root.Descendants() {
		attribute := make(map[string]string)
		for _, a := range node.Attr {
			attribute[a.Key] = a.Val
		}
		switch _, checked := attribute["checked"]; {
		case node.Data == "input" && attribute["name"] != "" && (attribute["type"] != "checkbox" || checked):
			form.Set(attribute["name"], attribute["value"])
		case node.Data == "select":
			for option := range node.Descendants() {
				for _, a := range option.Attr {
					if a.Key == "selected" {
						form.Set(attribute["name"], option.Attr[0].Val)
					}
				}
			}
		}
	}
	return form
}

func (s *site) settings(t *testing.T) *chat.Settings {
	t.Helper()
	settings, err := s.vault.Settings(t.Context(), "default")
	if err != nil {
		t.Fatal(err)
	}
	return settings
}

func TestPreferences(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	otto := s.as(t, "otto")
	page := otto.get(t, preferencesPath)
	page.contains(t, `value="7200"`, `value="23:59"`)
	page.lacks(t, "At first:")
	// Saved as it is, nothing is changed.
	form := formOf(t, page)
	otto.post(t, preferencesPath, form)
	if diff := cmp.Diff(chat.DefaultSettings(), s.settings(t)); diff != "" {
		t.Errorf("saved as it was (-want +got):\n%s", diff)
	}
	otto.get(t, "/dashboard/audit").lacks(t, "saved the preferences")

	want := chat.DefaultSettings()
	p := &want.Preferences
	p.Email.IsEnabled, p.Email.IntervalInSeconds, p.Email.ScheduleMode, p.Email.IncludeMessageObject = false, 90, chat.ScheduleDrop, true
	p.Group["messages"], p.OneOnOne["replies"] = chat.EventSetting{Value: 3, Override: true}, chat.EventSetting{Value: 1}
	p.Mute.DND, p.Mute.MutedGroupsOverride, p.BypassPreferencesForMentions = chat.DNDOn, false, true
	p.Mute.Schedule.Monday, p.Mute.Schedule.Sunday = chat.Day{From: 905, To: 1730}, chat.Day{From: 0, To: 2359, DND: true}
	for name, value := range map[string]string{
		"preferences.email.intervalInSeconds": " 90 ", "preferences.email.scheduleMode": "drop", "preferences.email.includeMessageObject": "on",
		"preferences.group.messagesSetting": "3", "preferences.oneOnOne.repliesSetting": "1",
		"preferences.mute.dndPreferenceSetting": "2", "preferences.bypassPreferencesForMentions": "on",
		"preferences.mute.schedulePreferenceSetting.monday.from": "09:05", "preferences.mute.schedulePreferenceSetting.monday.to": "17:30:00",
		"preferences.mute.schedulePreferenceSetting.sunday.dnd": "on",
	} {
		form.Set(name, value)
	}
	for _, name := range []string{"preferences.email.isEnabled", "preferences.oneOnOne.repliesOverride", "preferences.mute.mutedGroupsOverride"} {
		form.Del(name)
	}
	otto.post(t, preferencesPath, form)
	if diff := cmp.Diff(want, s.settings(t)); diff != "" {
		t.Errorf("saved (-want +got):\n%s", diff)
	}
	page = otto.get(t, preferencesPath)
	page.contains(t, "At first: 7200.", "At first: on.", `value="09:05"`)
	otto.get(t, "/dashboard/audit").contains(t, "email.intervalInSeconds: 7200 → 90", "oneOnOne.repliesSetting: Always → Never")
	// What the page does not show stays: what was saved is what is shown.
	otto.post(t, preferencesPath, formOf(t, page))
	if diff := cmp.Diff(want, s.settings(t)); diff != "" {
		t.Errorf("saved again (-want +got):\n%s", diff)
	}

	otto.get(t, preferencesPath+"/reset").contains(t, "Reset all preferences?")
	otto.post(t, preferencesPath+"/reset", url.Values{})
	if diff := cmp.Diff(chat.DefaultSettings(), s.settings(t)); diff != "" {
		t.Errorf("reset (-want +got):\n%s", diff)
	}
}

func TestPreferencesProblems(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	otto := s.as(t, "otto")
	form := formOf(t, otto.get(t, preferencesPath))
	for name, value := range map[string]string{
		"preferences.email.intervalInSeconds": "59", "preferences.email.maxPerDay": "many", "preferences.email.maxGroupSize": "",
		"preferences.mute.schedulePreferenceSetting.friday.to": "25:00", "preferences.mute.schedulePreferenceSetting.friday.from": "noon",
	} {
		form.Set(name, value)
	}
	page := otto.want(t, http.StatusUnprocessableEntity, http.MethodPost, preferencesPath, form)
	page.contains(t, "Nothing was saved.", `value="59"`, "This must be between 60 and 86400.", `value="many"`, "This must be between 1 and 30.", `value="25:00"`, `value="noon"`,
		"Enter a time of day, such as 09:30.")
	if n := strings.Count(page.body, `aria-invalid="true"`); n != 5 {
		t.Errorf("%d fields are marked", n)
	}
	if diff := cmp.Diff(chat.DefaultSettings(), s.settings(t)); diff != "" {
		t.Errorf("something was saved:\n%s", diff)
	}
	s.as(t, "vera").get(t, preferencesPath).lacks(t, `<button class="button primary"`, "/dashboard/preferences/reset")
}
