package api

import (
	"cmp"
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
)

// object is a JSON object of the caller's making, byte for byte. Nothing is
// absent.
type object json.RawMessage

// MarshalJSON implements [json.Marshaler].
func (o object) MarshalJSON() ([]byte, error) { return o, nil }

// Schema implements [huma.SchemaProvider].
func (object) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// anyMetadata is metadata as it may be sent.
type anyMetadata struct{}

// Schema implements [huma.SchemaProvider].
func (anyMetadata) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Description: "An object of at most 5 KB, or a text that holds one.",
		OneOf:       []*huma.Schema{{Type: huma.TypeObject, AdditionalProperties: true}, {Type: huma.TypeString}, {Type: huma.TypeArray, Items: &huma.Schema{}}},
	}
}

// UserView is a user as answers show one. Presence is not known: everybody is
// offline. Like the other exported views it is embedded in others, which the
// document describes only then.
type UserView struct {
	UID           string   `json:"uid"`
	Name          string   `json:"name"`
	Link          string   `json:"link,omitempty"`
	Avatar        string   `json:"avatar,omitempty"`
	Metadata      object   `json:"metadata,omitempty"`
	Status        string   `json:"status" enum:"offline"`
	Role          string   `json:"role"`
	StatusMessage string   `json:"statusMessage,omitempty"`
	CreatedAt     int64    `json:"createdAt"`
	UpdatedAt     int64    `json:"updatedAt,omitempty"`
	DeactivatedAt int64    `json:"deactivatedAt,omitempty"`
	Tags          []string `json:"tags,omitempty"`
	RelationView
}

// RelationView is what only who asks has with a user.
type RelationView struct {
	ConversationID string `json:"conversationId,omitempty"`
	BlockedByMe    *bool  `json:"blockedByMe,omitempty"`
	BlockedByMeAt  int64  `json:"blockedByMeAt,omitempty"`
	BlockedAt      int64  `json:"blockedAt,omitempty"`
	HasBlockedMe   *bool  `json:"hasBlockedMe,omitempty"`
}

const statusOffline = "offline"

func viewUser(u *chat.User) UserView {
	return UserView{
		UID: u.UID, Name: u.DisplayName(), Link: u.Link, Avatar: u.Avatar, Metadata: object(u.Metadata), Status: statusOffline,
		Role: cmp.Or(u.Role, directory.DefaultRole), StatusMessage: u.StatusMessage, CreatedAt: seconds(u.CreatedAt),
		UpdatedAt: seconds(u.UpdatedAt), DeactivatedAt: seconds(u.DeactivatedAt), Tags: u.Tags,
	}
}

func viewRelation(me, other string, r directory.Relation) RelationView {
	blocked, blocking := !r.BlockedByMe.IsZero(), !r.HasBlockedMe.IsZero()
	view := RelationView{ConversationID: chat.OneOnOne(me, other).WireID(), BlockedByMe: &blocked, HasBlockedMe: &blocking}
	switch {
	case blocked:
		view.BlockedByMeAt = seconds(r.BlockedByMe)
		view.BlockedAt = view.BlockedByMeAt
	case blocking:
		view.BlockedAt = seconds(r.HasBlockedMe)
	}
	return view
}

// seconds since 1970; 0 for no time.
func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// GroupView is a group as answers show one. Its password is never shown.
type GroupView struct {
	GUID           string   `json:"guid"`
	Name           string   `json:"name"`
	Description    string   `json:"description,omitempty"`
	Icon           string   `json:"icon,omitempty"`
	Type           string   `json:"type"`
	Scope          string   `json:"scope,omitempty"`
	MembersCount   int      `json:"membersCount"`
	JoinedAt       int64    `json:"joinedAt,omitempty"`
	ConversationID string   `json:"conversationId"`
	HasJoined      *bool    `json:"hasJoined,omitempty"`
	CreatedAt      int64    `json:"createdAt"`
	Owner          string   `json:"owner"`
	UpdatedAt      int64    `json:"updatedAt,omitempty"`
	UpdatedBy      string   `json:"updatedBy,omitempty"`
	Tags           []string `json:"tags,omitempty"`
	Metadata       object   `json:"metadata,omitempty"`
}

func viewGroup(g *directory.Group, viewer string) GroupView {
	view := GroupView{
		GUID: g.GUID, Name: g.DisplayName(), Description: g.Description, Icon: g.Icon, Type: cmp.Or(g.Type, directory.TypePublic),
		Scope: string(g.Scope), MembersCount: g.MembersCount, JoinedAt: seconds(g.JoinedAt), ConversationID: chat.InGroup(g.GUID).WireID(),
		CreatedAt: seconds(g.CreatedAt), Owner: cmp.Or(g.Owner, directory.System), UpdatedAt: seconds(g.UpdatedAt), UpdatedBy: g.UpdatedBy,
		Tags: g.Tags, Metadata: object(g.Metadata),
	}
	if viewer != "" {
		view.HasJoined = &g.Joined
	}
	return view
}

// outcome is what became of one of many.
type outcome struct {
	Success bool          `json:"success"`
	Message string        `json:"message,omitempty"`
	Error   *outcomeError `json:"error,omitempty"`
}

type outcomeError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func viewOutcome(refused *chat.Error, message string) outcome {
	if refused != nil {
		return outcome{Error: &outcomeError{refused.Code, refused.Message}}
	}
	return outcome{Success: true, Message: message}
}

// viewOutcomes shows what became of each user, by the name of the list.
func viewOutcomes(all directory.Outcomes) map[string]map[string]outcome {
	view := make(map[string]map[string]outcome, len(all))
	for list, users := range all {
		view[list] = make(map[string]outcome, len(users))
		for uid, refused := range users {
			view[list][uid] = viewOutcome(refused, "")
		}
	}
	return view
}

// page is the part of a list that is asked for.
func (p paging) part() directory.Page { return directory.Page{Offset: p.offset(), Limit: p.perPage} }

// metaOf describes a page of the directory, with the mark of its newest change.
func metaOf[T any](p paging, l directory.Listed[T]) listMeta {
	meta := p.meta(len(l.Items), l.Total)
	meta.Cursor = &cursor{UpdatedAt: seconds(l.Changed), Affix: "prepend"}
	return meta
}

// raw returns a field as it was sent, or nil.
func (f *fields) raw(name string) json.RawMessage { return f.values[name] }

// change returns a text that may be absent.
func (f *fields) change(name string) *string {
	value, ok := f.text(name, 0)
	if !ok {
		return nil
	}
	return &value
}

// acting is who acts: empty for the back end itself.
func (r *request) acting() string {
	if r.actor == systemUID {
		return ""
	}
	return r.actor
}
