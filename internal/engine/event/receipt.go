package event

import (
	"encoding/json"

	"github.com/postrider/postrider/internal/chat"
)

// receipt is the data of a receipt. Its sender is who has read; its receiver
// is the message's sender, or the group.
type receipt struct {
	Sender        party  `json:"sender"`
	Receiver      party  `json:"receiver"`
	ReceiverType  string `json:"receiverType"`
	MessageSender party  `json:"messageSender"`
	Body          struct {
		Action    string  `json:"action"`
		MessageID id      `json:"messageId"`
		User      *person `json:"user"`
		Timestamp stamp   `json:"timestamp"`
		ReadAt    stamp   `json:"readAt"`
	} `json:"body"`
}

// read reads who has read how far.
func read(data json.RawMessage, found *names) ([]chat.Change, error) {
	if data == nil {
		return nil, missing("")
	}
	var r receipt
	if err := unmarshal(data, &r); err != nil {
		return nil, err
	}
	if err := found.add(r.Body.User); err != nil {
		return nil, under("body.user", err)
	}
	if r.Sender.id == "" && r.Body.User != nil {
		r.Sender.id = r.Body.User.UID
	}
	reader, err := uid("sender", r.Sender.id)
	if err != nil {
		return nil, err
	}
	where, err := r.conversation(reader)
	if err != nil {
		return nil, err
	}
	if r.Body.Action == "delivered" {
		return nil, nil
	}
	at := r.Body.Timestamp
	if at == 0 {
		at = r.Body.ReadAt
	}
	message := string(r.Body.MessageID)
	switch {
	case message == "" && at == 0:
		return nil, missing("body.messageId")
	case message != "":
		if err := checkID("body.messageId", message); err != nil {
			return nil, err
		}
	}
	return []chat.Change{chat.Read{Reader: reader, Conversation: where, MessageID: message, At: at.time()}}, nil
}

func (r *receipt) conversation(reader string) (chat.Conversation, error) {
	kind, err := receiverType(r.ReceiverType)
	if err != nil {
		return "", err
	}
	receiver, err := uid("receiver", r.Receiver.id)
	if err != nil {
		return "", err
	}
	// A chat may repeat the receiver of the message here: then the other one
	// is its sender.
	if kind == chat.ReceiverUser && receiver == reader && r.MessageSender.id != "" {
		if receiver, err = uid("messageSender", r.MessageSender.id); err != nil {
			return "", err
		}
	}
	return chat.ConversationOf(reader, receiver, kind), nil
}
