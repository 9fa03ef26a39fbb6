package chat_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares a value, as JSON, with what stands in testdata.
func golden(t *testing.T, name string, value any) {
	t.Helper()
	var got bytes.Buffer
	encoder := json.NewEncoder(&got)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// wrong returns the fields that an error names, sorted.
func wrong(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var refusal *chat.Error
	if !errors.As(err, &refusal) {
		t.Fatalf("%T: %v", err, err)
	}
	if refusal.Code != chat.CodeBadRequest || refusal.Message == "" {
		t.Errorf("%+v", refusal)
	}
	for field, problems := range refusal.Details {
		for _, problem := range problems {
			if !strings.HasPrefix(problem, "The "+field+" must ") || !strings.HasSuffix(problem, ".") {
				t.Errorf("%s: %q", field, problem)
			}
		}
	}
	return slices.Sorted(maps.Keys(refusal.Details))
}

func TestDefaultSettings(t *testing.T) {
	t.Parallel()
	golden(t, "settings.json", chat.DefaultSettings())
	if err := chat.DefaultSettings().Validate(); err != nil {
		t.Error(err)
	}
}

// TestDocumentedDefaults reads what the documentation says about defaults.
func TestDocumentedDefaults(t *testing.T) {
	t.Parallel()
	s := chat.DefaultSettings()
	p := &s.Preferences
	if want := (chat.DeliverySettings{NotifyForUnreadOnly: true, IntervalInSeconds: 7200, MaxPerDay: 20, MaxPerDayPerConversation: 2}); p.Email.DeliverySettings != want {
		t.Errorf("email: %+v", p.Email.DeliverySettings)
	}
	for name, value := range map[string]int{
		"messages": 2, "replies": 2, "quotedReplies": 2, "reactions": 2, "messageEdited": 2, "messageDeleted": 2,
		"memberLeft": 1, "memberAdded": 1, "memberJoined": 1, "memberKicked": 1, "memberBanned": 1, "memberUnbanned": 1, "memberScopeChanged": 1,
	} {
		override := name != "messageEdited" && name != "messageDeleted"
		want := chat.EventSetting{Value: value, Override: override}
		if p.Group[name] != want {
			t.Errorf("group %s: %+v", name, p.Group[name])
		}
		if got, ok := p.OneOnOne[name]; ok == strings.HasPrefix(name, "member") || ok && got != want {
			t.Errorf("one-on-one %s: %+v, %t", name, got, ok)
		}
	}
	if m := p.Mute; m.DND != 1 || !m.DNDOverride || !m.ScheduleOverride || !m.MutedGroupsOverride || !m.MutedOneOnOneAllowed || m.Schedule != chat.WholeWeek() {
		t.Errorf("mute: %+v", m)
	}
	if p.BypassPreferencesForMentions || p.BypassPreferencesForAll || s.Templates.UsePrivacy != 3 {
		t.Error("bypass or privacy")
	}
	if e := p.Email; e.IncludeMessageObject || e.IncludeMessageMetadata || e.IncludeSenderMetadata || e.IncludeReceiverMeta || e.MaxGroupSize != 0 {
		t.Errorf("email: %+v", e)
	}
}

func TestSettingsSurviveJSON(t *testing.T) {
	t.Parallel()
	first := chat.DefaultSettings()
	first.Preferences.Group["messages"] = chat.EventSetting{Value: 3}
	first.Templates.Texts["textMessageTemplateDefault"]["body"] = "<b>"
	data, err := json.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	second := chat.DefaultSettings()
	if err := json.Unmarshal(data, second); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Error(diff)
	}
}

