package storetest

import (
	"errors"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine"
	"github.com/postrider/postrider/internal/outbox"
)

var windowListTests = []test{
	{"shows who waits for what, the next one first", windowList},
	{"shows those of one person, and no more than were asked for", windowListFilters},
	{"says of a call which messages it is about", noticeOfCall},
}

func (s *scene) listWindows(t testing.TB, recipient string, limit int) []engine.Window {
	t.Helper()
	windows, err := s.Windows(t.Context(), app, recipient, limit)
	if err != nil {
		t.Fatal(err)
	}
	return windows
}

func windowList(t *testing.T, f *fixture) {
	s := newScene(f)
	if windows := s.listWindows(t, "", 10); windows == nil || len(windows) > 0 {
		t.Errorf("nobody waits, and the list is %#v; want an empty one", windows)
	}
	pair, group := chat.OneOnOne("ann", "bob"), s.group(t, "walkers", "ann", "bob", "cid")
	s.record(t, s.message("ann", pair))
	early := s.clock.Now()
	s.due()
	opening := early.Add(10 * time.Hour)
	s.decide(t, &told{verdict: func(_ *engine.Case, v *engine.Verdict) {
		*v = engine.Verdict{Wait: opening, Reason: chat.ReasonWaitingForSchedule}
	}})
	late := s.clock.Now()
	s.record(t, s.message("ann", group), s.message("ann", pair))
	want := []engine.Window{
		{UID: "bob", Conversation: group, OpenedAt: late, DueAt: late.Add(wait)},
		{UID: "cid", Conversation: group, OpenedAt: late, DueAt: late.Add(wait)},
		{UID: "bob", Conversation: pair, OpenedAt: early, DueAt: opening, WaitsFor: chat.ReasonWaitingForSchedule},
	}
	if diff := gocmp.Diff(want, s.listWindows(t, "", 10)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func windowListFilters(t *testing.T, f *fixture) {
	s := newScene(f)
	for _, to := range []string{"bob", "cid", "dora"} {
		s.record(t, s.message("ann", chat.OneOnOne("ann", to)))
		s.record(t, s.message("eve", chat.OneOnOne("eve", to)))
		s.clock.Advance(time.Minute)
	}
	shown := func(recipient string, limit int) (all []string) {
		for _, w := range s.listWindows(t, recipient, limit) {
			all = append(all, w.UID+" "+w.Conversation.Label(w.UID))
		}
		return all
	}
	for _, c := range []struct {
		recipient string
		limit     int
		want      []string
	}{
		{"", 3, []string{"bob user:ann", "bob user:eve", "cid user:ann"}},
		{"cid", 10, []string{"cid user:ann", "cid user:eve"}},
		{"cid", 1, []string{"cid user:ann"}},
		{"ann", 10, nil},
		{poison, 10, nil},
	} {
		if diff := gocmp.Diff(c.want, shown(c.recipient, c.limit)); diff != "" {
			t.Errorf("%d of %q (-want +got):\n%s", c.limit, c.recipient, diff)
		}
	}
	if other, err := s.Windows(t.Context(), "other", "", 10); err != nil || len(other) > 0 {
		t.Errorf("windows of another app: %+v, %v", other, err)
	}
}

func noticeOfCall(t *testing.T, f *fixture) {
	s := newScene(f)
	c := chat.OneOnOne("ann", "bob")
	s.record(t, s.message("ann", c), s.message("ann", c), s.message("eve", chat.OneOnOne("eve", "cid")))
	s.due()
	s.decide(t, &told{})
	calls, err := s.List(t.Context(), outbox.Filter{Lane: outbox.LaneCall, Recipient: "bob"}, 10)
	if err != nil || len(calls) != 1 {
		t.Fatalf("calls %+v, %v; want one", calls, err)
	}
	notice, err := s.Notice(t.Context(), calls[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff([]string{"1", "2"}, notice.MessageIDs); diff != "" || notice.ID != calls[0].ID || notice.UID != "bob" || notice.Provider != "custom" {
		t.Errorf("the notice is %+v", notice)
	}
	mail := f.put(t)
	for _, id := range []string{mail.ID, "", poison} {
		if _, err := s.Notice(t.Context(), id); !errors.Is(err, outbox.ErrNotFound) {
			t.Errorf("the notice of %q: %v, want ErrNotFound", id, err)
		}
	}
}
