package event

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/postrider/postrider/internal/chat"
)

// MaxMessage is the most characters the JSON of a message may have (F108).
const MaxMessage = 65_536

// message is what is read of a message object (F107).
type message struct {
	ID              id           `json:"id"`
	ConversationID  string       `json:"conversationId"`
	Sender          party        `json:"sender"`
	Receiver        party        `json:"receiver"`
	ReceiverType    string       `json:"receiverType"`
	Category        string       `json:"category"`
	Type            string       `json:"type"`
	ParentID        id           `json:"parentId"`
	ParentMessageID id           `json:"parentMessageId"`
	QuotedMessageID id           `json:"quotedMessageId"`
	QuotedID        id           `json:"quotedId"`
	QuotedMessage   reference    `json:"quotedMessage"`
	Data            *messageData `json:"data"`
	SentAt          stamp        `json:"sentAt"`
	UpdatedAt       stamp        `json:"updatedAt"`
	EditedAt        stamp        `json:"editedAt"`
	DeletedAt       stamp        `json:"deletedAt"`

	body    json.RawMessage // the object itself
	extract bool            // it has no data
}

type messageData struct {
	Text             string     `json:"text"`
	Mentions         people     `json:"mentions"`
	QuotedMessageID  id         `json:"quotedMessageId"`
	QuotedMessage    reference  `json:"quotedMessage"`
	SendNotification *bool      `json:"sendNotification"`
	CustomData       customData `json:"customData"`
	CustomDataOld    customData `json:"custom_data"`
	Moderation       struct {
		Status string `json:"status"`
	} `json:"moderation"`
	Entities struct {
		Sender   entity `json:"sender"`
		Receiver entity `json:"receiver"`
		By       entity `json:"by"`
		For      entity `json:"for"`
		On       struct {
			Entity     json.RawMessage `json:"entity"`
			EntityType string          `json:"entityType"`
		} `json:"on"`
	} `json:"entities"`
}

type entity struct {
	Entity *person `json:"entity"`
}

// customData is the sender's own. Only one field of it is ours to read, so
// nothing else in it can be wrong.
type customData struct{ notify *bool }

// UnmarshalJSON implements [json.Unmarshaler].
func (c *customData) UnmarshalJSON(data []byte) error {
	var fields struct {
		SendNotification json.RawMessage `json:"sendNotification"`
	}
	if data[0] == '{' && json.Unmarshal(data, &fields) == nil && fields.SendNotification != nil {
		notify := string(fields.SendNotification) == "true"
		c.notify = &notify
	}
	return nil
}

// reference names a message by its id, or by the message itself.
type reference struct{ id id }

// UnmarshalJSON implements [json.Unmarshaler].
func (r *reference) UnmarshalJSON(data []byte) error {
	if data[0] == '{' {
		var whole struct {
			ID id `json:"id"`
		}
		err := json.Unmarshal(data, &whole)
		r.id = whole.ID
		return err
	}
	if r.id.UnmarshalJSON(data) != nil {
		return mismatch[reference](data)
	}
	return nil
}

// open returns the message of an event, and the name of the field it is in.
func (p *parts) open() (*message, string, error) {
	body, field := p.Message, "message"
	if body == nil && p.Resource != nil {
		body, field = p.Resource, "resource"
	}
	m, err := parse(body)
	return m, field, under(field, err)
}

func parse(body json.RawMessage) (*message, error) {
	if body == nil || string(body) == "null" {
		return nil, missing("")
	}
	if len(body) > MaxMessage && utf8.RuneCount(body) > MaxMessage {
		return nil, refusal("", "is longer than 65,536 characters")
	}
	m := &message{body: body}
	if err := unmarshal(body, m); err != nil {
		return nil, err
	}
	if m.extract = m.Data == nil; m.extract {
		m.Data = &messageData{}
	}
	return m, nil
}

// learn notes whom a message names.
func (m *message) learn(found *names) error {
	entities := &m.Data.Entities
	for _, named := range []struct {
		field string
		who   *person
	}{
		{"data.entities.sender.entity", entities.Sender.Entity},
		{"data.entities.receiver.entity", entities.Receiver.Entity},
		{"sender", m.Sender.person},
		{"receiver", m.Receiver.person},
		{"data.entities.by.entity", entities.By.Entity},
		{"data.entities.for.entity", entities.For.Entity},
	} {
		if err := found.add(named.who); err != nil {
			return under(named.field, err)
		}
	}
	return found.addAll("data.mentions", m.Data.Mentions)
}