func TestSettingsFromPartialJSON(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		edit func(*chat.Settings)
	}{
		"nothing": {`{}`, func(*chat.Settings) {}},
		"null": {`{"preferences":{"group":null,"oneOnOne":{"messagesSetting":null},"mute":null,"email":{"maxPerDay":null},
			"bypassPreferencesForMentions":null},"templates":null}`, func(*chat.Settings) {}},
		"one event": {`{"preferences":{"group":{"messagesSetting":3,"repliesOverride":false}}}`, func(s *chat.Settings) {
			s.Preferences.Group["messages"] = chat.EventSetting{Value: 3, Override: true}
			s.Preferences.Group["replies"] = chat.EventSetting{Value: 2}
		}},
		"one end of a day": {`{"preferences":{"mute":{"schedulePreferenceSetting":{"monday":{"from":900}}}}}`, func(s *chat.Settings) {
			s.Preferences.Mute.Schedule.Monday.From = 900
		}},
		"unknown events": {`{"preferences":{"group":{"partySetting":3}}}`, func(*chat.Settings) {}},
		"an override that there is not": {`{"preferences":{"group":{"messageEditedSetting":1}}}`, func(s *chat.Settings) {
			s.Preferences.Group["messageEdited"] = chat.EventSetting{Value: 1}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, want := chat.DefaultSettings(), chat.DefaultSettings()
			c.edit(want)
			if err := json.Unmarshal([]byte(c.body), got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestEventsThatCannotBeReadAreNamed(t *testing.T) {
	t.Parallel()
	for body, field := range map[string]string{
		`{"preferences":{"group":{"messagesSetting":"2"}}}`:    "messagesSetting",
		`{"preferences":{"oneOnOne":{"repliesOverride":2}}}`:   "repliesOverride",
		`{"templates":{"usePrivacyTemplate":true}}`:            "usePrivacyTemplate",
		`{"templates":{"textMessageTemplateDefault":"hello"}}`: "textMessageTemplateDefault",
	} {
		var named *chat.FieldError
		if err := json.Unmarshal([]byte(body), chat.DefaultSettings()); !errors.As(err, &named) || named.Field != field || errors.Unwrap(named) == nil {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestValidateNamesEveryFieldOutOfRange(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit   func(*chat.Settings)
		fields []string
	}{
		"nothing": {func(*chat.Settings) {}, nil},
		"events": {func(s *chat.Settings) {
			s.Preferences.Group["messages"] = chat.EventSetting{Value: 4}
			s.Preferences.Group["memberLeft"] = chat.EventSetting{Value: 3}
			s.Preferences.OneOnOne["messageEdited"] = chat.EventSetting{Value: 0}
		}, []string{"preferences.group.memberLeftSetting", "preferences.group.messagesSetting", "preferences.oneOnOne.messageEditedSetting"}},
		"reactions have three choices": {func(s *chat.Settings) { s.Preferences.Group["reactions"] = chat.EventSetting{Value: 3} }, nil},
		"below": {func(s *chat.Settings) {
			s.Preferences.Email.DeliverySettings = chat.DeliverySettings{IntervalInSeconds: 59}
			s.Preferences.Email.MaxGroupSize = -1
			s.Preferences.Mute.DND, s.Templates.UsePrivacy = 0, 0
		}, []string{"preferences.email.intervalInSeconds", "preferences.email.maxGroupSize", "preferences.email.maxPerDay",
			"preferences.email.maxPerDayPerConversation", "preferences.mute.dndPreferenceSetting", "templates.usePrivacyTemplate"}},
		"least": {func(s *chat.Settings) {
			s.Preferences.Email.DeliverySettings = chat.DeliverySettings{IntervalInSeconds: 60, MaxPerDay: 1, MaxPerDayPerConversation: 1}
		}, nil},
		"most": {func(s *chat.Settings) {
			s.Preferences.Email.DeliverySettings = chat.DeliverySettings{IntervalInSeconds: 86_400, MaxPerDay: 30, MaxPerDayPerConversation: 30}
		}, nil},
		"above": {func(s *chat.Settings) {
			s.Preferences.SMS = chat.DeliverySettings{IntervalInSeconds: 86_401, MaxPerDay: 31, MaxPerDayPerConversation: 31}
			s.Preferences.Mute.DND, s.Templates.UsePrivacy = 3, 4
		}, []string{"preferences.mute.dndPreferenceSetting", "preferences.sms.intervalInSeconds", "preferences.sms.maxPerDay",
			"preferences.sms.maxPerDayPerConversation", "templates.usePrivacyTemplate"}},
		"mode": {func(s *chat.Settings) { s.Preferences.Email.ScheduleMode = "later" }, []string{"preferences.email.scheduleMode"}},
		"schedule": {func(s *chat.Settings) {
			s.Preferences.Mute.Schedule.Monday = chat.Day{From: 1275, To: 2400}
			s.Preferences.Mute.Schedule.Sunday = chat.Day{From: -1, To: 2359}
		}, []string{"preferences.mute.schedulePreferenceSetting.monday.from", "preferences.mute.schedulePreferenceSetting.monday.to",
			"preferences.mute.schedulePreferenceSetting.sunday.from"}},
		"overnight": {func(s *chat.Settings) { s.Preferences.Mute.Schedule.Friday = chat.Day{From: 2200, To: 600} }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := chat.DefaultSettings()
			c.edit(s)
			if got := wrong(t, s.Validate()); !slices.Equal(got, c.fields) {
				t.Errorf("names %v, want %v", got, c.fields)
			}
		})
	}
}
