package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
)

// club is a group with people of every scope, who are named for it.
func club(t *testing.T) community {
	t.Helper()
	s := settle(t, "owner", "admin", "mod", "mod2", "part", "part2", "banned", "outside")
	s.call(t, http.MethodPost, "/groups", `{"guid":"club","name":"Club","members":{"admins":["admin"],"moderators":["mod","mod2"],
		"participants":["part","part2"],"usersToBan":["banned"]}}`, "onBehalfOf", "owner").data(t)
	s.take()
	return s
}

func TestMembersAreAdded(t *testing.T) {
	t.Parallel()
	s := club(t)
	got := s.call(t, http.MethodPost, "/groups/club/members", `{"participants":["Outside","part","banned","nobody"],"admins":["outside"],
		"usersToBan":["part2","owner","banned","part2"]}`, "onBehalfOf", "admin").data(t)
	codes := make(map[string]string)
	for list, users := range got {
		for uid, o := range users.(map[string]any) {
			result := "good"
			if problem, ok := o.(map[string]any)["error"].(map[string]any); ok {
				result = problem["code"].(string)
			}
			codes[list+" "+uid] = result
		}
	}
	want := map[string]string{
		"admins outside": "good", "participants part": "ERR_ALREADY_JOINED", "participants banned": "ERR_BANNED_GROUPMEMBER",
		"participants nobody": "ERR_UID_NOT_FOUND", "usersToBan part2": "good", "usersToBan owner": "ERR_GROUP_NO_CLEARANCE",
	}
	if diff := cmp.Diff(want, codes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]chat.Event{{Trigger: "group_member_added", Change: chat.MembersChanged{GUID: "club", Members: []chat.Member{
		{UID: "outside", Scope: chat.ScopeAdmin, State: chat.MemberIn}, {UID: "part2", State: chat.MemberBanned},
	}}}}, s.take()); diff != "" {
		t.Error(diff)
	}
	if got := s.call(t, http.MethodPost, "/groups/club/members", `{"usersToBan":["banned"]}`).body; !strings.Contains(got, "ERR_ALREADY_BANNED") {
		t.Errorf("banned again: %s", got)
	}
	s.call(t, http.MethodPost, "/groups/club/members", "").data(t)
	if events := s.take(); len(events) > 0 {
		t.Errorf("recorded: %v", events)
	}
	// A thousand in one call is fine, one more is not.
	uids := make([]string, 1000)
	for i := range uids {
		uids[i] = fmt.Sprintf(`"uid-with-a-long-name-%d"`, i)
	}
	many := strings.Join(uids, ",")
	if got := s.call(t, http.MethodPost, "/groups/club/members", `{"participants":[`+many+`]}`).data(t); len(got["participants"].(map[string]any)) != 1000 {
		t.Errorf("%d outcomes", len(got))
	}
	s.call(t, http.MethodPost, "/groups/club/members", `{"admins":["x"],"participants":[`+many+`]}`).refused(t, 400, "ERR_BAD_REQUEST", "participants")
	s.call(t, http.MethodPost, "/groups/club/members", `{"admins":["part",""]}`).refused(t, 400, "ERR_BAD_REQUEST", "admins.1")
	s.call(t, http.MethodPost, "/groups/nothing/members", `{"admins":["part"]}`).refused(t, 404, "ERR_GUID_NOT_FOUND")
	for actor, code := range map[string]string{"mod": "ERR_GROUP_NO_ADMIN_SCOPE", "part": "ERR_GROUP_NO_ADMIN_SCOPE", "banned": "ERR_GROUP_NOT_JOINED"} {
		s.call(t, http.MethodPost, "/groups/club/members", `{"admins":["part"]}`, "onBehalfOf", actor).refused(t, 403, code)
	}
}

