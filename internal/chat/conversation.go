package chat

import "strings"

// ReceiverType says whether a message goes to one person or to a group.
type ReceiverType string

// The receiver types.
const (
	ReceiverUser  ReceiverType = "user"
	ReceiverGroup ReceiverType = "group"
)

// Conversation names where messages are exchanged: between two people, whoever
// of them writes, or in a group. It is a key, not a thing to show: see WireID.
type Conversation string

// Ids hold no control characters, so that a key cannot be two conversations.
const (
	groupPrefix = "g:"
	userPrefix  = "u:"
	separator   = "\x1f"
)

// OneOnOne returns the conversation of two people.
func OneOnOne(a, b string) Conversation {
	if b < a {
		a, b = b, a
	}
	return Conversation(userPrefix + a + separator + b)
}

// InGroup returns the conversation of a group.
func InGroup(guid string) Conversation { return Conversation(groupPrefix + guid) }

// ConversationOf returns the conversation of what a sender writes to a
// receiver.
func ConversationOf(sender, receiver string, kind ReceiverType) Conversation {
	if kind == ReceiverGroup {
		return InGroup(receiver)
	}
	return OneOnOne(sender, receiver)
}

// Group returns the group's id, if it is a group's conversation.
func (c Conversation) Group() (guid string, ok bool) {
	return strings.CutPrefix(string(c), groupPrefix)
}

// Partner returns the other one of a one-on-one conversation.
func (c Conversation) Partner(uid string) string {
	a, b, _ := strings.Cut(strings.TrimPrefix(string(c), userPrefix), separator)
	if a == uid {
		return b
	}
	return a
}

// Type returns what kind of receiver the conversation's messages have.
func (c Conversation) Type() ReceiverType {
	if _, ok := c.Group(); ok {
		return ReceiverGroup
	}
	return ReceiverUser
}

// WireID returns the conversation's id as CometChat writes it: group_<guid>, or
// <a>_user_<b> with the smaller user id first. Two conversations may share one:
// ids can hold "_user_" themselves.
func (c Conversation) WireID() string {
	if guid, ok := c.Group(); ok {
		return "group_" + guid
	}
	a, b, _ := strings.Cut(strings.TrimPrefix(string(c), userPrefix), separator)
	return a + "_user_" + b
}

// Label names the conversation as one of its people sees it: "group:" and the
// group's id, or "user:" and the other one's.
func (c Conversation) Label(uid string) string {
	if guid, ok := c.Group(); ok {
		return "group:" + guid
	}
	return "user:" + c.Partner(uid)
}
