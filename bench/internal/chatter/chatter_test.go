package chatter_test

import (
	"testing"
	"time"

	"github.com/postrider/postrider/bench/internal/chatter"
	"github.com/postrider/postrider/internal/chat"
)

var sentAt = time.Unix(1_890_000_000, 0).UTC()

// sent returns the message of a number.
func sent(t *testing.T, template *chatter.Template, number uint64) chat.Message {
	t.Helper()
	e, err := template.Event(number)
	if err != nil {
		t.Fatal(err)
	}
	m, ok := e.Change.(chat.MessageSent)
	if !ok {
		t.Fatalf("%d is %T, want a message", number, e.Change)
	}
	return m.Message
}

// Every message has an id of its own, and opens a window of its own.
func TestMessagesDiffer(t *testing.T) {
	t.Parallel()
	const people = 7
	template := chatter.OneOnOne(people, sentAt)
	ids := make(map[string]bool)
	windows := make(map[[2]string]bool)
	for number := range uint64(people * (people - 1)) {
		m := sent(t, template, number)
		if m.Sender == m.Receiver || m.Conversation != chat.OneOnOne(m.Sender, m.Receiver) || !m.SentAt.Equal(sentAt) {
			t.Errorf("%d is %+v", number, m)
		}
		ids[m.ID] = true
		windows[[2]string{m.Receiver, string(m.Conversation)}] = true
	}
	if len(ids) != people*(people-1) || len(windows) != people*(people-1) {
		t.Errorf("%d ids and %d windows, want %d of each", len(ids), len(windows), people*(people-1))
	}
}

func TestMessagesToGroups(t *testing.T) {
	t.Parallel()
	template := chatter.ToGroups(sentAt)
	for _, number := range []uint64{0, 199, 4_000_000_000} {
		m := sent(t, template, number)
		if m.Sender != chatter.UID(0) || m.Conversation != chat.InGroup(chatter.GUID(number)) {
			t.Errorf("%d is %+v", number, m)
		}
	}
}

// Requests are made beforehand for bodies of one length.
func TestBodiesHaveOneLength(t *testing.T) {
	t.Parallel()
	for _, template := range []*chatter.Template{chatter.OneOnOne(10, sentAt), chatter.ToGroups(sentAt)} {
		body := template.Copy()
		template.Number(body, 4_000_000_000)
		if len(body) != template.Len() {
			t.Errorf("%d bytes, want %d", len(body), template.Len())
		}
	}
}