func TestMembersAreListed(t *testing.T) {
	t.Parallel()
	s := club(t)
	for query, want := range map[string][]string{
		"": {"admin", "mod", "mod2", "owner", "part", "part2"}, "?scopes=moderator,admin": {"admin", "mod", "mod2", "owner"},
		"?scopes[]=participant": {"part", "part2"}, "?perPage=2&page=2": {"mod2", "owner"}, "?status=available": {}, "?status=offline&perPage=1": {"admin"},
	} {
		got, meta := s.call(t, http.MethodGet, "/groups/Club/members"+query, "").ids(t, "uid")
		if diff := cmp.Diff(want, got); diff != "" || meta["pagination"] == nil || meta["cursor"] == nil {
			t.Errorf("%s: %s %v", query, diff, meta)
		}
	}
	if got := s.call(t, http.MethodGet, "/groups/club/members?scopes=moderator&perPage=1", "").value["data"].([]any)[0].(map[string]any); got["scope"] != "moderator" ||
		got["joinedAt"] == nil || got["name"] != "Name of mod" {
		t.Errorf("a member: %v", got)
	}
	for _, path := range []string{"bannedusers", "banned_members"} {
		got, meta := s.call(t, http.MethodGet, "/groups/club/"+path, "").ids(t, "uid")
		if !cmp.Equal(got, []string{"banned"}) || meta["cursor"] != nil || meta["pagination"] == nil {
			t.Errorf("%s: %q %v", path, got, meta)
		}
		s.call(t, http.MethodGet, "/groups/nothing/"+path, "").refused(t, 404, "ERR_GUID_NOT_FOUND")
	}
	s.call(t, http.MethodGet, "/groups/nothing/members", "").refused(t, 404, "ERR_GUID_NOT_FOUND")
}

func TestMembersAreChanged(t *testing.T) {
	t.Parallel()
	s := club(t)
	at := s.server.clock.Now()
	changed := func(want chat.Change) {
		t.Helper()
		events := s.take()
		if len(events) != 1 {
			t.Errorf("recorded %v, want one change", events)
			return
		}
		if diff := cmp.Diff(want, events[0].Change); diff != "" {
			t.Error(diff)
		}
	}
	message := func(method, path, body, want string, headers ...string) {
		t.Helper()
		if got := s.call(t, method, path, body, headers...).said(t, "message"); got != want {
			t.Errorf("%s %s: %q, want %q", method, path, got, want)
		}
	}
	scope := s.call(t, http.MethodPut, "/groups/Club/members/Part", `{"scope":"moderator"}`, "onBehalfOf", "mod").data(t)
	if diff := cmp.Diff(map[string]any{"guid": "club", "uid": "part", "scope": "moderator", "joinedAt": float64(at.Unix())}, scope); diff != "" {
		t.Error(diff)
	}
	changed(chat.ScopeChanged{GUID: "club", UID: "part", Scope: chat.ScopeModerator})
	if got := s.call(t, http.MethodPut, "/groups/club/members/part", "").said(t, "scope"); got != "participant" {
		t.Errorf("without a scope: %q", got)
	}
	s.take()
	message("DELETE", "/groups/CLUB/members/PART", "", "The member with part has been kicked from the Group with club.", "onBehalfOf", "mod")
	changed(chat.MembersChanged{GUID: "club", Members: []chat.Member{{UID: "part", State: chat.MemberOut}}})
	message("POST", "/groups/club/bannedusers/part2", "", "The user with uid part2 has been banned from the Group with club.", "onBehalfOf", "mod")
	ban := chat.MembersChanged{GUID: "club", Members: []chat.Member{{UID: "part2", State: chat.MemberBanned}}}
	changed(ban)
	message("DELETE", "/groups/club/bannedusers/part2", "", "The user with uid part2 has been unbanned from the Group with club.", "onBehalfOf", "admin")
	changed(chat.Unbanned{GUID: "club", UIDs: []string{"part2"}})
	s.call(t, http.MethodPost, "/groups/club/members", `{"participants":["part2"]}`).data(t)
	s.take()
	message("POST", "/groups/club/banned_members", `{"uid":"Part2"}`, "The user with uid part2 has been banned from the Group with club.")
	changed(ban)
	message("DELETE", "/groups/club/banned_members", `{"uid":"part2"}`, "The user with uid part2 has been unbanned from the Group with club.")
	s.call(t, http.MethodPost, "/groups/club/banned_members", "").refused(t, 400, "ERR_BAD_REQUEST", "uid")
	s.call(t, http.MethodPut, "/groups/club/members/mod", `{"scope":"king"}`).refused(t, 400, "ERR_BAD_REQUEST", "scope")
}

