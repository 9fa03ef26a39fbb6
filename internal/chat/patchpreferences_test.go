package chat_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/chat"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func TestPatchPreferences(t *testing.T) {
	t.Parallel()
	workdays := chat.WholeWeek()
	workdays.Saturday.DND, workdays.Sunday.DND = true, true
	monday := workdays
	monday.Monday = chat.Day{From: 900, To: 2359}
	for name, c := range map[string]struct {
		app     func(*chat.Settings)
		current *chat.Preferences
		body    string
		want    chat.Preferences
	}{
		"nothing": {nil, nil, `{}`, chat.Preferences{}},
		"all there is": {nil, nil, `{"groupPreferences":{"groupMessages":1,"groupReplies":3,"groupQuotedReplies":2,"groupReactions":3,"groupMemberLeft":2,
			"groupMemberAdded":2,"groupMemberJoined":2,"groupMemberKicked":2,"groupMemberBanned":2,"groupMemberUnbanned":2,"groupMemberScopeChanged":2},
			"oneOnOnePreferences":{"oneOnOneMessages":1,"oneOnOneReplies":3,"oneOnOneQuotedReplies":2,"oneOnOneReactions":3},
			"mutePreferences":{"dnd":2,"schedule":{"saturday":{"from":0,"to":2359,"dnd":true},"sunday":{"dnd":true}}},"usePrivacyTemplate":true,
			"emailPreferences":{"notifyForUnreadOnly":false,"intervalInSeconds":60,"maxPerDay":30,"maxPerDayPerConversation":1}}`,
			chat.Preferences{
				Group: map[string]int{"messages": 1, "replies": 3, "quotedReplies": 2, "reactions": 3, "memberLeft": 2, "memberAdded": 2,
					"memberJoined": 2, "memberKicked": 2, "memberBanned": 2, "memberUnbanned": 2, "memberScopeChanged": 2},
				OneOnOne: map[string]int{"messages": 1, "replies": 3, "quotedReplies": 2, "reactions": 3},
				DND:      new(2), Schedule: &workdays, UsePrivacy: new(true),
				Email: &chat.EmailChoices{NotifyForUnreadOnly: new(false), IntervalInSeconds: new(60), MaxPerDay: new(30), MaxPerDayPerConversation: new(1)},
			}},
		"the rest stays": {nil, &chat.Preferences{
			Group: map[string]int{"messages": 1, "replies": 1}, DND: new(2), Schedule: &workdays, UsePrivacy: new(false),
			Email: &chat.EmailChoices{MaxPerDay: new(3)},
		}, `{"groupPreferences":{"groupMessages":3},"emailPreferences":{"intervalInSeconds":90}}`, chat.Preferences{
			Group: map[string]int{"messages": 3, "replies": 1}, DND: new(2), Schedule: &workdays, UsePrivacy: new(false),
			Email: &chat.EmailChoices{MaxPerDay: new(3), IntervalInSeconds: new(90)},
		}},
		"null changes nothing": {nil, &chat.Preferences{DND: new(2), Schedule: &workdays}, `{"groupPreferences":null,"oneOnOnePreferences":{"oneOnOneMessages":null},
			"mutePreferences":{"dnd":null,"schedule":{"monday":null,"sunday":{"dnd":null}}},"usePrivacyTemplate":null,"emailPreferences":{"maxPerDay":null}}`,
			chat.Preferences{DND: new(2), Schedule: &workdays}},
		"a schedule of one end of a day, over one's own": {nil, &chat.Preferences{Schedule: &workdays},
			`{"mutePreferences":{"schedule":{"monday":{"from":900}}}}`, chat.Preferences{Schedule: &monday}},
		"a schedule of one end of a day, over the app's": {func(s *chat.Settings) { s.Preferences.Mute.Schedule = workdays }, nil,
			`{"mutePreferences":{"schedule":{"monday":{"from":900}}}}`, chat.Preferences{Schedule: &monday}},
		"a schedule that names nothing": {nil, nil, `{"mutePreferences":{"schedule":{"monday":{},"someday":{"from":1}}}}`, chat.Preferences{}},
		"the app's hours, chosen": {func(s *chat.Settings) { s.Preferences.Mute.Schedule = workdays }, nil,
			`{"mutePreferences":{"schedule":{"monday":{"from":0}}}}`, chat.Preferences{Schedule: &workdays}},
		"unknown fields": {nil, nil, `{"more":1,"groupPreferences":{"groupMessageEdited":2,"messages":1},"oneOnOnePreferences":{"oneOnOneMemberLeft":1}}`, chat.Preferences{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := chat.DefaultSettings()
			if c.app != nil {
				c.app(settings)
			}
			before, err := json.Marshal(c.current)
			if err != nil {
				t.Fatal(err)
			}
			got, err := chat.PatchPreferences(settings, c.current, []byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			after, err := json.Marshal(c.current)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(before), string(after)); diff != "" {
				t.Errorf("the preferences that were there changed: %s", diff)
			}
		})
	}
}

