package chat

import (
	"encoding/json"
	"time"
)

// Group is a group of people who chat (F107). What is not known is empty.
type Group struct {
	GUID        string
	Name        string
	Icon        string
	Description string
	Type        string // public, private or password
	Owner       string
	Metadata    json.RawMessage // an object, or nil
	Tags        []string
	CreatedAt   time.Time
	UpdatedAt   time.Time
	UpdatedBy   string
	// MembersCount is how many members the chat says there are; 0: it does not.
	MembersCount int
}

// DisplayName is the name, or the id of a group without one.
func (g *Group) DisplayName() string {
	if g.Name == "" {
		return g.GUID
	}
	return g.Name
}

// Scope is what a member may do in a group.
type Scope string

// The scopes.
const (
	ScopeAdmin       Scope = "admin"
	ScopeModerator   Scope = "moderator"
	ScopeParticipant Scope = "participant"
)

// Membership says whether somebody belongs to a group.
type Membership string

// The memberships. Who left or was banned is remembered: an old message of
// theirs that arrives late must not bring them back.
const (
	MemberIn     Membership = "in"
	MemberOut    Membership = "out"
	MemberBanned Membership = "banned"
)

// Member is a person's place in a group.
type Member struct {
	UID      string
	Scope    Scope
	State    Membership
	JoinedAt time.Time
	BannedAt time.Time
}
