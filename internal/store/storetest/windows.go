package storetest

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine"
	"github.com/postrider/postrider/internal/outbox"
)

var windowTests = []test{
	{"opens for the one who did not write", windowOneOnOne},
	{"opens once, however often a message comes", windowTwice},
	{"is about all that came since it opened", windowDigest},
	{"opens for members, not for the sender, nor for who left", windowGroup},
	{"stays away from what was before somebody came", windowSince},
	{"opens for members who are known only after the message", windowLate},
	{"goes by when people came and left, in whatever order that is told", windowUnordered},
	{"of a large group opens in the order of messages", windowFanOut},
	{"of a large group moves while messages are on their way", windowMoves},
	{"knows what came before its message", windowEarly},
	{"waits for moderation", windowModeration},
	{"knows what was read, in whatever order receipts come", windowMarks},
	{"knows what is known of its person", windowFacts},
	{"is put off, and is due again", windowPutOff},
	{"is not used up by a digest that cannot be made", windowProblem},
	{"waits for an earlier call", windowBusy},
	{"is decided once by several processes", windowProcesses},
	{"loses no message that arrives while it is decided", windowRace},
}

func scanCalls(t testing.TB, rows *sql.Rows) []string {
	t.Helper()
	defer rows.Close()
	var calls []string
	for rows.Next() {
		var uid string
		var encoded []byte
		if err := rows.Scan(&uid, &encoded); err != nil {
			t.Fatal(err)
		}
		var refs struct{ IDs []string }
		if err := json.Unmarshal(encoded, &refs); err != nil {
			t.Fatal(err)
		}
		calls = append(calls, uid+" "+strings.Join(refs.IDs, ","))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return calls
}

// wantCalls compares what was called about, by person and message ids.
func (s *scene) wantCalls(t testing.TB, want ...string) {
	t.Helper()
	if diff := gocmp.Diff(want, s.calls(t)); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func windowOneOnOne(t *testing.T, f *fixture) {
	s := newScene(f)
	s.record(t, s.message("ann", chat.OneOnOne("ann", "bob")), s.message("ann", chat.OneOnOne("ann", "ann")))
	if n := s.windows(t); n != 1 {
		t.Fatalf("%d windows, want one", n)
	}
	j := &told{}
	if d := s.decide(t, j); d.Windows != 0 {
		t.Errorf("%d windows were decided before they were due", d.Windows)
	}
	next, err := s.NextWindow(t.Context(), app)
	if err != nil || !next.Equal(s.clock.Now().Add(wait)) {
		t.Errorf("the next window is due at %v, %v; want an hour from now", next, err)
	}
	s.due()
	s.decide(t, j)
	s.wantCalls(t, "bob 1")
	if n := s.windows(t); n != 0 {
		t.Errorf("%d windows are left open", n)
	}
}

func windowTwice(t *testing.T, f *fixture) {
	s := newScene(f)
	m := s.message("ann", chat.OneOnOne("ann", "bob"))
	s.record(t, m, m)
	s.record(t, m)
	s.due()
	s.decide(t, &told{})
	s.record(t, m)
	s.due()
	s.decide(t, &told{})
	s.wantCalls(t, "bob 1")
}

func windowDigest(t *testing.T, f *fixture) {
	s := newScene(f)
	c := chat.OneOnOne("ann", "bob")
	s.record(t, s.message("ann", c), s.message("bob", c))
	s.clock.Advance(wait / 2)
	s.record(t, s.message("ann", c))
	s.clock.Advance(wait / 2)
	s.decide(t, &told{})
	s.wantCalls(t, "ann 2", "bob 1,3")
	s.record(t, s.message("ann", c))
	s.due()
	s.decide(t, &told{verdict: func(c *engine.Case, _ *engine.Verdict) { c.BusyUntil = time.Time{} }})
	s.wantCalls(t, "ann 2", "bob 1,3", "bob 4")
}

func windowGroup(t *testing.T, f *fixture) {
	s := newScene(f)
	g := s.group(t, "g", "ann", "bob", "cid", "dan", "eve")
	s.record(t,
		chat.MembersChanged{GUID: "g", Members: []chat.Member{{UID: "dan", State: chat.MemberOut}, {UID: "eve", State: chat.MemberBanned}}},
		s.message("ann", g))
	if n := s.windows(t); n != 2 {
		t.Errorf("%d windows, want those of bob and cid", n)
	}
	s.record(t, s.message("bob", g))
	// Somebody whose membership nobody told us writes: they are in it.
	s.record(t, s.message("fay", g))
	// A message from before somebody left, which comes late, brings nobody back.
	s.record(t, s.message("dan", g, func(m *chat.Message) { m.SentAt = m.SentAt.Add(-time.Hour) }))
	s.record(t, s.message("eve", g))
	s.record(t, chat.MembersChanged{GUID: "g", Members: []chat.Member{{UID: "cid", State: chat.MemberOut}}})
	s.due()
	s.decide(t, &told{})
	s.wantCalls(t, "ann 2,3,4,5", "bob 1,3,4,5", "fay 4,5")
}

func windowSince(t *testing.T, f *fixture) {
	s := newScene(f)
	g := s.group(t, "g", "ann", "bob")
	s.record(t, s.message("ann", g))
	in := func(state chat.Membership) chat.MembersChanged {
		return chat.MembersChanged{GUID: "g", Members: []chat.Member{{UID: "bob", State: state}}}
	}
	s.record(t, in(chat.MemberOut))
	s.record(t, in(chat.MemberIn))
	s.record(t, s.message("ann", g))
	s.due()
	s.decide(t, &told{})
	s.wantCalls(t, "bob 2")
}

func windowLate(t *testing.T, f *fixture) {
	s := newScene(f)
	g := chat.InGroup("g")
	created := s.clock.Now().Truncate(time.Second)
	s.clock.Advance(time.Minute)
	s.record(t, s.message("ann", g))
	s.clock.Advance(time.Minute)
	joined := s.clock.Now().Truncate(time.Second)
	s.clock.Advance(time.Minute)
	s.record(t, s.message("ann", g))
	s.clock.Advance(time.Minute)
	member := func(uid string, at time.Time) chat.Member {
		return chat.Member{UID: uid, State: chat.MemberIn, JoinedAt: at}
	}
	late := chat.GroupChanged{
		Group:   chat.Group{GUID: "g", CreatedAt: created},
		Members: []chat.Member{member("ann", time.Time{}), member("bob", time.Time{}), member("cid", joined), member("dan", s.clock.Now())},
	}
	s.record(t, late)
	s.record(t, late)
	// Of whom nothing is known but that they came, they came now.
	s.record(t, chat.MembersChanged{GUID: "g", Members: []chat.Member{member("eve", time.Time{})}})
	s.due()
	s.decide(t, &told{})
	s.wantCalls(t, "bob 1,2", "cid 2")
}

// crowdOf returns n user ids in their order.
func crowdOf(n int) []string {
	uids := make([]string, n)
	for i := range uids {
		uids[i] = fmt.Sprintf("u%05d", i)
	}
	return uids
}

func windowFanOut(t *testing.T, f *fixture) {
	s := newScene(f)
	uids := crowdOf(2500)
	g := s.group(t, "g", uids...)
	s.record(t, s.message(uids[0], g))
	if n := s.windows(t); n >= 2499 || n < 900 {
		t.Errorf("%d windows were opened at one time, want about 1,000", n)
	}
	s.record(t, s.message(uids[2400], g))
	s.fanOut(t)
	if n := s.windows(t); n != 2500 {
		t.Errorf("%d windows, want everybody's", n)
	}
	s.due()
	j := &told{}
	s.decide(t, j)
	got := make(map[string]int)
	for _, call := range s.calls(t) {
		_, ids, _ := strings.Cut(call, " ")
		got[ids]++
	}
	if diff := gocmp.Diff(map[string]int{"1,2": 2498, "1": 1, "2": 1}, got); diff != "" {
		t.Errorf("people by what they were told (-want +got):\n%s", diff)
	}
	if n := s.count(t, "fanouts"); n != 0 {
		t.Errorf("%d fan-outs are left", n)
	}
}

func windowMoves(t *testing.T, f *fixture) {
	s := newScene(f)
	uids := crowdOf(1500)
	g := s.group(t, "g", uids...)
	s.record(t, s.message(uids[0], g))
	s.record(t, s.message(uids[0], g))
	s.due()
	// The first thousand are told of both, before either has come to all.
	s.decide(t, &told{})
	s.fanOut(t)
	s.due()
	s.decide(t, &told{})
	got := make(map[string]int)
	for _, call := range s.calls(t) {
		_, ids, _ := strings.Cut(call, " ")
		got[ids]++
	}
	if diff := gocmp.Diff(map[string]int{"1,2": 1499}, got); diff != "" {
		t.Errorf("people by what they were told (-want +got):\n%s", diff)
	}
	if n := s.windows(t); n != 0 {
		t.Errorf("%d windows are left open", n)
	}
}

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
	want := map[int64][]byte{1: []byte(`"edited"`), 3: []byte(`"newer"`)}
	if diff := gocmp.Diff(want, j.seen[0].Bodies); diff != "" {
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
		}},
		Blocks: map[string][]engine.Span{"cid": {{From: then}}},
		Users:  map[string]*chat.User{"ann": {UID: "ann", Name: "Ann", Metadata: []byte(`{"a":1}`)}},
		Bodies: map[int64][]byte{1: []byte(`{"id":"1"}`)},
	}
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("what is known (-want +got):\n%s", diff)
	}
	if got.Preferences == nil || *got.Preferences.DND != chat.DNDOn {
		t.Errorf("preferences %+v, want those of bob", got.Preferences)
	}
}

