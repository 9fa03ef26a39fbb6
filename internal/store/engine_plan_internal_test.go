package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine"
	"github.com/postrider/postrider/internal/engine/history"
	"github.com/postrider/postrider/internal/outbox"
)

// sendAll is a judge that sends whatever there is.
type sendAll struct{}

func (sendAll) WantsGroupSize() bool   { return false }
func (sendAll) Day(*engine.Case) int64 { return 1 }

func (sendAll) Judge(c *engine.Case) engine.Verdict {
	v := engine.Verdict{To: []string{"custom"}, MaxPerDay: 1000, MaxHere: 1000}
	for i := range c.Messages {
		v.Send = append(v.Send, c.Messages[i].Number)
	}
	if len(c.Messages)%2 == 0 {
		return engine.Verdict{Wait: c.Now.Add(time.Hour), Reason: chat.ReasonWaitingForSchedule}
	}
	return v
}

func (sendAll) Compose(*engine.Case, *engine.Verdict) ([]engine.Call, error) {
	return []engine.Call{{Provider: "custom", Payload: []byte("{}")}}, nil
}

// fillEngine records messages among people and in groups, long enough ago that
// their windows are due, and returns what can be done to them.
func fillEngine(t *testing.T, s *Store) []planned {
	t.Helper()
	people, groups := 400, 10
	if s.dialect.name == "postgres" {
		people = 5000 // enough for its planner to prefer an index
	}
	at := s.clock().Add(-time.Hour)
	n := 0
	message := func(from string, c chat.Conversation) chat.Event {
		n++
		return chat.Event{
			Users: []chat.User{{UID: from, Name: from}},
			Change: chat.MessageSent{Message: chat.Message{
				ID: fmt.Sprint(n), Conversation: c, Sender: from, Receiver: c.Partner(from), Category: "message", Type: "text", SentAt: at,
				State: chat.StateVisible, Body: []byte("{}"),
			}},
		}
	}
	record := func(events ...chat.Event) error {
		return s.Record(t.Context(), engine.Recording{App: "app", Events: events, At: at, Wait: time.Minute})
	}
	person := func(i int) string { return fmt.Sprintf("person-%05d", i) }
	var events []chat.Event
	for i := range people {
		events = append(events, message(person(i), chat.OneOnOne(person(i), person((i+1)%people))))
	}
	for g := range groups {
		members := chat.GroupChanged{Group: chat.Group{GUID: fmt.Sprint("group-", g)}}
		for i := range people / groups {
			members.Members = append(members.Members, chat.Member{UID: person(i * groups), State: chat.MemberIn})
		}
		events = append(events, chat.Event{Change: members})
	}
	if err := record(events...); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{
		`INSERT INTO preferences (app, uid, updated_at) SELECT app, uid, 0 FROM users`,
		`INSERT INTO contacts (app, uid, email, updated_at) SELECT app, uid, '', 0 FROM users`,
		`INSERT INTO mutes (app, uid, kind, id, until) SELECT app, uid, 'user', 'x', 0 FROM users`,
		`INSERT INTO blocks (app, uid, blocked, blocked_at) SELECT app, uid, 'x', 0 FROM users`,
		`INSERT INTO marks (app, uid, conversation, sent_at, key) SELECT app, uid, conversation, 0, '' FROM windows`,
		`INSERT INTO quotas (app, uid, day, conversation, n) SELECT app, uid, 1, conversation, 0 FROM windows`,
	} {
		if _, err := s.write.ExecContext(t.Context(), table); err != nil {
			t.Fatal(err)
		}
	}
	if s.dialect.name == "postgres" {
		if _, err := s.write.ExecContext(t.Context(), `ANALYZE`); err != nil {
			t.Fatal(err)
		}
	}
	recording := func(name string, events ...chat.Event) planned {
		return planned{name: name, sorts: true, run: func(context.Context, *Store) error { return record(events...) }}
	}
	group := chat.InGroup("group-1")
	mention := message(person(1), chat.OneOnOne(person(1), person(2)))
	sent := mention.Change.(chat.MessageSent)
	sent.Message.Mentions = []string{person(2)}
	mention.Change = sent
	everybody := message(person(0), group)
	sent = everybody.Change.(chat.MessageSent)
	sent.Message.MentionsAll = true
	everybody.Change = sent
	edited := message(person(1), chat.OneOnOne(person(1), person(2)))
	edited.Change = chat.MessageEdited(edited.Change.(chat.MessageSent))
	return []planned{
		recording("record one-on-one", message(person(1), chat.OneOnOne(person(1), person(3)))),
		recording("record in a group", message(person(0), group)),
		recording("record edit", edited),
		recording("record deletion", chat.Event{Change: chat.MessageDeleted{Conversation: group, ID: "7"}}),
		recording("record reading", chat.Event{Change: chat.Read{Reader: person(2), Conversation: chat.OneOnOne(person(1), person(2)), MessageID: "2", At: at}}),
		recording("record reading all", chat.Event{Change: chat.Read{Reader: person(0), Conversation: group, At: at}}),
		recording("record unread", chat.Event{Change: chat.Unread{Reader: person(0), Conversation: group, MessageID: "7"}}),
		recording("record leaving", chat.Event{Change: chat.MembersChanged{GUID: "group-1", Members: []chat.Member{{UID: person(10), State: chat.MemberOut}}}}),
		recording("record joining after messages", chat.Event{Change: chat.MembersChanged{
			GUID: "group-1", Members: []chat.Member{{UID: "joiner", State: chat.MemberIn}}, At: at.Add(-time.Minute),
		}}),
		recording("record a group's size", chat.Event{Groups: []chat.Group{{GUID: "group-1", MembersCount: 500}}}),
		recording("record block", chat.Event{Change: chat.Blocked{By: person(1), UIDs: []string{person(2)}, Blocked: true}}),
		{name: "next window", run: func(ctx context.Context, s *Store) error {
			_, err := s.NextWindow(ctx, "app")
			return err
		}},
		// PostgreSQL sorts windows that are due at the same time.
		{name: "list windows", sorts: true, run: func(ctx context.Context, s *Store) error {
			windows, err := s.Windows(ctx, "app", "", 50)
			if err == nil && len(windows) != 50 {
				err = fmt.Errorf("%d windows", len(windows))
			}
			return err
		}},
		{name: "list windows of a person", sorts: true, run: func(ctx context.Context, s *Store) error {
			windows, err := s.Windows(ctx, "app", person(1), 50)
			if err == nil && len(windows) == 0 {
				err = errors.New("no windows")
			}
			return err
		}},
		{name: "decide", sorts: true, run: func(ctx context.Context, s *Store) error {
			decided, err := s.Decide(ctx, "app", sendAll{}, 37, outbox.Hand{})
			if err == nil && decided.Windows != 37 {
				err = fmt.Errorf("decided %d windows", decided.Windows)
			}
			return err
		}},
		{name: "fail calls", sorts: true, run: func(ctx context.Context, s *Store) error {
			claimed, err := s.Claim(ctx, outbox.LaneCall, 5, time.Hour)
			if err != nil || len(claimed) == 0 {
				return fmt.Errorf("claimed %d calls: %w", len(claimed), err)
			}
			var settlements []outbox.Settlement
			for _, c := range claimed {
				settlements = append(settlements, outbox.Settlement{Ref: outbox.Ref{ID: c.ID, Claim: c.Claim}, State: outbox.Failed, Payload: []byte("{}")})
			}
			_, err = s.Settle(ctx, settlements)
			return err
		}},
		{name: "case", sorts: true, run: func(ctx context.Context, s *Store) error {
			deliveries, err := s.List(ctx, outbox.Filter{Lane: outbox.LaneCall, States: []outbox.State{outbox.Failed}}, 1)
			if err != nil || len(deliveries) == 0 {
				return fmt.Errorf("found %d failed calls: %w", len(deliveries), err)
			}
			_, _, err = s.Case(ctx, deliveries[0].ID, sendAll{})
			return err
		}},
		{name: "notice", sorts: true, run: func(ctx context.Context, s *Store) error {
			deliveries, err := s.List(ctx, outbox.Filter{Lane: outbox.LaneCall, States: []outbox.State{outbox.Failed}}, 1)
			if err != nil || len(deliveries) == 0 {
				return fmt.Errorf("found %d failed calls: %w", len(deliveries), err)
			}
			_, err = s.Notice(ctx, deliveries[0].ID)
			return err
		}},
		{name: "purge messages", run: func(ctx context.Context, s *Store) error {
			return s.PurgeMessages(ctx, at.Add(-time.Hour))
		}},
		recording("record mention", mention),
		recording("record mention of everybody", everybody),
		{name: "set time zone", never: "windows_due", run: func(ctx context.Context, s *Store) error {
			return s.SetTimezone(ctx, "app", person(1), "UTC")
		}},
	}
}

