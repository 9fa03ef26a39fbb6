package dashboard

import (
	"strconv"

	"github.com/postrider/postrider/internal/chat"
)

// hours says when on a day somebody is notified.
func hours(day *chat.Day) string {
	if day.DND {
		return "not at all"
	}
	clock := func(n int) string {
		return strconv.Itoa(n/1000) + strconv.Itoa(n/100%10) + ":" + strconv.Itoa(n%100/10) + strconv.Itoa(n%10)
	}
	return clock(day.From) + " to " + clock(day.To)
}

// preferenceRows are the preferences that count for somebody.
func preferenceRows(settings *chat.Settings, own *chat.Preferences) []preferenceRow {
	e := settings.Merge(own)
	if own == nil {
		own = new(chat.Preferences)
	}
	mail := own.Email
	if mail == nil || !settings.Preferences.Email.Override {
		mail = new(chat.EmailChoices)
	}
	mute := &settings.Preferences.Mute
	onOff := map[bool]string{true: "on", false: "off"}
	rows := []preferenceRow{
		{"Do not disturb", onOff[e.DND], mute.DNDOverride && own.DND != nil},
		{"Weekly schedule", map[bool]string{true: "their own", false: "the app’s"}[mute.ScheduleOverride && own.Schedule != nil], mute.ScheduleOverride && own.Schedule != nil},
		{"Privacy", onOff[e.Privacy], settings.Templates.UsePrivacy == chat.TemplatesChoice && own.UsePrivacy != nil},
		{"Told of", map[bool]string{true: "unread messages", false: "all messages"}[e.Email.NotifyForUnreadOnly], mail.NotifyForUnreadOnly != nil},
		{"Wait before the first mail", e.Email.Interval().String(), mail.IntervalInSeconds != nil},
		{"Mails a day", "at most " + strconv.Itoa(e.Email.MaxPerDay), mail.MaxPerDay != nil},
		{"Mails a day and conversation", "at most " + strconv.Itoa(e.Email.MaxPerDayPerConversation), mail.MaxPerDayPerConversation != nil},
	}
	choices := map[int]string{chat.NotifyNever: "never", chat.NotifyAll: "always", chat.NotifyMentions: "with mentions"}
	for _, kind := range []struct {
		label       string
		events, app chat.EventSettings
		own         map[string]int
	}{{"one-on-one", e.OneOnOne, settings.Preferences.OneOnOne, own.OneOnOne}, {"in groups", e.Group, settings.Preferences.Group, own.Group}} {
		for _, one := range []struct {
			kind  chat.Kind
			label string
		}{{chat.KindMessage, "Messages"}, {chat.KindReply, "Replies"}, {chat.KindQuotedReply, "Quoted replies"}} {
			_, theirs := kind.own[string(one.kind)]
			rows = append(rows, preferenceRow{
				one.label + " " + kind.label, choices[kind.events[string(one.kind)].Value], theirs && kind.app[string(one.kind)].Override,
			})
		}
	}
	return rows
}
