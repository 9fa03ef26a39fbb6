package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine"
)

func windowEarly(t *testing.T, f *fixture) {
	s := newScene(f)
	c := chat.OneOnOne("ann", "bob")
	edited, deleted, late := s.message("ann", c), s.message("ann", c), s.message("ann", c)
	change := edited.Message
	change.Body, change.EditedAt = []byte(`"edited"`), s.clock.Now()
	s.record(t, chat.MessageEdited{Message: change}, chat.MessageDeleted{Conversation: c, ID: deleted.Message.ID})
	s.record(t, edited, deleted, late)
	// An older edit that comes later changes nothing, a newer one does.
	older := late.Message
	older.Body, older.EditedAt = []byte(`"newer"`), s.clock.Now().Add(time.Minute)
	s.record(t, chat.MessageEdited{Message: older})
	older.Body, older.EditedAt = []byte(`"older"`), s.clock.Now()
	s.record(t, chat.MessageEdited{Message: older})
	s.due()
	j := &told{}
	s.decide(t, j)
	s.wantCalls(t, "bob 1,3")
	if len(j.seen) != 1 {
		t.Fatalf("%d digests were made, want one", len(j.seen))
	}
	bodies := bodiesOf(j.seen[0])
	delete(bodies, 2) // deleted: nobody is told
	if diff := gocmp.Diff(map[int64]string{1: `"edited"`, 3: `"newer"`}, bodies); diff != "" {
		t.Errorf("message objects (-want +got):\n%s", diff)
	}
}

func windowModeration(t *testing.T, f *fixture) {
	s := newScene(f)
	c := chat.OneOnOne("ann", "bob")
	held := func(m *chat.Message) { m.State = chat.StateHeld }
	first, second, third := s.message("ann", c, held), s.message("ann", c, held), s.message("ann", c)
	s.record(t, first, second)
	if n := s.windows(t); n != 0 {
		t.Fatalf("%d windows are open for messages that are held", n)
	}
	s.record(t, third)
	verdict := func(m chat.MessageSent, state chat.MessageState) chat.Moderated {
		m.Message.State = state
		return chat.Moderated(m)
	}
	s.record(t, verdict(second, chat.StateVisible), verdict(second, chat.StateVisible))
	s.record(t, verdict(third, chat.StateDisapproved), verdict(first, chat.StateDisapproved))
	// One whose verdict comes first, and itself later as it was before that.
	fourth := s.message("ann", c)
	s.record(t, verdict(fourth, chat.StateVisible))
	fourth.Message.State = chat.StateHeld
	s.record(t, fourth)
	s.due()
	s.decide(t, &told{})
	s.wantCalls(t, "bob 2,4")
}

func windowMarks(t *testing.T, f *fixture) {
	s := newScene(f)
	c := chat.OneOnOne("ann", "bob")
	one, two, three := s.message("ann", c), s.message("ann", c), s.message("ann", c)
	read := func(id string) chat.Read {
		return chat.Read{Reader: "bob", Conversation: c, MessageID: id, At: s.clock.Now()}
	}
	s.record(t, read("2"), one, two, three) // in one second: ids tell the order
	s.record(t, read("1"))
	s.due()
	j := &told{}
	s.decide(t, j)
	s.wantCalls(t, "bob 3")

	later := s.message("ann", c, func(m *chat.Message) { m.SentAt = m.SentAt.Add(-10 * time.Second) })
	s.record(t, chat.Read{Reader: "bob", Conversation: c, MessageID: "unknown", At: s.clock.Now()})
	s.record(t, later)
	s.record(t, chat.Unread{Reader: "bob", Conversation: c, MessageID: "3"})
	s.due()
	free := &told{verdict: func(c *engine.Case, _ *engine.Verdict) { c.BusyUntil = time.Time{} }}
	s.decide(t, free)
	s.wantCalls(t, "bob 3", "bob 4")

	s.record(t, s.message("ann", c), chat.Read{Reader: "bob", Conversation: c, At: s.clock.Now()})
	s.due()
	s.decide(t, free)
	s.wantCalls(t, "bob 3", "bob 4")

	// Nobody has read what is yet to be sent.
	s.record(t, chat.Read{Reader: "bob", Conversation: c, MessageID: "of next year", At: s.clock.Now().AddDate(1, 0, 0)})
	s.clock.Advance(10 * time.Minute)
	s.record(t, s.message("ann", c))
	s.due()
	s.decide(t, free)
	s.wantCalls(t, "bob 3", "bob 4", "bob 6")
}

