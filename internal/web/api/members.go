package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
)

const tagMembers = "Members of groups"

type additions struct {
	Admins       []string `json:"admins,omitempty"`
	Moderators   []string `json:"moderators,omitempty"`
	Participants []string `json:"participants,omitempty"`
	UsersToBan   []string `json:"usersToBan,omitempty"`
}

func (f *fields) additions() directory.Additions {
	var a directory.Additions
	a.Admins, _ = f.texts("admins", maxListed, 0)
	a.Moderators, _ = f.texts("moderators", maxListed, 0)
	a.Participants, _ = f.texts("participants", maxListed, 0)
	a.Banned, _ = f.texts("usersToBan", maxListed, 0)
	return a
}

// memberView is a user with a place in a group.
type memberView struct {
	UserView
	Scope    string `json:"scope"`
	JoinedAt int64  `json:"joinedAt,omitempty"`
	BannedAt int64  `json:"bannedAt,omitempty"`
}

type scopeBody struct {
	Scope string `json:"scope,omitempty" enum:"admin,moderator,participant" doc:"participant, unless it is said."`
}

type scopeView struct {
	GUID     string `json:"guid"`
	UID      string `json:"uid"`
	Scope    string `json:"scope"`
	JoinedAt int64  `json:"joinedAt"`
}

// refusalsOfMembers are the codes of what may not be done to a member.
func refusalsOfMembers(more ...string) []string {
	return append(more, chat.CodeGUIDNotFound, chat.CodeUIDNotFound, directory.CodeNotAMember, directory.CodeNotJoined,
		directory.CodeNoModeratorScope, directory.CodeNoClearance, directory.CodeNoSelfAction)
}

// members are the operations on members of groups.
func (a *api) members() []operation {
	const path, one = "/groups/{guid}/members", "/groups/{guid}/members/{uid}"
	return []operation{
		{
			id: "addMembers", method: http.MethodPost, path: path, tag: tagMembers, limit: maxLargeBody, actor: actorOptional,
			summary: "Add people to a group, and ban others",
			about: "Admins may. At most 1,000 user ids in one call; who is in several lists takes the first of admins, moderators and participants. " +
				"What cannot be done for one is said in their place and does not keep the others.",
			body: additions{}, data: map[string]map[string]outcome{},
			refusals: []string{chat.CodeGUIDNotFound, directory.CodeNotJoined, directory.CodeNoAdminScope},
			do: func(ctx context.Context, r *request) (any, error) {
				f := r.fields()
				adding := f.additions()
				if err := f.err(); err != nil {
					return nil, err
				}
				outcomes, err := a.Directory.AddMembers(ctx, r.app, r.acting(), r.id("guid"), adding)
				return viewOutcomes(outcomes), err
			},
		},
		{
			id: "listMembers", method: http.MethodGet, path: path, tag: tagMembers, summary: "Members of a group, by user id",
			query: append(pagingQuery(),
				parameter{name: "status", kind: kindText, enum: []string{"available", statusOffline}, about: "Presence is not known: everybody is offline."},
				parameter{name: "scopes", kind: kindText, about: "One of several of admin, moderator, participant."}),
			data: []memberView{}, meta: listMeta{}, refusals: []string{chat.CodeGUIDNotFound},
			do: func(ctx context.Context, r *request) (any, error) { return a.listMembers(ctx, r, false) },
		},
		{
			id: "changeScope", method: http.MethodPut, path: one, tag: tagMembers, actor: actorOptional,
			summary: "Change what a member may do", about: "Admins may; moderators may make participants moderators. The owner stays an admin.",
			body: scopeBody{}, data: scopeView{}, refusals: refusalsOfMembers(directory.CodeSameScope, directory.CodeNoScopeClearance),
			do: func(ctx context.Context, r *request) (any, error) {
				f := r.fields()
				scope, _ := f.text("scope", 0)
				if err := f.err(); err != nil {
					return nil, err
				}
				g, m, err := a.Directory.ChangeScope(ctx, r.app, r.acting(), r.id("guid"), r.id("uid"), chat.Scope(scope))
				return scopeView{g.GUID, m.UID, string(m.Scope), seconds(m.JoinedAt)}, err
			},
		},
		{
			id: "kickMember", method: http.MethodDelete, path: one, tag: tagMembers, actor: actorOptional,
			summary: "Remove a member", about: "Admins may, and moderators remove participants. The owner stays.",
			data: said{}, refusals: refusalsOfMembers(),
			do: func(ctx context.Context, r *request) (any, error) {
				g, m, err := a.Directory.Kick(ctx, r.app, r.acting(), r.id("guid"), r.id("uid"))
				return said{true, fmt.Sprintf("The member with %s has been kicked from the Group with %s.", m.UID, g.GUID)}, err
			},
		},
	}
}

