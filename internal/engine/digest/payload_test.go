package digest_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/digest"
	"github.com/postrider/postrider/internal/engine/event"
	"github.com/postrider/postrider/notification"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// facts reads facts as testdata writes them. The messages go through the
// decoding of events, as they do in life.
func facts(t testing.TB, data []byte) *digest.Facts {
	t.Helper()
	type user struct{ UID, Name, Avatar string }
	var written struct {
		AppID, Region, Email string
		Recipient            user
		Group                *chat.Group
		Users                []user
		Settings             json.RawMessage
		Privacy              bool
		Messages             []json.RawMessage
	}
	if err := json.Unmarshal(data, &written); err != nil {
		t.Fatal(err)
	}
	f := &digest.Facts{
		AppID: written.AppID, Region: written.Region, Email: written.Email, Group: written.Group, Privacy: written.Privacy,
		Recipient: chat.User{UID: written.Recipient.UID, Name: written.Recipient.Name, Avatar: written.Recipient.Avatar},
		Users:     make(map[string]*chat.User), Settings: chat.DefaultSettings(),
	}
	for _, u := range written.Users {
		f.Users[u.UID] = &chat.User{UID: u.UID, Name: u.Name, Avatar: u.Avatar}
	}
	if written.Settings != nil {
		if err := json.Unmarshal(written.Settings, f.Settings); err != nil {
			t.Fatal(err)
		}
	}
	f.Templates = digest.CompileTemplates(&f.Settings.Templates)
	for _, raw := range written.Messages {
		f.Messages = append(f.Messages, sent(t, raw))
	}
	f.Conversation = f.Messages[0].Conversation
	return f
}

func sent(t testing.TB, raw json.RawMessage) chat.Message {
	t.Helper()
	body, err := json.Marshal(map[string]any{"trigger": "message_sent", "data": map[string]any{"message": raw}})
	if err != nil {
		t.Fatal(err)
	}
	events, err := event.Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	return events[0].Change.(chat.MessageSent).Message
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func marshal(t testing.TB, n *notification.Notification) []byte {
	t.Helper()
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(n); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestGolden(t *testing.T) {
	t.Parallel()
	inputs, err := filepath.Glob("testdata/*.json")
	if err != nil || len(inputs) == 0 {
		t.Fatal("no input", err)
	}
	for _, input := range inputs {
		name, isInput := strings.CutSuffix(filepath.Base(input), ".json")
		if !isInput || strings.HasSuffix(name, ".golden") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, err := digest.Build(facts(t, read(t, name+".json")))
			if err != nil {
				t.Fatal(err)
			}
			got := marshal(t, n)
			golden := filepath.Join("testdata", name+".golden.json")
			if *update {
				if err := os.WriteFile(golden, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(read(t, name+".golden.json")), string(got)); diff != "" {
				t.Error(diff)
			}
			// Whatever it holds, it is a payload that a provider accepts.
			if _, err := notification.Decode(got); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSeed holds the two examples that custom providers are written against,
// field for field: none more, none less.
func TestSeed(t *testing.T) {
	t.Parallel()
	const (
		susan    = `"uid":"cometchat-uid-4","avatar":"https://assets.cometchat.io/sampleapp/v2/users/cometchat-uid-4.webp","name":"Susan Marie"`
		john     = `"uid":"cometchat-uid-5","avatar":"https://assets.cometchat.io/sampleapp/v2/users/cometchat-uid-5.webp","name":"John Paul"`
		to       = `"to":{"uid":"cometchat-uid-1","email":"andrew-joseph@example.com","name":"Andrew Joseph"}`
		envelope = `"appId":"app123","region":"us/eu/in","webhook":"custom"`
	)
	for name, want := range map[string]string{
		"seed-one-on-one.json": `{"trigger":"email-notification-payload-generated","data":{` + to + `,"messages":[
			{"sender":{` + susan + `},"message":"Are we meeting on this weekend?"},
			{"sender":{` + susan + `},"message":"📷 Has shared an image"}],
			"senderDetails":{` + susan + `},"subject":"New messages from Susan Marie"},` + envelope + `}`,
		"seed-group.json": `{"trigger":"email-notification-payload-generated","data":{` + to + `,"messages":[
			{"sender":{` + john + `},"message":"Hello all! What's up?"},
			{"sender":{` + susan + `},"message":"This is the place I was thinking about"}],
			"groupDetails":{"guid":"cometchat-guid-1","name":"Hiking Group","icon":"https://assets.cometchat.io/sampleapp/v2/groups/cometchat-guid-1.webp"},
			"subject":"New messages in Hiking Group"},` + envelope + `}`,
	} {
		n, err := digest.Build(facts(t, read(t, name)))
		if err != nil {
			t.Fatal(err)
		}
		var wanted, got any
		if err := json.Unmarshal([]byte(want), &wanted); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(marshal(t, n), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(wanted, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	for _, name := range []string{"three.json", "group.json", "object.json"} {
		var f *digest.Facts
		if name == "three.json" {
			f = facts(b, read(b, "one-on-one.json"))
			f.Messages = append(f.Messages, f.Messages[0])
		} else {
			f = facts(b, read(b, name))
		}
		b.Run(strings.TrimSuffix(name, ".json"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := digest.Build(f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