func windowFacts(t *testing.T, f *fixture) {
	s := newScene(f)
	g := s.group(t, "g", "ann", "bob", "cid")
	s.recordEvents(t, chat.Event{Users: []chat.User{{UID: "bob", Name: "Bob", Avatar: "https://a/b.png"}, {UID: "ann", Name: "Ann", Metadata: []byte(`{"a":1}`)}}})
	s.recordEvents(t, chat.Event{Users: []chat.User{{UID: "bob"}}}) // erases nothing
	db := s.raw(t)
	for _, statement := range []string{
		`INSERT INTO preferences (app, uid, choices, timezone, updated_at) VALUES ('app', 'bob', '{"dnd":2}', 'Asia/Tokyo', 0)`,
		`INSERT INTO contacts (app, uid, email, updated_at) VALUES ('app', 'bob', 'bob@example.com', 0)`,
		`INSERT INTO mutes (app, uid, kind, id, until) VALUES ('app', 'bob', 'group', 'g', 5000), ('app', 'bob', 'user', 'g', 7000)`,
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	s.record(t, chat.Blocked{By: "bob", UIDs: []string{"cid"}, Blocked: true})
	mention := s.message("ann", g, func(m *chat.Message) { m.Mentions, m.MentionsAll, m.ParentID = []string{"bob", "cid"}, true, "7" })
	s.record(t, mention)
	s.due()
	j := &told{members: true}
	s.decide(t, j)
	i := slices.IndexFunc(j.seen, func(c *engine.Case) bool { return c.UID == "bob" })
	if i < 0 {
		t.Fatal("bob's window was not judged")
	}
	got := *j.seen[i]
	then, now := s.clock.Now().Add(-wait), s.clock.Now()
	want := engine.Case{
		Window: engine.Window{UID: "bob", Conversation: g, OpenedAt: then, DueAt: now},
		App:    app, Now: now,
		Person:      &chat.User{UID: "bob", Name: "Bob", Avatar: "https://a/b.png", Metadata: []byte{}},
		Preferences: got.Preferences, Timezone: "Asia/Tokyo", Email: "bob@example.com", MutedUntil: time.UnixMilli(5000).UTC(),
		Member: true, GroupSize: 3, Group: &chat.Group{GUID: "g", Name: "Name of g", Metadata: []byte{}},
		Messages: []engine.Missed{{
			Number: 1, ID: "1", Sender: "ann", Kind: chat.KindReply, Category: chat.CategoryMessage, Type: "text", State: chat.StateVisible,
			Mentions: []string{"bob", "cid"}, MentionsAll: true, SentAt: then.Truncate(time.Second), ArrivedAt: then,
			Body: []byte(`{"id":"1"}`),
		}},
		Blocks: map[string][]engine.Span{"cid": {{From: then}}},
		Users: map[string]*chat.User{
			"ann": {UID: "ann", Name: "Ann", Metadata: []byte(`{"a":1}`)},
			"bob": {UID: "bob", Name: "Bob", Avatar: "https://a/b.png"}, "cid": {UID: "cid"},
		},
	}
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("what is known (-want +got):\n%s", diff)
	}
	if got.Preferences == nil || *got.Preferences.DND != chat.DNDOn {
		t.Errorf("preferences %+v, want those of bob", got.Preferences)
	}
}

// windowShown is about the message objects: a payload shows the newest hundred of
// what is told, which need not be the newest of the conversation.
func windowShown(t *testing.T, f *fixture) {
	s := newScene(f)
	c := chat.OneOnOne("ann", "bob")
	for range 105 {
		s.record(t, s.message("ann", c))
	}
	s.due()
	j := &told{verdict: func(_ *engine.Case, v *engine.Verdict) { v.Send = v.Send[:3] }}
	s.decide(t, j)
	s.record(t, s.message("ann", c))
	for range 104 {
		s.record(t, s.message("ann", c))
	}
	s.due()
	all := &told{}
	s.decide(t, all)
	if len(j.seen) != 1 || len(all.seen) != 1 {
		t.Fatalf("%d and %d digests were made, want one each", len(j.seen), len(all.seen))
	}
	few, many := bodiesOf(j.seen[0]), bodiesOf(all.seen[0])
	for n := int64(1); n <= 3; n++ {
		if want := fmt.Sprintf(`{"id":"%d"}`, n); few[n] != want {
			t.Errorf("object %d of three old messages is %q, want %q", n, few[n], want)
		}
	}
	if len(few) > 20 {
		t.Errorf("%d message objects were read to tell three", len(few))
	}
	for n := int64(111); n <= 210; n++ {
		if want := fmt.Sprintf(`{"id":"%d"}`, n); many[n] != want {
			t.Errorf("object %d of the newest messages is %q, want %q", n, many[n], want)
		}
	}
	if len(many) != 100 {
		t.Errorf("%d message objects were read, want 100", len(many))
	}
}

// bodiesOf are the message objects that were read, by number.
func bodiesOf(c *engine.Case) map[int64]string {
	bodies := make(map[int64]string)
	for _, m := range c.Messages {
		if len(m.Body) > 0 {
			bodies[m.Number] = string(m.Body)
		}
	}
	return bodies
}
