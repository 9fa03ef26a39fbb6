package rule

import "github.com/postrider/postrider/internal/chat"

// Rule is one question on the way to a mail.
type Rule struct {
	Name string
	For  string // what the rule is for
	// Reasons are those that it may give.
	Reasons []chat.Reason
	// Until is up to when it is asked again of what has been decided.
	Until Until

	ask func(*weighing) (verdict, why string)
}

// Until is up to when a rule counts, once a window has been decided.
type Until int

const (
	// UntilDecided rules are asked once: what they say has been done, such as
	// to wait, is kept, such as a quota, or is asked of the one provider that is
	// called.
	UntilDecided Until = iota
	// UntilCalled rules are asked again before a call that could not be made at
	// once, or failed: see [Again].
	UntilCalled
	// Always rules are asked also of what a person orders to be told: see
	// [Ordered].
	Always
)

// List returns all rules in the order in which they are asked. It is the only
// list: what counts when several rules refuse is its order (S18).
func List() []Rule {
	return []Rule{
		{
			"message", "one's own messages, those from before one joined, and deleted ones are not told",
			[]chat.Reason{chat.ReasonDeleted},
			Always, askMessage,
		},
		{"user", "people who are deactivated or deleted get no mail", []chat.Reason{chat.ReasonNoUser}, UntilCalled, askUser},
		{"member", "people who are no longer in a group get no mail about it", []chat.Reason{chat.ReasonNotMember}, UntilCalled, askMember},
		{"enabled", "an app can switch email off", []chat.Reason{chat.ReasonOff}, UntilCalled, askEnabled},
		{"provider", "there must be a way out", []chat.Reason{chat.ReasonNoProvider}, UntilDecided, askProvider},
		{"groupSize", "an app can spare large groups", []chat.Reason{chat.ReasonGroupSize}, UntilCalled, askGroupSize},
		{"call", "one notification of a conversation at a time", []chat.Reason{chat.ReasonWaitingForCall}, UntilDecided, askCall},
		{"blocked", "nobody hears from people who are blocked", []chat.Reason{chat.ReasonBlocked}, UntilCalled, askBlocked},
		{"unread", "what was read in time needs no mail", []chat.Reason{chat.ReasonRead}, Always, askUnread},
		{"interval", "a person has some time to read it in the chat", []chat.Reason{chat.ReasonWaitingForInterval}, UntilDecided, askInterval},
		{"age", "what is too old says nothing any more", []chat.Reason{chat.ReasonExpired}, Always, askAge},
		{
			"event", "messages, replies and quoted replies can be switched off, or limited to mentions",
			[]chat.Reason{chat.ReasonMessages, chat.ReasonReplies, chat.ReasonQuotedReplies},
			UntilCalled, askEvent,
		},
		{"bypass", "a mention can lift DND, mute and schedule", nil, UntilCalled, askBypass},
		{"dnd", "people can switch all notifications off", []chat.Reason{chat.ReasonDND}, UntilCalled, askDND},
		{"mute", "people can mute a conversation for some time", []chat.Reason{chat.ReasonMute}, UntilCalled, askMute},
		{
			"schedule", "people have hours in which they are notified",
			[]chat.Reason{chat.ReasonWaitingForSchedule, chat.ReasonSchedule},
			UntilCalled, askSchedule,
		},
		{"quota", "nobody gets more mails a day than may be", []chat.Reason{chat.ReasonQuota}, UntilDecided, askQuota},
		{"address", "some providers need an address", []chat.Reason{chat.ReasonMissingEmail}, UntilDecided, askAddress},
	}
}
