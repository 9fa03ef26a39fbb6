package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
)

var conversationTests = []test{
	{"are listed as their people see them", conversationsListed},
	{"count what is unread as marks do", conversationsUnread},
	{"leave out what is not shown", conversationsHidden},
}

// message stores a message as the engine would.
func (f *fixture) message(t testing.TB, m chat.Message) {
	t.Helper()
	if m.State == "" {
		m.State = chat.StateVisible
	}
	if m.SentAt.IsZero() {
		m.SentAt = f.clock.Now().Truncate(time.Second)
	}
	if m.Body == nil {
		m.Body = []byte(fmt.Sprintf(`{"id":%q}`, m.ID))
	}
	now := f.clock.Now().UnixMilli()
	db := f.raw(t)
	err := db.QueryRow(`INSERT INTO conversations (app, id, last, created_at, updated_at) VALUES ('app', $1, 1, $2, $2)
		ON CONFLICT (app, id) DO UPDATE SET last = conversations.last + 1, updated_at = excluded.updated_at RETURNING last`,
		string(m.Conversation), now).Scan(&m.Number)
	if err != nil {
		t.Fatal(err)
	}
	if m.State == chat.StateHeld {
		m.Number = 0
	}
	_, err = db.Exec(`INSERT INTO messages (app, id, conversation, number, sender, category, type, kind, mentions, state, sent_at, arrived_at, body)
		VALUES ('app', $1, $2, $3, $4, 'message', 'text', 'messages', '', $5, $6, $7, $8)`,
		m.ID, string(m.Conversation), m.Number, m.Sender, string(m.State), m.SentAt.UnixMilli(), now, []byte(m.Body))
	if err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) mark(t testing.TB, uid string, c chat.Conversation, m chat.Mark) {
	t.Helper()
	f.exec(t, `INSERT INTO marks (app, uid, conversation, sent_at, key) VALUES ('app', $1, $2, $3, $4)
		ON CONFLICT (app, uid, conversation) DO UPDATE SET sent_at = excluded.sent_at, key = excluded.key`, uid, string(c), m.SentAt.UnixMilli(), m.Key)
}

// seen is a line for each conversation of a list.
func (f *fixture) seen(t testing.TB, q directory.ConversationQuery) []string {
	t.Helper()
	if q.Page.Limit == 0 {
		q.Page.Limit = 100
	}
	listed, err := f.ListConversations(t.Context(), "app", &q)
	if err != nil {
		t.Fatal(err)
	}
	lines := make([]string, 0, len(listed.Items))
	for _, c := range listed.Items {
		var with string
		if c.User != nil {
			with = c.User.UID + " " + c.User.Name
		} else {
			with = c.Group.GUID + " " + c.Group.Name
		}
		lines = append(lines, fmt.Sprintf("%s: %s, %d unread, last %s", c.UID, with, c.Unread, c.Last))
	}
	if q.Page.Limit == 100 && listed.Total != len(lines) {
		t.Errorf("%+v: the total is %d, of %q", q, listed.Total, lines)
	}
	return lines
}

