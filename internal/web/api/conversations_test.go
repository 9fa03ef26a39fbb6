package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
)

// chatter is a server where otto has written to mira twice, and to a club of
// both once.
func chatter(t *testing.T) community {
	t.Helper()
	s := settle(t, "mira", "otto", "lena")
	s.call(t, http.MethodPost, "/groups", `{"guid":"club","name":"Club","tags":["t"],"members":{"participants":["otto"]}}`, "onBehalfOf", "mira").data(t)
	s.take()
	at := s.server.clock.Now().UnixMilli()
	for id, c := range map[chat.Conversation][]int{chat.OneOnOne("mira", "otto"): {7, 8}, chat.InGroup("club"): {9}} {
		for i, n := range c {
			s.exec(t, `INSERT INTO messages (app, id, conversation, number, sender, category, type, kind, mentions, state, sent_at, arrived_at, body)
				VALUES ('app', $1, $2, $3, 'otto', 'message', 'text', 'messages', '', 'visible', $4, $4, $5)`,
				fmt.Sprint(n), string(id), i+1, at, []byte(fmt.Sprintf(`{"id":"%d","sender":"otto"}`, n)))
		}
		s.exec(t, `INSERT INTO conversations (app, id, last, created_at, updated_at) VALUES ('app', $1, $2, $3, $3)`, string(id), len(c), at+int64(1000*c[0]))
	}
	return s
}

