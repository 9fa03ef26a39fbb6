package chat_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/chat"
)

func TestPatchSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		edit func(*chat.Settings)
	}{
		"nothing": {`{}`, func(*chat.Settings) {}},
		"the documented shape": {`{"preferences":{"email":{"notifyForUnreadOnly":false,"intervalInSeconds":60,"maxPerDay":30,"maxPerDayPerConversation":30},
			"mute":{"dndPreferenceSetting":2,"dndPreferenceOverride":false,"schedulePreferenceSetting":{"monday":{"from":800,"to":1830,"dnd":false},
			"sunday":{"from":0,"to":2359,"dnd":true}},"schedulePreferenceOverride":false,"mutedGroupsOverride":false,"mutedOneOnOnesOverride":false},
			"bypassPreferencesForMentions":true},"templates":{"usePrivacyTemplate":1,"emailSubjectTemplateDefault":{"subjectGroup":"In {{groupDetails.name}}"}}}`,
			func(s *chat.Settings) {
				s.Preferences.Email.DeliverySettings = chat.DeliverySettings{IntervalInSeconds: 60, MaxPerDay: 30, MaxPerDayPerConversation: 30}
				s.Preferences.Mute = chat.MuteSettings{DND: 2, Schedule: chat.WholeWeek()}
				s.Preferences.Mute.Schedule.Monday = chat.Day{From: 800, To: 1830}
				s.Preferences.Mute.Schedule.Sunday.DND = true
				s.Preferences.BypassPreferencesForMentions = true
				s.Templates.UsePrivacy = 1
				s.Templates.Texts["emailSubjectTemplateDefault"]["subjectGroup"] = "In {{groupDetails.name}}"
			}},
		"our own fields": {`{"preferences":{"email":{"isEnabled":false,"override":false,"maxGroupSize":30,"scheduleMode":"drop","includeMessageObject":true,
			"includeMessageMetadata":true,"includeSenderMetadata":true,"includeReceiverMetadata":true},"bypassPreferencesForAll":true}}`,
			func(s *chat.Settings) {
				s.Preferences.BypassPreferencesForAll = true
				s.Preferences.Email = chat.EmailSettings{
					DeliverySettings: s.Preferences.Email.DeliverySettings, MaxGroupSize: 30, ScheduleMode: "drop",
					IncludeMessageObject: true, IncludeMessageMetadata: true, IncludeSenderMetadata: true, IncludeReceiverMeta: true,
				}
			}},
		"events": {`{"preferences":{"group":{"messagesSetting":3,"memberLeftOverride":false},"oneOnOne":{"messageEditedSetting":1}}}`, func(s *chat.Settings) {
			s.Preferences.Group["messages"] = chat.EventSetting{Value: 3, Override: true}
			s.Preferences.Group["memberLeft"] = chat.EventSetting{Value: 1}
			s.Preferences.OneOnOne["messageEdited"] = chat.EventSetting{Value: 1}
		}},
		"what other channels say is kept as it is": {`{"sound":{"chat":"bell","party":"horn"},"preferences":{"sms":{"maxPerDay":3},
			"push":{"customJson":{"a":[1,2.50,null]},"trimTextFieldSetting":true},"call":{"endedSetting":1}}}`, func(s *chat.Settings) {
			s.Sound["chat"], s.Sound["party"] = "bell", "horn"
			s.Preferences.SMS.MaxPerDay = 3
			s.Preferences.Push["customJson"] = json.RawMessage(`{"a":[1,2.50,null]}`)
			s.Preferences.Push["trimTextFieldSetting"] = json.RawMessage(`true`)
			s.Preferences.Call["endedSetting"] = json.RawMessage(`1`)
		}},
		"a text of a template that had none": {`{"templates":{"textMessageTemplateDefault":{"body_fallback":"Hm"}}}`, func(s *chat.Settings) {
			s.Templates.Texts["textMessageTemplateDefault"]["body_fallback"] = "Hm"
		}},
		"unknown fields": {`{"more":1,"preferences":{"more":{"a":1},"group":{"partySetting":"x"},"email":{"colour":"red"}},
			"templates":{"partyTemplate":{"body":"x"}}}`, func(*chat.Settings) {}},
		"names are exact":      {`{"Preferences":{"email":{"maxPerDay":1}},"preferences":{"email":{"MAXPERDAY":1}}}`, func(*chat.Settings) {}},
		"null changes nothing": {`{"sound":null,"templates":null,"preferences":null}`, func(*chat.Settings) {}},
		"null changes nothing further down": {`{"sound":{"chat":null},"templates":{"usePrivacyTemplate":null,"textMessageTemplateDefault":null,
			"textMessageTemplatePrivacy":{"body":null}},"preferences":{"group":{"messagesSetting":null,"messagesOverride":null},"oneOnOne":null,
			"email":{"isEnabled":null,"scheduleMode":null},"push":{"trimTextFieldSetting":null},"call":null,"sms":null,"bypassPreferencesForAll":null,
			"mute":{"schedulePreferenceSetting":{"monday":null,"tuesday":{"from":null,"dnd":null}}}}}`, func(*chat.Settings) {}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			current, want := chat.DefaultSettings(), chat.DefaultSettings()
			c.edit(want)
			got, err := chat.PatchSettings(current, []byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(chat.DefaultSettings(), current); diff != "" {
				t.Errorf("the settings that were there changed:\n%s", diff)
			}
		})
	}
}

