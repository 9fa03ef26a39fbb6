package chat

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"
)

// Settings is what an app's administrators have set (section 4.2 of
// CometChat's notification API, F065): the body of
// /notifications/v1/settings.
type Settings struct {
	Preferences SettingsPreferences `json:"preferences"`
	Sound       map[string]string   `json:"sound"` // kept for other clients: a mail makes none
	Templates   Templates           `json:"templates"`
}

// SettingsPreferences are the preferences of an app, and which of them its
// people may override.
type SettingsPreferences struct {
	Group    EventSettings `json:"group"`
	OneOnOne EventSettings `json:"oneOnOne"`
	Mute     MuteSettings  `json:"mute"`
	Email    EmailSettings `json:"email"`
	// SMS, Push and Call belong to other channels. They are kept as they are
	// sent, so that one client's settings survive here.
	SMS                          DeliverySettings           `json:"sms"`
	Push                         map[string]json.RawMessage `json:"push"`
	Call                         map[string]json.RawMessage `json:"call"`
	BypassPreferencesForMentions bool                       `json:"bypassPreferencesForMentions"` // F075
	BypassPreferencesForAll      bool                       `json:"bypassPreferencesForAll"`      // F076; the name is ours
}

// DeliverySettings say how often somebody is notified (F019 to F024).
type DeliverySettings struct {
	NotifyForUnreadOnly      bool `json:"notifyForUnreadOnly"`
	IntervalInSeconds        int  `json:"intervalInSeconds"`        // 60 to 86,400
	MaxPerDay                int  `json:"maxPerDay"`                // 1 to 30
	MaxPerDayPerConversation int  `json:"maxPerDayPerConversation"` // 1 to 30
}

// Bounds of [DeliverySettings].
const (
	MinInterval   = 60
	MaxInterval   = 86_400
	MinDailyLimit = 1
	MaxDailyLimit = 30
)

// Interval is the wait of a window.
func (d *DeliverySettings) Interval() time.Duration {
	return time.Duration(d.IntervalInSeconds) * time.Second
}

// EmailSettings are the delivery settings of email. What follows them has no
// name in CometChat's API (C7 to C9): the names are ours.
type EmailSettings struct {
	DeliverySettings
	IsEnabled              bool         `json:"isEnabled"`    // F001
	Override               bool         `json:"override"`     // F025: people may set the delivery settings for themselves
	MaxGroupSize           int          `json:"maxGroupSize"` // F029; 0: no limit
	ScheduleMode           ScheduleMode `json:"scheduleMode"`
	IncludeMessageObject   bool         `json:"includeMessageObject"`   // F037
	IncludeMessageMetadata bool         `json:"includeMessageMetadata"` // F038
	IncludeSenderMetadata  bool         `json:"includeSenderMetadata"`  // F039
	IncludeReceiverMeta    bool         `json:"includeReceiverMetadata"`
}

// ScheduleMode says what becomes of a digest outside of its recipient's hours.
type ScheduleMode string

// The modes.
const (
	ScheduleWait ScheduleMode = "wait" // for the next opening
	ScheduleDrop ScheduleMode = "drop"
)

// MuteSettings are the controls over silence, and who may use them (F070,
// F074).
type MuteSettings struct {
	DND                  int  `json:"dndPreferenceSetting"` // DNDOff or DNDOn
	DNDOverride          bool `json:"dndPreferenceOverride"`
	Schedule             Week `json:"schedulePreferenceSetting"`
	ScheduleOverride     bool `json:"schedulePreferenceOverride"`
	MutedGroupsOverride  bool `json:"mutedGroupsOverride"`
	MutedOneOnOneAllowed bool `json:"mutedOneOnOnesOverride"`
}

// Values of DND.
const (
	DNDOff = 1
	DNDOn  = 2
)

// Choices of an event preference.
const (
	NotifyNever    = 1
	NotifyAll      = 2
	NotifyMentions = 3
)

// PrivacyTemplates say which templates are used (F043).
const (
	TemplatesDefault = 1
	TemplatesPrivacy = 2
	TemplatesChoice  = 3 // default, unless the person chose privacy
)

// EventSettings are the preferences of one kind of conversation, by the name
// of the event. In JSON each is two fields: messagesSetting and
// messagesOverride.
type EventSettings map[string]EventSetting

// EventSetting is one event preference.
type EventSetting struct {
	Value    int
	Override bool // people may choose for themselves (F060)
}

// eventSpec says what an event preference may be. The ones that never cause a
// mail (F078) are kept for other clients.
type eventSpec struct {
	name     string
	value    int
	override bool // has the field, and its default is true
	most     int
}

func groupEvents() []eventSpec {
	return append(oneOnOneEvents(),
		eventSpec{"memberLeft", 1, true, 2}, eventSpec{"memberAdded", 1, true, 2}, eventSpec{"memberJoined", 1, true, 2},
		eventSpec{"memberKicked", 1, true, 2}, eventSpec{"memberBanned", 1, true, 2}, eventSpec{"memberUnbanned", 1, true, 2},
		eventSpec{"memberScopeChanged", 1, true, 2})
}

func oneOnOneEvents() []eventSpec {
	return []eventSpec{
		{"messages", 2, true, 3},
		{"replies", 2, true, 3},
		{"quotedReplies", 2, true, 3},
		{"reactions", 2, true, 3},
		{"messageEdited", 2, false, 2},
		{"messageDeleted", 2, false, 2},
	}
}