// Who may do what to whom.
func TestPermissions(t *testing.T) {
	t.Parallel()
	s := club(t)
	const scopes, kicks, bans = "/groups/club/members/", "/groups/club/members/", "/groups/club/bannedusers/"
	for _, c := range []struct {
		actor, method, path, body string
		status                    int
		code                      string
	}{
		{"", "PUT", scopes + "owner", `{"scope":"moderator"}`, 403, "ERR_GROUP_NO_CLEARANCE"},
		{"", "DELETE", kicks + "owner", "", 403, "ERR_GROUP_NO_CLEARANCE"},
		{"admin", "POST", bans + "owner", "", 403, "ERR_GROUP_NO_CLEARANCE"},
		{"", "PUT", scopes + "part", `{"scope":"participant"}`, 403, "ERR_SAME_SCOPE"},
		{"admin", "PUT", scopes + "admin", `{"scope":"participant"}`, 403, "ERR_GROUP_NO_SELF_ACTION"},
		{"admin", "DELETE", kicks + "admin", "", 403, "ERR_GROUP_NO_SELF_ACTION"},
		{"mod", "PUT", scopes + "part", `{"scope":"admin"}`, 403, "ERR_GROUP_NO_SCOPE_CLEARANCE"},
		{"mod", "PUT", scopes + "mod2", `{"scope":"participant"}`, 403, "ERR_GROUP_NO_SCOPE_CLEARANCE"},
		{"mod", "DELETE", kicks + "mod2", "", 403, "ERR_GROUP_NO_CLEARANCE"},
		{"mod", "POST", bans + "admin", "", 403, "ERR_GROUP_NO_CLEARANCE"},
		{"part", "PUT", scopes + "part2", `{"scope":"moderator"}`, 403, "ERR_GROUP_NO_MODERATOR_SCOPE"},
		{"part", "DELETE", kicks + "part2", "", 403, "ERR_GROUP_NO_MODERATOR_SCOPE"},
		{"part", "POST", bans + "part2", "", 403, "ERR_GROUP_NO_MODERATOR_SCOPE"},
		{"part", "DELETE", bans + "banned", "", 403, "ERR_GROUP_NO_MODERATOR_SCOPE"},
		{"outside", "DELETE", kicks + "part2", "", 403, "ERR_GROUP_NOT_JOINED"},
		{"banned", "DELETE", bans + "banned", "", 403, "ERR_GROUP_NOT_JOINED"},
		{"nobody", "DELETE", kicks + "part2", "", 404, "ERR_UID_NOT_FOUND"},
		{"", "DELETE", kicks + "outside", "", 404, "ERR_NOT_A_MEMBER"},
		{"", "PUT", scopes + "banned", `{"scope":"admin"}`, 404, "ERR_NOT_A_MEMBER"},
		{"", "POST", bans + "outside", "", 404, "ERR_NOT_A_MEMBER"},
		{"", "POST", bans + "banned", "", 403, "ERR_ALREADY_BANNED"},
		{"", "DELETE", bans + "part", "", 404, "ERR_NOT_A_BANNED_USER"},
		{"", "DELETE", kicks + "nobody", "", 404, "ERR_UID_NOT_FOUND"},
		{"", "POST", bans + "nobody", "", 404, "ERR_UID_NOT_FOUND"},
		{"", "DELETE", bans + "nobody", "", 404, "ERR_UID_NOT_FOUND"},
		{"", "DELETE", "/groups/nothing/members/part", "", 404, "ERR_GUID_NOT_FOUND"},
	} {
		var headers []string
		if c.actor != "" {
			headers = []string{"onBehalfOf", c.actor}
		}
		t.Run(c.actor+" "+c.method+" "+c.path+" "+c.code, func(t *testing.T) {
			s.call(t, c.method, c.path, c.body, headers...).refused(t, c.status, c.code)
		})
	}
	if events := s.take(); len(events) > 0 {
		t.Errorf("recorded all the same: %v", events)
	}
}