func TestPatchSettingsRefuses(t *testing.T) {
	t.Parallel()
	for body, fields := range map[string][]string{
		``:                   {"body"},
		`null`:               {"body"},
		`[]`:                 {"body"},
		`"x"`:                {"body"},
		`{`:                  {"body"},
		`{} {}`:              {"body"},
		"{\"a\":1}]":         {"body"},
		`{"preferences":[]}`: {"preferences"},
		`{"preferences":{"email":{"intervalInSeconds":"60","maxPerDay":1.5,"isEnabled":1,"scheduleMode":2,"maxGroupSize":9223372036854775808}}}`: {
			"preferences.email.intervalInSeconds", "preferences.email.isEnabled", "preferences.email.maxGroupSize", "preferences.email.maxPerDay",
			"preferences.email.scheduleMode",
		},
		`{"preferences":{"email":{"maxPerDay":2e1}}}`:                      {"preferences.email.maxPerDay"},
		`{"preferences":{"group":true,"oneOnOne":{"messagesSetting":{}}}}`: {"preferences.group", "preferences.oneOnOne.messagesSetting"},
		`{"preferences":{"mute":{"schedulePreferenceSetting":{"monday":900,"friday":{"from":"9","dnd":0}}}}}`: {
			"preferences.mute.schedulePreferenceSetting.friday.dnd", "preferences.mute.schedulePreferenceSetting.friday.from",
			"preferences.mute.schedulePreferenceSetting.monday",
		},
		`{"preferences":{"bypassPreferencesForMentions":"yes","push":1}}`: {"preferences.bypassPreferencesForMentions", "preferences.push"},
		`{"sound":{"chat":1},"templates":{"usePrivacyTemplate":true,"textMessageTemplateDefault":{"body":1},"pollMessageTemplateDefault":"x"}}`: {
			"sound.chat", "templates.pollMessageTemplateDefault", "templates.textMessageTemplateDefault.body", "templates.usePrivacyTemplate",
		},
		`{"preferences":{"email":{"maxPerDay":31,"scheduleMode":"later"},"group":{"messagesSetting":4}}}`: {
			"preferences.email.maxPerDay", "preferences.email.scheduleMode", "preferences.group.messagesSetting",
		},
		`{"preferences":{"mute":{"schedulePreferenceSetting":{"monday":{"from":1275}}}}}`: {"preferences.mute.schedulePreferenceSetting.monday.from"},
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			got, err := chat.PatchSettings(chat.DefaultSettings(), []byte(body))
			if err == nil || got != nil {
				t.Fatalf("%v, %v", got, err)
			}
			if named := wrong(t, err); !slices.Equal(named, fields) {
				t.Errorf("names %v, want %v", named, fields)
			}
		})
	}
}