func defaultEvents(specs []eventSpec) EventSettings {
	events := make(EventSettings, len(specs))
	for _, spec := range specs {
		events[spec.name] = EventSetting{spec.value, spec.override}
	}
	return events
}

// hasOverride: edits and deletions have none in the API (C10).
func hasOverride(event string) bool { return event != "messageEdited" && event != "messageDeleted" }

// MarshalJSON implements [json.Marshaler].
func (e EventSettings) MarshalJSON() ([]byte, error) {
	fields := make(map[string]any, 2*len(e))
	for name, setting := range e {
		fields[name+"Setting"] = setting.Value
		if hasOverride(name) {
			fields[name+"Override"] = setting.Override
		}
	}
	return json.Marshal(fields)
}

// UnmarshalJSON implements [json.Unmarshaler]: it changes the events that are
// named, of those that are there.
func (e *EventSettings) UnmarshalJSON(data []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return err
	}
	changed := maps.Clone(*e)
	for name, setting := range changed {
		for field, into := range map[string]any{name + "Setting": &setting.Value, name + "Override": &setting.Override} {
			raw, ok := fields[field]
			if !ok {
				continue
			}
			if err := json.Unmarshal(raw, into); err != nil {
				return &FieldError{field, err}
			}
		}
		changed[name] = setting
	}
	*e = changed
	return nil
}

// FieldError names the field of a JSON object that could not be read.
type FieldError struct {
	Field string
	Err   error
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Err.Error() }
func (e *FieldError) Unwrap() error { return e.Err }

// DefaultSettings are those of an app that has set nothing.
func DefaultSettings() *Settings {
	delivery := DeliverySettings{NotifyForUnreadOnly: true, IntervalInSeconds: 7200, MaxPerDay: 20, MaxPerDayPerConversation: 2}
	return &Settings{
		Preferences: SettingsPreferences{
			Group:    defaultEvents(groupEvents()),
			OneOnOne: defaultEvents(oneOnOneEvents()),
			Mute: MuteSettings{
				DND: DNDOff, DNDOverride: true, Schedule: WholeWeek(), ScheduleOverride: true,
				MutedGroupsOverride: true, MutedOneOnOneAllowed: true,
			},
			Email: EmailSettings{DeliverySettings: delivery, IsEnabled: true, Override: true, ScheduleMode: ScheduleWait},
			SMS:   delivery,
			Push: map[string]json.RawMessage{
				"includeMessageObjectSetting": json.RawMessage("false"), "includeSenderMetadataSetting": json.RawMessage("true"),
				"includeReceiverMetadataSetting": json.RawMessage("true"), "includeMessageMetadataSetting": json.RawMessage("true"),
				"trimTextFieldSetting": json.RawMessage("false"),
			},
			Call: defaultCalls(),
		},
		Sound:     map[string]string{"chat": "default", "call": "default"},
		Templates: DefaultTemplates(),
	}
}

func defaultCalls() map[string]json.RawMessage {
	calls := make(map[string]json.RawMessage)
	for _, name := range []string{"initiated", "ongoing", "cancelled", "rejected", "unanswered", "busy", "ended"} {
		calls[name+"Setting"] = json.RawMessage("2")
		calls[name+"Override"] = json.RawMessage("false")
	}
	return calls
}

// Validate checks ranges, and names every field that is out of its range.
func (s *Settings) Validate() error {
	details := make(map[string][]string)
	between := func(field string, value, least, most int) {
		if value < least || value > most {
			details[field] = append(details[field], fmt.Sprintf("The %s must be between %d and %d.", field, least, most))
		}
	}
	p := &s.Preferences
	for prefix, events := range map[string]struct {
		specs  []eventSpec
		values EventSettings
	}{"preferences.group.": {groupEvents(), p.Group}, "preferences.oneOnOne.": {oneOnOneEvents(), p.OneOnOne}} {
		for _, spec := range events.specs {
			between(prefix+spec.name+"Setting", events.values[spec.name].Value, 1, spec.most)
		}
	}
	between("preferences.mute.dndPreferenceSetting", p.Mute.DND, DNDOff, DNDOn)
	for name, d := range map[string]*DeliverySettings{"email": &p.Email.DeliverySettings, "sms": &p.SMS} {
		prefix := "preferences." + name + "."
		between(prefix+"intervalInSeconds", d.IntervalInSeconds, MinInterval, MaxInterval)
		between(prefix+"maxPerDay", d.MaxPerDay, MinDailyLimit, MaxDailyLimit)
		between(prefix+"maxPerDayPerConversation", d.MaxPerDayPerConversation, MinDailyLimit, MaxDailyLimit)
	}
	if p.Email.MaxGroupSize < 0 {
		details["preferences.email.maxGroupSize"] = []string{"The preferences.email.maxGroupSize must not be below 0."}
	}
	if m := p.Email.ScheduleMode; m != ScheduleWait && m != ScheduleDrop {
		details["preferences.email.scheduleMode"] = []string{`The preferences.email.scheduleMode must be "wait" or "drop".`}
	}
	between("templates.usePrivacyTemplate", s.Templates.UsePrivacy, TemplatesDefault, TemplatesChoice)
	p.Mute.Schedule.validate("preferences.mute.schedulePreferenceSetting", details)
	return refuse(details)
}

// refuse makes an error of what is wrong, if anything is.
func refuse(details map[string][]string) error {
	if len(details) == 0 {
		return nil
	}
	return &Error{Code: CodeBadRequest, Message: "Failed to validate the data sent with the request.", Details: details}
}
