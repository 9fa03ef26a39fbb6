package event_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/event"
)

const app = "27104c0ffee55"

func body(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func at(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

// message is the one-on-one message of most bodies, changed.
func message(change func(*chat.Message)) chat.Message {
	m := chat.Message{
		ID: "8841", Conversation: chat.OneOnOne("mira-17", "otto-4"), Sender: "otto-4", Receiver: "mira-17",
		Category: chat.CategoryMessage, Type: "text", SentAt: at(1890000000), State: chat.StateVisible,
	}
	if change != nil {
		change(&m)
	}
	return m
}

func inClub(change func(*chat.Message)) chat.Message {
	m := chat.Message{
		ID: "9001", Conversation: chat.InGroup("allotment-club"), Sender: "lena-2", Receiver: "allotment-club",
		Category: chat.CategoryMessage, Type: "text", SentAt: at(1890000100), State: chat.StateVisible,
	}
	if change != nil {
		change(&m)
	}
	return m
}

func club() chat.Group {
	return chat.Group{
		GUID: "allotment-club", Name: "Allotment Club", Icon: "https://img.example.org/club.png", Type: "private", Owner: "lena-2",
		CreatedAt: at(1870000000), UpdatedAt: at(1889990000), MembersCount: 3,
	}
}

// changed are the members of most bodies about members.
func changed(state chat.Membership, uids ...string) chat.MembersChanged {
	c := chat.MembersChanged{GUID: "allotment-club", At: at(1889990000)}
	for _, uid := range uids {
		c.Members = append(c.Members, chat.Member{UID: uid, State: state})
	}
	return c
}

func TestDecode(t *testing.T) {
	t.Parallel()
	const two, members = "otto-4 mira-17", "lena-2 mira-17 zoe-9"
	for _, test := range []struct {
		name   string
		want   []chat.Change
		users  string
		groups string
	}{
		{"message_sent_one_on_one", []chat.Change{chat.MessageSent{Message: message(nil)}}, two, ""},
		{"message_sent_group", []chat.Change{chat.MessageSent{Message: inClub(nil)}}, "lena-2", "allotment-club"},
		{"message_sent_lenient", []chat.Change{chat.MessageSent{Message: inClub(func(m *chat.Message) {
			m.ID, m.Sender, m.SentAt, m.ParentID, m.QuotedID = "8842", "otto-4", at(1890000001), "8800", "8801"
		})}}, "otto-4", "allotment-club"},
		{"message_sent_mentions", []chat.Change{chat.MessageSent{Message: inClub(func(m *chat.Message) {
			m.Mentions, m.MentionsAll = []string{"mira-17", "otto-4", "zoe-9"}, true
		})}}, "lena-2 mira-17 zoe-9", "allotment-club"},
		{"message_sent_pending", []chat.Change{chat.MessageSent{Message: message(func(m *chat.Message) { m.State = chat.StateHeld })}}, two, ""},
		{"message_sent_disapproved", []chat.Change{chat.MessageSent{Message: message(func(m *chat.Message) { m.State = chat.StateDisapproved })}}, two, ""},
		{"message_sent_image", []chat.Change{chat.MessageSent{Message: message(func(m *chat.Message) { m.Type = "image" })}}, two, ""},
		{"message_sent_reply", []chat.Change{chat.MessageSent{Message: message(func(m *chat.Message) { m.ParentID = "8800" })}}, two, ""},
		{"message_sent_quote", []chat.Change{chat.MessageSent{Message: message(func(m *chat.Message) { m.QuotedID = "8801" })}}, two, ""},
		{"message_sent_custom", []chat.Change{chat.MessageSent{Message: message(func(m *chat.Message) {
			m.Category, m.Type = chat.CategoryCustom, "location"
		})}}, two, ""},
		{"message_sent_custom_inside", []chat.Change{chat.MessageSent{Message: message(func(m *chat.Message) {
			m.Category, m.Type = chat.CategoryCustom, "location"
		})}}, two, ""},
		{"message_sent_custom_silent", []chat.Change{nil}, two, ""},
		{"message_sent_interactive", []chat.Change{chat.MessageSent{Message: message(func(m *chat.Message) {
			m.Category, m.Type = chat.CategoryInteractive, "form"
		})}}, two, ""},
		{"message_sent_action", []chat.Change{nil}, "zoe-9", "allotment-club"},
		{"message_sent_call", []chat.Change{nil}, two, ""},
		{"user_mentioned", []chat.Change{chat.MessageSent{Message: message(func(m *chat.Message) { m.Mentions = []string{"mira-17"} })}}, two, ""},
		{"user_mentioned_extract", []chat.Change{nil}, "", ""},
		{"message_edited", []chat.Change{chat.MessageEdited{Message: message(func(m *chat.Message) { m.EditedAt = at(1890000059) })}}, two, ""},
		{"message_edited_plain", []chat.Change{chat.MessageEdited{Message: message(func(m *chat.Message) { m.EditedAt = at(1890000059) })}}, two, ""},
		{"message_deleted", []chat.Change{chat.MessageDeleted{Conversation: chat.OneOnOne("mira-17", "otto-4"), ID: "8841", At: at(1890000058)}}, two, ""},
		{"message_deleted_group", []chat.Change{chat.MessageDeleted{Conversation: chat.InGroup("allotment-club"), ID: "9001", At: at(1890000060)}}, two + " lena-2", "allotment-club"},
		{"message_deleted_plain", []chat.Change{chat.MessageDeleted{Conversation: chat.OneOnOne("mira-17", "otto-4"), ID: "8841", At: at(1890000058)}}, two, ""},
		{"message_delivery_receipt", []chat.Change{nil}, "", ""},
		{"message_read_receipt", []chat.Change{chat.Read{
			Reader: "mira-17", Conversation: chat.OneOnOne("mira-17", "otto-4"), MessageID: "8841", At: at(1890000030),
		}}, "mira-17", ""},
		{"message_read_receipt_turned", []chat.Change{chat.Read{
			Reader: "mira-17", Conversation: chat.OneOnOne("mira-17", "otto-4"), MessageID: "8841", At: at(1890000030),
		}}, "mira-17", ""},
		{"message_read_receipt_group", []chat.Change{chat.Read{
			Reader: "mira-17", Conversation: chat.InGroup("allotment-club"), MessageID: "9001", At: at(1890000130),
		}}, "", ""},
		{"group_created", []chat.Change{chat.GroupChanged{Group: club(), Members: []chat.Member{
			{UID: "lena-2", Scope: chat.ScopeAdmin, State: chat.MemberIn},
			{UID: "otto-4", Scope: chat.ScopeModerator, State: chat.MemberIn, JoinedAt: at(1870000009)},
		}}}, "lena-2 otto-4", ""},
		{"group_created_empty", []chat.Change{chat.GroupChanged{Group: club(), Members: []chat.Member{
			{UID: "lena-2", Scope: chat.ScopeAdmin, State: chat.MemberIn, JoinedAt: at(1870000000)},
		}}}, "", ""},
		{"group_updated", []chat.Change{chat.GroupChanged{Group: func() chat.Group {
			g := club()
			g.Name, g.UpdatedBy, g.Description = "Allotment & Orchard Club", "lena-2", "Beans.\nAnd apples."
			return g
		}()}}, "", ""},
		{"group_deleted", []chat.Change{chat.GroupDeleted{GUID: "allotment-club"}}, "", ""},
		{"group_owner_transferred", []chat.Change{chat.OwnerChanged{GUID: "allotment-club", Owner: "otto-4"}}, "", "allotment-club"},
		{"group_member_added", []chat.Change{changed(chat.MemberIn, "mira-17", "zoe-9")}, members, "allotment-club"},
		{"group_member_joined", []chat.Change{changed(chat.MemberIn, "mira-17")}, "mira-17", "allotment-club"},
		{"group_member_left", []chat.Change{changed(chat.MemberOut, "mira-17")}, "mira-17", "allotment-club"},
		{"group_member_kicked", []chat.Change{changed(chat.MemberOut, "mira-17", "zoe-9")}, members, "allotment-club"},
		{"group_member_banned", []chat.Change{changed(chat.MemberBanned, "mira-17", "zoe-9")}, members, "allotment-club"},
		{"group_member_unbanned", []chat.Change{chat.Unbanned{
			GUID: "allotment-club", UIDs: []string{"mira-17", "zoe-9"}, At: at(1889990000),
		}}, members, "allotment-club"},
		{"group_member_scope_changed", []chat.Change{
			chat.ScopeChanged{GUID: "allotment-club", UID: "mira-17", Scope: chat.ScopeModerator, At: at(1889990000)},
			chat.ScopeChanged{GUID: "allotment-club", UID: "zoe-9", Scope: chat.ScopeAdmin, At: at(1889990000)},
		}, members, "allotment-club"},
		{"user_blocked", []chat.Change{chat.Blocked{By: "mira-17", UIDs: []string{"otto-4"}, Blocked: true}}, "mira-17 otto-4", ""},
		{"user_unblocked", []chat.Change{chat.Blocked{By: "mira-17", UIDs: []string{"lena-2", "otto-4"}}}, "lena-2 otto-4", ""},
		{"moderation_engine_approved", []chat.Change{chat.Moderated{Message: message(nil)}}, two, ""},
		{"moderation_manual_approved", []chat.Change{chat.Moderated{Message: message(nil)}}, two, ""},
		{"moderation_engine_blocked", []chat.Change{chat.Moderated{Message: message(func(m *chat.Message) { m.State = chat.StateDisapproved })}}, two, ""},
		{"moderation_engine_failed", []chat.Change{chat.Moderated{Message: message(nil)}}, two, ""},
		{"moderation_engine_failed_status", []chat.Change{chat.Moderated{Message: message(func(m *chat.Message) { m.State = chat.StateDisapproved })}}, two, ""},
		{"unknown", []chat.Change{nil}, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			sent := body(t, test.name)
			got, err := event.Decode(sent)
			if err != nil {
				t.Fatal(err)
			}
			var changes []chat.Change
			var users, groups []string
			for i := range got {
				if got[i].AppID != app {
					t.Errorf("appId is %q", got[i].AppID)
				}
				changes = append(changes, withoutBody(t, got[i].Change, sent, test.name))
				for j := range got[i].Users {
					users = append(users, got[i].Users[j].UID)
				}
				for j := range got[i].Groups {
					groups = append(groups, got[i].Groups[j].GUID)
				}
			}
			if diff := cmp.Diff(test.want, changes); diff != "" {
				t.Error(diff)
			}
			if s := strings.Join(users, " "); s != test.users {
				t.Errorf("users: got %q, want %q", s, test.users)
			}
			if s := strings.Join(groups, " "); s != test.groups {
				t.Errorf("groups: got %q, want %q", s, test.groups)
			}
		})
	}
}

// withoutBody takes the message's object out of a change, after checking that
// it is a part of what was sent, to the byte.
func withoutBody(t *testing.T, change chat.Change, sent []byte, name string) chat.Change {
	t.Helper()
	check := func(m *chat.Message) {
		if name == "moderation_engine_failed" {
			if m.Body != nil {
				t.Errorf("an extract came as the message: %s", m.Body)
			}
			return
		}
		var object struct {
			ID json.RawMessage `json:"id"`
		}
		if !bytes.Contains(sent, m.Body) || json.Unmarshal(m.Body, &object) != nil || strings.Trim(string(object.ID), `"`) != m.ID {
			t.Errorf("body is not the message as it was sent: %s", m.Body)
		}
		m.Body = nil
	}
	switch change := change.(type) {
	case chat.MessageSent:
		check(&change.Message)
		return change
	case chat.MessageEdited:
		check(&change.Message)
		return change
	case chat.Moderated:
		check(&change.Message)
		return change
	}
	return change
}

// TestDecodeEveryBody: no body in testdata is without its line in the table.
func TestDecodeEveryBody(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("decode_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".json"); !bytes.Contains(source, []byte(`{"`+name+`"`)) {
			t.Errorf("%s is not tested", name)
		}
	}
}

