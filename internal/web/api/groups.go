package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
)

const tagGroups = "Groups"

type groupBody struct {
	GUID        string      `json:"guid" minLength:"1" maxLength:"100" doc:"Letters, digits, dashes and underscores. It cannot be changed."`
	Name        string      `json:"name" minLength:"1" maxLength:"100"`
	Type        string      `json:"type,omitempty" enum:"public,password,private" doc:"public, unless it is said."`
	Password    string      `json:"password,omitempty" maxLength:"100" doc:"Required with the type password. It is never shown."`
	Icon        string      `json:"icon,omitempty" maxLength:"3000"`
	Description string      `json:"description,omitempty" maxLength:"255"`
	Metadata    anyMetadata `json:"metadata,omitempty"`
	Owner       string      `json:"owner,omitempty" doc:"A user id. It is who acts, if anybody is named, and app_system if nobody is."`
	Tags        []string    `json:"tags,omitempty" maxItems:"25"`
	Members     *additions  `json:"members,omitempty"`
}

type groupChangeBody struct {
	Name        string      `json:"name,omitempty" minLength:"1" maxLength:"100"`
	Type        string      `json:"type,omitempty" enum:"public,password,private"`
	Password    string      `json:"password,omitempty" maxLength:"100"`
	Icon        string      `json:"icon,omitempty" maxLength:"3000"`
	Description string      `json:"description,omitempty" maxLength:"255"`
	Metadata    anyMetadata `json:"metadata,omitempty"`
	Owner       string      `json:"owner,omitempty" doc:"Ignored where somebody acts."`
	Tags        []string    `json:"tags,omitempty" maxItems:"25" doc:"Instead of all there are."`
	Unset       []string    `json:"unset,omitempty" doc:"Fields to empty: icon, description, metadata."`
}

// groupMade is a new group and what became of those who were to be added.
type groupMade struct {
	GroupView
	Members map[string]map[string]outcome `json:"members,omitempty"`
}

// groups are the operations on groups.
func (a *api) groups() []operation {
	missing := []string{chat.CodeGUIDNotFound, directory.CodeNotJoined}
	return []operation{
		{
			id: "createGroup", method: http.MethodPost, path: "/groups", tag: tagGroups, core: true, limit: maxLargeBody, actor: actorOptional,
			summary: "Make a group",
			about: "Who acts becomes its owner, admin and first member. A group that was only learned from events is completed: what is not said stays. " +
				"Who cannot be added does not keep the group from being made.",
			body: groupBody{}, data: groupMade{}, refusals: []string{chat.CodeGUIDExists, chat.CodeUIDNotFound, directory.CodeEmptyGroupPass},
			do: a.createGroup,
		},
		{
			id: "listGroups", method: http.MethodGet, path: "/groups", tag: tagGroups, actor: actorOptional,
			summary: "Groups, newest first", about: "In somebody's name, without the private groups of others.",
			query: append(pagingQuery(),
				parameter{name: "searchKey", kind: kindText, about: "The begin of a name or group id, whatever its case."},
				parameter{name: "searchIn", kind: kindText, about: "Where to look for it: name, guid, or both."},
				parameter{name: "sortBy", kind: kindText, enum: []string{"name", "guid", "createdAt"}},
				parameter{name: "sortOrder", kind: kindText, about: "asc or desc. Groups are sorted from the newest, names and ids from a."},
				parameter{name: "updatedAt", kind: kindNumber, about: "With affix: only groups that changed after this second, or before it."},
				parameter{name: "affix", kind: kindText, enum: []string{"append", "prepend"}, about: "append: after updatedAt; prepend: before."},
				parameter{name: "withTags", kind: kindBool, about: "Show tags."},
				parameter{name: "tags", kind: kindText, about: "Groups with one of the tags."},
				parameter{name: "type", kind: kindText}, parameter{name: "types", kind: kindText, about: "One of several types."},
				parameter{name: "hasJoined", kind: kindBool, about: "true: only groups of who acts."}),
			data: []GroupView{}, meta: listMeta{}, do: a.listGroups,
		},
		{
			id: "getGroup", method: http.MethodGet, path: "/groups/{guid}", tag: tagGroups, actor: actorOptional,
			summary: "One group", data: GroupView{}, refusals: missing,
			do: func(ctx context.Context, r *request) (any, error) { return a.viewOneGroup(ctx, r) },
		},
		{
			id: "updateGroup", method: http.MethodPut, path: "/groups/{guid}", tag: tagGroups, actor: actorOptional,
			summary: "Change fields of a group", about: "Admins and moderators may. Fields that are not named stay.",
			body: groupChangeBody{}, data: GroupView{},
			refusals: append(missing, chat.CodeUIDNotFound, directory.CodeEmptyGroupPass, directory.CodeNoModeratorScope), do: a.updateGroup,
		},
		{
			id: "deleteGroup", method: http.MethodDelete, path: "/groups/{guid}", tag: tagGroups, actor: actorOptional,
			summary: "Delete a group", about: "Admins may.", data: said{}, refusals: append(missing, directory.CodeNoAdminScope),
			do: func(ctx context.Context, r *request) (any, error) {
				guid, err := a.Directory.DeleteGroup(ctx, r.app, r.acting(), r.id("guid"))
				return said{true, fmt.Sprintf("Group with guid %s has been deleted successfully.", guid)}, err
			},
		},
	}
}