// TestPatchSettingsOfAnEmptyApp: settings that lack whole objects can be set
// too.
func TestPatchSettingsOfAnEmptyApp(t *testing.T) {
	t.Parallel()
	current := chat.DefaultSettings()
	current.Sound, current.Preferences.Push, current.Preferences.Call = nil, nil, nil
	got, err := chat.PatchSettings(current, []byte(`{"sound":{"chat":"bell"},"preferences":{"push":{"a":"<b>"},"call":{}}}`))
	if err != nil {
		t.Fatal(err)
	}
	var text string
	if err := json.Unmarshal(got.Preferences.Push["a"], &text); err != nil || text != "<b>" || got.Sound["chat"] != "bell" || current.Sound != nil {
		t.Errorf("%q, %v, %v, %v", text, err, got.Sound, current.Sound)
	}
}

// genBody draws a body that has some of the fields of a value, one of them
// perhaps of another sort.
func genBody(t *rapid.T, value any) any {
	object, ok := value.(map[string]any)
	if !ok {
		return rapid.SampledFrom([]any{value, value, value, value, nil, true, "x", 1, 2, 900, map[string]any{}}).Draw(t, "value")
	}
	body := make(map[string]any)
	for _, name := range sortedKeys(object) {
		if rapid.Bool().Draw(t, name) {
			body[name] = genBody(t, object[name])
		}
	}
	return body
}

func asJSON(t *rapid.T, value any) []byte {
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func asTree(t *rapid.T, data []byte) any {
	var tree any
	if err := json.Unmarshal(data, &tree); err != nil {
		t.Fatal(err)
	}
	return tree
}

// holds reports where a tree does not have what a body says.
func holds(path string, body, tree any) string {
	fields, ok := body.(map[string]any)
	if !ok {
		if diff := cmp.Diff(body, tree); body != nil && diff != "" {
			return path + diff
		}
		return ""
	}
	have, _ := tree.(map[string]any)
	for name, value := range fields {
		if problem := holds(path+"."+name, value, have[name]); problem != "" {
			return problem
		}
	}
	return ""
}

func TestPatchedSettingsHoldWhatWasSentAndOtherwiseStay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before := asJSON(t, chat.DefaultSettings())
		body := genBody(t, asTree(t, before))
		current := chat.DefaultSettings()
		next, err := chat.PatchSettings(current, asJSON(t, body))
		if string(asJSON(t, current)) != string(before) {
			t.Fatal("the settings that were there changed")
		}
		if err != nil {
			return
		}
		after := asTree(t, asJSON(t, next))
		if problem := holds("", asTree(t, asJSON(t, body)), after); problem != "" {
			t.Fatal(problem)
		}
		// What was sent undone, it is as it was.
		again, err := chat.PatchSettings(next, before)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(chat.DefaultSettings(), again); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzPatchSettings(f *testing.F) {
	f.Add([]byte(`{"preferences":{"email":{"maxPerDay":3},"group":{"messagesSetting":1}}}`))
	f.Add([]byte(`{"sound":{"chat":"\ud800"},"templates":{"usePrivacyTemplate":2,"textMessageTemplateDefault":{"body":"x"}}}`))
	f.Add([]byte(`{"preferences":{"push":{"a":[1e400]},"mute":{"schedulePreferenceSetting":{"monday":{"from":900}}}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := chat.PatchSettings(chat.DefaultSettings(), body)
		if err != nil {
			if len(wrong(t, err)) == 0 {
				t.Errorf("refused without a field: %v", err)
			}
			return
		}
		if err := got.Validate(); err != nil {
			t.Error(err)
		}
		data, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		again, err := chat.PatchSettings(chat.DefaultSettings(), data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, again); diff != "" {
			t.Error(diff)
		}
	})
}
