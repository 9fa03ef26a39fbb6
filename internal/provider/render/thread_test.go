package render_test

import (
	"mime"
	"strings"
	"testing"

	"github.com/postrider/postrider/internal/provider/render"
	"github.com/postrider/postrider/notification"
)

// One person's mails about one conversation are one thread, and nobody else's.
func TestThreads(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	type ids struct{ thread, list, feedback, message string }
	of := func(change func(*notification.Notification, *render.Envelope)) ids {
		t.Helper()
		n, e := small(), envelope()
		change(n, &e)
		data, err := r.Mail(n, e)
		if err != nil {
			t.Fatal(err)
		}
		h, _, _ := parts(t, data)
		if h.Get("References") != h.Get("In-Reply-To") || h.Get("References") == h.Get("Message-Id") {
			t.Errorf("References %s, In-Reply-To %s, Message-Id %s", h.Get("References"), h.Get("In-Reply-To"), h.Get("Message-Id"))
		}
		_, list, _ := strings.Cut(h.Get("List-Id"), "<")
		return ids{h.Get("References"), list, h.Get("Feedback-Id"), h.Get("Message-Id")}
	}
	first := of(func(*notification.Notification, *render.Envelope) {})
	for _, test := range []struct {
		name               string
		change             func(*notification.Notification, *render.Envelope)
		sameThread, sameID bool // of the list
	}{
		{"the next mail", func(n *notification.Notification, e *render.Envelope) {
			e.DeliveryID, n.Data.Messages[0].Text, n.Data.SenderDetails.Name = "01900000-0000-7000-8000-000000000002", "And the beans", "Otto B."
		}, true, true},
		{"somebody else", func(_ *notification.Notification, e *render.Envelope) { e.Recipient = "yara-9" }, false, true},
		{"another conversation", func(_ *notification.Notification, e *render.Envelope) { e.Conversation = "user:yara-9" }, false, false},
		{"another app", func(n *notification.Notification, _ *render.Envelope) { n.AppID = "app124" }, false, false},
		{"the app is kept elsewhere", func(_ *notification.Notification, e *render.Envelope) { e.App = "second" }, false, false},
		{"letters move from one id to the next", func(_ *notification.Notification, e *render.Envelope) {
			e.Recipient, e.Conversation = e.Recipient+"g", e.Conversation[1:]
		}, false, false},
	} {
		got := of(test.change)
		if (got.thread == first.thread) != test.sameThread || (got.list == first.list) != test.sameID {
			t.Errorf("%s: %+v beside %+v", test.name, got, first)
		}
	}
	if first.feedback != "direct:app123:missed-messages:postrider" {
		t.Errorf("Feedback-ID: %s", first.feedback)
	}
}

func TestListID(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Allotment Club":          `"Allotment Club" <group-`,
		`Club "A" \ <x@y>`:        `"Club \"A\" \\ <x@y>" <group-`,
		"Пешие прогулки":          "Пешие прогулки <group-",
		strings.Repeat("ab ", 99): "<group-",
	} {
		n := small()
		n.Data.SenderDetails, n.Data.GroupDetails = nil, &notification.Group{GUID: "g", Name: name}
		data, err := newRenderer(t).Mail(n, envelope())
		if err != nil {
			t.Fatal(err)
		}
		h, _, _ := parts(t, data)
		got, err := new(mime.WordDecoder).DecodeHeader(h.Get("List-Id"))
		if err != nil || !strings.HasPrefix(got, want) || !strings.HasSuffix(got, ".example.com>") {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}
