package event

import (
	"errors"
	"strings"

	"github.com/postrider/postrider/internal/chat"
)

// sent reads a message as it was sent.
func sent(p *parts, found *names) ([]chat.Change, error) {
	m, field, err := p.open()
	if err != nil {
		return nil, err
	}
	word, mails, err := m.word(found)
	if err == nil && m.SentAt == 0 {
		err = missing("sentAt")
	}
	if err != nil {
		return nil, under(field, err)
	}
	switch {
	case !mails:
		return nil, m.learnSubject(found)
	case word.Body == nil:
		return nil, missing(field + ".data")
	}
	return []chat.Change{chat.MessageSent{Message: word}}, nil
}

// mentioned reads the event that goes with a message in which somebody is
// mentioned. It carries that message. Where it carries less, the message has
// an event of its own.
func mentioned(p *parts, found *names) ([]chat.Change, error) {
	changes, err := sent(p, found)
	if errors.Is(err, errRequired) {
		return nil, nil
	}
	return changes, err
}

// verdict reads a judgement on a message.
func verdict(state chat.MessageState) reader {
	return func(p *parts, found *names) ([]chat.Change, error) {
		return judged(p, found, func(*message) chat.MessageState { return state })
	}
}

// unjudged reads that a message could not be judged: the event says what
// becomes of it, or the message does, or it is let through.
func unjudged(p *parts, found *names) ([]chat.Change, error) {
	var outcome string
	if err := part("outcome", p.Outcome, &outcome); err != nil {
		return nil, err
	}
	return judged(p, found, func(m *message) chat.MessageState {
		switch strings.ToLower(outcome) {
		case "approved":
			return chat.StateVisible
		case "disapproved", "blocked":
			return chat.StateDisapproved
		default:
			return m.state()
		}
	})
}

func judged(p *parts, found *names, state func(*message) chat.MessageState) ([]chat.Change, error) {
	m, field, err := p.open()
	if err != nil {
		return nil, err
	}
	word, mails, err := m.word(found)
	if err == nil && m.SentAt == 0 {
		err = missing("sentAt")
	}
	if err != nil || !mails {
		return nil, under(field, err)
	}
	word.State = state(m)
	return []chat.Change{chat.Moderated{Message: word}}, nil
}

// affected is a message that was edited or deleted. CometChat sends an action
// message about it, other chats may send it as it is: then both are the same.
// The fields are where they stand.
type affected struct {
	action, target           *message
	actionField, targetField string
}

func openAffected(p *parts) (a affected, err error) {
	a.action, a.actionField, err = p.open()
	if err != nil {
		return a, err
	}
	on := a.action.Data.Entities.On.Entity
	if category(a.action.Category) != chat.CategoryAction && on == nil {
		a.target, a.targetField = a.action, a.actionField
		return a, nil
	}
	a.targetField = a.actionField + ".data.entities.on.entity"
	a.target, err = parse(on)
	return a, under(a.targetField, err)
}

// edited reads a message's new form.
func edited(p *parts, found *names) ([]chat.Change, error) {
	a, err := openAffected(p)
	if err != nil {
		return nil, err
	}
	word, mails, err := a.target.word(found)
	if err != nil {
		return nil, under(a.targetField, err)
	}
	if err := a.action.learn(found); err != nil {
		return nil, under(a.actionField, err)
	}
	if !mails {
		return nil, nil
	}
	for _, at := range []stamp{a.target.EditedAt, a.target.UpdatedAt, a.action.SentAt} {
		if word.EditedAt.IsZero() {
			word.EditedAt = at.time()
		}
	}
	return []chat.Change{chat.MessageEdited{Message: word}}, nil
}

// deleted reads which message is gone. What CometChat says of it may be no
// more than its id.
func deleted(p *parts, found *names) ([]chat.Change, error) {
	a, err := openAffected(p)
	if err != nil {
		return nil, err
	}
	if err := checkID("id", string(a.target.ID)); err != nil {
		return nil, under(a.targetField, err)
	}
	if err := a.action.learn(found); err != nil {
		return nil, under(a.actionField, err)
	}
	where, err := a.conversation(found)
	if err != nil {
		return nil, under(a.actionField, err)
	}
	gone := chat.MessageDeleted{Conversation: where, ID: string(a.target.ID)}
	for _, at := range []stamp{a.target.DeletedAt, a.target.UpdatedAt, a.action.SentAt} {
		if gone.At.IsZero() {
			gone.At = at.time()
		}
	}
	return []chat.Change{gone}, nil
}

// conversation returns where a message was, by its own word if it says so,
// else by its conversation's id, else by the action message.
func (a *affected) conversation(found *names) (chat.Conversation, error) {
	if sender, receiver, kind, err := a.target.parties(found); err == nil {
		return chat.ConversationOf(sender, receiver, kind), nil
	}
	if where, ok := conversationOf(a.target.ConversationID); ok {
		return where, nil
	}
	sender, receiver, kind, err := a.action.parties(found)
	return chat.ConversationOf(sender, receiver, kind), err
}

// conversationOf reads a conversation's id, where it can be read in one way
// only: ids of people can hold "_user_" themselves.
func conversationOf(wire string) (chat.Conversation, bool) {
	wire = chat.NormalizeUID(wire)
	if guid, ok := strings.CutPrefix(wire, "group_"); ok && checkID("", guid) == nil && !strings.Contains(wire, "_user_") {
		return chat.InGroup(guid), true
	}
	one, other, ok := strings.Cut(wire, "_user_")
	if !ok || strings.Contains(other, "_user_") || checkID("", one) != nil || checkID("", other) != nil {
		return "", false
	}
	return chat.OneOnOne(one, other), true
}

// learnSubject notes whom an action message is about.
func (m *message) learnSubject(found *names) error {
	on := m.Data.Entities.On
	if on.EntityType != "user" || on.Entity == nil {
		return nil
	}
	var subject person
	err := unmarshal(on.Entity, &subject)
	if err == nil {
		err = found.add(&subject)
	}
	return under("message.data.entities.on.entity", err)
}