func conversationsListed(t *testing.T, f *fixture) {
	for _, u := range []chat.User{{UID: "mira", Name: "Mira", Tags: []string{"x"}}, {UID: "anna", Name: "Anna", Tags: []string{"y"}}, {UID: "zoe", Name: "Zoe"}} {
		f.createUser(t, u)
	}
	f.createGroup(t, chat.Group{GUID: "club", Name: "Club", Tags: []string{"y"}}, "mira", "zoe")
	f.createGroup(t, chat.Group{GUID: "silent", Name: "Silent"}, "mira")
	f.createGroup(t, chat.Group{GUID: "left", Name: "Left"})
	f.member(t, "left", "mira", chat.ScopeAdmin, chat.MemberOut)
	write := func(id, sender string, c chat.Conversation) {
		f.message(t, chat.Message{ID: id, Sender: sender, Conversation: c})
		f.clock.Advance(time.Second)
	}
	withAnna, withZoe, club := chat.OneOnOne("anna", "mira"), chat.OneOnOne("mira", "zoe"), chat.InGroup("club")
	write("1", "anna", withAnna)
	write("2", "anna", withAnna)
	write("3", "zoe", withZoe)
	write("4", "mira", withZoe)
	write("5", "zoe", club)
	write("6", "zoe", chat.InGroup("left"))
	write("7", "zoe", chat.OneOnOne("anna", "zoe"))
	write("8", "mirabell", chat.OneOnOne("mirabell", "zoe"))
	write("9", "mira", chat.OneOnOne("mira", "mira"))
	f.mark(t, "mira", withZoe, chat.MarkUpTo(f.clock.Now()))
	const (
		self  = `mira: mira Mira, 0 unread, last {"id":"9"}`
		inAll = `mira: club Club, 1 unread, last {"id":"5"}`
		zoe   = `mira: zoe Zoe, 0 unread, last {"id":"4"}`
		anna  = `mira: anna Anna, 2 unread, last {"id":"2"}`
	)
	for name, c := range map[string]struct {
		query directory.ConversationQuery
		want  []string
	}{
		"all":         {directory.ConversationQuery{UID: "mira"}, []string{self, inAll, zoe, anna}},
		"users":       {directory.ConversationQuery{UID: "mira", Type: chat.ReceiverUser}, []string{self, zoe, anna}},
		"groups":      {directory.ConversationQuery{UID: "mira", Type: chat.ReceiverGroup}, []string{inAll}},
		"unread":      {directory.ConversationQuery{UID: "mira", Unread: true}, []string{inAll, anna}},
		"search":      {directory.ConversationQuery{UID: "mira", Search: "AN"}, []string{anna}},
		"a group":     {directory.ConversationQuery{UID: "mira", Search: "clu"}, []string{inAll}},
		"user tags":   {directory.ConversationQuery{UID: "mira", UserTags: []string{"y"}}, []string{anna}},
		"group tags":  {directory.ConversationQuery{UID: "mira", GroupTags: []string{"y"}}, []string{inAll}},
		"either tags": {directory.ConversationQuery{UID: "mira", GroupTags: []string{"y"}, UserTags: []string{"y"}}, []string{inAll, anna}},
		"a page":      {directory.ConversationQuery{UID: "mira", Page: directory.Page{Offset: 1, Limit: 2}}, []string{inAll, zoe}},
		"nobody's":    {directory.ConversationQuery{UID: "mir"}, []string{}},
		"everybody's": {directory.ConversationQuery{}, []string{
			`anna: zoe Zoe, 1 unread, last {"id":"7"}`, `anna: mira Mira, 0 unread, last {"id":"2"}`, self, inAll, zoe, anna,
			`mirabell: zoe Zoe, 0 unread, last {"id":"8"}`, `zoe: mirabell , 1 unread, last {"id":"8"}`, `zoe: anna Anna, 0 unread, last {"id":"7"}`,
			`zoe: club Club, 0 unread, last {"id":"5"}`, `zoe: mira Mira, 1 unread, last {"id":"4"}`,
		}},
	} {
		if diff := cmp.Diff(c.want, f.seen(t, c.query)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	got, err := f.ConversationWith(t.Context(), "app", "mira", withAnna)
	if err != nil || got.ID != withAnna || got.Unread != 2 || got.User.UID != "anna" || got.UpdatedAt.IsZero() {
		t.Errorf("one of them: %+v, %v", got, err)
	}
	for uid, c := range map[string]chat.Conversation{"mira": chat.InGroup("left"), "anna": withZoe, "zoe": chat.OneOnOne("never", "zoe"), "m": chat.InGroup("silent")} {
		if _, err := f.ConversationWith(t.Context(), "app", uid, c); !errors.Is(err, directory.ErrNone) {
			t.Errorf("%q for %s: %v, want ErrNone", c, uid, err)
		}
	}
}

// What the statement counts is what chat.Mark says.
func conversationsUnread(t *testing.T, f *fixture) {
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		me, other := fmt.Sprint("me-", round), fmt.Sprint("other-", round)
		c := chat.OneOnOne(me, other)
		ids := rapid.SliceOfNDistinct(rapid.OneOf(
			rapid.StringMatching(`[0-9]{1,3}`), rapid.StringMatching(`0{0,3}[1-9][0-9]{0,110}`), rapid.StringMatching(`[a-z0-9é-]{1,4}`),
		), 1, 6, rapid.ID).Draw(r, "ids")
		second := rapid.IntRange(0, 2)
		var messages []chat.Message
		for _, id := range ids {
			at := time.Unix(int64(1000+second.Draw(r, "sent at")), 0)
			m := chat.Message{ID: id, Conversation: c, Sender: rapid.SampledFrom([]string{me, other}).Draw(r, "sender"), SentAt: at}
			// Ids are unique in an app, and an earlier round may have had it.
			f.exec(t, `DELETE FROM messages WHERE app = 'app' AND id = $1`, id)
			f.message(t, m)
			messages = append(messages, m)
		}
		mark := chat.MarkAt(time.Unix(int64(1000+second.Draw(r, "read at")), 0), rapid.SampledFrom(append(ids, "5", "b")).Draw(r, "read"))
		marked := rapid.Bool().Draw(r, "marked")
		if marked {
			f.mark(t, me, c, mark)
		}
		want := 0
		for _, m := range messages {
			if m.Sender != me && (!marked || !mark.Covers(m.SentAt, m.ID)) {
				want++
			}
		}
		got, err := f.ConversationWith(t.Context(), "app", me, c)
		if err != nil {
			r.Fatal(err)
		}
		if got.Unread != want {
			r.Fatalf("%d are unread, want %d", got.Unread, want)
		}
	})
}

