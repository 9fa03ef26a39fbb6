package digest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/digest"
	"github.com/postrider/postrider/notification"
)

// text is a message of Otto to Mira.
func text(t testing.TB, id int, text string) chat.Message {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"id": id, "sender": "otto-4", "receiver": "mira-17", "receiverType": "user", "sentAt": 1890000000 + id,
		"data": map[string]any{"text": text},
	})
	if err != nil {
		t.Fatal(err)
	}
	return sent(t, body)
}

func toMira(messages ...chat.Message) *digest.Facts {
	settings := chat.DefaultSettings()
	return &digest.Facts{
		AppID: "app", Region: "eu", Recipient: chat.User{UID: "mira-17", Name: "Mira Oduya"},
		Conversation: chat.OneOnOne("mira-17", "otto-4"), Messages: messages,
		Settings: settings, Templates: digest.CompileTemplates(&settings.Templates),
	}
}

// The newest hundred are told, oldest first (S9).
func TestNewestHundred(t *testing.T) {
	t.Parallel()
	f := toMira()
	for i := range 105 {
		f.Messages = append(f.Messages, text(t, i+1, fmt.Sprintf("number %d", i+1)))
	}
	n, err := digest.Build(f)
	if err != nil {
		t.Fatal(err)
	}
	m := n.Data.Messages
	if len(m) != digest.MaxMessages || m[0].Text != "number 6" || m[99].Text != "number 105" {
		t.Errorf("%d messages, from %q to %q", len(m), m[0].Text, m[len(m)-1].Text)
	}
}

// A long text is told whole.
func TestLongText(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("äöü {{to.name}} ", 625)
	n, err := digest.Build(toMira(text(t, 1, long)))
	if err != nil {
		t.Fatal(err)
	}
	if n.Data.Messages[0].Text != long || utf8.RuneCountInString(long) != 10_000 {
		t.Errorf("%d characters of %d", utf8.RuneCountInString(n.Data.Messages[0].Text), utf8.RuneCountInString(long))
	}
}

// The newest sender is whom a one-on-one digest is from.
func TestSenderDetailsAreTheNewest(t *testing.T) {
	t.Parallel()
	older, newer := text(t, 1, "a"), text(t, 2, "b")
	newer.Body = json.RawMessage(`{"data":{"text":"b","entities":{"sender":{"entity":{"name":"Otto B."}}}}}`)
	f := toMira(older, newer)
	f.Users = map[string]*chat.User{"otto-4": {UID: "otto-4", Name: "Otto Brandt", Avatar: "https://img.example.org/o.png"}}
	n, err := digest.Build(f)
	if err != nil {
		t.Fatal(err)
	}
	want := &notification.User{UID: "otto-4", Name: "Otto B.", Avatar: "https://img.example.org/o.png"}
	if diff := cmp.Diff(want, n.Data.SenderDetails); diff != "" {
		t.Error(diff)
	}
	if n.Data.Messages[0].Sender.Name != "Otto Brandt" || n.Data.Subject != "New messages from Otto B." {
		t.Errorf("got %+v", n.Data)
	}
}

