package directory

import (
	"context"
	"errors"

	"github.com/postrider/postrider/internal/chat"
)

// With names the other side of a conversation: a user or a group.
type With struct {
	Type chat.ReceiverType
	ID   string
}

// conversation finds the conversation of somebody with another side that there
// is. A group's is for its members alone (A2).
func (d *Directory) conversation(ctx context.Context, app, uid string, with With) (chat.Conversation, error) {
	if with.Type != chat.ReceiverGroup {
		other, err := d.Person(ctx, app, with.ID)
		return chat.OneOnOne(uid, other.UID), err
	}
	g, err := d.group(ctx, app, with.ID, uid)
	if err == nil && !g.Joined {
		err = notAccessible()
	}
	return chat.InGroup(g.GUID), err
}

// Conversations lists conversations.
func (d *Directory) Conversations(ctx context.Context, app string, q *ConversationQuery) (Listed[Conversation], error) {
	return d.store.ListConversations(ctx, app, q)
}

// Conversation returns somebody's conversation with another side.
func (d *Directory) Conversation(ctx context.Context, app, uid string, with With) (Conversation, error) {
	c, err := d.conversation(ctx, app, uid, with)
	if err != nil {
		return Conversation{}, err
	}
	found, err := d.store.ConversationWith(ctx, app, uid, c)
	if errors.Is(err, ErrNone) {
		return found, notAccessible()
	}
	return found, err
}

// Delivered checks that there is such a conversation: what has been delivered
// changes nothing here.
func (d *Directory) Delivered(ctx context.Context, app, uid string, with With) error {
	_, err := d.conversation(ctx, app, uid, with)
	return err
}

// MarkRead marks what was said up to and including a message as read (F082).
// Without an id, and where the message is not known, it is all up to now (A3).
func (d *Directory) MarkRead(ctx context.Context, app, uid string, with With, messageID string) error {
	c, err := d.conversation(ctx, app, uid, with)
	if err != nil {
		return err
	}
	return d.record(ctx, app, "message_read_receipt", chat.Read{Reader: uid, Conversation: c, MessageID: messageID, At: d.clock()})
}

// MarkUnread marks what was said after a message as unread (F082). It arms
// nothing (S27).
func (d *Directory) MarkUnread(ctx context.Context, app, uid string, with With, messageID string) error {
	if messageID == "" {
		return chat.BadRequest("messageId", "The messageId field is required.")
	}
	c, err := d.conversation(ctx, app, uid, with)
	if err != nil {
		return err
	}
	return d.record(ctx, app, "conversation_marked_unread", chat.Unread{Reader: uid, Conversation: c, MessageID: messageID})
}