// forbid takes from people what an app can take from them.
func forbid(s *chat.Settings) {
	p := &s.Preferences
	for _, events := range []chat.EventSettings{p.Group, p.OneOnOne} {
		for name, setting := range events {
			setting.Override = false
			events[name] = setting
		}
	}
	p.Mute.DNDOverride, p.Mute.ScheduleOverride, p.Email.Override = false, false, false
	s.Templates.UsePrivacy = chat.TemplatesDefault
}

func TestPatchPreferencesIgnoresWhatTheAppForbids(t *testing.T) {
	t.Parallel()
	settings := chat.DefaultSettings()
	forbid(settings)
	own := &chat.Preferences{Group: map[string]int{"messages": 1}, DND: new(2), Email: &chat.EmailChoices{MaxPerDay: new(3)}}
	for _, body := range []string{
		`{"groupPreferences":{"groupMessages":3},"oneOnOnePreferences":{"oneOnOneReplies":1},"mutePreferences":{"dnd":1,"schedule":{"monday":{"dnd":true}}},
			"usePrivacyTemplate":true,"emailPreferences":{"maxPerDay":4}}`,
		// It is never an error, whatever it says.
		`{"groupPreferences":{"groupMessages":"x"},"mutePreferences":{"dnd":9,"schedule":7},"usePrivacyTemplate":2,"emailPreferences":{"maxPerDay":400}}`,
	} {
		got, err := chat.PatchPreferences(settings, own, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(own, got); diff != "" {
			t.Errorf("%s\n%s", body, diff)
		}
	}
}

func TestPatchPreferencesRefuses(t *testing.T) {
	t.Parallel()
	for body, fields := range map[string][]string{
		`[]`:                      {"body"},
		`{"groupPreferences":`:    {"body"},
		`{"groupPreferences":[]}`: {"groupPreferences"},
		`{"groupPreferences":{"groupMessages":4,"groupReplies":0,"groupMemberLeft":3,"groupReactions":3},"oneOnOnePreferences":{"oneOnOneMessages":"2"}}`: {
			"groupPreferences.groupMemberLeft", "groupPreferences.groupMessages", "groupPreferences.groupReplies", "oneOnOnePreferences.oneOnOneMessages",
		},
		`{"mutePreferences":{"dnd":3,"schedule":{"monday":{"from":1275,"to":2400,"dnd":1},"sunday":0}},"usePrivacyTemplate":2}`: {
			"mutePreferences.dnd", "mutePreferences.schedule.monday.dnd", "mutePreferences.schedule.monday.from", "mutePreferences.schedule.monday.to",
			"mutePreferences.schedule.sunday", "usePrivacyTemplate",
		},
		`{"mutePreferences":{"dnd":true,"schedule":[]}}`: {"mutePreferences.dnd", "mutePreferences.schedule"},
		`{"emailPreferences":{"notifyForUnreadOnly":1,"intervalInSeconds":59,"maxPerDay":31,"maxPerDayPerConversation":0}}`: {
			"emailPreferences.intervalInSeconds", "emailPreferences.maxPerDay", "emailPreferences.maxPerDayPerConversation", "emailPreferences.notifyForUnreadOnly",
		},
		`{"emailPreferences":{"intervalInSeconds":86401,"maxPerDay":1.0}}`: {"emailPreferences.intervalInSeconds", "emailPreferences.maxPerDay"},
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			got, err := chat.PatchPreferences(chat.DefaultSettings(), nil, []byte(body))
			if err == nil || got != nil {
				t.Fatalf("%v, %v", got, err)
			}
			if named := wrong(t, err); !slices.Equal(named, fields) {
				t.Errorf("names %v, want %v", named, fields)
			}
		})
	}
}

// TestResetIsARequest sends the answer of a reset as a request: then a person
// has chosen what counted for them anyway.
func TestResetIsARequest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		settings := genSettings(t)
		own, err := chat.PatchPreferences(settings, nil, asJSON(t, chat.DefaultsView(settings)))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(settings.Merge(nil), settings.Merge(own)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzPatchPreferences(f *testing.F) {
	f.Add([]byte(`{"groupPreferences":{"groupMessages":3},"mutePreferences":{"dnd":2,"schedule":{"monday":{"from":2200,"to":600}}}}`))
	f.Add([]byte(`{"usePrivacyTemplate":true,"emailPreferences":{"maxPerDay":3}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		settings := chat.DefaultSettings()
		got, err := chat.PatchPreferences(settings, nil, body)
		if err != nil {
			if len(wrong(t, err)) == 0 {
				t.Errorf("refused without a field: %v", err)
			}
			return
		}
		again, err := chat.PatchPreferences(settings, got, body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, again); diff != "" {
			t.Errorf("twice is not once: %s", diff)
		}
		// What was taken is within the ranges of an app's settings.
		effective := settings.Merge(got)
		settings.Preferences.Group, settings.Preferences.OneOnOne = effective.Group, effective.OneOnOne
		settings.Preferences.Email.DeliverySettings, settings.Preferences.Mute.Schedule = effective.Email, *effective.Schedule
		if err := settings.Validate(); err != nil {
			t.Errorf("%s: %v", strings.TrimSpace(string(body)), err)
		}
	})
}
