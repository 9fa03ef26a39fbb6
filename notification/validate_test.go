package notification_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/notification"
)

func payload(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestDecode(t *testing.T) {
	t.Parallel()
	susan := notification.User{UID: "cometchat-uid-4", Avatar: "https://img.example.com/susan.webp", Name: "Susan Marie"}
	want := &notification.Notification{
		Trigger: notification.TriggerEmail, AppID: "app123", Region: "us/eu/in", Webhook: notification.WebhookCustom,
		Data: notification.Data{
			To: notification.Recipient{UID: "cometchat-uid-1", Email: "andrew-joseph@example.com", Name: "Andrew Joseph"},
			Messages: []notification.Message{
				{
					Sender: susan, Text: "Are we meeting on this weekend?",
					Object: json.RawMessage(`{"id": "8841", "category": "message", "type": "text", "sentAt": 1890000000}`),
				},
				{Sender: susan, Text: "📷 Has shared an image"},
			},
			SenderDetails: &susan,
			Subject:       "New messages from Susan Marie",
		},
	}
	got, err := notification.Decode(payload(t, "one-on-one.json"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	group, err := notification.Decode(payload(t, "group.json"))
	if err != nil {
		t.Fatal(err)
	}
	if g := group.Data.GroupDetails; g == nil || g.Name != "Hiking Group" || group.Data.SenderDetails != nil {
		t.Errorf("group notification came as %+v", group.Data)
	}
}

// edit returns the one-on-one payload with one value, named by its path,
// replaced; nil removes it.
func edit(t testing.TB, path string, value any) []byte {
	t.Helper()
	var document any
	if err := json.Unmarshal(payload(t, "one-on-one.json"), &document); err != nil {
		t.Fatal(err)
	}
	at := document.(map[string]any)
	keys := strings.Split(path, ".")
	for _, key := range keys[:len(keys)-1] {
		switch next := at[key].(type) {
		case map[string]any:
			at = next
		case []any:
			at = next[0].(map[string]any)
		}
	}
	if last := keys[len(keys)-1]; value == nil {
		delete(at, last)
	} else {
		at[last] = value
	}
	body, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestDecodeNamesTheField(t *testing.T) {
	t.Parallel()
	null := json.RawMessage("null")
	for _, test := range []struct {
		name, path string
		value      any
		field      string
	}{
		{"no data", "data", nil, "data.to.uid"},
		{"data null", "data", null, "data.to.uid"},
		{"data a list", "data", []any{}, "data"},
		{"no recipient", "data.to", nil, "data.to.uid"},
		{"recipient a string", "data.to", "mira", "data.to"},
		{"no uid", "data.to.uid", nil, "data.to.uid"},
		{"uid null", "data.to.uid", null, "data.to.uid"},
		{"uid empty", "data.to.uid", "", "data.to.uid"},
		{"uid a number", "data.to.uid", 7, "data.to.uid"},
		{"uid too long", "data.to.uid", strings.Repeat("a", 101), "data.to.uid"},
		{"uid with NUL", "data.to.uid", "a\x00b", "data.to.uid"},
		{"name a number", "data.to.name", 7, "data.to.name"},
		{"email an object", "data.to.email", map[string]any{}, "data.to.email"},
		{"no messages", "data.messages", nil, "data.messages"},
		{"messages null", "data.messages", null, "data.messages"},
		{"messages empty", "data.messages", []any{}, "data.messages"},
		{"messages an object", "data.messages", map[string]any{}, "data.messages"},
		{"message null", "data.messages", []any{map[string]any{"message": "hi"}, null}, "data.messages[1]"},
		{"message a string", "data.messages", []any{"hi"}, "data.messages[0]"},
		{"text a number", "data.messages.message", 7, "data.messages[0].message"},
		{"sender a string", "data.messages.sender", "otto", "data.messages[0].sender"},
		{"sender uid a number", "data.messages.sender.uid", 7, "data.messages[0].sender.uid"},
		{"message object a string", "data.messages.messageObject", "x", "data.messages[0].messageObject"},
		{"no conversation", "data.senderDetails", nil, "data"},
		{"both conversations", "data.groupDetails", map[string]any{"guid": "g"}, "data"},
		{"conversation a string", "data.senderDetails", "otto", "data.senderDetails"},
		{"subject a list", "data.subject", []any{}, "data.subject"},
		{"appId a number", "appId", 7, "appId"},
		{"region a number", "region", 7, "region"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := notification.Decode(edit(t, test.path, test.value))
			var field *notification.FieldError
			if !errors.As(err, &field) || field.Field != test.field {
				t.Fatalf("got %v, want an error at %s", err, test.field)
			}
		})
	}
	for name, body := range map[string]string{
		"empty": "", "list": "[]", "string": `"x"`, "null": "null", "cut": `{"trigger":`, "two": `{} {}`,
	} {
		t.Run("body "+name, func(t *testing.T) {
			t.Parallel()
			_, err := notification.Decode([]byte(body))
			var field *notification.FieldError
			var kind *notification.KindError
			if !errors.As(err, &field) && !errors.As(err, &kind) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestDecodeRefusesOtherKinds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		path  string
		value any
		says  string
	}{
		{"trigger", "sms-notification-payload-generated", "SMS"},
		{"trigger", "push-notification-payload-generated", "push"},
		{"trigger", "message_sent", "trigger must be"},
		{"trigger", nil, "trigger must be"},
		{"trigger", 7, "trigger must be"},
		{"webhook", "sendgrid", "webhook must be"},
		{"webhook", nil, "webhook must be"},
	} {
		_, err := notification.Decode(edit(t, test.path, test.value))
		var kind *notification.KindError
		if !errors.As(err, &kind) || !strings.HasPrefix(err.Error(), "Invalid trigger or webhook type") || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s = %v: got %v", test.path, test.value, err)
		}
	}
	// What is meant for another channel is told so, whatever else it holds.
	_, err := notification.Decode([]byte(`{"trigger":"sms-notification-payload-generated","data":{"to":7},"webhook":"custom"}`))
	var kind *notification.KindError
	if !errors.As(err, &kind) {
		t.Errorf("an SMS payload: got %v", err)
	}
}

func TestDecodeTolerates(t *testing.T) {
	t.Parallel()
	null := json.RawMessage("null")
	for _, test := range []struct {
		path  string
		value any
	}{
		{"data.to.email", nil},
		{"data.to.email", null},
		{"data.to.name", null},
		{"data.messages.sender.avatar", null},
		{"data.messages.message", null},
		{"data.messages.messageObject", null},
		{"data.senderDetails.avatar", null},
		{"data.groupDetails", null},
		{"data.subject", null},
		{"data.surprise", map[string]any{"a": 1}},
		{"surprise", []any{1, 2}},
		{"region", "anything"},
		{"data.to.uid", strings.Repeat("ä", 100)},
	} {
		if _, err := notification.Decode(edit(t, test.path, test.value)); err != nil {
			t.Errorf("%s = %v: %v", test.path, test.value, err)
		}
	}
}

// What is too large to be taken apart is refused with the field's name all
// the same.
func TestDecodeLarge(t *testing.T) {
	t.Parallel()
	padding := strings.Repeat("x", 1<<20)
	large := func(path string, value any) []byte {
		var document map[string]any
		if err := json.Unmarshal(edit(t, path, value), &document); err != nil {
			t.Fatal(err)
		}
		document["padding"] = padding
		body, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	for _, test := range []struct {
		body []byte
		says string
	}{
		{large("data.to.name", 7), "data.to.name: must not be a JSON number"},
		{large("data.messages.message", 7), "data.messages.message: must not be a JSON number"},
		{large("data.messages.messageObject", "x"), "data.messages[0].messageObject: must be an object"},
		{large("trigger", 7), "Invalid trigger or webhook type"},
		{large("trigger", notification.TriggerSMS), "Invalid trigger or webhook type"},
		{[]byte(`"` + padding + `"`), "body: must be a JSON object"},
		{[]byte(`{"data":"` + padding), "body: is not valid JSON"},
	} {
		if _, err := notification.Decode(test.body); err == nil || !strings.HasPrefix(err.Error(), test.says) {
			t.Errorf("got %v, want %s", err, test.says)
		}
	}
	if _, err := notification.Decode(large("data.messages", []any{nil, map[string]any{"message": "hi"}})); err != nil {
		t.Errorf("a large body with an empty message: %v", err)
	}
}

func TestMarshalIsTheWire(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"one-on-one.json", "group.json"} {
		n, err := notification.Decode(payload(t, name))
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		var want, got map[string]any
		if err := errors.Join(json.Unmarshal(payload(t, name), &want), json.Unmarshal(encoded, &got)); err != nil {
			t.Fatal(err)
		}
		// An absent avatar is left out when writing, and may be null when reading.
		if name == "group.json" {
			delete(want["data"].(map[string]any)["messages"].([]any)[1].(map[string]any)["sender"].(map[string]any), "avatar")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// FuzzDecode: no input panics, and what is accepted is valid and survives
// being written and read again.
func FuzzDecode(f *testing.F) {
	f.Add(payload(f, "one-on-one.json"))
	f.Add(payload(f, "group.json"))
	f.Add([]byte(`{"trigger":"email-notification-payload-generated","webhook":"custom","data":{"to":{"uid":"\u0000"},"messages":[null]}}`))
	f.Add([]byte("{\"data\":{\"to\":{\"uid\":\"\xff\"}}}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := notification.Decode(body)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		if err := n.Validate(); err != nil {
			t.Fatalf("accepted but not valid: %v", err)
		}
		encoded, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		again, err := notification.Decode(encoded)
		if err != nil {
			t.Fatalf("not accepted again: %v\n%s", err, encoded)
		}
		if again.Data.To != n.Data.To || len(again.Data.Messages) != len(n.Data.Messages) {
			t.Errorf("changed on the way: %+v, %+v", n, again)
		}
	})
}
