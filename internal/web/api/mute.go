package api

import (
	"context"
	"net/http"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
)

// oneOnOne is what the API calls a conversation of two people.
const oneOnOne = "oneOnOne"

// maxMutes is how many conversations one call may name.
const maxMutes = 1000

// muteView is a muted conversation.
type muteView struct {
	ID    string `json:"id" doc:"The other person's user id, or the group's id."`
	Type  string `json:"type" enum:"oneOnOne,group"`
	Until int64  `json:"until" doc:"UNIX milliseconds, in the future."`
}

type mutesView struct {
	MutedConversations []muteView `json:"mutedConversations"`
}

type muteBody struct {
	Conversations []muteView `json:"conversations"`
}

type unmuteBody struct {
	Conversations []struct {
		ID   string `json:"id"`
		Type string `json:"type" enum:"oneOnOne,group"`
	} `json:"conversations"`
}

// mutes are the operations on muted conversations (F067 to F069).
func (a *api) mutes() []operation {
	const path = "/notifications/v1/preferences/mute"
	return []operation{
		{
			id: "listMutes", method: http.MethodGet, path: path, tag: tagPreferences, actor: actorQuery,
			summary: "Which conversations somebody has muted", data: mutesView{}, do: a.listMutes,
		},
		{
			id: "mute", method: http.MethodPut, path: path, tag: tagPreferences, actor: actorQuery,
			summary: "Mute conversations for some time",
			about:   "One that is muted already is muted until the new time. Kinds that the app does not let people mute are ignored.",
			body:    muteBody{}, data: success{}, do: a.mute,
		},
		{
			id: "unmute", method: http.MethodDelete, path: path, tag: tagPreferences, actor: actorQuery,
			summary: "Unmute conversations", body: unmuteBody{}, data: success{},
			do: func(ctx context.Context, r *request) (any, error) {
				mutes, err := a.readMutes(r, false)
				if err != nil {
					return nil, err
				}
				return success{true}, a.Personal.Unmute(ctx, r.app, r.actor, mutes)
			},
		},
	}
}

func (a *api) listMutes(ctx context.Context, r *request) (any, error) {
	mutes, err := a.Personal.Mutes(ctx, r.app, r.actor)
	if err != nil {
		return nil, err
	}
	view := mutesView{make([]muteView, 0, len(mutes))}
	for _, m := range mutes {
		kind := oneOnOne
		if m.Type == chat.ReceiverGroup {
			kind = string(chat.ReceiverGroup)
		}
		view.MutedConversations = append(view.MutedConversations, muteView{m.ID, kind, m.Until.UnixMilli()})
	}
	return view, nil
}

func (a *api) mute(ctx context.Context, r *request) (any, error) {
	mutes, err := a.readMutes(r, true)
	if err != nil {
		return nil, err
	}
	settings, err := a.Vault.Settings(ctx, r.app)
	if err != nil {
		return nil, err
	}
	allowed := mutes[:0]
	counts := settings.Merge(nil)
	for _, m := range mutes {
		if counts.Mutes(m.Type) {
			allowed = append(allowed, m)
		}
	}
	return success{true}, a.Personal.Mute(ctx, r.app, r.actor, allowed)
}

// readMutes reads the conversations of a body, with the ends of their mutes.
func (a *api) readMutes(r *request, timed bool) ([]chat.Mute, error) {
	f := r.fields()
	f.require("conversations")
	items, _ := f.objects("conversations", maxMutes)
	mutes := make([]chat.Mute, 0, len(items))
	now := a.Clock()
	for _, item := range items {
		m := chat.Mute{Type: chat.ReceiverUser}
		item.require("id", "type")
		id, ok := item.text("id", chat.MaxUIDLength)
		m.ID = chat.NormalizeUID(id)
		// What is muted already under another id can still be unmuted.
		if ok && timed && !directory.IsID(m.ID) {
			item.fail("id", "The %s may only contain letters, numbers, dashes and underscores.")
		}
		if kind, _ := item.choice("type", oneOnOne, string(chat.ReceiverGroup)); kind != oneOnOne {
			m.Type = chat.ReceiverGroup
		}
		if timed {
			item.require("until")
			if until, ok := item.number("until"); ok {
				if m.Until = time.UnixMilli(until); !m.Until.After(now) {
					item.fail("until", "The %s must be in the future, in UNIX milliseconds.")
				}
			}
		}
		mutes = append(mutes, m)
	}
	return mutes, f.err()
}