func windowPutOff(t *testing.T, f *fixture) {
	s := newScene(f)
	s.record(t, s.message("ann", chat.OneOnOne("ann", "bob")))
	s.due()
	until := s.clock.Now().Add(time.Minute)
	s.decide(t, &told{verdict: func(_ *engine.Case, v *engine.Verdict) {
		*v = engine.Verdict{Wait: until, Reason: chat.ReasonWaitingForSchedule}
	}})
	s.wantCalls(t)
	if next, err := s.NextWindow(t.Context(), app); err != nil || !next.Equal(until) {
		t.Errorf("the window is due at %v, %v; want %v", next, err, until)
	}
	s.clock.Advance(time.Minute)
	j := &told{}
	s.decide(t, j)
	s.wantCalls(t, "bob 1")
	if len(j.seen) != 1 || j.seen[0].WaitsFor != chat.ReasonWaitingForSchedule {
		t.Errorf("the case does not say why it waited: %+v", j.seen)
	}
}

func windowProblem(t *testing.T, f *fixture) {
	s := newScene(f)
	s.record(t, s.message("ann", chat.OneOnOne("ann", "bob")), s.message("ann", chat.OneOnOne("ann", "cid")))
	s.due()
	broken := errors.New("the template is broken")
	d := s.decide(t, &told{fail: broken})
	if len(d.Problems) != 2 || !errors.Is(d.Problems[0], broken) {
		t.Errorf("problems %v, want the two that there were", d.Problems)
	}
	if n := s.count(t, "quotas"); n != 0 {
		t.Errorf("%d quotas were taken for nothing", n)
	}
	s.clock.Advance(2 * time.Minute)
	s.decide(t, &told{})
	s.wantCalls(t, "bob 1", "cid 2")
}