func TestDecodeLearns(t *testing.T) {
	t.Parallel()
	got, err := event.Decode(body(t, "message_sent_one_on_one"))
	if err != nil {
		t.Fatal(err)
	}
	want := []chat.User{
		{UID: "otto-4", Name: "Otto Brandt", Avatar: "https://img.example.org/otto.png", Role: "default"},
		{
			UID: "mira-17", Name: "Mira Oduya", Role: "default", Tags: []string{"staff"}, CreatedAt: at(1880000000),
			Metadata: got[0].Users[1].Metadata,
		},
	}
	if diff := cmp.Diff(want, got[0].Users); diff != "" {
		t.Error(diff)
	}
	var metadata map[string]string
	if err := json.Unmarshal(want[1].Metadata, &metadata); err != nil || metadata["team"] != "blue" {
		t.Errorf("metadata: %s, %v", want[1].Metadata, err)
	}
	group, err := event.Decode(body(t, "message_sent_group"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]chat.Group{club()}, group[0].Groups); diff != "" {
		t.Error(diff)
	}
}

// How many members a group has is what it says there, if it is a number.
func TestDecodeMembersCount(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]int{
		`500`: 500, `"500"`: 500, `0`: 0, `99999999999999999999`: math.MaxInt32,
		`null`: 0, `-1`: 0, `1.5`: 0, `""`: 0, `"many"`: 0, `true`: 0, `[]`: 0, `{"n":5}`: 0,
	} {
		got, err := event.Decode([]byte(`{"trigger":"group_updated","data":{"group":{"guid":"g","membersCount":` + said + `}}}`))
		if err != nil {
			t.Fatalf("%s: %v", said, err)
		}
		if diff := cmp.Diff(chat.GroupChanged{Group: chat.Group{GUID: "g", MembersCount: want}}, got[0].Change); diff != "" {
			t.Errorf("%s: %s", said, diff)
		}
	}
}

