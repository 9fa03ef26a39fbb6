package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine"
	past "github.com/postrider/postrider/internal/engine/history"
	"github.com/postrider/postrider/internal/outbox"
)

var evidenceTests = []test{
	{"is kept with the call, and with a replay of it", evidenceKept},
	{"is nothing where there is none", evidenceNone},
	{"comes with the messages that it is about", evidenceMessages},
}

func evidenceKept(t *testing.T, f *fixture) {
	s := newScene(f)
	s.record(t, s.message("ann", chat.OneOnOne("ann", "bob")))
	s.due()
	evidence := []byte(poison)
	s.decide(t, &told{verdict: func(c *engine.Case, v *engine.Verdict) {
		v.Send, v.To, v.Evidence = []int64{c.Messages[0].Number}, []string{"custom"}, evidence
	}})
	id := f.list(t, outbox.Filter{})[0]
	claimed, err := f.Claim(t.Context(), outbox.LaneCall, 1, time.Hour)
	if err != nil || len(claimed) != 1 {
		t.Fatalf("claimed %v, %v", claimed, err)
	}
	f.settle(t, f.settlement(claimed[0], outbox.Sent))
	replayed, err := f.Replay(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []string{id, replayed} {
		if got, err := f.Evidence(t.Context(), one); err != nil || string(got) != string(evidence) {
			t.Errorf("%s rests on %q, %v; want %q", one, got, err, evidence)
		}
	}
}

func evidenceNone(t *testing.T, f *fixture) {
	e := f.put(t) // a mail
	for _, id := range []string{e.ID, "nothing"} {
		if got, err := f.Evidence(t.Context(), id); err != nil || len(got) > 0 {
			t.Errorf("%s rests on %q, %v", id, got, err)
		}
	}
}

func evidenceMessages(t *testing.T, f *fixture) {
	s := newScene(f)
	var ids []string
	var want []past.Message
	for range 90 { // more than one statement takes
		m := s.message("ann", chat.OneOnOne("ann", "bob"))
		s.record(t, m)
		ids = append(ids, m.Message.ID)
		want = append(want, past.Message{
			ID: m.Message.ID, Sender: "ann", Category: chat.CategoryMessage, Type: "text", State: chat.StateVisible,
			SentAt: m.Message.SentAt, ArrivedAt: f.clock.Now(),
		})
	}
	got, err := f.Messages(t.Context(), app, append(ids, "forgotten"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, err := f.Messages(t.Context(), "another", ids); err != nil || len(got) != 0 {
		t.Errorf("another app has %v, %v", got, err)
	}
}
