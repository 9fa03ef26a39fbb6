package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/postrider/postrider/internal/chat"
)

type blockBody struct {
	UIDs []string `json:"blockedUids"`
}

// blocks are the operations on whom somebody wants to hear nothing of.
func (a *api) blocks() []operation {
	const path, tag = "/users/{uid}/blockedusers", "Blocked users"
	const about = "What cannot be done for one is said in their place and does not keep the others."
	return []operation{
		{
			id: "blockUsers", method: http.MethodPost, path: path, tag: tag, summary: "Block users",
			about: "Neither hears of the other any more. What is sent meanwhile stays unseen. " + about,
			body:  blockBody{}, data: map[string]outcome{}, refusals: []string{chat.CodeUIDNotFound},
			do: func(ctx context.Context, r *request) (any, error) { return a.block(ctx, r, true) },
		},
		{
			id: "unblockUsers", method: http.MethodDelete, path: path, tag: tag, summary: "Unblock users", about: about,
			body: blockBody{}, data: map[string]outcome{}, refusals: []string{chat.CodeUIDNotFound},
			do: func(ctx context.Context, r *request) (any, error) { return a.block(ctx, r, false) },
		},
		{
			id: "listBlockedUsers", method: http.MethodGet, path: path, tag: tag, summary: "Whom a user has blocked, by user id",
			query: pagingQuery(), data: []UserView{}, meta: listMeta{}, refusals: []string{chat.CodeUIDNotFound}, do: a.listBlocked,
		},
	}
}

func (a *api) block(ctx context.Context, r *request, blocked bool) (any, error) {
	f := r.fields()
	uids, _ := f.texts("blockedUids", maxListed, 0)
	if err := f.err(); err != nil {
		return nil, err
	}
	uid := r.id("uid")
	outcomes, err := a.Directory.Block(ctx, r.app, uid, uids, blocked)
	if err != nil {
		return nil, err
	}
	view := make(map[string]outcome, len(outcomes))
	for other, o := range outcomes {
		format := "The user with UID %s has blocked user with UID %s successfully."
		switch {
		case o.Already && blocked:
			format = "The user with UID %s has already blocked user with UID %s."
		case o.Already:
			format = "The user with UID %s has not blocked user with UID %s."
		case !blocked:
			format = "The user with UID %s has unblocked user with UID %s successfully."
		}
		view[other] = viewOutcome(o.Refused, fmt.Sprintf(format, uid, other))
	}
	return view, nil
}

func (a *api) listBlocked(ctx context.Context, r *request) (any, error) {
	page, err := r.paging()
	if err != nil {
		return nil, err
	}
	me, listed, err := a.Directory.BlockedBy(ctx, r.app, r.id("uid"), page.part())
	if err != nil {
		return nil, err
	}
	views := make([]UserView, len(listed.Items))
	for i := range listed.Items {
		b := &listed.Items[i]
		views[i] = viewUser(&b.User)
		views[i].RelationView = viewRelation(me, b.User.UID, b.Relation)
	}
	return listing{views, metaOf(page, listed)}, nil
}
