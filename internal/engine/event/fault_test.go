package event_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/event"
)

// edit returns a body with one value, named by its path, replaced; nil removes
// it.
func edit(t testing.TB, name, path string, value any) []byte {
	t.Helper()
	return editBody(t, body(t, name), path, value)
}

func editTwice(t testing.TB, name, path string, value any, other string, otherValue any) []byte {
	t.Helper()
	return editBody(t, edit(t, name, path, value), other, otherValue)
}

func editBody(t testing.TB, sent []byte, path string, value any) []byte {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal(sent, &document); err != nil {
		t.Fatal(err)
	}
	at, keys := document, strings.Split(path, "/")
	for _, key := range keys[:len(keys)-1] {
		at = at[key].(map[string]any)
	}
	if last := keys[len(keys)-1]; value == nil {
		delete(at, last)
	} else {
		at[last] = value
	}
	edited, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return edited
}

func TestDecodeNamesTheField(t *testing.T) {
	t.Parallel()
	const one, edited, receipt, members = "message_sent_one_on_one", "message_edited", "message_read_receipt", "group_member_added"
	long := strings.Repeat("ä", chat.MaxUIDLength+1)
	for _, test := range []struct {
		name, path string
		value      any
		want       string
	}{
		{one, "trigger", nil, "trigger: is required"},
		{one, "trigger", 7, "trigger: must be a string, not a number"},
		{one, "appId", []int{1}, "appId: must be a string, not an array"},
		{one, "data", nil, "data: is required"},
		{one, "data", "x", "data: must be an object, not a string"},
		{one, "data/message", nil, "data.message: is required"},
		{one, "data/message", []int{}, "data.message: must be an object, not an array"},
		{one, "data/message/id", nil, "data.message.id: is required"},
		{one, "data/message/id", 1.5, "data.message.id: must be a string or a whole number, not a number"},
		{one, "data/message/id", "a\x00", "data.message.id: contains a control character"},
		{one, "data/message/sender", nil, "data.message.sender: is required"},
		{one, "data/message/sender", true, "data.message.sender: must be an id or an object, not a boolean"},
		{one, "data/message/sender", map[string]any{"uid": "a", "name": 7}, "data.message.sender.name: must be a string, not a number"},
		{one, "data/message/sender", long, "data.message.sender: is longer than 100 characters"},
		{one, "data/message/receiver", "", "data.message.receiver: is required"},
		{one, "data/message/receiver", "a\u0085b", "data.message.receiver: contains a control character"},
		{one, "data/message/receiverType", nil, "data.message.receiverType: is required"},
		{one, "data/message/receiverType", "channel", `data.message.receiverType: must be "user" or "group"`},
		{one, "data/message/category", 1, "data.message.category: must be a string, not a number"},
		{one, "data/message/sentAt", nil, "data.message.sentAt: is required"},
		{one, "data/message/sentAt", "soon", "data.message.sentAt: must be a UNIX time in whole seconds, not a string"},
		{one, "data/message/sentAt", 1890000000000, "data.message.sentAt: must be a UNIX time in whole seconds, not a number"},
		{one, "data/message/sentAt", -1, "data.message.sentAt: must be a UNIX time in whole seconds, not a number"},
		{one, "data/message/parentId", long, "data.message.parentId: is longer than 100 characters"},
		{one, "data/message/quotedMessage", []int{}, "data.message.quotedMessage: must be an id or an object, not an array"},
		{one, "data/message/data", nil, "data.message.data: is required"},
		{one, "data/message/data", "hi", "data.message.data: must be an object, not a string"},
		{one, "data/message/data/text", map[string]any{}, "data.message.data.text: must be a string, not an object"},
		{one, "data/message/data/sendNotification", "yes", "data.message.data.sendNotification: must be true or false, not a string"},
		{one, "data/message/data/entities/sender/entity/uid", long, "data.message.data.entities.sender.entity.uid: is longer than 100 characters"},
		{one, "data/message/data/entities/sender/entity/name", 7, "data.message.data.entities.sender.entity.name: must be a string, not a number"},
		{one, "data/message/data/entities/receiver/entity/metadata", "x", "data.message.data.entities.receiver.entity.metadata: must be an object, not a string"},
		{one, "data/message/data/entities/receiver/entity/tags", "x", "data.message.data.entities.receiver.entity.tags: must be an array, not a string"},
		{one, "data/message/data/mentions", "x", "data.message.data.mentions: must be an object, not a string"},
		{one, "data/message/data/mentions", map[string]any{"a": map[string]any{}, "b": 7}, "data.message.data.mentions.b: must be an object, not a number"},
		{one, "data/message/data/mentions", map[string]any{"b": map[string]any{"name": 7}}, "data.message.data.mentions.b.name: must be a string, not a number"},
		{one, "data/message/data/mentions", map[string]any{"a\x01": map[string]any{}}, "data.message.data.mentions.a\x01.uid: contains a control character"},
		{one, "data/message/data/text", strings.Repeat("x", event.MaxMessage), "data.message: is longer than 65,536 characters"},
		{edited, "data/message/data/entities/on", nil, "data.message.data.entities.on.entity: is required"},
		{edited, "data/message/data/entities/on/entity/id", nil, "data.message.data.entities.on.entity.id: is required"},
		{edited, "data/message/data/entities/by/entity/uid", long, "data.message.data.entities.by.entity.uid: is longer than 100 characters"},
		{"message_deleted", "data/message/data/entities/on/entity", map[string]any{}, "data.message.data.entities.on.entity.id: is required"},
		{"message_deleted_plain", "data/message/receiver", nil, "data.message.receiver: is required"},
		{"moderation_engine_failed", "data/resource/id", nil, "data.resource.id: is required"},
		{"moderation_engine_blocked", "data/message/sentAt", nil, "data.message.sentAt: is required"},
		{receipt, "data", nil, "data: is required"},
		{receipt, "data/receiver", nil, "data.receiver: is required"},
		{receipt, "data/receiverType", nil, "data.receiverType: is required"},
		{receipt, "data/body/messageId", []int{}, "data.body.messageId: must be a string or a whole number, not an array"},
		{receipt, "data/body/user", "mira-17", "data.body.user: must be an object, not a string"},
		{receipt, "data/body", map[string]any{}, "data.body.messageId: is required"},
		{"message_read_receipt_group", "data/sender", nil, "data.sender: is required"},
		{"message_read_receipt_turned", "data/messageSender", long, "data.messageSender: is longer than 100 characters"},
		{members, "data", nil, "data: is required"},
		{members, "data/group", nil, "data.group: is required"},
		{members, "data/group/guid", nil, "data.group.guid: is required"},
		{members, "data/group/owner", long, "data.group.owner: is longer than 100 characters"},
		{members, "data/members", nil, "data.members: is required"},
		{members, "data/members/zoe-9/scope", "king", `data.members.zoe-9.scope: must be "admin", "moderator" or "participant"`},
		{members, "data/by", map[string]any{"uid": long}, "data.by.uid: is longer than 100 characters"},
		{"group_member_scope_changed", "data/members/zoe-9/scope", nil, "data.members.zoe-9.scope: is required"},
		{"group_owner_transferred", "data/group/owner", nil, "data.group.owner: is required"},
		{"user_blocked", "data/by", nil, "data.by: is required"},
		{"user_blocked", "data/users", nil, "data.users: is required"},
	} {
		t.Run(test.name+" "+strings.ReplaceAll(test.path, "/", "."), func(t *testing.T) {
			t.Parallel()
			got, err := event.Decode(edit(t, test.name, test.path, test.value))
			var fault *chat.FieldError
			if !errors.As(err, &fault) || err.Error() != test.want || got != nil {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
	for body, want := range map[string]string{
		"": "body: is not valid JSON", "x": "body: is not valid JSON", `"x"`: "body: must be an object, not a string",
		"null": "trigger: is required", "{}": "trigger: is required", "[null]": "[0].trigger: is required", "[1]": "[0]: must be an object, not a number",
		"{} {}": "body: is not valid JSON", "[{}": "body: is not valid JSON",
	} {
		if _, err := event.Decode([]byte(body)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", body, err, want)
		}
	}
}

func TestDecodeTolerates(t *testing.T) {
	t.Parallel()
	const one = "message_sent_one_on_one"
	for _, test := range []struct {
		path  string
		value any
	}{
		{"webhook", map[string]any{"a": 1}},
		{"region", 7},
		{"appId", nil},
		{"surprise", []int{1}},
		{"data/message/surprise", []int{1}},
		{"data/message/parentId", 0},
		{"data/message/data/entities", nil},
		{"data/message/data/entities/receiver/entity/metadata", []int{}},
		{"data/message/data/mentions", []int{}},
		{"data/message/data/mentions", []any{map[string]any{"uid": "lena-2"}}},
		{"data/message/data/customData", "not an object"},
		{"data/message/data/customData", map[string]any{"sendNotification": "maybe"}},
		{"data/message/sender", strings.Repeat("ä", chat.MaxUIDLength)},
		{"data/message/sender", 17},
	} {
		got, err := event.Decode(edit(t, one, test.path, test.value))
		if err != nil {
			t.Errorf("%s = %v: %v", test.path, test.value, err)
			continue
		}
		sent, ok := got[0].Change.(chat.MessageSent)
		if !ok || sent.Message.ParentID != "" {
			t.Errorf("%s = %v: came as %+v", test.path, test.value, got[0].Change)
		}
	}
}

// Events that are none of ours may look as they like.
func TestDecodeUnknown(t *testing.T) {
	t.Parallel()
	for _, data := range []any{nil, "x", 7, []int{1}, map[string]any{"message": 7, "body": "x"}} {
		got, err := event.Decode(edit(t, "unknown", "data", data))
		if err != nil || len(got) != 1 || got[0].AppID != app || got[0].Trigger != "meeting_started" || got[0].Change != nil {
			t.Errorf("%v: got %+v, %v", data, got, err)
		}
	}
	if _, err := event.Decode([]byte(`{"trigger":"x","data":7,"appId":7}`)); err == nil || err.Error() != "appId: must be a string, not a number" {
		t.Errorf("got %v", err)
	}
}

// A conversation's id counts only where it can be read in one way.
func TestDecodeDeletedWhere(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]chat.Conversation{
		"group_allotment-club":    chat.InGroup("allotment-club"),
		"a_user_b":                chat.OneOnOne("a", "b"),
		"a_user_user_b_user_c":    chat.OneOnOne("mira-17", "otto-4"),
		"group_x_user_y":          chat.OneOnOne("group_x", "y"),
		"_user_b":                 chat.OneOnOne("mira-17", "otto-4"),
		"":                        chat.OneOnOne("mira-17", "otto-4"),
		"something else entirely": chat.OneOnOne("mira-17", "otto-4"),
	} {
		got, err := event.Decode(edit(t, "message_deleted", "data/message/data/entities/on/entity/conversationId", id))
		if err != nil {
			t.Fatal(err)
		}
		if where := got[0].Change.(chat.MessageDeleted).Conversation; where != want {
			t.Errorf("%q: got %q, want %q", id, where, want)
		}
	}
}
