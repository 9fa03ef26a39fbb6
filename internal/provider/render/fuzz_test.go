package render_test

import (
	"bytes"
	"encoding/json"
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/postrider/postrider/internal/provider/render"
	"github.com/postrider/postrider/notification"
)

// FuzzMail renders whatever is a valid payload, with whatever brand.
func FuzzMail(f *testing.F) {
	inputs, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, input := range inputs {
		body, err := os.ReadFile(input)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body, "Acme <b>", "#fff", "https://www.example.com/logo.png", "1 Linden Street")
	}
	r := newRenderer(f)
	f.Fuzz(func(t *testing.T, body []byte, name, color, logo, footer string) {
		n, err := notification.Decode(body)
		if err != nil {
			return
		}
		e := envelope()
		e.Brand = render.Brand{Name: name, Color: color, Logo: logo, Footer: footer}
		data, err := r.Mail(n, e)
		if err != nil {
			t.Fatal(err)
		}
		checkMail(t, n, data)
		checkUnbroken(t, n, data)
	})
}

// FuzzText puts texts where they are likely to break something.
func FuzzText(f *testing.F) {
	for _, seed := range []string{
		"", "plain", "<script>", "\u202e\u2069\u2068", "https://example.org/?q=\"'<>&", "http://[::1]:80/%zz", "a\r\n-- \r\nb", "\xff\xfe", "<@uid:x><@all:",
		strings.Repeat("👩‍👩‍👧‍👦", 3000), strings.Repeat("\"", 30_000), strings.Repeat("http://a.b ", 2000), "\u200b", "Z\u0300\u0301\u0302",
	} {
		f.Add(seed, seed, uint8(1))
		f.Add("Otto Brandt", seed, uint8(60))
		f.Add(seed, "Seed order arrived", uint8(3))
	}
	r := newRenderer(f)
	f.Fuzz(func(t *testing.T, name, text string, messages uint8) {
		object, err := json.Marshal(map[string]any{
			"id": text, "category": "message", "type": "text", "sentAt": 1769856000, "parentId": name, "quotedMessage": map[string]any{"text": text, "sender": name},
			"data": map[string]any{"text": text, "attachments": []any{map[string]any{"name": name, "size": len(text)}}, "customData": map[string]any{"options": []any{name}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		n := &notification.Notification{AppID: text, Data: notification.Data{
			To: notification.Recipient{UID: "mira", Name: name}, Subject: text, GroupDetails: &notification.Group{GUID: text, Name: name, Icon: text},
		}}
		for range int(messages) + 1 {
			n.Data.Messages = append(n.Data.Messages, notification.Message{Sender: notification.User{UID: name, Name: name, Avatar: "https://example.org/" + text}, Text: text, Object: object})
		}
		data, err := r.Mail(n, envelope())
		if err != nil {
			t.Fatal(err)
		}
		checkMail(t, n, data)
		checkUnbroken(t, n, data)
	})
}

// ordinary reports whether a text must be found in both parts as it was given:
// something can be seen of it, and nothing in it has to be changed.
func ordinary(s string, longest int) bool {
	return strings.ContainsFunc(s, unicode.IsLetter) && !strings.ContainsAny(s, "\u115f\u1160\u3164\uffa0") && utf8.ValidString(s) && utf8.RuneCountInString(s) <= longest &&
		!strings.ContainsFunc(s, func(r rune) bool {
			return unicode.IsControl(r) && r != '\n' || r == '\u2028' || r == '\u2029' || r == utf8.RuneError
		}) && !strings.Contains(s, "<@") && !strings.Contains(s, "-- ")
}

// checkUnbroken looks for the names and the first text of a payload in both
// parts: on their lines, and without anything in between.
func checkUnbroken(t *testing.T, n *notification.Notification, data []byte) {
	t.Helper()
	_, text, page := parts(t, data)
	text = strings.ReplaceAll(text, "\r\n", "\n")
	page = html.UnescapeString(page)
	look := func(what, s string) {
		t.Helper()
		if !strings.Contains(text, s) || !strings.Contains(page, s) {
			t.Errorf("%s %q is not in both parts", what, s)
		}
	}
	one := func(what, name string) {
		t.Helper()
		if ordinary(name, 1000) && !strings.Contains(name, "\n") {
			look(what, name)
		}
	}
	d := &n.Data
	one("recipient", d.To.Name)
	if d.GroupDetails != nil {
		one("group", d.GroupDetails.Name)
	}
	first := &d.Messages[0]
	one("sender", first.Sender.Name)
	if ordinary(first.Text, 10_000) && len(first.Text) < 10_000 && !strings.Contains(first.Text, "://") {
		look("text", first.Text)
	}
	if !bytes.Contains(data, []byte("\r\n\r\n")) {
		t.Error("no body")
	}
}
