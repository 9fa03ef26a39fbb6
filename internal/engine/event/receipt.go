package event

import (
	"github.com/postrider/postrider/internal/chat"
)

// receipt is the body of a receipt.
type receipt struct {
	Action    string  `json:"action"`
	MessageID id      `json:"messageId"`
	User      *person `json:"user"`
	Timestamp stamp   `json:"timestamp"`
	ReadAt    stamp   `json:"readAt"`
}

// read reads who has read how far.
func read(p *parts, found *names) ([]chat.Change, error) {
	var r receipt
	var sender party
	if err := part("body", p.Body, &r); err != nil {
		return nil, err
	}
	if err := part("sender", p.Sender, &sender); err != nil {
		return nil, err
	}
	if err := found.add(r.User); err != nil {
		return nil, under("body.user", err)
	}
	if sender.id == "" && r.User != nil {
		sender.id = r.User.UID
	}
	reader, err := uid("sender", sender.id)
	if err != nil {
		return nil, err
	}
	where, err := p.conversation(reader)
	if err != nil {
		return nil, err
	}
	if r.Action == "delivered" {
		return nil, nil
	}
	at := r.Timestamp
	if at == 0 {
		at = r.ReadAt
	}
	message := string(r.MessageID)
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

// conversation returns where somebody has read.
func (p *parts) conversation(reader string) (chat.Conversation, error) {
	var named string
	var receiver, author party
	for _, err := range []error{
		part("receiverType", p.ReceiverType, &named), part("receiver", p.Receiver, &receiver), part("messageSender", p.MessageSender, &author),
	} {
		if err != nil {
			return "", err
		}
	}
	kind, err := receiverType(named)
	if err != nil {
		return "", err
	}
	other, err := uid("receiver", receiver.id)
	if err != nil {
		return "", err
	}
	// A chat may repeat the receiver of the message here: then the other one
	// is its sender.
	if kind == chat.ReceiverUser && other == reader && author.id != "" {
		if other, err = uid("messageSender", author.id); err != nil {
			return "", err
		}
	}
	return chat.ConversationOf(reader, other, kind), nil
}