func (a *api) listMembers(ctx context.Context, r *request, banned bool) (any, error) {
	page, err := r.paging()
	nobody := r.nobody(&err)
	if err != nil {
		return nil, err
	}
	q := directory.MemberQuery{Banned: banned, Page: page.part()}
	for _, scope := range r.queryList("scopes") {
		q.Scopes = append(q.Scopes, chat.Scope(scope))
	}
	listed, err := a.Directory.Members(ctx, r.app, r.id("guid"), &q)
	if err != nil {
		return nil, err
	}
	if nobody {
		listed = directory.Listed[directory.Member]{}
	}
	views := make([]memberView, len(listed.Items))
	for i := range listed.Items {
		m := &listed.Items[i]
		views[i] = memberView{UserView: viewUser(&m.User), Scope: string(m.Scope), BannedAt: seconds(m.BannedAt)}
		if !banned {
			views[i].JoinedAt = seconds(m.JoinedAt)
		}
	}
	meta := metaOf(page, listed)
	if banned {
		meta.Cursor = nil
	}
	return listing{views, meta}, nil
}

type banBody struct {
	UID string `json:"uid"`
}

// bans are the operations on who is banned from groups. They have two paths,
// and the older one takes the user id from the body, too (K2).
func (a *api) bans() []operation {
	operations := make([]operation, 0, 8)
	for path, alias := range map[string]string{"/groups/{guid}/bannedusers": "", "/groups/{guid}/banned_members": "Alias"} {
		ban := operation{
			id: "banMember" + alias, method: http.MethodPost, path: path + "/{uid}", tag: tagMembers, actor: actorOptional,
			summary: "Remove a member, who may not join again", about: "Admins may, and moderators ban participants. The owner stays.",
			data: said{}, refusals: refusalsOfMembers(directory.CodeAlreadyBanned), do: a.ban,
		}
		unban := operation{
			id: "unbanMember" + alias, method: http.MethodDelete, path: path + "/{uid}", tag: tagMembers, actor: actorOptional,
			summary: "Let somebody join again", about: "Admins and moderators may. It does not make a member.",
			data: said{}, refusals: refusalsOfMembers(directory.CodeNotBanned), do: a.unban,
		}
		operations = append(operations, ban, unban, operation{
			id: "listBanned" + alias, method: http.MethodGet, path: path, tag: tagMembers,
			summary: "Who is banned from a group, by user id", query: pagingQuery(),
			data: []memberView{}, meta: listMeta{}, refusals: []string{chat.CodeGUIDNotFound},
			do: func(ctx context.Context, r *request) (any, error) { return a.listMembers(ctx, r, true) },
		})
		if alias == "" {
			continue
		}
		for _, op := range []operation{ban, unban} {
			op.id, op.path, op.body = op.id+"InBody", path, banBody{}
			operations = append(operations, op)
		}
	}
	return operations
}

// member is the user id of the path, or else of the body.
func (r *request) member() (string, error) {
	if uid := r.id("uid"); uid != "" {
		return uid, nil
	}
	f := r.fields()
	f.require("uid")
	uid, _ := f.text("uid", 0)
	return chat.NormalizeUID(uid), f.err()
}

func (a *api) ban(ctx context.Context, r *request) (any, error) {
	uid, err := r.member()
	if err != nil {
		return nil, err
	}
	g, m, err := a.Directory.Ban(ctx, r.app, r.acting(), r.id("guid"), uid)
	return said{true, fmt.Sprintf("The user with uid %s has been banned from the Group with %s.", m.UID, g.GUID)}, err
}

func (a *api) unban(ctx context.Context, r *request) (any, error) {
	uid, err := r.member()
	if err != nil {
		return nil, err
	}
	g, m, err := a.Directory.Unban(ctx, r.app, r.acting(), r.id("guid"), uid)
	return said{true, fmt.Sprintf("The user with uid %s has been unbanned from the Group with %s.", m.UID, g.GUID)}, err
}