// parties returns who wrote to whom. Those are known by their ids at least.
func (m *message) parties(found *names) (sender, receiver string, kind chat.ReceiverType, err error) {
	if sender, err = uid("sender", m.Sender.id); err != nil {
		return "", "", "", err
	}
	if receiver, err = uid("receiver", m.Receiver.id); err != nil {
		return "", "", "", err
	}
	if kind, err = receiverType(m.ReceiverType); err != nil {
		return "", "", "", err
	}
	found.addUser(chat.User{UID: sender})
	if kind == chat.ReceiverGroup {
		found.addGroup(chat.Group{GUID: receiver})
	} else {
		found.addUser(chat.User{UID: receiver})
	}
	return sender, receiver, kind, nil
}

func receiverType(s string) (chat.ReceiverType, error) {
	switch kind := chat.ReceiverType(s); kind {
	case chat.ReceiverUser, chat.ReceiverGroup:
		return kind, nil
	case "":
		return "", missing("receiverType")
	default:
		return "", refusal("receiverType", `must be "user" or "group"`)
	}
}

// word returns the message in the words of chat, and whether it can become
// mail. It carries no Body if the object had no data: then it is an extract,
// and what is known of the message already says more.
func (m *message) word(found *names) (result chat.Message, mails bool, err error) {
	if err = checkID("id", string(m.ID)); err != nil {
		return result, false, err
	}
	if err = m.learn(found); err != nil {
		return result, false, err
	}
	sender, receiver, kind, err := m.parties(found)
	if err != nil {
		return result, false, err
	}
	result = chat.Message{
		ID: string(m.ID), Conversation: chat.ConversationOf(sender, receiver, kind), Sender: sender, Receiver: receiver,
		Category: category(m.Category), Type: line(m.Type),
		ParentID: firstID(m.ParentID, m.ParentMessageID),
		QuotedID: firstID(m.QuotedMessageID, m.QuotedID, m.QuotedMessage.id, m.Data.QuotedMessageID, m.Data.QuotedMessage.id),
		SentAt:   m.SentAt.time(), EditedAt: m.EditedAt.time(), State: m.state(),
	}
	if result.Type == "" {
		result.Type = "text"
	}
	for _, other := range []struct{ field, id string }{{"parentId", result.ParentID}, {"quotedMessageId", result.QuotedID}} {
		if other.id == "" {
			continue
		}
		if err = checkID(other.field, other.id); err != nil {
			return result, false, err
		}
	}
	result.Mentions, result.MentionsAll = mentions(m.Data)
	result.MentionsAll = result.MentionsAll && kind == chat.ReceiverGroup
	if !m.extract {
		result.Body = m.body
	}
	return result, m.mails(result.Category), nil
}

// category: what names none is an ordinary message, as in CometChat's API.
func category(s string) chat.Category {
	if s == "" {
		return chat.CategoryMessage
	}
	return chat.Category(line(s))
}

// firstID returns the first id that is one: some clients write 0 for none.
func firstID(ids ...id) string {
	for _, id := range ids {
		if id != "" && id != "0" {
			return string(id)
		}
	}
	return ""
}

// mails judges the category (F049, F056, F077, F078): actions and calls never
// become mail, custom messages do if their sender says so. What a category of
// a later chat means nobody here can tell.
func (m *message) mails(category chat.Category) bool {
	switch category {
	case chat.CategoryMessage, chat.CategoryInteractive, chat.CategoryCard:
		return true
	case chat.CategoryCustom:
		for _, notify := range []*bool{m.Data.SendNotification, m.Data.CustomData.notify, m.Data.CustomDataOld.notify} {
			if notify != nil {
				return *notify
			}
		}
	}
	return false
}

func (m *message) state() chat.MessageState {
	switch strings.ToLower(m.Data.Moderation.Status) {
	case "pending":
		return chat.StateHeld
	case "disapproved":
		return chat.StateDisapproved
	default:
		return chat.StateVisible
	}
}
