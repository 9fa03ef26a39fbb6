package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine"
	"github.com/postrider/postrider/internal/outbox"
)

// app is whose chat the tests of the engine's store play in.
const app = "app"

// wait is how long windows wait in the tests.
const wait = time.Hour

// scene is a chat in a fixture's store.
type scene struct {
	*fixture
	messages int
}

func newScene(f *fixture) *scene { return &scene{fixture: f} }

// record records changes as one call.
func (s *scene) record(t testing.TB, changes ...chat.Change) {
	t.Helper()
	events := make([]chat.Event, len(changes))
	for i, change := range changes {
		events[i].Change = change
	}
	s.recordEvents(t, events...)
}

func (s *scene) recordEvents(t testing.TB, events ...chat.Event) {
	t.Helper()
	if err := s.Record(t.Context(), engine.Recording{App: app, Events: events, At: s.clock.Now(), Wait: wait}); err != nil {
		t.Fatal(err)
	}
}

// message returns a message that was sent now. Its id is larger than that of
// every earlier one.
func (s *scene) message(from string, to chat.Conversation, change ...func(*chat.Message)) chat.MessageSent {
	s.messages++
	m := chat.Message{
		ID: fmt.Sprint(s.messages), Conversation: to, Sender: from, Category: chat.CategoryMessage, Type: "text",
		SentAt: s.clock.Now().Truncate(time.Second), State: chat.StateVisible, Body: []byte(fmt.Sprintf(`{"id":"%d"}`, s.messages)),
	}
	if guid, ok := to.Group(); ok {
		m.Receiver = guid
	} else {
		m.Receiver = to.Partner(from)
	}
	for _, c := range change {
		c(&m)
	}
	return chat.MessageSent{Message: m}
}

// group makes a group of members.
func (s *scene) group(t testing.TB, guid string, uids ...string) chat.Conversation {
	t.Helper()
	changed := chat.GroupChanged{Group: chat.Group{GUID: guid, Name: "Name of " + guid}}
	users := make([]chat.User, len(uids))
	for i, uid := range uids {
		users[i] = chat.User{UID: uid}
		changed.Members = append(changed.Members, chat.Member{UID: uid, Scope: chat.ScopeParticipant, State: chat.MemberIn})
	}
	for chunk := range slices.Chunk(changed.Members, 500) {
		part := changed
		part.Members = chunk
		s.recordEvents(t, chat.Event{Change: part})
	}
	s.recordEvents(t, chat.Event{Users: users})
	return chat.InGroup(guid)
}

// decide has everything that is due decided, batch by batch.
func (s *scene) decide(t testing.TB, j engine.Judge) engine.Decided {
	t.Helper()
	var total engine.Decided
	for {
		decided, err := s.Decide(t.Context(), app, j, 50, outbox.Hand{})
		if err != nil {
			t.Fatal(err)
		}
		total.Windows += decided.Windows
		total.Calls += decided.Calls
		total.Problems = append(total.Problems, decided.Problems...)
		if decided.Windows == 0 {
			return total
		}
	}
}

// fanOut takes fan-outs to their end.
func (s *scene) fanOut(t testing.TB) {
	t.Helper()
	for {
		more, err := s.FanOut(t.Context(), app)
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return
		}
	}
}

// due moves the clock to when every window is due.
func (s *scene) due() { s.clock.Advance(wait) }

// windows counts open windows.
func (s *scene) windows(t testing.TB) int {
	t.Helper()
	return s.count(t, "windows")
}

// told is a judge that sends everything that is visible, unread and not one's
// own to one provider, and remembers whom it told what.
type told struct {
	max     int // of a day; 0: as many as there are
	members bool
	verdict func(*engine.Case, *engine.Verdict)
	fail    error
	seen    []*engine.Case
}

func (j *told) WantsGroupSize() bool     { return j.members }
func (j *told) Day(c *engine.Case) int64 { return c.Now.Unix() / 86400 }
func (j *told) limit() int {
	if j.max == 0 {
		return 1000
	}
	return j.max
}

func (j *told) Judge(c *engine.Case) engine.Verdict {
	v := engine.Verdict{MaxPerDay: j.limit(), MaxHere: j.limit(), Again: c.Now.Add(wait)}
	for i := range c.Messages {
		m := &c.Messages[i]
		if m.Sender != c.UID && m.State == chat.StateVisible && !c.Mark.Covers(m.SentAt, m.ID) && m.Number > c.Since &&
			!m.SentAt.Before(c.Joined.Truncate(time.Second)) && c.Member {
			v.Send = append(v.Send, m.Number)
		}
	}
	switch {
	case len(v.Send) == 0:
	case c.SentToday >= j.limit():
		v.Skipped, v.Send = []engine.Skip{{Reason: chat.ReasonQuota, Messages: v.Send}}, nil
	default:
		v.To = []string{"custom"}
	}
	if j.verdict != nil {
		j.verdict(c, &v)
	}
	return v
}

func (j *told) Compose(c *engine.Case, v *engine.Verdict) ([]engine.Call, error) {
	if j.fail != nil {
		return nil, j.fail
	}
	j.seen = append(j.seen, c)
	calls := make([]engine.Call, 0, len(v.To))
	for _, provider := range v.To {
		calls = append(calls, engine.Call{Provider: provider, Payload: fmt.Appendf(nil, `{"to":%q,"numbers":"%v"}`, c.UID, v.Send)})
	}
	return calls, nil
}

// calls returns what was handed to the outbox, "uid numbers", sorted.
func (s *scene) calls(t testing.TB) []string {
	t.Helper()
	rows, err := s.raw(t).Query(`SELECT uid, refs FROM notices JOIN deliveries ON id = delivery_id WHERE state <> 'skipped' ORDER BY uid, last`)
	if err != nil {
		t.Fatal(err)
	}
	return scanCalls(t, rows)
}