func windowBusy(t *testing.T, f *fixture) {
	s := newScene(f)
	c := chat.OneOnOne("ann", "bob")
	s.record(t, s.message("ann", c))
	s.due()
	s.decide(t, &told{})
	s.record(t, s.message("ann", c), s.message("ann", chat.OneOnOne("ann", "cid")))
	s.due()
	busy := make(map[string]bool)
	look := &told{verdict: func(c *engine.Case, v *engine.Verdict) {
		busy[c.UID] = !c.BusyUntil.IsZero()
		if !c.BusyUntil.IsZero() {
			*v = engine.Verdict{Wait: c.BusyUntil, Reason: chat.ReasonWaitingForCall}
		}
	}}
	s.decide(t, look)
	if diff := gocmp.Diff(map[string]bool{"bob": true, "cid": false}, busy); diff != "" {
		t.Errorf("whose window waits for a call (-want +got):\n%s", diff)
	}
	claimed, err := s.Claim(t.Context(), outbox.LaneCall, 1, time.Hour)
	if err != nil || len(claimed) != 1 || claimed[0].Recipient != "bob" {
		t.Fatalf("claimed %+v, %v; want the call for bob", claimed, err)
	}
	s.settle(t, f.settlement(claimed[0], outbox.Sent))
	s.clock.Advance(10 * time.Second)
	s.decide(t, look)
	s.wantCalls(t, "bob 1", "bob 2", "cid 3")
}

