package demo

import "time"

// stage is where the story has come to.
type stage struct {
	*community
	base  string
	clock func() time.Time

	said map[string]*message // by the name that the story gives it
	last map[string]*message // of each conversation
	n    int
}

func newStage(c *community, base string, clock func() time.Time) *stage {
	return &stage{community: c, base: base, clock: clock, said: make(map[string]*message), last: make(map[string]*message)}
}

// where names a conversation.
func (s *stage) where(from, to string) string {
	if s.group(to) != nil {
		return to
	}
	return min(from, to) + "/" + max(from, to)
}

// action is one thing that somebody does; it returns the events by which the
// chat tells of it.
type action func(s *stage) []object

// say has somebody write. Who writes has read what was there before: so every
// client does it.
func say(name, from, to, text string, as ...func(*stage, *message)) action {
	return func(s *stage) []object {
		s.n++
		m := &message{
			id: idOf(s.n), from: from, to: to, category: "message", kind: "text", data: object{"text": text}, sentAt: s.clock(),
		}
		for _, change := range as {
			change(s, m)
		}
		where := s.where(from, to)
		var events []object
		if before := s.last[where]; before != nil && before.from != from {
			events = append(events, before.read(s.community, from, s.clock()))
		}
		s.said[name], s.last[where] = m, m
		return append(events, event("message_sent", object{"message": m.object(s.community, s.base)}))
	}
}

// image makes a message one that shows a picture.
func image(file string) func(*stage, *message) { return media("image", file, "image/jpeg") }

func media(kind, file, mime string) func(*stage, *message) {
	return func(_ *stage, m *message) {
		m.kind = kind
		m.data["url"] = "https://files.example.com/" + file
		m.data["attachments"] = []object{{"url": m.data["url"], "name": file, "mimeType": mime}}
	}
}

// poll makes a message a question with answers to choose from.
func poll(options ...string) func(*stage, *message) {
	return func(_ *stage, m *message) {
		m.category, m.kind = "custom", "extension_poll"
		m.data["sendNotification"] = true
		m.data["customData"] = object{"question": m.data["text"], "options": options}
	}
}

// replyTo puts a message into the thread of another.
func replyTo(name string) func(*stage, *message) {
	return func(s *stage, m *message) { m.parent = s.said[name].id }
}

// quoting repeats another message.
func quoting(name string) func(*stage, *message) {
	return func(s *stage, m *message) { m.quoted = s.said[name].id }
}

// mentioning names those whom a text mentions.
func mentioning(uids ...string) func(*stage, *message) {
	return func(s *stage, m *message) {
		mentions := make(object)
		for _, uid := range uids {
			mentions[uid] = s.person(uid).entity(s.base)
		}
		m.data["mentions"] = mentions
	}
}

// read has somebody read everything of a conversation that a message is in.
func read(name string, uids ...string) action {
	return func(s *stage) []object {
		m := s.said[name]
		last := s.last[s.where(m.from, m.to)]
		events := make([]object, 0, len(uids))
		for _, uid := range uids {
			events = append(events, last.read(s.community, uid, s.clock()))
		}
		return events
	}
}

// edit gives a message another text.
func edit(name, text string) action {
	return func(s *stage) []object {
		m := s.said[name]
		m.data["text"] = text
		now := s.clock()
		on := m.object(s.community, s.base)
		on["editedAt"], on["editedBy"] = now.Unix(), m.from
		return []object{m.changed("message_edited", "edited", on, s.community, s.base, now)}
	}
}

// remove takes a message back.
func remove(name string) action {
	return func(s *stage) []object {
		m := s.said[name]
		now := s.clock()
		on := object{"id": m.id, "deletedAt": now.Unix(), "deletedBy": m.from}
		return []object{m.changed("message_deleted", "deleted", on, s.community, s.base, now)}
	}
}

// forgive ends a block.
func forgive(by, whom string) action {
	return func(s *stage) []object { return []object{block("user_unblocked", s.community, by, whom, s.base)} }
}