func (a *api) viewOneGroup(ctx context.Context, r *request) (GroupView, error) {
	g, err := a.Directory.Group(ctx, r.app, r.id("guid"), r.acting())
	return viewGroup(&g, r.acting()), err
}

func (a *api) createGroup(ctx context.Context, r *request) (any, error) {
	f := r.fields()
	var g directory.NewGroup
	g.GUID, _ = f.text("guid", 0)
	g.Name, _ = f.text("name", 0)
	g.Type, _ = f.text("type", 0)
	g.Password, _ = f.text("password", 0)
	g.Icon, _ = f.text("icon", 0)
	g.Description, _ = f.text("description", 0)
	g.Owner, _ = f.text("owner", 0)
	g.Metadata = f.raw("metadata")
	g.Tags, _ = f.texts("tags", maxTags, maxTag)
	if raw, ok := f.object("members", maxLargeBody); ok {
		members := &fields{nulls: make(map[string]bool), path: "members.", details: f.details}
		if members.fill(raw) {
			g.Members = members.additions()
		}
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	outcomes, err := a.Directory.CreateGroup(ctx, r.app, r.acting(), g)
	if err != nil {
		return nil, err
	}
	made, err := a.Directory.Group(ctx, r.app, g.GUID, r.acting())
	return groupMade{viewGroup(&made, r.acting()), viewOutcomes(outcomes)}, err
}

func (a *api) updateGroup(ctx context.Context, r *request) (any, error) {
	f := r.fields()
	e := directory.GroupEdit{
		Name: f.change("name"), Icon: f.change("icon"), Description: f.change("description"), Type: f.change("type"),
		Password: f.change("password"), Owner: f.change("owner"), Metadata: f.raw("metadata"),
	}
	if tags, ok := f.texts("tags", maxTags, maxTag); ok {
		e.Tags = &tags
	}
	e.Unset, _ = f.texts("unset", maxTags, 0)
	if err := f.err(); err != nil {
		return nil, err
	}
	if err := a.Directory.UpdateGroup(ctx, r.app, r.acting(), r.id("guid"), e); err != nil {
		return nil, err
	}
	return a.viewOneGroup(ctx, r)
}

func (a *api) listGroups(ctx context.Context, r *request) (any, error) {
	page, err := r.paging()
	q := directory.GroupQuery{
		Viewer: r.acting(), Search: r.query("searchKey"), Types: append(r.queryList("type"), r.queryList("types")...), Tags: r.queryList("tags"),
		Page: page.part(),
	}
	for _, where := range r.queryList("searchIn") {
		q.InName, q.InGUID = q.InName || where == "name", q.InGUID || where == "guid"
	}
	q.Joined = r.flag("hasJoined", &err)
	withTags := r.flag("withTags", &err)
	if err != nil {
		return nil, err
	}
	if q.Joined && q.Viewer == "" {
		return nil, chat.BadRequest("onBehalfOf", "The onBehalfOf field is required when hasJoined is true.")
	}
	if err := r.sorting(&q); err != nil {
		return nil, err
	}
	if err := r.changes(&q); err != nil {
		return nil, err
	}
	listed, err := a.Directory.Groups(ctx, r.app, &q)
	if err != nil {
		return nil, err
	}
	views := make([]GroupView, len(listed.Items))
	for i := range listed.Items {
		views[i] = viewGroup(&listed.Items[i], q.Viewer)
		if !withTags {
			views[i].Tags = nil
		}
	}
	return listing{views, metaOf(page, listed)}, nil
}

// sorting reads the order of groups. Without one, the newest are first.
func (r *request) sorting(q *directory.GroupQuery) error {
	q.Order = directory.GroupOrder(r.query("sortBy"))
	switch q.Order {
	case "", directory.ByCreatedAt:
		q.Order, q.Descending = directory.ByCreatedAt, true
	case directory.ByName, directory.ByGUID:
	default:
		return chat.BadRequest("sortBy", "The selected sortBy is invalid.")
	}
	switch strings.ToLower(r.query("sortOrder")) {
	case "":
	case "asc":
		q.Descending = false
	case "desc":
		q.Descending = true
	default:
		return chat.BadRequest("sortOrder", "The selected sortOrder is invalid.")
	}
	return nil
}

// changes reads the bound of a list for clients that keep a copy.
func (r *request) changes(q *directory.GroupQuery) error {
	at, set, err := r.queryInt("updatedAt")
	if err != nil || !set {
		return err
	}
	// Times of this API are whole seconds.
	second := time.Unix(min(max(at, 0), 1<<33), 0)
	switch r.query("affix") {
	case "", "append":
		q.ChangedAfter = second.Add(time.Second - time.Millisecond)
	case "prepend":
		q.ChangedBefore = second
	default:
		return chat.BadRequest("affix", "The selected affix is invalid.")
	}
	return nil
}
