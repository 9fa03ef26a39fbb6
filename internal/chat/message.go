package chat

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Category says what a message is in principle (section 5.2 of the chat's
// message model, F107).
type Category string

// The categories. Actions and calls never become mail (F077, F078).
const (
	CategoryMessage     Category = "message"
	CategoryCustom      Category = "custom"
	CategoryInteractive Category = "interactive"
	CategoryCard        Category = "card"
	CategoryAction      Category = "action"
	CategoryCall        Category = "call"
)

// MessageState says whether a message can be in a digest.
type MessageState string

// The states of a message.
const (
	StateVisible     MessageState = "visible"
	StateHeld        MessageState = "held"        // by moderation, until it is approved (S30)
	StateDisapproved MessageState = "disapproved" // by moderation, for good
	StateDeleted     MessageState = "deleted"
)

// Message is one message of a conversation.
type Message struct {
	ID           string
	Conversation Conversation
	Sender       string
	Receiver     string // user id or group id
	Category     Category
	Type         string
	// ParentID and QuotedID are set for a reply in a thread and for a reply
	// that quotes.
	ParentID    string
	QuotedID    string
	Mentions    []string // user ids
	MentionsAll bool
	SentAt      time.Time // whole seconds
	EditedAt    time.Time
	State       MessageState
	// Body is the message object byte for byte as the chat sent it.
	Body json.RawMessage

	// Number counts the messages of a conversation in the order in which they
	// were stored, from 1; 0 until there is one. ArrivedAt is when.
	Number    int64
	ArrivedAt time.Time
}

// Kind is the sort of message that event preferences tell apart.
type Kind string

// The kinds, named like the preferences (F057 to F059).
const (
	KindMessage     Kind = "messages"
	KindReply       Kind = "replies"
	KindQuotedReply Kind = "quotedReplies"
)

// Kind tells whether the message is judged as a reply, a quoted reply or a
// message.
func (m *Message) Kind() Kind {
	switch {
	case m.ParentID != "":
		return KindReply
	case m.QuotedID != "":
		return KindQuotedReply
	default:
		return KindMessage
	}
}

// Mark is how far somebody has read: everything up to and including a message.
// The order of messages is (SentAt, id), and ids that are both decimal compare
// as numbers.
type Mark struct {
	SentAt time.Time
	Key    string // see MessageKey
}

// MessageKey returns a text that sorts as the message id does.
func MessageKey(id string) string {
	if id == "" || strings.TrimLeft(id, "0123456789") != "" {
		return id
	}
	digits := strings.TrimLeft(id, "0")
	return string(rune('0'+len(digits)/10)) + strconv.Itoa(len(digits)%10) + digits
}

// maxKey sorts after every key of a message.
const maxKey = "\U0010FFFF"

// MarkAt returns the mark of one message.
func MarkAt(sentAt time.Time, id string) Mark { return Mark{sentAt, MessageKey(id)} }

// MarkUpTo returns the mark of somebody who has read all that was sent up to
// and including the second of a moment.
func MarkUpTo(t time.Time) Mark { return Mark{t.Truncate(time.Second), maxKey} }

// Covers reports whether a message has been read.
func (m Mark) Covers(sentAt time.Time, id string) bool {
	if !sentAt.Equal(m.SentAt) {
		return sentAt.Before(m.SentAt)
	}
	return MessageKey(id) <= m.Key
}
