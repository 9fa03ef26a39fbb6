package render_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/provider/render"
	"github.com/postrider/postrider/notification"
)

// toldBy renders a digest of these messages, and returns both parts of its
// mail with all of its header.
func toldBy(t interface {
	Helper()
	Fatal(args ...any)
}, r *render.Renderer, messages ...notification.Message,
) string {
	t.Helper()
	data, err := r.Mail(&notification.Notification{AppID: "app123", Data: notification.Data{
		To:            notification.Recipient{UID: "mira-17", Name: "Mira Oduya"},
		SenderDetails: &notification.User{UID: "otto-4", Name: "Otto Brandt"},
		Messages:      messages,
	}}, envelope())
	if err != nil {
		t.Fatal(err)
	}
	_, text, html := parts(t, data)
	return string(data) + text + html
}

func told(text, object string) notification.Message {
	return notification.Message{Sender: notification.User{UID: "otto-4", Name: "Otto Brandt"}, Text: text, Object: json.RawMessage(object)}
}

const (
	image = `{"category":"message","type":"image","data":{"text":"caption","attachments":[{"name":"FILE.jpg"}]}}`
	poll  = `{"category":"custom","type":"extension_poll","data":{"text":"Beans?","customData":{"options":["OPTION"]}}}`
)

// answers is the object of a text message that quotes another one.
func answers(text, kind string) string {
	object, err := json.Marshal(map[string]any{
		"category": strings.Split(kind, "/")[0], "type": strings.Split(kind, "/")[1],
		"data": map[string]any{"text": text, "quotedMessage": map[string]any{"data": map[string]any{"text": "QUOTE"}}},
	})
	if err != nil {
		panic(err)
	}
	return string(object)
}

// What the payload's texts tell decides what else the mail may.
func TestObjectsAreToldWhereTextsTell(t *testing.T) {
	t.Parallel()
	text := func(text, said string) notification.Message { return told(text, answers(said, "message/text")) }
	long := "We meet at the fountain, at eight o'clock, with rubber boots"
	for _, test := range []struct {
		name     string
		messages []notification.Message
		has      string // what the mail tells of the objects; the others not
	}{
		{"the text", []notification.Message{text("Eight o'clock", "Eight o'clock")}, "QUOTE"},
		{"the text with other blanks", []notification.Message{text("Eight\n o'clock ", "Eight o'clock")}, "QUOTE"},
		{"the text of a mention", []notification.Message{text("Otto mentioned you: Eight", "Eight")}, "QUOTE"},
		{"a mention named as we do", []notification.Message{text("Otto mentioned you: Hi @Mira Oduya", "Hi <@uid:mira-17>")}, "QUOTE"},
		{"a mention named otherwise", []notification.Message{text("Otto mentioned you: Hi @Mimi, ok", "Hi <@uid:mira-17>, ok")}, "QUOTE"},
		{"two mentions named otherwise", []notification.Message{text("@Mimi @Yaya ok", "<@uid:mira-17> <@uid:yara-9> ok")}, "QUOTE"},
		{"nothing but a mention", []notification.Message{text("@Mimi", "<@uid:mira-17>")}, "QUOTE"},
		{"everybody", []notification.Message{text("Otto mentioned everyone: @all ok", "<@all:all> ok")}, "QUOTE"},
		{"a mention that does not end", []notification.Message{text("a <@uid:x", "a <@uid:x")}, "QUOTE"},
		{"a long text inside of more", []notification.Message{text("“"+long+"”, writes Otto", long)}, "QUOTE"},
		{"a long text with a mention inside of more", []notification.Message{text("“"+long+" @Mimi!”, writes Otto", long+" <@uid:mira-17>!")}, "QUOTE"},
		{"a text that was shortened", []notification.Message{text(long[:30]+"…", long)}, "QUOTE"},
		{"media as usual", []notification.Message{told("📷 Has sent an image", image)}, "FILE"},
		{"media as in the documentation's example", []notification.Message{told("📷 Has shared an image", image)}, "FILE"},
		{"media told otherwise, beside a text that is told", []notification.Message{text("ok", "ok"), told("A picture", image)}, "QUOTE FILE"},
		{"a poll", []notification.Message{told("Poll: Beans?", poll)}, "OPTION"},

		{"the documented private text", []notification.Message{text("New message", "Eight")}, ""},
		{"the documented private text, which is the message's as well", []notification.Message{text("New message", "New message")}, ""},
		{"a private text of the app", []notification.Message{text("Otto has written", "Eight")}, ""},
		{"a private text that holds the message by accident", []notification.Message{text("You have a new message", "new")}, ""},
		{"a private text that ends with it by accident", []notification.Message{text("You have a message", "a message")}, ""},
		{"a private text that begins it by accident", []notification.Message{text("Hello", "Hello world")}, ""},
		{"a private text for a mention", []notification.Message{text("You are mentioned", "<@uid:mira-17>")}, ""},
		{"a private text with the mention's beginning", []notification.Message{text("Hi there", "Hi <@uid:mira-17>")}, ""},
		{"a private text with the mention's end", []notification.Message{text("@Mira", "<@uid:mira-17> come at once")}, ""},
		{"private media", []notification.Message{told("New image message", image)}, ""},
		{"private media of the app", []notification.Message{told("A picture", image)}, ""},
		{"media as usual beside a private text", []notification.Message{told("📷 Has sent an image", image), text("Otto has written", "Eight")}, ""},
		{"a private image beside a text that is told", []notification.Message{text("ok", "ok"), told("New image message", image)}, "QUOTE"},
		{"a private poll", []notification.Message{told("New message", poll)}, ""},
		{"a private poll of the app", []notification.Message{told("A poll", poll)}, ""},
		{"a poll that is told beside a private text", []notification.Message{told("Poll: Beans?", poll), text("Otto has written", "Eight")}, ""},
		{"a custom message that privacy mode tells too", []notification.Message{told("A gift", answers("A gift", "custom/gift"))}, ""},
		{"interactive", []notification.Message{told("A form", answers("A form", "interactive/form"))}, ""},
		{"no text on either side", []notification.Message{text("", "")}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			mail := toldBy(t, newRenderer(t), test.messages...)
			for _, part := range []string{"QUOTE", "FILE", "OPTION"} {
				if has := strings.Contains(mail, part); has != strings.Contains(test.has, part) {
					t.Errorf("tells %s: %v", part, has)
				}
			}
		})
	}
}

