package api_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
)

func TestBlocks(t *testing.T) {
	t.Parallel()
	s := settle(t, "mira", "otto", "lena")
	outcomes := func(method, body string) map[string]any {
		t.Helper()
		return s.call(t, method, "/users/Mira/blockedusers", body).data(t)
	}
	good := func(message string) map[string]any { return map[string]any{"success": true, "message": message} }
	got := outcomes(http.MethodPost, `{"blockedUids":["Otto","nobody","mira","otto"]}`)
	if !cmp.Equal(got["otto"], any(good("The user with UID mira has blocked user with UID otto successfully."))) {
		t.Errorf("blocked: %v", got["otto"])
	}
	for uid, code := range map[string]string{"nobody": "ERR_UID_NOT_FOUND", "mira": "ERR_CANNOT_BLOCK_SELF"} {
		one := got[uid].(map[string]any)
		if one["success"] != false || one["error"].(map[string]any)["code"] != code {
			t.Errorf("%s: %v, want %s", uid, one, code)
		}
	}
	if diff := cmp.Diff([]chat.Event{{Trigger: "user_blocked", Change: chat.Blocked{By: "mira", UIDs: []string{"otto"}, Blocked: true}}}, s.take()); diff != "" {
		t.Error(diff)
	}
	if got := outcomes(http.MethodPost, `{"blockedUids":["otto"]}`); !cmp.Equal(got["otto"], any(good("The user with UID mira has already blocked user with UID otto."))) {
		t.Errorf("blocked again: %v", got)
	}
	if events := s.take(); len(events) > 0 {
		t.Errorf("recorded again: %v", events)
	}

	ids, meta := s.call(t, http.MethodGet, "/users/mira/blockedusers", "").ids(t, "uid")
	if !cmp.Equal(ids, []string{"otto"}) || meta["cursor"] == nil || meta["pagination"].(map[string]any)["total"] != 1.0 {
		t.Errorf("listed: %q %v", ids, meta)
	}
	at := float64(s.server.clock.Now().Unix())
	mine := s.call(t, http.MethodGet, "/users/otto", "", "onBehalfOf", "MIRA").data(t)
	if mine["blockedByMe"] != true || mine["hasBlockedMe"] != false || mine["blockedByMeAt"] != at || mine["blockedAt"] != at || mine["conversationId"] != "mira_user_otto" {
		t.Errorf("as mira sees otto: %v", mine)
	}
	theirs := s.call(t, http.MethodGet, "/users/mira", "", "onBehalfOf", "otto").data(t)
	if theirs["blockedByMe"] != false || theirs["hasBlockedMe"] != true || theirs["blockedAt"] != at || theirs["blockedByMeAt"] != nil {
		t.Errorf("as otto sees mira: %v", theirs)
	}
	if none := s.call(t, http.MethodGet, "/users/otto", "").data(t); none["blockedByMe"] != nil {
		t.Errorf("as nobody sees otto: %v", none)
	}
	if list, _ := s.call(t, http.MethodGet, "/users", "", "onBehalfOf", "mira").ids(t, "conversationId"); !cmp.Equal(list, []string{"lena_user_mira", "mira_user_otto", "mira_user_mira"}) {
		t.Errorf("listed as mira: %q", list)
	}

	got = outcomes(http.MethodDelete, `{"blockedUids":["otto","lena"]}`)
	if !cmp.Equal(got, map[string]any{
		"otto": good("The user with UID mira has unblocked user with UID otto successfully."),
		"lena": good("The user with UID mira has not blocked user with UID lena."),
	}) {
		t.Errorf("unblocked: %v", got)
	}
	if diff := cmp.Diff([]chat.Event{{Trigger: "user_unblocked", Change: chat.Blocked{By: "mira", UIDs: []string{"otto"}}}}, s.take()); diff != "" {
		t.Error(diff)
	}
	s.call(t, http.MethodPost, "/users/nobody/blockedusers", `{"blockedUids":["otto"]}`).refused(t, 404, "ERR_UID_NOT_FOUND")
	s.call(t, http.MethodGet, "/users/nobody/blockedusers", "").refused(t, 404, "ERR_UID_NOT_FOUND")
	s.call(t, http.MethodPost, "/users/mira/blockedusers", "").refused(t, 400, "ERR_BAD_REQUEST", "blockedUids")
	s.call(t, http.MethodPost, "/users/mira/blockedusers", `{"blockedUids":["otto",""]}`).refused(t, 400, "ERR_BAD_REQUEST", "blockedUids.1")
}