func TestPlansOfTheEngineUseIndices(t *testing.T) {
	for _, e := range testEngines() {
		t.Run(e.name, func(t *testing.T) {
			s, source := e.open(t)
			fill(t, s)
			operations := append(fillEngine(t, s), historyOperations(s)...)
			// What was prepared belongs to connections that observe replaces.
			if err := s.statements.close(); err != nil {
				t.Fatal(err)
			}
			h := observe(t, s, source)
			for _, operation := range operations {
				operation.many = true
				t.Run(operation.name, func(t *testing.T) { checkPlans(t, s, h, operation) })
			}
		})
	}
}

// historyOperations read the log by each of its filters. SQLite reads it along the
// index that is named, and in its order; of the few rows here PostgreSQL may
// rather sort some.
func historyOperations(s *Store) []planned {
	yes, no := true, false
	var operations []planned
	for _, o := range []struct {
		name, index string
		filter      history.Filter
	}{
		{"all", "", history.Filter{}},
		{"a page", "", history.Filter{Before: "0199"}},
		{"sender", "notices_senders", history.Filter{Sender: "person-00001"}},
		{"member", "notices_people", history.Filter{Member: "person-00001"}},
		{"receiver", "notices_people", history.Filter{Receiver: "person-00001"}},
		{"receiver of a group", "notices_groups", history.Filter{Receiver: "group-1", ReceiverType: chat.ReceiverGroup}},
		{"receiver type", "notices_kinds", history.Filter{ReceiverType: chat.ReceiverGroup}},
		{"type", "notices_types", history.Filter{MessageType: "audio"}},
		{"type of most", "", history.Filter{MessageType: "text"}},
		{"category", "notices_categories", history.Filter{Category: "custom"}},
		{"provider", "deliveries_sendgrid", history.Filter{Provider: "sendgrid"}},
		{"provider of most", "", history.Filter{Provider: "custom"}},
		{"reason", "deliveries_reasons", history.Filter{Reason: chat.ReasonMute}},
		{"success", "", history.Filter{Success: &yes}},
		{"no success", "deliveries_troubled", history.Filter{Success: &no}},
		{"triggered", "", history.Filter{Triggered: &yes}},
		{"not triggered", "deliveries_refused", history.Filter{Triggered: &no}},
		{"status failed", "deliveries_unsent", history.Filter{States: []outbox.State{outbox.Failed}}},
		{"status of some", "deliveries_unsent", history.Filter{States: []outbox.State{outbox.Failed, outbox.Skipped}}},
		{"status waiting", "deliveries_calls", history.Filter{States: []outbox.State{outbox.Pending, outbox.InHand}}},
		{"status sent", "", history.Filter{States: []outbox.State{outbox.Sent}}},
		{"from", "notices_apart", history.Filter{SentFrom: s.clock().Add(-time.Hour)}},
		{"until", "notices_apart", history.Filter{SentUntil: s.clock().Add(-time.Hour)}},
		{"message of two", "notices_people", history.Filter{MessageID: "1"}},
		{"message that is gone", "notices_apart", history.Filter{MessageID: "gone"}},
	} {
		o.filter.App, o.filter.Documented = "app", true
		// An index of a few rows of all that an app has is read in its order too.
		few := o.index == "notices_apart" || strings.HasPrefix(o.index, "deliveries_") && o.index != "deliveries_reasons" && o.index != "deliveries_unsent"
		p := planned{name: "history by " + o.name, walks: o.index == "" || few, index: o.index}
		p.sorts = o.index == "deliveries_calls" // what is open has its own order
		if s.dialect.name != "sqlite" {
			p.sorts, p.index = true, ""
		}
		p.run = func(ctx context.Context, s *Store) error {
			_, err := s.History(ctx, o.filter, 21)
			return err
		}
		operations = append(operations, p)
	}
	return operations
}
