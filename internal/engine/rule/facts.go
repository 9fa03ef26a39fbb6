package rule

import (
	"time"

	"github.com/postrider/postrider/internal/chat"
)

// Facts is everything that is to be known to decide one window: what one
// person has not been mailed about in one conversation.
type Facts struct {
	Now time.Time
	// Settings are the app's. Without any, email counts as switched off.
	Settings *chat.Settings
	// Effective is what counts for the recipient. Without a schedule they can
	// be mailed at any hour.
	Effective    chat.Effective
	Conversation chat.Conversation
	Recipient    string

	// Unknown says that the person was permanently deleted, Deactivated that
	// they may come back.
	Unknown, Deactivated bool
	// Member says that the person is in the group now. It does not matter in a
	// one-on-one conversation.
	Member bool
	// Since is the number of the conversation's last message when the person
	// joined: what came up to it is not for them.
	Since int64
	// Joined is when they joined, as messages tell time: in whole seconds, by the
	// clock of the chat. What was sent before, and came later, is not for them
	// either. Zero: not known.
	Joined time.Time
	// GroupSize counts the group's members; 0 where it does not matter.
	GroupSize int

	// Messages are those numbered above the window's mark, oldest first, with
	// the ones that were read or deleted and the person's own.
	Messages []Message

	MutedUntil time.Time      // of this conversation; zero: never muted
	Location   *time.Location // where the person is; nil: UTC

	// SentToday and SentTodayHere count the mails of the recipient's local day
	// (see [Day]): of all conversations, and of this one.
	SentToday, SentTodayHere int

	Providers  []Provider // the enabled ones
	HasAddress bool       // an address of the person is stored

	// MaxAge is how old the newest message of a digest may be; 0: any age.
	MaxAge time.Duration
	// Interval is how long the oldest message waits, divided already by the
	// speed at which the program runs.
	Interval time.Duration
	// BusyUntil is when to look again while an earlier call for the same person
	// and conversation is not settled; zero: there is none.
	BusyUntil time.Time
}

// Message is what rules know of a message. Mentioned, Read and Blocked are
// about the recipient.
type Message struct {
	Number      int64
	ID          string
	Sender      string
	Kind        chat.Kind
	State       chat.MessageState
	Mentioned   bool // by name
	MentionsAll bool
	Read        bool
	Blocked     bool // one of sender and recipient had blocked the other
	SentAt      time.Time
	ArrivedAt   time.Time
}

// Provider is an enabled provider.
type Provider struct {
	Name         string
	NeedsAddress bool // it is called only for people whose address is stored (F006, S21)
}

// kind says whether the window is of a group or of two people.
func (f *Facts) kind() chat.ReceiverType { return f.Conversation.Type() }

func (f *Facts) email() chat.EmailSettings {
	if f.Settings == nil {
		return chat.EmailSettings{}
	}
	return f.Settings.Preferences.Email
}

func (f *Facts) location() *time.Location {
	if f.Location == nil {
		return time.UTC
	}
	return f.Location
}

// written is the moment from which a message grows old: when it was sent. An
// imported message is as old as it says; but a sender's clock that runs ahead
// keeps no message young, so that what has arrived was sent by then.
func (m *Message) written() time.Time {
	if m.SentAt.IsZero() || m.SentAt.After(m.ArrivedAt) {
		return m.ArrivedAt
	}
	return m.SentAt
}
