package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
)

const tagConversations = "Conversations"

// conversationView is a conversation as one of its people sees it. The number
// is a text, as clients expect it (K9).
type conversationView struct {
	ConversationID   string `json:"conversationId"`
	ConversationType string `json:"conversationType" enum:"user,group"`
	UID              string `json:"uid,omitempty" doc:"Who sees it, where everybody's are listed."`
	Unread           string `json:"unreadMessageCount" pattern:"^[0-9]+$"`
	CreatedAt        int64  `json:"createdAt"`
	UpdatedAt        int64  `json:"updatedAt"`
	LastMessage      object `json:"lastMessage,omitempty"`
	With             other  `json:"conversationWith"`
}

// other is the user or the group a conversation is with.
type other struct{ value any }

// MarshalJSON implements [json.Marshaler].
func (o other) MarshalJSON() ([]byte, error) { return json.Marshal(o.value) }

// Schema implements [huma.SchemaProvider].
func (other) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{schemaFor[UserView](r), schemaFor[GroupView](r)}}
}

// conversations are the operations that show conversations.
func (a *api) conversations() []operation {
	operations := []operation{{
		id: "listConversations", method: http.MethodGet, path: "/conversations", tag: tagConversations, actor: actorOptional,
		summary: "Conversations, newest message first", about: "In somebody's name theirs, else everybody's, by user id.",
		query: append(pagingQuery(),
			parameter{name: "conversationType", kind: kindText, enum: []string{"user", "group"}},
			parameter{name: "unread", kind: kindBool, about: "true: only where something is unread."},
			parameter{name: "searchKey", kind: kindText, about: "The begin of the name or id of the other user, or of the group."},
			parameter{name: "userTags", kind: kindText, about: "With a user who has one of the tags."},
			parameter{name: "groupTags", kind: kindText, about: "In a group that has one of the tags."},
			parameter{name: "withUserAndGroupTags", kind: kindBool, about: "Show tags of users and groups."}),
		data: []conversationView{}, meta: listMeta{}, do: a.listConversations,
	}}
	for _, with := range sides() {
		operations = append(operations, operation{
			id: "getConversationWith" + with.name, method: http.MethodGet, path: with.path, tag: tagConversations, actor: actorHeader,
			summary: "One conversation", data: conversationView{}, refusals: []string{with.missing, directory.CodeNotAccessible},
			do: func(ctx context.Context, r *request) (any, error) {
				c, err := a.Directory.Conversation(ctx, r.app, r.actor, with.of(r))
				if err != nil {
					return nil, err
				}
				return viewConversation(&c, false, true), nil
			},
		})
	}
	return operations
}

// side is a kind of other side of a conversation.
type side struct {
	kind       chat.ReceiverType
	name       string // in ids of operations
	path, id   string
	missing    string // code
	from, whom string // in messages
}

func sides() []side {
	return []side{
		{chat.ReceiverUser, "User", "/users/{uid}/conversation", "uid", chat.CodeUIDNotFound, "from the user", "user"},
		{chat.ReceiverGroup, "Group", "/groups/{guid}/conversation", "guid", chat.CodeGUIDNotFound, "in the group", "group"},
	}
}

func (s side) of(r *request) directory.With { return directory.With{Type: s.kind, ID: r.id(s.id)} }

func viewConversation(c *directory.Conversation, withUID, withTags bool) conversationView {
	view := conversationView{
		ConversationID: c.ID.WireID(), ConversationType: string(c.ID.Type()), Unread: strconv.Itoa(c.Unread),
		CreatedAt: seconds(c.CreatedAt), UpdatedAt: seconds(c.UpdatedAt), LastMessage: object(c.Last),
	}
	if withUID {
		view.UID = c.UID
	}
	if c.Group != nil {
		g := viewGroup(c.Group, c.UID)
		if !withTags {
			g.Tags = nil
		}
		view.With = other{g}
		return view
	}
	u := viewUser(c.User)
	if !withTags {
		u.Tags = nil
	}
	view.With = other{u}
	return view
}

func (a *api) listConversations(ctx context.Context, r *request) (any, error) {
	page, err := r.paging()
	q := directory.ConversationQuery{
		UID: r.acting(), Search: r.query("searchKey"), UserTags: r.queryList("userTags"), GroupTags: r.queryList("groupTags"), Page: page.part(),
	}
	q.Unread = r.flag("unread", &err)
	withTags := r.flag("withUserAndGroupTags", &err)
	if err != nil {
		return nil, err
	}
	switch q.Type = chat.ReceiverType(r.query("conversationType")); q.Type {
	case "", chat.ReceiverUser, chat.ReceiverGroup:
	default:
		return nil, chat.BadRequest("conversationType", "The selected conversationType is invalid.")
	}
	listed, err := a.Directory.Conversations(ctx, r.app, &q)
	if err != nil {
		return nil, err
	}
	views := make([]conversationView, len(listed.Items))
	for i := range listed.Items {
		views[i] = viewConversation(&listed.Items[i], q.UID == "", withTags)
	}
	return listing{views, page.meta(len(views), listed.Total)}, nil
}