func TestConversations(t *testing.T) {
	t.Parallel()
	s := chatter(t)
	at := s.server.clock.Now().Unix()
	withOtto := fmt.Sprintf(`{"conversationId":"mira_user_otto","conversationType":"user","unreadMessageCount":"2","createdAt":%d,"updatedAt":%d,`+
		`"lastMessage":{"id":"8","sender":"otto"},"conversationWith":{"uid":"otto","name":"Name of otto","status":"offline","role":"default","createdAt":%d}}`, at+7, at+7, at-2)
	if got := strings.TrimSpace(s.call(t, http.MethodGet, "/users/Otto/conversation", "", "onBehalfOf", "Mira").body); got != `{"data":`+withOtto+`}` {
		t.Errorf("one: %s, want %s", got, withOtto)
	}
	inClub := s.call(t, http.MethodGet, "/groups/club/conversation", "", "onBehalfOf", "mira").data(t)
	if with := inClub["conversationWith"].(map[string]any); inClub["unreadMessageCount"] != "1" || with["guid"] != "club" || with["scope"] != "admin" || with["tags"] == nil {
		t.Errorf("the club's: %v", inClub)
	}
	list := func(query string, headers ...string) []string {
		t.Helper()
		ids, meta := s.call(t, http.MethodGet, "/conversations"+query, "", headers...).ids(t, "conversationId")
		if meta["cursor"] != nil || meta["pagination"] == nil {
			t.Errorf("%s: %v", query, meta)
		}
		return ids
	}
	for query, want := range map[string][]string{
		"": {"group_club", "mira_user_otto"}, "?conversationType=user": {"mira_user_otto"}, "?unread=true": {"group_club", "mira_user_otto"},
		"?searchKey=name+of": {"mira_user_otto"}, "?groupTags=t": {"group_club"}, "?userTags=t": {}, "?perPage=1&page=2": {"mira_user_otto"},
	} {
		if diff := cmp.Diff(want, list(query, "onBehalfOf", "mira")); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
	if diff := cmp.Diff([]string{}, list("?unread=true", "onBehalfOf", "otto")); diff != "" {
		t.Error(diff)
	}
	everybodys, _ := s.call(t, http.MethodGet, "/conversations", "").ids(t, "uid")
	if diff := cmp.Diff([]string{"mira", "mira", "otto", "otto"}, everybodys); diff != "" {
		t.Error(diff)
	}
	if got := s.call(t, http.MethodGet, "/conversations?withUserAndGroupTags=1", "").body; strings.Count(got, `"tags":["t"]`) != 2 {
		t.Errorf("tags are not shown: %s", got)
	}
	s.call(t, http.MethodGet, "/conversations?conversationType=x", "").refused(t, 400, "ERR_BAD_REQUEST", "conversationType")
	s.call(t, http.MethodGet, "/conversations", "", "onBehalfOf", "nobody").refused(t, 404, "ERR_UID_NOT_FOUND")
	s.call(t, http.MethodGet, "/users/otto/conversation", "").refused(t, 400, "ERR_BAD_REQUEST", "onBehalfOf")
	s.call(t, http.MethodGet, "/users/lena/conversation", "", "onBehalfOf", "mira").refused(t, 403, "ERR_CONVERSATION_NOT_ACCESSIBLE")
	s.call(t, http.MethodGet, "/groups/club/conversation", "", "onBehalfOf", "lena").refused(t, 403, "ERR_CONVERSATION_NOT_ACCESSIBLE")
	s.call(t, http.MethodGet, "/users/nobody/conversation", "", "onBehalfOf", "mira").refused(t, 404, "ERR_UID_NOT_FOUND")
	s.call(t, http.MethodGet, "/groups/nothing/conversation", "", "onBehalfOf", "mira").refused(t, 404, "ERR_GUID_NOT_FOUND")
}

func TestReceipts(t *testing.T) {
	t.Parallel()
	s := chatter(t)
	at := s.server.clock.Now()
	withOtto, inClub := chat.OneOnOne("mira", "otto"), chat.InGroup("club")
	for _, c := range []struct {
		method, path, body, message string
		change                      chat.Change
	}{
		{
			"POST", "/users/Otto/conversation/read", "", "All the messages from the user are marked as read for the requesting user.",
			chat.Read{Reader: "mira", Conversation: withOtto, At: at},
		},
		{
			"POST", "/users/otto/conversation/read", `{"messageId":7}`, "All the messages from the user are marked as read for the requesting user.",
			chat.Read{Reader: "mira", Conversation: withOtto, MessageID: "7", At: at},
		},
		{
			"POST", "/groups/Club/conversation/read", `{"messageId":"9"}`, "All the messages in the group are marked as read for the requesting user.",
			chat.Read{Reader: "mira", Conversation: inClub, MessageID: "9", At: at},
		},
		{"POST", "/users/otto/conversation/delivered", `{"messageId":7}`, "All the messages from the user are marked as delivered for the requesting user.", nil},
		{"POST", "/groups/club/conversation/delivered", "", "All the messages in the group are marked as delivered for the requesting user.", nil},
		{
			"DELETE", "/users/otto/conversation/read", `{"messageId":7}`, "The messages after the message id 7 from the user otto are marked as unread for the user mira.",
			chat.Unread{Reader: "mira", Conversation: withOtto, MessageID: "7"},
		},
		{
			"DELETE", "/groups/club/conversation/read", `{"messageId":"9"}`, "The messages after the message id 9 from the group club are marked as unread for the user mira.",
			chat.Unread{Reader: "mira", Conversation: inClub, MessageID: "9"},
		},
		// Of people who never wrote each other (A2).
		{
			"POST", "/users/lena/conversation/read", "", "All the messages from the user are marked as read for the requesting user.",
			chat.Read{Reader: "mira", Conversation: chat.OneOnOne("lena", "mira"), At: at},
		},
	} {
		data := s.call(t, c.method, c.path, c.body, "onBehalfOf", "Mira").data(t)
		if data["message"] != c.message || data["success"] != true || c.method == "POST" && data["Message"] != c.message {
			t.Errorf("%s %s: %v, want %q", c.method, c.path, data, c.message)
		}
		var recorded chat.Change
		for _, e := range s.take() {
			recorded = e.Change
		}
		if diff := cmp.Diff(c.change, recorded); diff != "" {
			t.Errorf("%s %s: %s", c.method, c.path, diff)
		}
	}
	for _, path := range []string{"/users/otto/conversation/", "/groups/club/conversation/"} {
		for _, end := range []struct{ method, name string }{{"POST", "read"}, {"POST", "delivered"}, {"DELETE", "read"}} {
			s.call(t, end.method, path+end.name, `{"messageId":1}`).refused(t, 400, "ERR_BAD_REQUEST", "onBehalfOf")
			s.call(t, end.method, path+end.name, `{"messageId":1}`, "onBehalfOf", "nobody").refused(t, 404, "ERR_UID_NOT_FOUND")
			s.call(t, end.method, path+end.name, `{"messageId":[1]}`, "onBehalfOf", "mira").refused(t, 400, "ERR_BAD_REQUEST", "messageId")
		}
		s.call(t, "DELETE", path+"read", "", "onBehalfOf", "mira").refused(t, 400, "ERR_BAD_REQUEST", "messageId")
	}
	s.call(t, "POST", "/groups/club/conversation/read", "", "onBehalfOf", "lena").refused(t, 403, "ERR_CONVERSATION_NOT_ACCESSIBLE")
	s.call(t, "POST", "/groups/nothing/conversation/read", "", "onBehalfOf", "lena").refused(t, 404, "ERR_GUID_NOT_FOUND")
	s.call(t, "DELETE", "/users/nobody/conversation/read", `{"messageId":1}`, "onBehalfOf", "lena").refused(t, 404, "ERR_UID_NOT_FOUND")
	if events := s.take(); len(events) > 0 {
		t.Errorf("recorded all the same: %v", events)
	}
}