func windowProcesses(t *testing.T, f *fixture) {
	s := newScene(f)
	uids := crowdOf(300)
	g := s.group(t, "g", uids...)
	for _, uid := range uids {
		s.record(t, s.message("ann", chat.OneOnOne("ann", uid)))
	}
	s.record(t, s.message("ann", g))
	s.due()
	second := f.open(t)
	together(4, func(i int) {
		store := engine.Store(s.Store)
		if i%2 == 1 {
			store = second
		}
		for {
			d, err := store.Decide(t.Context(), app, &told{}, 20, outbox.Hand{})
			if err != nil {
				t.Error(err)
				return
			}
			if d.Windows == 0 {
				return
			}
		}
	})
	if calls := s.calls(t); len(calls) != 600 {
		t.Errorf("%d calls, want 600", len(calls))
	}
}

// windowRace has messages arrive while windows are decided. Every message must
// be called about once, by the end.
func windowRace(t *testing.T, f *fixture) {
	s := newScene(f)
	g := s.group(t, "g", crowdOf(20)...)
	pairs := []chat.Conversation{g, chat.OneOnOne("ann", "bob"), chat.OneOnOne("ann", "cid")}
	const rounds = 60
	second := f.open(t)
	var sending, deciding sync.WaitGroup
	var lock sync.Mutex
	ended := make(chan struct{})
	for i, c := range pairs {
		sending.Go(func() {
			store := engine.Store(s.Store)
			if i%2 == 1 {
				store = second
			}
			for range rounds {
				lock.Lock()
				m := s.message("ann", c)
				lock.Unlock()
				if err := store.Record(t.Context(), engine.Recording{App: app, Events: []chat.Event{{Change: m}}, At: s.clock.Now()}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		deciding.Go(func() {
			for {
				_, err := second.Decide(t.Context(), app, &told{}, 7, outbox.Hand{})
				if err != nil {
					t.Error(err)
				}
				select {
				case <-ended:
					return
				default:
				}
			}
		})
	}
	sending.Wait()
	close(ended)
	deciding.Wait()
	s.decide(t, &told{})
	told := make(map[string]int)
	for _, call := range s.calls(t) {
		uid, ids, _ := strings.Cut(call, " ")
		for id := range strings.SplitSeq(ids, ",") {
			told[uid+" "+id]++
		}
	}
	if want := rounds * (20 + 1 + 1); len(told) != want {
		t.Errorf("%d messages for people were called about, want %d", len(told), want)
	}
	for what, times := range told {
		if times != 1 {
			t.Errorf("%s was called about %d times", what, times)
		}
	}
	if f.engine.Deadlocks != nil {
		if n := f.engine.Deadlocks(t, s.raw(t)); n > 0 {
			t.Errorf("%d deadlocks", n)
		}
	}
}
