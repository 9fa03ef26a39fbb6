package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
)

const tagUsers = "Users"

// Bounds of arrays in bodies. Longer ones than the directory takes are refused
// there, by name.
const (
	maxTags   = 25
	maxTag    = 100
	maxListed = 10_000
)

type userBody struct {
	UID           string      `json:"uid" minLength:"1" maxLength:"100" doc:"Letters, digits, dashes and underscores. It cannot be changed."`
	Name          string      `json:"name" minLength:"1" maxLength:"100"`
	Avatar        string      `json:"avatar,omitempty" maxLength:"3000"`
	Link          string      `json:"link,omitempty" maxLength:"3000"`
	Role          string      `json:"role,omitempty" maxLength:"100"`
	StatusMessage string      `json:"statusMessage,omitempty"`
	Metadata      anyMetadata `json:"metadata,omitempty"`
	Tags          []string    `json:"tags,omitempty" maxItems:"25"`
}

type userChangeBody struct {
	Name          string      `json:"name,omitempty" minLength:"1" maxLength:"100"`
	Avatar        string      `json:"avatar,omitempty" maxLength:"3000"`
	Link          string      `json:"link,omitempty" maxLength:"3000"`
	Role          string      `json:"role,omitempty" maxLength:"100"`
	StatusMessage string      `json:"statusMessage,omitempty"`
	Metadata      anyMetadata `json:"metadata,omitempty"`
	Tags          []string    `json:"tags,omitempty" maxItems:"25" doc:"Instead of all there are."`
	Unset         []string    `json:"unset,omitempty" doc:"Fields to empty: avatar, link, metadata."`
}

type deleteUserBody struct {
	Permanent bool `json:"permanent,omitempty" doc:"For good. Without it the user is deactivated."`
}

// userEnd is what became of a user who was deleted for good, or deactivated.
type userEnd struct {
	Success         bool     `json:"success,omitempty"`
	Message         string   `json:"message,omitempty"`
	DeactivatedUIDs []string `json:"deactivatedUids,omitempty"`
}

// users are the operations on one user.
func (a *api) users() []operation {
	return []operation{
		{
			id: "createUser", method: http.MethodPost, path: "/users", tag: tagUsers, core: true, authOnly: true,
			summary: "Make a user", about: "A user who was only learned from events is completed: what is not said stays.",
			body: userBody{}, data: UserView{}, refusals: []string{chat.CodeUIDExists}, do: a.createUser,
		},
		{
			id: "getUser", method: http.MethodGet, path: "/users/{uid}", tag: tagUsers, actor: actorOptional,
			summary: "One user", about: "In somebody's name, also who has blocked whom.",
			data: UserView{}, refusals: []string{chat.CodeUIDNotFound}, do: a.getUser,
		},
		{
			id: "updateUser", method: http.MethodPut, path: "/users/{uid}", tag: tagUsers,
			summary: "Change fields of a user", about: "Fields that are not named stay.",
			body: userChangeBody{}, data: UserView{}, refusals: []string{chat.CodeUIDNotFound}, do: a.updateUser,
		},
		{
			id: "deleteUser", method: http.MethodDelete, path: "/users/{uid}", tag: tagUsers, core: true,
			summary: "Deactivate a user, or delete one for good",
			about: "For good: with memberships, blocks, contact details, preferences and everything that waits to be mailed. " +
				"A group of theirs stays.",
			body: deleteUserBody{}, data: userEnd{}, refusals: []string{chat.CodeUIDNotFound}, do: a.deleteUser,
		},
	}
}

func (a *api) createUser(ctx context.Context, r *request) (any, error) {
	f := r.fields()
	u := chat.User{Metadata: f.raw("metadata")}
	u.UID, _ = f.text("uid", 0)
	u.Name, _ = f.text("name", 0)
	u.Avatar, _ = f.text("avatar", 0)
	u.Link, _ = f.text("link", 0)
	u.Role, _ = f.text("role", 0)
	u.StatusMessage, _ = f.text("statusMessage", 0)
	u.Tags, _ = f.texts("tags", maxTags, maxTag)
	if err := f.err(); err != nil {
		return nil, err
	}
	made, err := a.Directory.CreateUser(ctx, r.app, u)
	if err != nil {
		return nil, err
	}
	return viewUser(&made), nil
}

func (a *api) getUser(ctx context.Context, r *request) (any, error) {
	u, err := a.Directory.Person(ctx, r.app, r.id("uid"))
	if err != nil {
		return nil, err
	}
	view := viewUser(&u)
	if me := r.acting(); me != "" {
		relations, err := a.Directory.Relations(ctx, r.app, me, []string{u.UID})
		if err != nil {
			return nil, err
		}
		view.RelationView = viewRelation(me, u.UID, relations[u.UID])
	}
	return view, nil
}

func (a *api) updateUser(ctx context.Context, r *request) (any, error) {
	f := r.fields()
	c := directory.UserChange{
		Name: f.change("name"), Avatar: f.change("avatar"), Link: f.change("link"), Role: f.change("role"),
		StatusMessage: f.change("statusMessage"), Metadata: f.raw("metadata"),
	}
	if tags, ok := f.texts("tags", maxTags, maxTag); ok {
		c.Tags = &tags
	}
	c.Unset, _ = f.texts("unset", maxTags, 0)
	if err := f.err(); err != nil {
		return nil, err
	}
	u, err := a.Directory.UpdateUser(ctx, r.app, r.id("uid"), c)
	if err != nil {
		return nil, err
	}
	return viewUser(&u), nil
}

func (a *api) deleteUser(ctx context.Context, r *request) (any, error) {
	f := r.fields()
	permanent, _ := f.boolean("permanent")
	if err := f.err(); err != nil {
		return nil, err
	}
	uid := r.id("uid")
	if permanent {
		if err := a.Directory.DeleteUser(ctx, r.app, uid); err != nil {
			return nil, err
		}
		return userEnd{Success: true, Message: fmt.Sprintf("User with UID %s has been deleted successfully.", uid)}, nil
	}
	toggled, err := a.Directory.Deactivate(ctx, r.app, []string{uid})
	if err == nil && len(toggled.Changed) == 0 {
		err = errNoUser(uid)
	}
	return userEnd{DeactivatedUIDs: toggled.Changed}, err
}
