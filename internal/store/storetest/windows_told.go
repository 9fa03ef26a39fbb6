package storetest

import (
	"testing"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine"
)

// windowSize is about what the chat says of a group's size (F029): of a group
// that is older than its connection only those are known who wrote since.
func windowSize(t *testing.T, f *fixture) {
	s := newScene(f)
	g := s.group(t, "g", "ann", "bob", "cid")
	size := func() int {
		t.Helper()
		s.record(t, s.message("ann", g))
		s.due()
		var size int
		s.decide(t, &told{members: true, verdict: func(c *engine.Case, _ *engine.Verdict) {
			c.BusyUntil, size = time.Time{}, c.GroupSize
		}})
		return size
	}
	in := func(n int) []chat.Group { return []chat.Group{{GUID: "g", MembersCount: n}} }
	with := func(n int) chat.Event {
		return chat.Event{Groups: in(n), Change: s.message("ann", g)}
	}
	made := func() {
		t.Helper()
		if err := s.Store.CreateGroup(t.Context(), app, &chat.Group{GUID: "g", Name: "Made"}, nil); err != nil {
			t.Fatal(err)
		}
	}
	late := s.message("ann", g)
	for _, step := range []struct {
		name string
		do   func()
		want int
	}{
		{"nobody says", func() {}, 3},
		{"a message says", func() { s.recordEvents(t, with(500)) }, 500},
		{"another does not", func() { s.recordEvents(t, with(0)) }, 500},
		{"a newer one says less", func() { s.recordEvents(t, with(400)) }, 400},
		{"an old one comes late", func() { s.recordEvents(t, chat.Event{Groups: in(20), Change: late}) }, 400},
		{"two of one batch, the newer first", func() {
			first := with(600)
			s.clock.Advance(time.Minute)
			s.recordEvents(t, with(601), first)
		}, 601},
		{"a change of members says", func() {
			s.recordEvents(t, chat.Event{Groups: in(602), Change: chat.MembersChanged{GUID: "g", Members: []chat.Member{{UID: "dan", State: chat.MemberIn}}}})
		}, 602},
		{"two updates say, the newer first", func() {
			for _, g := range []chat.Group{{MembersCount: 700, UpdatedAt: s.clock.Now()}, {MembersCount: 30, UpdatedAt: s.clock.Now().Add(-time.Minute)}} {
				g.GUID = "g"
				s.record(t, chat.GroupChanged{Group: g})
			}
		}, 700},
		{"the future is not waited for", func() {
			ahead := with(800)
			m := ahead.Change.(chat.MessageSent)
			m.Message.SentAt = s.clock.Now().Add(24 * time.Hour)
			s.recordEvents(t, chat.Event{Groups: in(800), Change: m})
			s.clock.Advance(time.Second)
			s.recordEvents(t, with(801))
		}, 801},
		{"the API changes the group", made, 801},
		{"a message says of one of the API's", func() { s.recordEvents(t, with(900)) }, 900},
		{"more are known than are told", func() { s.recordEvents(t, with(2)) }, 4},
	} {
		step.do()
		if got := size(); got != step.want {
			t.Errorf("%s: %d members, want %d", step.name, got, step.want)
		}
	}
	s.record(t, chat.GroupDeleted{GUID: "g"})
	if got := size(); got > 1 {
		t.Errorf("of a group that was deleted %d members are known", got)
	}
}

// windowMade: of whom it reads the names, it knows whether they are the API's.
func windowMade(t *testing.T, f *fixture) {
	s := newScene(f)
	g := s.group(t, "g", "ann", "bob", "cid")
	for _, uid := range []string{"ann", "bob"} {
		if _, err := s.Store.CreateUser(t.Context(), app, &chat.User{UID: uid, Name: "Made " + uid}); err != nil {
			t.Fatal(err)
		}
	}
	s.recordEvents(t, chat.Event{
		Users:  []chat.User{{UID: "ann", Name: "Said"}, {UID: "cid", Name: "Said"}},
		Change: s.message("ann", g, func(m *chat.Message) { m.Mentions = []string{"bob", "cid"} }),
	})
	s.due()
	j := &told{}
	s.decide(t, j)
	if len(j.seen) != 2 {
		t.Fatalf("%d digests were made, want two", len(j.seen))
	}
	for _, c := range j.seen {
		if c.Person == nil || c.Person.Made != (c.UID == "bob") {
			t.Errorf("%s is known as %+v", c.UID, c.Person)
		}
		for uid, want := range map[string]chat.User{"ann": {Name: "Made ann", Made: true}, "bob": {Name: "Made bob", Made: true}, "cid": {Name: "Said"}} {
			if u := c.Users[uid]; u == nil || u.Name != want.Name || u.Made != want.Made {
				t.Errorf("%s knows %s as %+v", c.UID, uid, u)
			}
		}
	}
}
