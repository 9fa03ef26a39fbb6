package engine_test

import (
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/webhook"
)

// teller plays a story to an engine, and remembers what is true.
type teller struct {
	*world
	*story
	messages []*written
	members  map[string]map[string]bool
}

func newTeller(t *testing.T, s *story, o options) *teller {
	t.Helper()
	p := &teller{world: newWorld(t, o), story: s, members: make(map[string]map[string]bool)}
	p.customize(func(c *webhook.Config) { c.IsEnabled = true })
	// Every text is the message's number, so that a digest tells its messages.
	p.settings(`{"templates":{"textMessageTemplateDefault":{"body":"{{message.data.text}}"},
		"userMentionTemplateDefault":{"bodyOneOnOne":"{{message.data.text}}","bodyGroup":"{{message.data.text}}"},
		"groupMentionTemplateDefault":{"bodyOneOnOne":"{{message.data.text}}","bodyGroup":"{{message.data.text}}"}}}`)
	err := p.vault.ChangeSettings(t.Context(), app, func(old *chat.Settings) (*chat.Settings, error) {
		changed := *old
		changed.Preferences.Email = s.email
		changed.Preferences.BypassPreferencesForMentions, changed.Preferences.BypassPreferencesForAll = s.mentions, s.all
		return &changed, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for guid, uids := range groups() {
		changed := chat.GroupChanged{Group: chat.Group{GUID: guid, Name: guid}}
		p.members[guid] = make(map[string]bool)
		for _, uid := range uids {
			changed.Members = append(changed.Members, chat.Member{UID: uid, State: chat.MemberIn})
			p.members[guid][uid] = true
		}
		p.record(chat.Event{Change: changed})
	}
	for i := range s.people {
		p.introduce(&s.people[i])
	}
	return p
}

func (p *teller) introduce(who *person) {
	ctx := p.t.Context()
	p.record(chat.Event{Users: []chat.User{{UID: who.uid, Name: who.uid}}})
	_, err := p.ChangePreferences(ctx, app, who.uid, func(*chat.Preferences) (*chat.Preferences, error) { return &who.prefs, nil })
	if err != nil {
		p.t.Fatal(err)
	}
	if who.zone != "" {
		if err := p.SetTimezone(ctx, app, who.uid, who.zone); err != nil {
			p.t.Fatal(err)
		}
	}
	if len(who.mutes) > 0 {
		if err := p.Mute(ctx, app, who.uid, who.mutes); err != nil {
			p.t.Fatal(err)
		}
	}
}

// tell plays the steps, and then waits until nothing more should come.
func (p *teller) tell() {
	for i := range p.steps {
		time.Sleep(p.steps[i].pause)
		synctest.Wait()
		p.step(&p.steps[i])
	}
	// Longer than any wait, pause and hours of a week.
	time.Sleep(9 * 24 * time.Hour)
	synctest.Wait()
}

func (p *teller) step(h *happening) {
	guid, group := h.where.Group()
	switch h.do {
	case "write":
		if !group || p.members[guid][h.who] {
			p.write(h)
		}
	case "read":
		p.read(h)
	case "edit", "delete", "repeat":
		if m := p.pick(h.pick); m != nil {
			p.change(h, m)
		}
	case "block", "unblock":
		p.record(chat.Event{Change: chat.Blocked{By: h.who, UIDs: []string{h.where.Partner(h.who)}, Blocked: h.do == "block"}})
	case "leave", "join":
		state := chat.MemberIn
		if h.do == "leave" {
			state = chat.MemberOut
			for _, m := range p.messages {
				if m.Conversation == chat.InGroup("crowd") {
					m.left[h.who] = true
				}
			}
		}
		p.members["crowd"][h.who] = h.do == "join"
		p.record(chat.Event{Change: chat.MembersChanged{GUID: "crowd", Members: []chat.Member{{UID: h.who, State: state}}}})
	case "jump":
		p.ahead.Add(int64(h.jump))
	case "fail":
		p.providers.mu.Lock()
		p.providers.next["custom"] = append(p.providers.next["custom"], h.fail...)
		p.providers.mu.Unlock()
	case "restart":
		p.close()
		p.open()
	}
}

func (p *teller) write(h *happening) {
	m := &written{number: len(p.messages) + 1, read: make(map[string]bool), readAt: make(map[string]time.Time), left: make(map[string]bool)}
	guid, group := h.where.Group()
	for _, uid := range uids() {
		switch {
		case uid == h.who:
		case group && p.members[guid][uid], !group && h.where.Partner(h.who) == uid:
			m.audience = append(m.audience, uid)
		}
	}
	m.Message = chat.Message{
		ID: m.label(), Conversation: h.where, Sender: h.who, Receiver: guid, Category: chat.CategoryMessage, Type: "text",
		SentAt: time.Now().Truncate(time.Second), State: chat.StateVisible, Body: body(m.label(), m.label()), MentionsAll: h.all && group,
	}
	if h.name {
		m.Mentions = slices.Clone(m.audience)
	}
	if !group {
		m.Receiver = h.where.Partner(h.who)
	}
	p.messages = append(p.messages, m)
	p.record(chat.Event{Change: m.event()})
}

// read has somebody read a conversation up to its newest message.
func (p *teller) read(h *happening) {
	var newest *written
	for _, m := range p.messages {
		if m.Conversation == h.where {
			newest = m // they are in the order in which they were sent
		}
	}
	if newest == nil {
		return
	}
	for _, m := range p.messages {
		if m.Conversation == h.where && !m.read[h.who] {
			m.read[h.who], m.readAt[h.who] = true, time.Now()
		}
	}
	p.record(chat.Event{Change: chat.Read{Reader: h.who, Conversation: h.where, MessageID: newest.ID, At: time.Now()}})
}

// pick returns one of the newest messages.
func (p *teller) pick(n int) *written {
	if n >= len(p.messages) {
		return nil
	}
	return p.messages[len(p.messages)-1-n]
}

func (p *teller) change(h *happening, m *written) {
	switch h.do {
	case "edit":
		m.edits++
		edited := m.Message
		edited.EditedAt, edited.Body = time.Now().Add(time.Duration(m.edits)), body(m.label(), m.label())
		p.record(chat.Event{Change: chat.MessageEdited{Message: edited}})
	case "delete":
		if m.deleted.IsZero() {
			m.deleted = time.Now()
		}
		p.record(chat.Event{Change: chat.MessageDeleted{Conversation: m.Conversation, ID: m.ID}})
	default: // it comes once more
		p.record(chat.Event{Change: m.event()}, chat.Event{Change: m.event()})
	}
}

// number reads which message a text of a digest is.
func (p *teller) number(text string) *written {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > len(p.messages) {
		return nil
	}
	return p.messages[n-1]
}