// Nothing of what its message objects hold is in the mail of a private digest,
// whatever the private texts are and wherever it stands.
func TestPrivateDigestsTellNothing(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	texts := rapid.OneOf(
		rapid.SampledFrom([]string{"New message", "New mention", "New image message", "New file message", "", " ", "A message", "Something for you: open the chat", "📷 Has sent an image", "Poll: open the chat"}),
		rapid.StringMatching(`[A-Za-z0-9 :.,!@“”]{0,60}`),
	)
	// Nothing in a mail is called so by accident.
	content := rapid.Map(rapid.StringMatching(`[a-z]{0,8}( <@uid:(mira-17|yara-9|zo)>)?[a-z ]{0,30}`), func(s string) string { return s + "xqzsecretqzx" })
	rapid.Check(t, func(t *rapid.T) {
		parent := func(name string) map[string]any {
			if rapid.Bool().Draw(t, "no "+name) {
				return nil
			}
			return map[string]any{
				"id": rapid.SampledFrom([]string{"1", "2", "77"}).Draw(t, name+" id"), "sender": map[string]any{"uid": "yara-9", "name": content.Draw(t, name+" sender")},
				"data": map[string]any{"text": content.Draw(t, name+" text"), "mentions": map[string]any{"mira-17": map[string]any{"name": content.Draw(t, name+" mention")}}},
			}
		}
		var messages []notification.Message
		hasText := false
		for i := range rapid.IntRange(1, 6).Draw(t, "messages") {
			kind := rapid.SampledFrom([][2]string{
				{"message", "text"},
				{"message", "image"},
				{"message", "audio"},
				{"message", "video"},
				{"message", "file"},
				{"custom", "extension_poll"},
				{"custom", "gift"},
				{"interactive", "form"},
			}).Draw(t, "kind")
			hasText = hasText || kind[1] == "text"
			said := texts.Draw(t, "text")
			switch {
			case hasText && kind[0] == "message" && kind[1] != "text" && rapid.Bool().Draw(t, "usual"):
				said = "📷 Has sent an " + kind[1] // of a template that nobody has changed
			case !hasText && strings.Contains(said, "Has "):
				said = "Something else" // by itself it would be the documented one, and not private
			}
			object, err := json.Marshal(map[string]any{
				"id": i + 1, "category": kind[0], "type": kind[1], "sentAt": 1769856000 + i, "editedAt": 1769856100,
				"parentId": rapid.SampledFrom([]string{"", "1", "2", "77"}).Draw(t, "parent id"), "quotedMessage": parent("quoted"), "parentMessage": parent("parent"),
				"data": map[string]any{
					"text": content.Draw(t, "said"), "url": "https://files.example.org/" + content.Draw(t, "url"), "quotedMessage": parent("inner quoted"),
					"attachments": []any{map[string]any{"name": content.Draw(t, "file"), "url": "https://files.example.org/" + content.Draw(t, "file url"), "size": 98765432}},
					"mentions":    map[string]any{"mira-17": map[string]any{"name": content.Draw(t, "mentioned")}},
					"customData":  map[string]any{"options": []any{content.Draw(t, "option"), map[string]any{"text": content.Draw(t, "option with a text")}}},
					"metadata":    map[string]any{"@injected": map[string]any{"extensions": map[string]any{"polls": map[string]any{"options": map[string]any{"1": content.Draw(t, "injected")}}}}},
					"entities":    map[string]any{"sender": map[string]any{"entity": map[string]any{"name": content.Draw(t, "sender")}}},
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			messages = append(messages, told(said, string(object)))
		}
		mail := toldBy(t, r, messages...)
		for _, part := range []string{"xqzsecretqzx", "98765432", "99 MB", "files.example.org", "earlier message", "In reply", "edited", "mentioned"} {
			if strings.Contains(mail, part) {
				t.Fatalf("the mail holds %q", part)
			}
		}
	})
}
