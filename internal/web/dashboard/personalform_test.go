package dashboard_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
)

// An operator changes what is somebody's own; what the app decides stays.
func TestPersonalPreferences(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	otto, path := s.as(t, "otto"), peoplePath+"/vic/preferences"
	kept := func() *chat.Preferences {
		p, err := s.store.Preferences(t.Context(), "default", "vic")
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	form := formOf(t, otto.get(t, path))
	otto.post(t, path, form)
	if got := kept(); got != nil {
		t.Errorf("saved as it was: %+v", got)
	}
	form.Set("emailPreferences.maxPerDay", "31")
	form.Set("mutePreferences.schedule.monday.from", "noon")
	otto.want(t, http.StatusUnprocessableEntity, http.MethodPost, path, form).
		contains(t, "Nothing was saved.", `value="31"`, "This must be between 1 and 30.", `value="noon"`, "Enter a time of day")
	form.Set("emailPreferences.maxPerDay", "7")
	form.Set("mutePreferences.schedule.monday.from", "09:00")
	form.Set("mutePreferences.dnd", "2")
	form.Set("groupPreferences.groupMessages", "3")
	otto.post(t, path, form)
	most, dnd, week := 7, chat.DNDOn, chat.WholeWeek()
	week.Monday.From = 900
	want := &chat.Preferences{Group: map[string]int{"messages": 3}, DND: &dnd, Schedule: &week, Email: &chat.EmailChoices{MaxPerDay: &most}}
	if diff := cmp.Diff(want, kept()); diff != "" {
		t.Errorf("saved (-want +got):\n%s", diff)
	}
	otto.get(t, path).contains(t, "their own", "It is their own.", `value="7"`)
	otto.get(t, "/dashboard/audit").contains(t, "changed the preferences of", "emailPreferences.maxPerDay: 20 → 7")
	err := s.vault.ChangeSettings(t.Context(), "default", func(current *chat.Settings) (*chat.Settings, error) {
		return chat.PatchSettings(current, []byte(`{"preferences":{"mute":{"dndPreferenceOverride":false}}}`))
	})
	if err != nil {
		t.Fatal(err)
	}
	form.Set("mutePreferences.dnd", "1")
	otto.get(t, path).contains(t, "the app decides")
	otto.post(t, path, form)
	if diff := cmp.Diff(want, kept()); diff != "" {
		t.Errorf("the app decides (-want +got):\n%s", diff)
	}
}

// An operator mutes a conversation of somebody, where the app lets people mute.
func TestMute(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	otto, path := s.as(t, "otto"), peoplePath+"/vic"
	otto.want(t, http.StatusUnprocessableEntity, http.MethodPost, path+"/mute", url.Values{"type": {"group"}, "id": {" "}, "hours": {"24"}}).contains(t, "Enter the id")
	otto.want(t, http.StatusUnprocessableEntity, http.MethodPost, path+"/mute", url.Values{"type": {"group"}, "id": {"hiking"}, "hours": {"9999999"}}).contains(t, "Choose a time.", `value="hiking"`)
	otto.post(t, path+"/mute", url.Values{"type": {"group"}, "id": {"hiking"}, "hours": {"24"}})
	otto.post(t, path+"/mute", url.Values{"type": {"user"}, "id": {"Ada"}, "hours": {"1"}})
	mutes, err := s.store.Mutes(t.Context(), "default", "vic")
	if err != nil || len(mutes) != 2 {
		t.Fatalf("muted %+v, %v", mutes, err)
	}
	for _, m := range mutes {
		want := chat.Mute{Type: chat.ReceiverUser, ID: "ada", Until: noon.Add(time.Hour)}
		if m.Type == chat.ReceiverGroup {
			want = chat.Mute{Type: chat.ReceiverGroup, ID: "hiking", Until: noon.Add(24 * time.Hour)}
		}
		if m.Type != want.Type || m.ID != want.ID || !m.Until.Equal(want.Until) {
			t.Errorf("muted %+v, want %+v", m, want)
		}
	}
	otto.get(t, "/dashboard/audit").contains(t, "muted a conversation of")
	err = s.vault.ChangeSettings(t.Context(), "default", func(current *chat.Settings) (*chat.Settings, error) {
		return chat.PatchSettings(current, []byte(`{"preferences":{"mute":{"mutedGroupsOverride":false}}}`))
	})
	if err != nil {
		t.Fatal(err)
	}
	otto.want(t, http.StatusUnprocessableEntity, http.MethodPost, path+"/mute", url.Values{"type": {"group"}, "id": {"chess"}, "hours": {"24"}}).contains(t, "The app does not let people mute these.")
}
