package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
)

type receiptBody struct {
	MessageID messageID `json:"messageId,omitempty" doc:"Up to and including this message; without it, all."`
}

type unreadBody struct {
	MessageID messageID `json:"messageId" doc:"What came after this message."`
}

// receipt is what was done. The documented answers spell one key in two ways.
type receipt struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
	Twin    string `json:"Message"`
}

// receipts are the operations on how far somebody has read (F082).
func (a *api) receipts() []operation {
	var operations []operation
	for _, with := range sides() {
		refusals := []string{with.missing}
		if with.kind == chat.ReceiverGroup {
			refusals = append(refusals, directory.CodeNotAccessible)
		}
		marked := func(how string) receipt {
			message := fmt.Sprintf("All the messages %s are marked as %s for the requesting user.", with.from, how)
			return receipt{true, message, message}
		}
		operations = append(operations,
			operation{
				id: "markReadWith" + with.name, method: http.MethodPost, path: with.path + "/read", tag: tagConversations, actor: actorHeader,
				summary: "Mark as read", about: "Who acts is the reader; in the path is the other side. What is read is not mailed.",
				body: receiptBody{}, data: receipt{}, refusals: refusals,
				do: func(ctx context.Context, r *request) (any, error) {
					f := r.fields()
					id := f.messageID("messageId")
					if err := f.err(); err != nil {
						return nil, err
					}
					return marked("read"), a.Directory.MarkRead(ctx, r.app, r.actor, with.of(r), id)
				},
			},
			operation{
				id: "markDeliveredWith" + with.name, method: http.MethodPost, path: with.path + "/delivered", tag: tagConversations, actor: actorHeader,
				summary: "Mark as delivered", about: "It is checked, and changes nothing: what was delivered is still unread.",
				body: receiptBody{}, data: receipt{}, refusals: refusals,
				do: func(ctx context.Context, r *request) (any, error) {
					f := r.fields()
					f.messageID("messageId")
					if err := f.err(); err != nil {
						return nil, err
					}
					return marked("delivered"), a.Directory.Delivered(ctx, r.app, r.actor, with.of(r))
				},
			},
			operation{
				id: "markUnreadWith" + with.name, method: http.MethodDelete, path: with.path + "/read", tag: tagConversations, actor: actorHeader,
				summary: "Mark as unread", about: "What came after the message is unread again. It does not make a mail by itself.",
				body: unreadBody{}, data: said{}, refusals: refusals,
				do: func(ctx context.Context, r *request) (any, error) {
					f := r.fields()
					id := f.messageID("messageId")
					if err := f.err(); err != nil {
						return nil, err
					}
					target := with.of(r)
					return said{true, fmt.Sprintf("The messages after the message id %s from the %s %s are marked as unread for the user %s.",
						id, with.whom, target.ID, r.actor)}, a.Directory.MarkUnread(ctx, r.app, r.actor, target, id)
				},
			})
	}
	return operations
}

// messageID returns an id that is a whole number or a text, or "" (A3).
func (f *fields) messageID(name string) string {
	raw := f.raw(name)
	if raw == nil {
		return ""
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var number int64
	if json.Unmarshal(raw, &number) == nil && number >= 0 {
		return strconv.FormatInt(number, 10)
	}
	f.fail(name, "The %s must be an integer.")
	return ""
}
