package directory

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/postrider/postrider/internal/chat"
)

// System is the user id of the chat itself: an actor that exists, is never
// listed, and cannot be made.
const System = "app_system"

// Errors of a [Store].
var (
	// ErrExists means that the API has made a user or a group with this id
	// before.
	ErrExists = errors.New("exists already")
	// ErrNone means that there is no such user, group or conversation.
	ErrNone = errors.New("there is none")
)

// Store keeps the directory. What it is asked to change, no event can express.
// Ids are in lower case. Its methods may be called concurrently.
type Store interface {
	// CreateUser stores a user of the API's making, or completes one that was
	// only learned from events: what is not said erases nothing. It returns
	// ErrExists for one that the API made before, or that is deactivated.
	CreateUser(ctx context.Context, app string, u *chat.User) (chat.User, error)
	// UpdateUser changes fields. It returns ErrNone for users who are unknown
	// or deactivated.
	UpdateUser(ctx context.Context, app, uid string, c *UserChange) (chat.User, error)
	// UsersByID returns those users that are known, deactivated or not.
	UsersByID(ctx context.Context, app string, uids []string) (map[string]chat.User, error)
	// ListUsers returns a page of users, newest first.
	ListUsers(ctx context.Context, app string, q *UserQuery) (Listed[chat.User], error)
	// Deactivate makes active users as good as unknown and closes their
	// windows. It returns those it changed.
	Deactivate(ctx context.Context, app string, uids []string) ([]string, error)
	// Reactivate undoes Deactivate; windows stay closed. It returns those it
	// changed.
	Reactivate(ctx context.Context, app string, uids []string) ([]string, error)
	// DeleteUser forgets a user for good: memberships, blocks in both
	// directions, contact details, preferences, mutes, read marks and windows.
	// What was written stays with those it was written to.
	DeleteUser(ctx context.Context, app, uid string) error

	// CreateGroup stores a group of the API's making, or completes one that was
	// only learned from events, like CreateUser.
	CreateGroup(ctx context.Context, app string, g *chat.Group, password []byte) error
	// UpdateGroup changes fields, or returns ErrNone.
	UpdateGroup(ctx context.Context, app, guid string, c *GroupChange) error
	// GroupOf returns a group as somebody sees it, or ErrNone. viewer may be
	// empty.
	GroupOf(ctx context.Context, app, guid, viewer string) (Group, error)
	// ListGroups returns a page of groups.
	ListGroups(ctx context.Context, app string, q *GroupQuery) (Listed[Group], error)

	// Memberships returns the places that people have or had in a group.
	Memberships(ctx context.Context, app, guid string, uids []string) (map[string]chat.Member, error)
	// ListMembers returns a page of a group's members, or of those who are
	// banned from it.
	ListMembers(ctx context.Context, app, guid string, q *MemberQuery) (Listed[Member], error)

	// Relations returns who of others has blocked, or was blocked by, somebody.
	// Those with whom there is nothing are left out.
	Relations(ctx context.Context, app, uid string, others []string) (map[string]Relation, error)
	// ListBlocked returns a page of those whom somebody has blocked, by id.
	ListBlocked(ctx context.Context, app, uid string, page Page) (Listed[Blocked], error)

	// ListConversations returns a page of conversations.
	ListConversations(ctx context.Context, app string, q *ConversationQuery) (Listed[Conversation], error)
	// ConversationWith returns one conversation as one of its people sees it,
	// or ErrNone while there is no message in it.
	ConversationWith(ctx context.Context, app, uid string, c chat.Conversation) (Conversation, error)
}

// Page is a part of a list.
type Page struct{ Offset, Limit int }

// Listed is a page of a list: what is on it, and what is true of all pages.
type Listed[T any] struct {
	Items []T
	Total int
	// Changed is when the newest change of anything in the list was.
	Changed time.Time
}

// UserChange names the fields of a user that change; nil ones stay. Unset
// names fields to empty: avatar, link, metadata.
type UserChange struct {
	Name, Avatar, Link, Role, StatusMessage *string
	Metadata                                json.RawMessage
	Tags                                    *[]string
	Unset                                   []string
}

// Which says whether deactivated users are in a list.
type Which int

// The choices.
const (
	Active Which = iota
	ActiveAndDeactivated
	OnlyDeactivated
)

// UserQuery says which users to list. Empty conditions do not count.
type UserQuery struct {
	// Search is the begin of a name or user id, whatever its case.
	Search        string
	InName, InUID bool // where Search looks; in both if neither is set
	Roles, Tags   []string
	Which         Which
	Page          Page
}

// GroupChange names the fields of a group that change; nil ones stay. Unset
// names fields to empty: icon, description, metadata.
type GroupChange struct {
	Name, Icon, Description, Type *string
	Password                      []byte
	Metadata                      json.RawMessage
	Tags                          *[]string
	Unset                         []string
	By                            string
}

// Group is a group as somebody sees it.
type Group struct {
	chat.Group
	// Made says that the API made or changed it: it was not only learned from
	// events.
	Made         bool
	MembersCount int
	// Joined, Scope and JoinedAt are about the one who looks.
	Joined   bool
	Scope    chat.Scope
	JoinedAt time.Time
}

// GroupOrder is the order of a list of groups.
type GroupOrder string

// The orders. Ties are broken by guid.
const (
	ByCreatedAt GroupOrder = "createdAt"
	ByName      GroupOrder = "name"
	ByGUID      GroupOrder = "guid"
)

// GroupQuery says which groups to list. Empty conditions do not count.
type GroupQuery struct {
	// Viewer sees no private groups but their own; somebody is empty who sees
	// all.
	Viewer         string
	Joined         bool // only the viewer's own
	Search         string
	InName, InGUID bool // where Search looks; in both if neither is set
	Types, Tags    []string
	// ChangedAfter and ChangedBefore bound the last change of a group.
	ChangedAfter, ChangedBefore time.Time
	Order                       GroupOrder
	Descending                  bool
	Page                        Page
}

// Member is a member of a group, or somebody banned from it.
type Member struct {
	chat.Member
	User chat.User
}

// MemberQuery says which members to list, by user id.
type MemberQuery struct {
	Banned bool
	Scopes []chat.Scope
	Page   Page
}

// Relation is what two people want to hear of each other: when one of them
// blocked the other. Times are zero where nobody did.
type Relation struct {
	BlockedByMe  time.Time
	HasBlockedMe time.Time
}

// Blocked is somebody whom somebody else has blocked.
type Blocked struct {
	User chat.User
	Relation
}

// ConversationQuery says which conversations to list: newest message first,
// then by the other one's id. Without a user id they are everybody's, by user
// id first. Empty conditions do not count.
type ConversationQuery struct {
	UID    string
	Type   chat.ReceiverType
	Unread bool   // only where something is unread
	Search string // in the name or id of the other user, or of the group
	// UserTags and GroupTags are tags of the other user or of the group.
	UserTags, GroupTags []string
	Page                Page
}

// Conversation is a conversation as one of its people sees it.
type Conversation struct {
	ID        chat.Conversation
	UID       string // who sees it
	Unread    int
	CreatedAt time.Time
	UpdatedAt time.Time
	// Last is the newest message object that is visible; nil if none is.
	Last json.RawMessage
	// User or Group is with whom it is. One that nothing is known of has its
	// id alone.
	User  *chat.User
	Group *Group
}