// What a database may refuse, or would break a line, does not get into names.
func TestDecodeCleansNames(t *testing.T) {
	t.Parallel()
	got, err := event.Decode([]byte(`{"trigger":"group_updated","data":{"group":{"guid":"G","name":" a\u0000b\r\nc\u0007 ","description":"a\u0000\nb","metadata":[],"icon":null}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := chat.GroupChanged{Group: chat.Group{GUID: "g", Name: "ab  c", Description: "a\nb"}}
	if diff := cmp.Diff(want, got[0].Change); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeBatch(t *testing.T) {
	t.Parallel()
	one, other := string(body(t, "message_sent_one_on_one")), string(body(t, "group_member_scope_changed"))
	got, err := event.Decode([]byte(" [" + one + "," + other + "]"))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || got[0].Trigger != "message_sent" || got[2].Trigger != "group_member_scope_changed" || got[2].AppID != app {
		t.Errorf("got %+v", got)
	}
	if got, err := event.Decode([]byte("[]")); err != nil || len(got) != 0 {
		t.Errorf("an empty batch: %v, %v", got, err)
	}
	bad := strings.Replace(one, `"sender": "otto-4"`, `"sender": ""`, 1)
	got, err = event.Decode([]byte("[" + one + "," + other + "," + one + "," + bad + "]"))
	if err == nil || err.Error() != "[3].data.message.sender: is required" || got != nil {
		t.Errorf("a batch with a fault: %v, %d events", err, len(got))
	}
	many := "[" + strings.Repeat("{},", event.MaxBatch) + "{}]"
	if _, err := event.Decode([]byte(many)); err == nil || err.Error() != "body: holds more than 10000 events" {
		t.Errorf("a large batch: %v", err)
	}
}

// change decodes one event and returns its change.
func change(t *testing.T, sent []byte) chat.Change {
	t.Helper()
	got, err := event.Decode(sent)
	if err != nil {
		t.Fatal(err)
	}
	return got[0].Change
}

func TestDecodeMentions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"<@uid:B> <@uid:a> <@uid:b>":                            {"a", "b"},
		"<@uid:x<@uid:a>":                                       {"a"},
		"<@uid:a <@all:x>":                                      nil,
		"<@uid:a\x01>":                                          nil,
		"<@uid:" + strings.Repeat("a", 101) + ">":               nil,
		strings.Repeat("<@", 5000) + "<@uid:a>":                 {"a"},
		"<@uid:" + strings.Repeat("𝔞", chat.MaxUIDLength) + ">": {strings.Repeat("𝔞", chat.MaxUIDLength)},
	} {
		m := change(t, edit(t, "message_sent_one_on_one", "data/message/data/text", text)).(chat.MessageSent).Message
		if diff := cmp.Diff(want, m.Mentions); diff != "" {
			t.Errorf("%.40q: %s", text, diff)
		}
		if m.MentionsAll {
			t.Errorf("%.40q mentions everybody of two", text)
		}
	}
	for text, want := range map[string]bool{"<@all:x>": true, "<@all:>": false, "<@all:a<b>": false} {
		if m := change(t, edit(t, "message_sent_group", "data/message/data/text", text)).(chat.MessageSent).Message; m.MentionsAll != want {
			t.Errorf("%q mentions everybody: %v", text, m.MentionsAll)
		}
	}
}

func TestDecodeReceiptForms(t *testing.T) {
	t.Parallel()
	if got := change(t, edit(t, "message_read_receipt", "data/body/action", "delivered")); got != nil {
		t.Errorf("a delivery came as %+v", got)
	}
	got := change(t, edit(t, "message_read_receipt", "data/body", map[string]any{"messageId": "1", "readAt": 1890000031})).(chat.Read)
	if !got.At.Equal(at(1890000031)) {
		t.Errorf("got %+v", got)
	}
}

// When a message was edited is said best by itself, else by the event.
func TestDecodeEditedWhen(t *testing.T) {
	t.Parallel()
	const on = "data/message/data/entities/on/entity/"
	for _, test := range []struct {
		body []byte
		want int64
	}{
		{edit(t, "message_edited", on+"editedAt", nil), 1890000060},
		{edit(t, "message_edited", on+"updatedAt", 1890000058), 1890000059},
		{edit(t, "message_edited_plain", "data/message/editedAt", nil), 1890000000},
		{editTwice(t, "message_edited_plain", "data/message/editedAt", nil, "data/message/updatedAt", 1890000057), 1890000057},
	} {
		if got := change(t, test.body).(chat.MessageEdited); !got.Message.EditedAt.Equal(at(test.want)) {
			t.Errorf("edited at %d, want %d", got.Message.EditedAt.Unix(), test.want)
		}
	}
}

// Many people are named once each, whatever the case of their ids.
func TestDecodeManyMembers(t *testing.T) {
	t.Parallel()
	members := make(map[string]any)
	for i := range 200 {
		members[strings.Repeat("a", i%50+1)] = map[string]any{"name": "lower"}
		members[strings.Repeat("A", i%50+1)] = map[string]any{"name": "upper"}
	}
	got, err := event.Decode(edit(t, "group_member_added", "data/members", members))
	if err != nil {
		t.Fatal(err)
	}
	if users := len(got[0].Users); users != 51 { // and who added them
		t.Errorf("%d users named", users)
	}
	if n := len(got[0].Change.(chat.MembersChanged).Members); n != 50 {
		t.Errorf("%d members", n)
	}
	mentions := map[string]any{"otto-4": map[string]any{}}
	for i := range 20 {
		mentions[strings.Repeat("a", i+1)] = map[string]any{}
	}
	lone := editTwice(t, "message_sent_one_on_one", "data/message/data/entities", nil, "data/message/data/mentions", mentions)
	if got, err = event.Decode(lone); err != nil || len(got[0].Users) != 22 {
		t.Errorf("%d users named, %v", len(got[0].Users), err)
	}
	both := map[string]any{"a": map[string]any{}, "A": map[string]any{}}
	if uids := change(t, edit(t, "user_blocked", "data/users", both)).(chat.Blocked).UIDs; len(uids) != 1 || uids[0] != "a" {
		t.Errorf("blocked %v", uids)
	}
}
