package api

import (
	"context"
	"net/http"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
)

type deactivateBody struct {
	UIDs []string `json:"uidsToDeactivate"`
}

type reactivateBody struct {
	UIDs []string `json:"uidsToActivate"`
}

type deactivated struct {
	Deactivated []string `json:"deactivatedUids,omitempty"`
	Already     []string `json:"alreadyDeactivatedUids,omitempty"`
	NotFound    []string `json:"notFound,omitempty"`
}

type reactivated struct {
	Reactivated []string `json:"reactivatedUids,omitempty"`
	Already     []string `json:"nonDeactivatedUids,omitempty"`
	NotFound    []string `json:"notFound,omitempty"`
}

// userLists are the operations on many users.
func (a *api) userLists() []operation {
	return []operation{
		{
			id: "listUsers", method: http.MethodGet, path: "/users", tag: tagUsers, actor: actorOptional,
			summary: "Users, newest first", about: "In somebody's name, also who has blocked whom.",
			query: append(pagingQuery(),
				parameter{name: "searchKey", kind: kindText, about: "The begin of a name or user id, whatever its case."},
				parameter{name: "searchIn", kind: kindText, about: "Where to look for it: name, uid, or both."},
				parameter{name: "status", kind: kindText, enum: []string{"available", statusOffline}, about: "Presence is not known: everybody is offline."},
				parameter{name: "role", kind: kindText}, parameter{name: "roles", kind: kindText, about: "One of several roles."},
				parameter{name: "tags", kind: kindText, about: "Who has one of the tags."},
				parameter{name: "withTags", kind: kindBool, about: "Show tags."},
				parameter{name: "withDeactivated", kind: kindBool}, parameter{name: "onlyDeactivated", kind: kindBool}),
			data: []UserView{}, meta: listMeta{}, do: a.listUsers,
		},
		{
			id: "deactivateUsers", method: http.MethodDelete, path: "/users", tag: tagUsers,
			summary: "Deactivate users", about: "They are as good as unknown, and get no mail, until they are reactivated. Empty lists are left out of the answer.",
			body: deactivateBody{}, data: deactivated{},
			do: func(ctx context.Context, r *request) (any, error) {
				uids, err := r.uids("uidsToDeactivate")
				if err != nil {
					return nil, err
				}
				t, err := a.Directory.Deactivate(ctx, r.app, uids)
				return deactivated{t.Changed, t.Already, t.NotFound}, err
			},
		},
		{
			id: "reactivateUsers", method: http.MethodPut, path: "/users", tag: tagUsers,
			summary: "Reactivate users", about: "Empty lists are left out of the answer.",
			body: reactivateBody{}, data: reactivated{},
			do: func(ctx context.Context, r *request) (any, error) {
				uids, err := r.uids("uidsToActivate")
				if err != nil {
					return nil, err
				}
				t, err := a.Directory.Reactivate(ctx, r.app, uids)
				return reactivated{t.Changed, t.Already, t.NotFound}, err
			},
		},
	}
}

// uids returns a field of the body that must be an array of user ids.
func (r *request) uids(name string) ([]string, error) {
	f := r.fields()
	f.require(name)
	uids, _ := f.texts(name, maxListed, 0)
	return uids, f.err()
}

// flag returns a parameter of the query that is true or not.
func (r *request) flag(name string, err *error) bool {
	value, _, problem := r.queryBool(name)
	if *err == nil {
		*err = problem
	}
	return value
}

func (a *api) listUsers(ctx context.Context, r *request) (any, error) {
	page, err := r.paging()
	q := directory.UserQuery{
		Search: r.query("searchKey"), Roles: append(r.queryList("role"), r.queryList("roles")...), Tags: r.queryList("tags"), Page: page.part(),
	}
	for _, where := range r.queryList("searchIn") {
		q.InName, q.InUID = q.InName || where == "name", q.InUID || where == "uid"
	}
	if r.flag("withDeactivated", &err) {
		q.Which = directory.ActiveAndDeactivated
	}
	if r.flag("onlyDeactivated", &err) {
		q.Which = directory.OnlyDeactivated
	}
	withTags := r.flag("withTags", &err)
	nobody := r.nobody(&err)
	if err != nil {
		return nil, err
	}
	var listed directory.Listed[chat.User]
	if !nobody {
		if listed, err = a.Directory.Users(ctx, r.app, &q); err != nil {
			return nil, err
		}
	}
	views, err := a.viewUsers(ctx, r, listed.Items, withTags)
	return listing{views, metaOf(page, listed)}, err
}

// nobody reports whether a list is of people with a status that nobody has.
func (r *request) nobody(err *error) bool {
	switch status := r.query("status"); status {
	case "", statusOffline:
		return false
	case "available", "online":
		return true
	default:
		if *err == nil {
			*err = chat.BadRequest("status", "The selected status is invalid.")
		}
		return false
	}
}

// viewUsers shows users, with what they have with who asks.
func (a *api) viewUsers(ctx context.Context, r *request, users []chat.User, withTags bool) ([]UserView, error) {
	views := make([]UserView, len(users))
	uids := make([]string, len(users))
	for i := range users {
		views[i], uids[i] = viewUser(&users[i]), users[i].UID
		if !withTags {
			views[i].Tags = nil
		}
	}
	me := r.acting()
	if me == "" {
		return views, nil
	}
	relations, err := a.Directory.Relations(ctx, r.app, me, uids)
	for i, uid := range uids {
		views[i].RelationView = viewRelation(me, uid, relations[uid])
	}
	return views, err
}
