package rule

import "github.com/postrider/postrider/internal/chat"

// Rule is one question on the way to a mail.
type Rule struct {
	Name string
	For  string // what the rule is for
	// Reasons are those that it may give.
	Reasons []chat.Reason

	ask func(*weighing) (verdict, why string)
}

// List returns all rules in the order in which they are asked. It is the only
// list: what counts when several rules refuse is its order (S18).
func List() []Rule {
	return []Rule{
		{"message", "one's own messages, those from before one joined, and deleted ones are not told",
			[]chat.Reason{chat.ReasonDeleted}, askMessage},
		{"user", "people who are deactivated or deleted get no mail", []chat.Reason{chat.ReasonNoUser}, askUser},
		{"member", "people who are no longer in a group get no mail about it", []chat.Reason{chat.ReasonNotMember}, askMember},
		{"enabled", "an app can switch email off", []chat.Reason{chat.ReasonOff}, askEnabled},
		{"provider", "there must be a way out", []chat.Reason{chat.ReasonNoProvider}, askProvider},
		{"groupSize", "an app can spare large groups", []chat.Reason{chat.ReasonGroupSize}, askGroupSize},
		{"call", "one notification of a conversation at a time", []chat.Reason{chat.ReasonWaitingForCall}, askCall},
		{"blocked", "nobody hears from people who are blocked", []chat.Reason{chat.ReasonBlocked}, askBlocked},
		{"unread", "what was read in time needs no mail", []chat.Reason{chat.ReasonRead}, askUnread},
		{"interval", "a person has some time to read it in the chat", []chat.Reason{chat.ReasonWaitingForInterval}, askInterval},
		{"age", "what is too old says nothing any more", []chat.Reason{chat.ReasonExpired}, askAge},
		{"event", "messages, replies and quoted replies can be switched off, or limited to mentions",
			[]chat.Reason{chat.ReasonMessages, chat.ReasonReplies, chat.ReasonQuotedReplies}, askEvent},
		{"bypass", "a mention can lift DND, mute and schedule", nil, askBypass},
		{"dnd", "people can switch all notifications off", []chat.Reason{chat.ReasonDND}, askDND},
		{"mute", "people can mute a conversation for some time", []chat.Reason{chat.ReasonMute}, askMute},
		{"schedule", "people have hours in which they are notified",
			[]chat.Reason{chat.ReasonWaitingForSchedule, chat.ReasonSchedule}, askSchedule},
		{"quota", "nobody gets more mails a day than may be", []chat.Reason{chat.ReasonQuota}, askQuota},
		{"address", "some providers need an address", []chat.Reason{chat.ReasonMissingEmail}, askAddress},
	}
}
