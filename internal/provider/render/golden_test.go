package render_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/provider/render"
	"github.com/postrider/postrider/notification"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// brands are the looks of mails that have one of their own.
func brands() map[string]render.Brand {
	return map[string]render.Brand{
		"brand": {
			Name: "Acme Gardens", Logo: "https://www.example.com/logo.png", Color: "#b4530a",
			Footer: "Acme Gardens Ltd, 1 Linden Street, Springfield\nQuestions? Write to help@example.com",
		},
		"brand-pale": {Name: "Pale & Sons", Color: "#fff8e1"},
		"brand-dark": {Name: "Night Shift", Color: "#15191b"},
	}
}

// golden are the payloads in testdata, and some that are too long to be
// written down, by name.
func golden(t testing.TB) map[string]*notification.Notification {
	t.Helper()
	inputs, err := filepath.Glob("testdata/*.json")
	if err != nil || len(inputs) == 0 {
		t.Fatal("no input", err)
	}
	payloads := map[string]*notification.Notification{"hundred-messages": many(100, 1), "huge": many(100, 12)}
	for _, input := range inputs {
		body, err := os.ReadFile(input)
		if err != nil {
			t.Fatal(err)
		}
		n, err := notification.Decode(body)
		if err != nil {
			t.Fatalf("%s: %v", input, err)
		}
		payloads[strings.TrimSuffix(filepath.Base(input), ".json")] = n
	}
	return payloads
}

// many is a digest of so many messages by three people.
func many(messages, sentences int) *notification.Notification {
	n := &notification.Notification{AppID: "app123", Data: notification.Data{
		To:           notification.Recipient{UID: "mira-17", Name: "Mira Oduya"},
		GroupDetails: &notification.Group{GUID: "allotment", Name: "Allotment Club"},
		Subject:      "New messages in Allotment Club",
	}}
	people := [...]notification.User{{UID: "otto-4", Name: "Otto Brandt"}, {UID: "yara-9", Name: "Yara El-Amin"}, {UID: "zofia-2", Name: "Zofia Król"}}
	for i := range messages {
		text := fmt.Sprintf("Message %d.", i+1) + strings.Repeat(" The hall is taken, so we meet in the café across the road, at half past six.", sentences)
		object, err := json.Marshal(map[string]any{
			"id": fmt.Sprint(i), "category": "message", "type": "text", "sentAt": 1769850000 + 60*i, "data": map[string]any{"text": text},
		})
		if err != nil {
			panic(err)
		}
		n.Data.Messages = append(n.Data.Messages, notification.Message{Sender: people[i*i/3%len(people)], Text: text, Object: object})
	}
	return n
}

// mailOf renders a golden payload.
func mailOf(t testing.TB, name string, n *notification.Notification) []byte {
	t.Helper()
	r, e := newRenderer(t), envelope()
	if name == "no-links" {
		r = render.New(render.Config{From: mail.Address{Address: "postrider@localhost"}})
	}
	e.Brand = brands()[name]
	if err := e.Brand.Validate(); err != nil {
		t.Fatal(err)
	}
	data, err := r.Mail(n, e)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, n := range golden(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := mailOf(t, name, n)
			file := "testdata/" + name + ".eml"
			if *update {
				if err := os.WriteFile(file, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Error(diff)
			}
			checkMail(t, n, got)
		})
	}
}