// Whom the API has made or changed is shown as the directory has them, wholly;
// others as messages call them.
func TestPeopleOfTheAPI(t *testing.T) {
	t.Parallel()
	const said = `{"data":{"text":"<@uid:Lena-2> and <@uid:mira-17>","mentions":{"lena-2":{"uid":"lena-2","name":"Lena said"},"mira-17":{"uid":"mira-17","name":"Mira said"}},
		"entities":{"sender":{"entity":{"name":"Otto said","avatar":"https://said/o"}},"receiver":{"entity":{"name":"Mira said","avatar":"https://said/m"}}}}}`
	for _, test := range []struct {
		name              string
		otto, lena, mira  chat.User
		sender            notification.User
		text, to, picture string
	}{
		{
			"learned",
			chat.User{Name: "Otto", Avatar: "https://known/o"},
			chat.User{Name: "Lena"},
			chat.User{Name: "Mira", Avatar: "https://known/m"},
			notification.User{Name: "Otto said", Avatar: "https://said/o"},
			"@Lena said and @Mira said", "Mira said", "https://said/m",
		},
		{
			"made",
			chat.User{Name: "Otto", Avatar: "https://known/o", Made: true},
			chat.User{Name: "Lena", Made: true},
			chat.User{Name: "Mira", Avatar: "https://known/m", Made: true},
			notification.User{Name: "Otto", Avatar: "https://known/o"},
			"@Lena and @Mira", "Mira", "https://known/m",
		},
		{
			"made, without a picture",
			chat.User{Name: "Otto", Made: true},
			chat.User{Name: "Lena"},
			chat.User{Name: "Mira", Made: true},
			notification.User{Name: "Otto"},
			"@Lena said and @Mira", "Mira", "",
		},
		{
			"changed, and never named",
			chat.User{Avatar: "https://known/o", Made: true},
			chat.User{Made: true},
			chat.User{Made: true},
			notification.User{Name: "Otto said", Avatar: "https://known/o"},
			"@Lena said and @Mira said", "Mira said", "",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := text(t, 1, "")
			m.Body = json.RawMessage(said)
			f := toMira(m)
			test.mira.UID = "mira-17"
			f.Recipient, f.Users = test.mira, map[string]*chat.User{"otto-4": &test.otto, "lena-2": &test.lena}
			const entity = "{{message.data.entities.receiver.entity."
			f.Settings.Templates.Texts["textMessageTemplateDefault"]["body"] = "{{message.data.text}}, " + entity + "name}}"
			pictured := "{{message.data.text}}, " + entity + "name}}, " + entity + "avatar}}"
			want := test.text + ", " + test.to
			if test.picture != "" {
				f.Settings.Templates.Texts["textMessageTemplateDefault"]["body"], want = pictured, want+", "+test.picture
			}
			f.Templates = nil
			n, err := digest.Build(f)
			if err != nil {
				t.Fatal(err)
			}
			test.sender.UID = "otto-4"
			if diff := cmp.Diff(&test.sender, n.Data.SenderDetails); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(notification.Message{Sender: test.sender, Text: want}, n.Data.Messages[0]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A group's directory entry is newer than what old messages say of it.
func TestGroupIsCalledAsNow(t *testing.T) {
	t.Parallel()
	f := facts(t, read(t, "group.json"))
	f.Group = &chat.Group{GUID: "allotment-club", Name: "Allotment & Orchard"}
	n, err := digest.Build(f)
	if err != nil {
		t.Fatal(err)
	}
	want := &notification.Group{GUID: "allotment-club", Name: "Allotment & Orchard", Icon: "https://img.example.org/club.png"}
	if diff := cmp.Diff(want, n.Data.GroupDetails); diff != "" || n.Data.Subject != "New messages in Allotment & Orchard" {
		t.Error(diff, n.Data.Subject)
	}
}

// Mentions count where they apply: everybody's in a group, and all only where
// there is a text.
func TestMentionsApply(t *testing.T) {
	t.Parallel()
	all := text(t, 1, "<@all:all> hello")
	all.MentionsAll = true
	silent := text(t, 2, " ")
	silent.Type, silent.Mentions = "image", []string{"mira-17"}
	n, err := digest.Build(toMira(all, silent))
	if err != nil {
		t.Fatal(err)
	}
	if m := n.Data.Messages; m[0].Text != "@all hello" || m[1].Text != "📷 Has sent an image" {
		t.Errorf("got %q, %q", m[0].Text, m[1].Text)
	}
}

// Names are put into texts of a message's data, not into what describes it.
func TestMentionsInMetadataStay(t *testing.T) {
	t.Parallel()
	m := text(t, 1, "hello")
	m.Body = json.RawMessage(`{"data":{"text":"hello","metadata":{"x":"<@uid:mira-17>"},"y":"<@uid:mira-17>"}}`)
	f := toMira(m)
	f.Settings.Templates.Texts["textMessageTemplateDefault"]["body"] = "{{data.metadata.x}} {{data.y}}"
	f.Templates = nil
	n, err := digest.Build(f)
	if err != nil || n.Data.Messages[0].Text != "<@uid:mira-17> @Mira Oduya" {
		t.Errorf("got %+v, %v", n, err)
	}
}

// Templates that the caller did not compile are compiled.
func TestTemplatesOfSettings(t *testing.T) {
	t.Parallel()
	f := toMira(text(t, 1, "hello"))
	f.Settings.Templates.Texts["textMessageTemplateDefault"]["body"] = "says {{message.data.text}}"
	f.Templates = nil
	n, err := digest.Build(f)
	if err != nil || n.Data.Messages[0].Text != "says hello" {
		t.Errorf("got %+v, %v", n, err)
	}
}

// A body whose placeholders have no value gives way to the app's fallback,
// then to the built-in text of that kind.
func TestFallbacks(t *testing.T) {
	t.Parallel()
	poll := text(t, 1, "Beans?")
	poll.Category, poll.Type = chat.CategoryCustom, "extension_poll"
	image := text(t, 2, "caption")
	image.Type = "image"
	for _, test := range []struct {
		name, template, field, body, fallback string
		message                               chat.Message
		private                               bool
		want                                  string
	}{
		{"the app's fallback", "pollMessageTemplateDefault", "body", "{{message.x}}", "Vote!", poll, false, "Vote!"},
		{"a fallback that has no value either", "pollMessageTemplateDefault", "body", "{{message.x}}", "{{message.y}}", poll, false, "Poll: Beans?"},
		{"no fallback", "pollMessageTemplateDefault", "body", "{{message.x}}", "", poll, false, "Poll: Beans?"},
		{"no body", "pollMessageTemplateDefault", "body", "", "", poll, false, "Poll: Beans?"},
		{"a field without a fallback", "mediaMessageTemplateDefault", "body_image", "{{message.x}}", "", image, false, "📷 Has sent an image"},
		{"an object", "pollMessageTemplateDefault", "body", "{{message.data}}", "no", poll, false, "no"},
		{"null", "pollMessageTemplateDefault", "body", "{{message.data.null}}", "no", poll, false, "no"},
		{"the caption", "mediaMessageTemplateDefault", "body_image", "📷 {{message.data.text}}", "", image, false, "📷 caption"},
		{"private", "pollMessageTemplatePrivacy", "body", "{{message.x}}", "", poll, true, "New message"},
		{"private, of a kind", "mediaMessageTemplatePrivacy", "body_image", "{{message.x}}", "", image, true, "New image message"},
		{"private, with a text of the app", "pollMessageTemplatePrivacy", "body", "A poll", "", poll, true, "A poll"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := toMira(test.message)
			f.Privacy, f.Templates = test.private, nil
			texts := f.Settings.Templates.Texts[test.template]
			texts[test.field], texts["body_fallback"] = test.body, test.fallback
			n, err := digest.Build(f)
			if err != nil || n.Data.Messages[0].Text != test.want {
				t.Errorf("got %q, %v, want %q", n.Data.Messages[0].Text, err, test.want)
			}
		})
	}
}

func TestSubjectFallsBack(t *testing.T) {
	t.Parallel()
	for template, want := range map[string]string{
		"{{senderDetails.name}}\r\nBcc: {{to.uid}}": "otto-4 Bcc: mira-17",
		"{{senderDetails.avatar}}":                  "New messages from otto-4",
		"{{groupDetails.name}}":                     "New messages from otto-4",
		"{{messages}}":                              "New messages from otto-4",
		"{{messages.1.message}}":                    "New messages from otto-4",
		"{{messages.-1.message}}":                   "New messages from otto-4",
		"{{to.email}}":                              "New messages from otto-4",
		"{{message.data.text}}":                     "New messages from otto-4",
		"":                                          "New messages from otto-4",
		"{{messages.0.sender.uid}} {{name}":         "otto-4 {{name}",
	} {
		f := toMira(text(t, 1, "hello"))
		f.Settings.Templates.Texts["emailSubjectTemplateDefault"]["subjectOneOnOne"] = template
		f.Templates = nil
		n, err := digest.Build(f)
		if err != nil || n.Data.Subject != want {
			t.Errorf("%q: got %q, %v, want %q", template, n.Data.Subject, err, want)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*digest.Facts){
		"recipient":    func(f *digest.Facts) { f.Recipient.UID = "" },
		"conversation": func(f *digest.Facts) { f.Conversation = "" },
		"messages":     func(f *digest.Facts) { f.Messages = nil },
		"settings":     func(f *digest.Facts) { f.Settings = nil },
		"message object": func(f *digest.Facts) {
			f.Settings.Preferences.Email.IncludeMessageObject = true
			f.Messages[0].Body = json.RawMessage(`{"data":`)
		},
	} {
		f := toMira(text(t, 1, "hello"))
		change(f)
		if _, err := digest.Build(f); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// A message that cannot be read is a poorer line, not a lost digest.
func TestUnreadableBody(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "null", "x", "[]", `{"data":7}`, `{"data":{"text":7,"entities":[]}}`, "{\"data\":{\"text\":\"\xff\"}}"} {
		m := text(t, 1, "hello")
		m.Body = json.RawMessage(body)
		n, err := digest.Build(toMira(m))
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		want := "New message"
		if strings.Contains(body, "\xff") {
			want = "\uFFFD"
		}
		if got := n.Data.Messages[0]; got.Text != want || got.Sender.Name != "otto-4" {
			t.Errorf("%s: got %+v", body, got)
		}
	}
}

// Broken UTF-8 does not leave the house, and does not change the facts.
func TestObjectIsUTF8(t *testing.T) {
	t.Parallel()
	f := toMira(text(t, 1, "hello"))
	f.Settings.Preferences.Email.IncludeMessageObject = true
	body := "{ \"data\": {\"x\":\"\xff\",\"metadata\":{}}, \"<\":1}"
	f.Messages[0].Body = json.RawMessage(body)
	n, err := digest.Build(f)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(n)
	if err != nil || !utf8.Valid(encoded) || strings.Contains(string(encoded), "metadata") {
		t.Errorf("%q, %v", encoded, err)
	}
	if string(f.Messages[0].Body) != body {
		t.Errorf("the facts were changed to %q", f.Messages[0].Body)
	}
}

// TestSubjectIsOneLine: whatever people are called and write.
func TestSubjectIsOneLine(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		settings := chat.DefaultSettings()
		settings.Templates.Texts["emailSubjectTemplateDefault"]["subjectOneOnOne"] = rapid.String().Draw(t, "before") + "{{to.name}}{{messages.0.message}}"
		body, err := json.Marshal(map[string]any{"data": map[string]any{"text": rapid.String().Draw(t, "text")}})
		if err != nil {
			t.Fatal(err)
		}
		n, err := digest.Build(&digest.Facts{
			Recipient: chat.User{UID: "mira-17", Name: rapid.String().Draw(t, "name")}, Conversation: chat.OneOnOne("mira-17", "otto-4"),
			Messages: []chat.Message{{ID: "1", Sender: "otto-4", Category: chat.CategoryMessage, Type: "text", Body: body}}, Settings: settings,
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{n.Data.Subject, n.Data.To.Name} {
			if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 }) {
				t.Fatalf("not one line: %q", s)
			}
		}
	})
}

// FuzzBuild: no body panics, and whatever is built is a payload that a
// provider accepts.
func FuzzBuild(f *testing.F) {
	f.Add([]byte(`{"data":{"text":"<@uid:mira-17> <@all:x> {{to.name}}"}}`), "{{message.data.text}}", "message", "text")
	f.Add([]byte(`{"data":{"interactiveData":{"title":["a"]},"mentions":[{"uid":"a"}]}}`), "{{ data.interactiveData.title.length }}", "interactive", "form")
	f.Add([]byte(`{"data":{"metadata":{},"entities":{"sender":{"entity":{"metadata":[]}}}}}`), "{{{x}}", "custom", "extension_poll")
	f.Fuzz(func(t *testing.T, body []byte, template, category, kind string) {
		facts := toMira(chat.Message{ID: "1", Sender: "otto-4", Category: chat.Category(category), Type: kind, Body: body})
		for _, texts := range facts.Settings.Templates.Texts {
			texts["body"] = template
		}
		facts.Templates = nil
		facts.Settings.Preferences.Email.IncludeMessageObject = json.Valid(body)
		n, err := digest.Build(facts)
		if err != nil {
			t.Fatal(err)
		}
		if n.Data.Messages[0].Text == "" {
			t.Error("a message without a line")
		}
		encoded, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := notification.Decode(encoded); err != nil {
			t.Fatal(err)
		}
	})
}
