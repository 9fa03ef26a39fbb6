package rule_test

import (
	"strconv"
	"time"

	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/rule"
)

// seldom is true once in a while, so that most facts get far down the list.
func seldom(t *rapid.T, label string) bool {
	return rapid.SampledFrom([]bool{false, false, false, false, false, false, false, true}).Draw(t, label)
}

// genMessages draws messages of a conversation, around the facts' moment.
func genMessages(t *rapid.T, moment time.Time) []rule.Message {
	messages := make([]rule.Message, rapid.IntRange(0, 6).Draw(t, "messages"))
	number := rapid.Int64Range(0, 3).Draw(t, "mark")
	for i := range messages {
		number += rapid.Int64Range(1, 2).Draw(t, "step")
		sent := moment.Add(-time.Duration(rapid.IntRange(-60, 5*24*60).Draw(t, "age in minutes")) * time.Minute)
		messages[i] = rule.Message{
			Number: number, ID: strconv.FormatInt(number, 10),
			Sender: rapid.SampledFrom([]string{"ada", "bob", "cyd"}).Draw(t, "sender"),
			Kind:   rapid.SampledFrom([]chat.Kind{chat.KindMessage, chat.KindReply, chat.KindQuotedReply}).Draw(t, "kind"),
			State: rapid.SampledFrom([]chat.MessageState{
				chat.StateVisible, chat.StateVisible, chat.StateVisible, chat.StateHeld, chat.StateDisapproved, chat.StateDeleted,
			}).Draw(t, "state"),
			Mentioned: seldom(t, "mentioned"), MentionsAll: seldom(t, "mentions all"),
			Read: rapid.Bool().Draw(t, "read"), Blocked: seldom(t, "blocked"),
			SentAt: sent, ArrivedAt: sent.Add(time.Duration(rapid.IntRange(-5, 300).Draw(t, "on its way")) * time.Minute),
		}
	}
	return messages
}

func genEvents(t *rapid.T) chat.EventSettings {
	events := make(chat.EventSettings)
	for _, kind := range []string{"messages", "replies", "quotedReplies"} {
		events[kind] = chat.EventSetting{Value: rapid.SampledFrom([]int{2, 2, 2, 1, 3}).Draw(t, kind)}
	}
	return events
}

// genFacts draws a window of any kind.
func genFacts(t *rapid.T) *rule.Facts {
	settings := chat.DefaultSettings()
	p := &settings.Preferences
	p.BypassPreferencesForMentions, p.BypassPreferencesForAll = rapid.Bool().Draw(t, "bypass"), rapid.Bool().Draw(t, "bypass all")
	p.Email.IsEnabled = !seldom(t, "off")
	p.Email.MaxGroupSize = rapid.IntRange(0, 5).Draw(t, "most members")
	p.Email.ScheduleMode = rapid.SampledFrom([]chat.ScheduleMode{chat.ScheduleWait, chat.ScheduleDrop}).Draw(t, "mode")
	moment := genMoment(t)
	f := &rule.Facts{
		Now: moment, Settings: settings, Recipient: "ada", Messages: genMessages(t, moment),
		Conversation: rapid.SampledFrom([]chat.Conversation{chat.InGroup("walkers"), chat.OneOnOne("ada", "bob")}).Draw(t, "conversation"),
		Effective: chat.Effective{
			Group: genEvents(t), OneOnOne: genEvents(t), DND: seldom(t, "dnd"),
			Email: chat.DeliverySettings{
				NotifyForUnreadOnly: rapid.Bool().Draw(t, "unread only"),
				MaxPerDay:           rapid.IntRange(1, 30).Draw(t, "a day"), MaxPerDayPerConversation: rapid.IntRange(1, 30).Draw(t, "here"),
			},
			MutedGroups: rapid.Bool().Draw(t, "muted groups"), MutedOneOnOnes: rapid.Bool().Draw(t, "muted one-on-ones"),
		},
		Unknown: seldom(t, "unknown"), Deactivated: seldom(t, "deactivated"), Member: !seldom(t, "left"),
		Since: rapid.Int64Range(0, 4).Draw(t, "since"), GroupSize: rapid.IntRange(0, 6).Draw(t, "members"),
		Location:  genZone(t),
		SentToday: rapid.IntRange(0, 20).Draw(t, "sent"), SentTodayHere: rapid.IntRange(0, 20).Draw(t, "sent here"),
		HasAddress: rapid.Bool().Draw(t, "address"),
		MaxAge:     time.Duration(rapid.IntRange(0, 120).Draw(t, "most hours")) * time.Hour,
		Interval:   time.Duration(rapid.IntRange(0, 240).Draw(t, "interval")) * time.Minute,
	}
	if seldom(t, "joined") {
		f.Joined = moment.Add(-time.Duration(rapid.IntRange(0, 5*24*60).Draw(t, "minutes ago")) * time.Minute).Truncate(time.Second)
	}
	if rapid.Bool().Draw(t, "schedule") {
		f.Effective.Schedule = genWeek(t)
	}
	if seldom(t, "muted") {
		f.MutedUntil = moment.Add(time.Duration(rapid.IntRange(-60, 60).Draw(t, "for minutes")) * time.Minute)
	}
	if seldom(t, "busy") {
		f.BusyUntil = moment.Add(time.Duration(rapid.IntRange(-60, 60).Draw(t, "for seconds")) * time.Second)
	}
	for _, name := range []string{"custom", "sendgrid"} {
		if rapid.Bool().Draw(t, name) {
			f.Providers = append(f.Providers, rule.Provider{Name: name, NeedsAddress: rapid.Bool().Draw(t, "needs an address")})
		}
	}
	return f
}