func conversationsHidden(t *testing.T, f *fixture) {
	c, club := chat.OneOnOne("me", "you"), chat.InGroup("club")
	f.message(t, chat.Message{ID: "a", Sender: "you", Conversation: c})
	f.message(t, chat.Message{ID: "b", Sender: "you", Conversation: c, State: chat.StateDeleted, Body: []byte{}})
	f.message(t, chat.Message{ID: "c", Sender: "you", Conversation: c, State: chat.StateHeld})
	f.message(t, chat.Message{ID: "d", Sender: "you", Conversation: c, State: chat.StateDisapproved})
	f.clock.Advance(time.Minute)
	f.block(t, "me", "you", f.clock.Now().Add(time.Minute).UnixMilli())
	f.message(t, chat.Message{ID: "e", Sender: "you", Conversation: c})
	if diff := cmp.Diff([]string{`me: you , 1 unread, last {"id":"a"}`}, f.seen(t, directory.ConversationQuery{UID: "me"})); diff != "" {
		t.Errorf("in a block: %s", diff)
	}
	f.clock.Advance(time.Minute)
	f.message(t, chat.Message{ID: "f", Sender: "you", Conversation: c})
	if diff := cmp.Diff([]string{`me: you , 2 unread, last {"id":"f"}`}, f.seen(t, directory.ConversationQuery{UID: "me"})); diff != "" {
		t.Errorf("after a block: %s", diff)
	}
	for i := range 3 {
		f.message(t, chat.Message{ID: fmt.Sprint("club-", i), Sender: "you", Conversation: club})
	}
	f.member(t, "club", "late", chat.ScopeParticipant, chat.MemberIn)
	f.exec(t, `UPDATE members SET since = 2`)
	if diff := cmp.Diff([]string{`late: club , 1 unread, last {"id":"club-2"}`}, f.seen(t, directory.ConversationQuery{UID: "late"})); diff != "" {
		t.Errorf("somebody who came late: %s", diff)
	}
	// What is there by number, but was sent before they came.
	f.exec(t, `UPDATE members SET since = 1, told_at = 1, joined_at = (SELECT sent_at FROM messages WHERE id = 'club-1') + 999`)
	if diff := cmp.Diff([]string{`late: club , 2 unread, last {"id":"club-2"}`}, f.seen(t, directory.ConversationQuery{UID: "late"})); diff != "" {
		t.Errorf("somebody who came in the second of a message: %s", diff)
	}
	f.exec(t, `UPDATE messages SET sent_at = sent_at + 1000 WHERE id = 'club-2'`)
	f.exec(t, `UPDATE members SET joined_at = joined_at + 1`)
	if diff := cmp.Diff([]string{`late: club , 1 unread, last {"id":"club-2"}`}, f.seen(t, directory.ConversationQuery{UID: "late"})); diff != "" {
		t.Errorf("somebody who came after a message: %s", diff)
	}
}
