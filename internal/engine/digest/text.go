package digest

import (
	"slices"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/notification"
)

// line is one message of a digest, while it is made.
type line struct {
	*object
	message  *chat.Message
	facts    *Facts
	sender   notification.User
	receiver receiver
}

// receiver is the person or the group that a message went to.
type receiver struct{ id, name, image string }

// text returns the one line that stands for the message (section 2.8 of the
// specification, F047 to F056).
func (l *line) text(templates *Templates) string {
	name, field := l.template()
	return plain(templates.body(name, field, l.facts.Privacy, l))
}

// template returns the template of the message, and its field. That somebody
// is mentioned comes before what kind of message it is, and their own mention
// before everybody's; but only where there is a text to tell.
func (l *line) template() (name, field string) {
	m := l.message
	if m.Category == chat.CategoryMessage && l.Data.Text != nil && !isBlank(*l.Data.Text) {
		_, inGroup := l.facts.Conversation.Group()
		field = "bodyOneOnOne"
		if inGroup {
			field = "bodyGroup"
		}
		switch {
		case slices.Contains(m.Mentions, l.facts.Recipient.UID):
			return chat.TemplateUserMention, field
		case m.MentionsAll && inGroup:
			return chat.TemplateAllMention, field
		}
	}
	const body = "body"
	switch m.Category {
	case chat.CategoryMessage:
		switch m.Type {
		case "image", "audio", "video", "file":
			return chat.TemplateMedia, body + "_" + m.Type
		}
	case chat.CategoryCustom:
		switch m.Type {
		case "extension_poll":
			return chat.TemplatePoll, body
		case "extension_reminders":
			return chat.TemplateReminder, body
		}
		return chat.TemplateCustom, body
	case chat.CategoryCard:
		return chat.TemplateCard, body
	case chat.CategoryInteractive:
		switch m.Type {
		case "form":
			return chat.TemplateForm, body
		case "card":
			return chat.TemplateCard, body
		case "scheduler":
			return chat.TemplateScheduler, body
		}
		return chat.TemplateInteractive, body
	case chat.CategoryAction, chat.CategoryCall:
		// Those never come here: they never become mail.
	}
	return chat.TemplateText, body
}

// lookup finds what a placeholder of a body names. Its root is "message"; a
// path without it is taken for one of the message too (C19).
func (l *line) lookup(path []string) (string, bool) {
	if path[0] == "message" {
		path = path[1:]
	}
	if len(path) < 2 || path[0] != "data" {
		return l.find(path)
	}
	switch path[1] {
	case "text":
		if len(path) == 2 && l.Data.Text != nil {
			return nameMentions(*l.Data.Text, l.nameOf), true
		}
	case "entities":
		if value, ok := l.party(path[2:]); ok {
			return value, true
		}
		return l.find(path)
	case "mentions", "metadata":
		return l.find(path)
	}
	value, ok := l.find(path)
	return nameMentions(value, l.nameOf), ok
}

// party finds the sender's and the receiver's names and pictures: the object
// may lack them where they are known.
func (l *line) party(path []string) (string, bool) {
	if len(path) != 3 || path[1] != "entity" {
		return "", false
	}
	who := l.receiver
	switch path[0] {
	case "sender":
		who = receiver{l.sender.UID, l.sender.Name, l.sender.Avatar}
	case "receiver":
	default:
		return "", false
	}
	switch path[2] {
	case "uid", "guid":
		return who.id, true
	case "name":
		return who.name, true
	case "avatar", "icon":
		return who.image, who.image != ""
	default:
		return "", false
	}
}

// nameOf tells how somebody who is mentioned is called: by the rule of shown.
func (l *line) nameOf(uid string) string {
	var known chat.User
	if user := l.facts.user(uid); user != nil {
		known = *user
	}
	if known.Made && known.Name != "" {
		return oneLine(known.Name)
	}
	return firstOf(l.mentioned(uid), oneLine(known.Name))
}
