package digest

import (
	"errors"
	"strconv"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/notification"
)

// MaxMessages is the most messages a payload carries: the newest ones (S9).
const MaxMessages = 100

// Facts are everything that a digest says. Build changes none of them.
type Facts struct {
	AppID  string
	Region string
	// Recipient is who is to be told; Email is empty if no address is stored.
	Recipient chat.User
	Email     string
	// Conversation is where; Group is what is known of it if it is a group's,
	// else nil.
	Conversation chat.Conversation
	Group        *chat.Group
	// Users are whom the directory knows, by user id: the senders, the partner
	// and whoever is mentioned. What is missing is missing in the digest.
	Users map[string]*chat.User
	// Messages are what is to be told, oldest first. Of each, Sender,
	// Category, Type, Mentions, MentionsAll and Body count.
	Messages []chat.Message
	// Privacy: the recipient gets the texts that tell nothing, and no message
	// objects (S32).
	Privacy bool
	// Settings are the app's. Templates are its texts, compiled; nil: they are
	// compiled for this digest alone, which takes longer than the digest.
	Settings  *chat.Settings
	Templates *Templates
}

// user returns what is known of somebody, or nil.
func (f *Facts) user(uid string) *chat.User {
	if uid == f.Recipient.UID {
		return &f.Recipient
	}
	return f.Users[uid]
}

// Build makes the payload (F031 to F044). An error means that the facts are
// not whole: no recipient, no conversation, no messages, no settings, or a
// message object that is to be included and is not JSON.
func Build(f *Facts) (*notification.Notification, error) {
	switch {
	case f.Recipient.UID == "":
		return nil, errors.New("build digest: no recipient")
	case f.Conversation == "":
		return nil, errors.New("build digest: no conversation")
	case len(f.Messages) == 0:
		return nil, errors.New("build digest: no messages")
	case f.Settings == nil:
		return nil, errors.New("build digest: no settings")
	}
	templates := f.Templates
	if templates == nil {
		templates = CompileTemplates(&f.Settings.Templates)
	}
	messages := f.Messages[max(0, len(f.Messages)-MaxMessages):]
	email := &f.Settings.Preferences.Email
	include := email.IncludeMessageObject && !f.Privacy
	var left cut
	if include {
		left = cutsFor(email)
	}
	n := &notification.Notification{
		Trigger: notification.TriggerEmail, AppID: f.AppID, Region: f.Region, Webhook: notification.WebhookCustom,
		Data: notification.Data{
			To:       notification.Recipient{UID: f.Recipient.UID, Email: f.Email, Name: firstOf(oneLine(f.Recipient.Name), f.Recipient.UID)},
			Messages: make([]notification.Message, len(messages)),
		},
	}
	var newest line
	for i := range messages {
		newest = f.line(&messages[i])
		entry := &n.Data.Messages[i]
		entry.Sender, entry.Text = newest.sender, newest.text(templates)
		if !include {
			continue
		}
		var err error
		if entry.Object, err = included(messages[i].Body, left); err != nil {
			return nil, errors.Join(errors.New("build digest: message "+messages[i].ID), err)
		}
	}
	field := "subjectOneOnOne"
	if guid, ok := f.Conversation.Group(); ok {
		field = "subjectGroup"
		n.Data.GroupDetails = f.group(guid, &newest)
	} else {
		sender := newest.sender
		n.Data.SenderDetails = &sender
	}
	n.Data.Subject = templates.subject(field, f.Privacy, &subject{&n.Data, f.Recipient.Avatar})
	return n, nil
}

// line reads a message and finds out who wrote it to whom.
func (f *Facts) line(m *chat.Message) line {
	l := line{object: parse(m.Body), message: m, facts: f}
	from, to := &l.Data.Entities.Sender, &l.Data.Entities.Receiver
	l.sender = notification.User{UID: m.Sender}
	l.sender.Name, l.sender.Avatar = shown(m.Sender, f.user(m.Sender), from)
	if guid, ok := f.Conversation.Group(); ok {
		group := f.group(guid, &l)
		l.receiver = receiver{guid, group.Name, group.Icon}
		return l
	}
	l.receiver.id = f.Recipient.UID
	l.receiver.name, l.receiver.image = shown(f.Recipient.UID, &f.Recipient, to)
	return l
}

// shown tells how somebody is called and pictured: as a message says itself,
// else as the directory knows; the other way round if the API has made or
// changed them, and never by half. Somebody without a name is called by their
// id (S36).
func shown(uid string, known *chat.User, told *entity) (name, avatar string) {
	if known == nil {
		known = &chat.User{}
	}
	if known.Made {
		return firstOf(oneLine(known.Name), oneLine(told.Entity.Name), uid), known.Avatar
	}
	return firstOf(oneLine(told.Entity.Name), oneLine(known.Name), uid), firstOf(oneLine(told.Entity.Avatar), known.Avatar)
}

// group returns the group: a directory hears of a new name before old messages
// do, so its word comes first.
func (f *Facts) group(guid string, l *line) *notification.Group {
	known := f.Group
	if known == nil {
		known = &chat.Group{}
	}
	told := &l.Data.Entities.Receiver.Entity
	return &notification.Group{
		GUID: guid, Name: firstOf(oneLine(known.Name), oneLine(told.Name), guid), Icon: firstOf(known.Icon, oneLine(told.Icon)),
	}
}

// firstOf returns the first that is not empty.
func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// subject is what placeholders of a subject are looked up in: the payload, and
// the recipient's picture, which the payload of a custom provider lacks.
type subject struct {
	data   *notification.Data
	avatar string
}

func (s *subject) lookup(path []string) (string, bool) {
	switch root, rest := path[0], path[1:]; {
	case root == "to":
		return userField(&notification.User{UID: s.data.To.UID, Name: s.data.To.Name, Avatar: s.avatar}, rest)
	case root == "senderDetails" && s.data.SenderDetails != nil:
		return userField(s.data.SenderDetails, rest)
	case root == "groupDetails" && s.data.GroupDetails != nil:
		g := s.data.GroupDetails
		return field(rest, map[string]string{"guid": g.GUID, "name": g.Name, "icon": g.Icon})
	case root == "messages" && len(rest) == 1 && rest[0] == "length":
		return strconv.Itoa(len(s.data.Messages)), true
	case root == "messages" && len(rest) > 1:
		i, err := strconv.Atoi(rest[0])
		if err != nil || i < 0 || i >= len(s.data.Messages) {
			return "", false
		}
		m := &s.data.Messages[i]
		if rest[1] == "sender" {
			return userField(&m.Sender, rest[2:])
		}
		return field(rest[1:], map[string]string{"message": m.Text})
	}
	return "", false
}

func userField(u *notification.User, path []string) (string, bool) {
	return field(path, map[string]string{"uid": u.UID, "name": u.Name, "avatar": u.Avatar})
}

func field(path []string, values map[string]string) (string, bool) {
	if len(path) != 1 {
		return "", false
	}
	value := values[path[0]]
	return value, value != ""
}
