package dashboard

import (
	"fmt"

	"github.com/postrider/postrider/internal/chat"
)

// setting is one control of the page Preferences: a field of the settings, by
// its path in the API's body (F065).
type setting struct {
	path        string
	kind        settingKind
	label, hint string
	choices     []choice
}

type settingKind int

const (
	aSwitch settingKind = iota
	aNumber
	aChoice // of whole numbers
	aWord   // a choice of texts
	aTime   // of day: 930 is 09:30
)

// choice is one thing that can be chosen.
type choice struct{ Value, Label string }

const (
	emailPath    = "preferences.email."
	mutePath     = "preferences.mute."
	schedulePath = mutePath + "schedulePreferenceSetting."
)

func between(least, most int, text string) string {
	return fmt.Sprintf("%s %d to %d.", text, least, most)
}

// deliverySettings say whether and how often somebody is mailed (F001, F019 to
// F025, F029).
func deliverySettings() []setting {
	return []setting{
		{emailPath + "isEnabled", aSwitch, "Email notifications", "While this is off, nobody is mailed.", nil},
		{emailPath + "intervalInSeconds", aNumber, "Wait before the first email, in seconds", between(chat.MinInterval, chat.MaxInterval, "Also the pause until the next one about the same conversation."), nil},
		{emailPath + "maxPerDay", aNumber, "Emails for a person in a day, at most", between(chat.MinDailyLimit, chat.MaxDailyLimit, ""), nil},
		{emailPath + "maxPerDayPerConversation", aNumber, "Of them about one conversation, at most", between(chat.MinDailyLimit, chat.MaxDailyLimit, ""), nil},
		{emailPath + "maxGroupSize", aNumber, "Members of a group, at most", "In larger groups nobody is mailed. 0: no limit.", nil},
		{emailPath + "notifyForUnreadOnly", aSwitch, "Unread messages only", "What somebody has read meanwhile is left out.", nil},
		{emailPath + "override", aSwitch, "People may choose this for themselves", "", nil},
	}
}

// event is a line of the table of events: what is mailed about (F057 to F060).
type event struct{ name, label string }

func events() []event {
	return []event{{"messages", "Messages"}, {"replies", "Replies in threads"}, {"quotedReplies", "Quoted replies"}}
}

func eventChoices() []choice {
	return []choice{{"1", "Never"}, {"2", "Always"}, {"3", "Only when mentioned"}}
}

// eventSettings are those of one kind of conversation.
func eventSettings(kind, where string, e event) []setting {
	path := "preferences." + kind + "." + e.name
	return []setting{
		{path + "Setting", aChoice, e.label + " " + where, "", eventChoices()},
		{path + "Override", aSwitch, "People may choose about " + e.label + " " + where, "", nil},
	}
}

// silenceSettings say when nobody is disturbed (F070 to F076).
func silenceSettings() []setting {
	return []setting{
		{mutePath + "dndPreferenceSetting", aChoice, "Do Not Disturb", "", []choice{{"1", "Off"}, {"2", "On: nobody is mailed unless they choose otherwise"}}},
		{mutePath + "dndPreferenceOverride", aSwitch, "People may turn Do Not Disturb on and off", "", nil},
		{mutePath + "mutedGroupsOverride", aSwitch, "People may mute groups", "", nil},
		{mutePath + "mutedOneOnOnesOverride", aSwitch, "People may mute one-on-one conversations", "", nil},
		{"preferences.bypassPreferencesForMentions", aSwitch, "A mention of somebody reaches them in any case", "It passes by Do Not Disturb, schedule and mutes.", nil},
		{"preferences.bypassPreferencesForAll", aSwitch, "A mention of everybody does, too", "", nil},
	}
}

// scheduleSettings are about the schedule as a whole.
func scheduleSettings() []setting {
	return []setting{
		{emailPath + "scheduleMode", aWord, "Outside of these hours", "", []choice{{"wait", "an email waits for the next opening"}, {"drop", "no email is sent"}}},
		{mutePath + "schedulePreferenceOverride", aSwitch, "People may set their own schedule", "", nil},
	}
}

// days are the lines of the schedule (F071, F072).
func days() []event {
	return []event{
		{"monday", "Monday"},
		{"tuesday", "Tuesday"},
		{"wednesday", "Wednesday"},
		{"thursday", "Thursday"},
		{"friday", "Friday"},
		{"saturday", "Saturday"},
		{"sunday", "Sunday"},
	}
}

func daySettings(d event) []setting {
	path := schedulePath + d.name + "."
	return []setting{
		{path + "from", aTime, d.label + " from", "", nil},
		{path + "to", aTime, d.label + " to", "", nil},
		{path + "dnd", aSwitch, "Nothing on " + d.label, "", nil},
	}
}

// payloadSettings say what a notification carries (F037 to F040).
func payloadSettings() []setting {
	return []setting{
		{emailPath + "includeMessageObject", aSwitch, "Include message object", "The message as the chat keeps it: times, attachments, polls, what it answers.", nil},
		{emailPath + "includeMessageMetadata", aSwitch, "Include message metadata", "", nil},
		{emailPath + "includeSenderMetadata", aSwitch, "Include sender metadata", "", nil},
		{emailPath + "includeReceiverMetadata", aSwitch, "Include receiver metadata", "", nil},
	}
}

// allSettings are the settings of the whole page.
func allSettings() []setting {
	all := deliverySettings()
	for _, e := range events() {
		all = append(all, eventSettings("oneOnOne", "", e)...)
		all = append(all, eventSettings("group", "", e)...)
	}
	all = append(all, silenceSettings()...)
	all = append(all, scheduleSettings()...)
	for _, d := range days() {
		all = append(all, daySettings(d)...)
	}
	return append(all, payloadSettings()...)
}
