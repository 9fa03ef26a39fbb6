package event_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/event"
)

// FuzzDecode: no input panics, every fault names its field, and what is
// accepted has ids that can be stored.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		seed, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
		f.Add([]byte("[" + string(seed) + "]"))
	}
	f.Add([]byte(`{"trigger":"message_sent","data":{"message":{"id":1,"sender":{},"receiver":null,"data":{"mentions":{"a":null}}}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		events, err := event.Decode(body)
		if err != nil {
			var fault *chat.FieldError
			if !errors.As(err, &fault) || fault.Field == "" || events != nil {
				t.Fatalf("a fault without its field: %v", err)
			}
			return
		}
		for i := range events {
			checkEvent(t, &events[i])
		}
	})
}

func checkEvent(t *testing.T, e *event.Decoded) {
	t.Helper()
	id := func(id string) {
		if id == "" || id != chat.NormalizeUID(id) || strings.ContainsFunc(id, unicode.IsControl) {
			t.Errorf("%s: id %q", e.Trigger, id)
		}
	}
	text := func(s string) {
		if strings.ContainsFunc(s, unicode.IsControl) {
			t.Errorf("%s: a control character in %q", e.Trigger, s)
		}
	}
	for i := range e.Users {
		id(e.Users[i].UID)
		text(e.Users[i].Name)
	}
	for i := range e.Groups {
		id(e.Groups[i].GUID)
		text(e.Groups[i].Name)
	}
	message := func(m *chat.Message) {
		id(m.Sender)
		id(m.Receiver)
		for _, uid := range m.Mentions {
			id(uid)
		}
		if m.ID == "" || m.Conversation == "" || m.State == "" || m.Body != nil && !json.Valid(m.Body) {
			t.Errorf("%s: message %+v", e.Trigger, m)
		}
	}
	switch change := e.Change.(type) {
	case chat.MessageSent:
		if change.Message.SentAt.IsZero() || change.Message.Body == nil {
			t.Errorf("a message without its moment or its body: %+v", change)
		}
		message(&change.Message)
	case chat.MessageEdited:
		message(&change.Message)
	case chat.Moderated:
		message(&change.Message)
	case chat.Read:
		id(change.Reader)
	case chat.GroupChanged:
		id(change.Group.GUID)
	}
}

// BenchmarkDecode: the goal is 10,000 events a second on one core.
func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"message_sent_one_on_one", "message_sent_mentions", "message_edited", "message_read_receipt", "group_member_added"} {
		b.Run(name, func(b *testing.B) {
			sent := body(b, name)
			b.SetBytes(int64(len(sent)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := event.Decode(sent); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
