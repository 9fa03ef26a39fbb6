package chat

import "time"

// Event is something that happened in the chat. Users and Groups are what it
// names, to be learned; Change is what it changes, or nil.
type Event struct {
	Trigger string
	Users   []User
	Groups  []Group
	Change  Change
}

// Change is one of the types below.
type Change interface{ change() }

// MessageSent says that a message was sent, or came out of moderation: State
// tells. Sent twice it is the same message.
type MessageSent struct{ Message Message }

// MessageEdited carries the message as it is now. Conversation, sender and id
// stay.
type MessageEdited struct{ Message Message }

// MessageDeleted says that a message is gone.
type MessageDeleted struct {
	Conversation Conversation
	ID           string
	At           time.Time
}

// Moderated is the verdict on a message: visible, or disapproved. It carries
// the whole message, which may not have been seen before.
type Moderated struct{ Message Message }

// Read says that somebody has read a conversation up to a message, or where
// that message is not known, up to a moment.
type Read struct {
	Reader       string
	Conversation Conversation
	MessageID    string
	At           time.Time
}

// Unread says that somebody takes what came after a message for unread again.
type Unread struct {
	Reader       string
	Conversation Conversation
	MessageID    string
}

// GroupChanged says what a group is now. Members are those it was created
// with.
type GroupChanged struct {
	Group   Group
	Members []Member
}

// GroupDeleted says that a group is gone.
type GroupDeleted struct{ GUID string }

// OwnerChanged says who owns a group now.
type OwnerChanged struct{ GUID, Owner string }

// MembersChanged says who belongs to a group now, or does so no longer: their
// State tells, Scope where it is known. At is when, where that is known: a join
// that comes later than the leave that followed it must not bring them back.
type MembersChanged struct {
	GUID    string
	Members []Member
	At      time.Time
}

// ScopeChanged says what a member may do now.
type ScopeChanged struct {
	GUID  string
	UID   string
	Scope Scope
	At    time.Time // where it is known
}

// Unbanned says that people may join a group again. It does not make them
// members.
type Unbanned struct {
	GUID string
	UIDs []string
	At   time.Time // where it is known
}

// Blocked says that somebody wants to hear nothing of others, or wants to
// again.
type Blocked struct {
	By      string
	UIDs    []string
	Blocked bool
}

func (MessageSent) change()    {}
func (MessageEdited) change()  {}
func (MessageDeleted) change() {}
func (Moderated) change()      {}
func (Read) change()           {}
func (Unread) change()         {}
func (GroupChanged) change()   {}
func (GroupDeleted) change()   {}
func (OwnerChanged) change()   {}
func (MembersChanged) change() {}
func (ScopeChanged) change()   {}
func (Unbanned) change()       {}
func (Blocked) change()        {}
