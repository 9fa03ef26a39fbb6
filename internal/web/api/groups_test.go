package api_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
)

func TestGroupIsMade(t *testing.T) {
	t.Parallel()
	s := settle(t, "mira", "otto", "lena", "zoe")
	at := s.server.clock.Now()
	got := s.call(t, http.MethodPost, "/groups", `{"guid":"Club","name":"Club","type":"private","description":"d","icon":"https://example.com/i","metadata":{"a":1},
		"tags":["t"],"members":{"admins":["otto","nobody"],"participants":["Otto","lena","mira"],"usersToBan":["zoe","mira"]}}`, "onBehalfOf", "mira")
	members := got.data(t)["members"]
	want := map[string]any{
		"admins": map[string]any{"otto": map[string]any{"success": true}, "nobody": refusedAs("ERR_UID_NOT_FOUND",
			"The UID nobody does not exist, please make sure you have created a user with UID nobody.")},
		"participants": map[string]any{"lena": map[string]any{"success": true}, "mira": refusedAs("ERR_ALREADY_JOINED",
			"The user with uid mira has already joined the group with guid club.")},
		"usersToBan": map[string]any{"zoe": map[string]any{"success": true}},
	}
	if diff := cmp.Diff(any(want), members); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]chat.Event{{Trigger: "group_created", Change: chat.MembersChanged{GUID: "club", Members: []chat.Member{
		{UID: "mira", Scope: chat.ScopeAdmin, State: chat.MemberIn},
		{UID: "otto", Scope: chat.ScopeAdmin, State: chat.MemberIn},
		{UID: "lena", Scope: chat.ScopeParticipant, State: chat.MemberIn},
		{UID: "zoe", State: chat.MemberBanned},
	}}}}, s.take()); diff != "" {
		t.Error(diff)
	}
	body := strings.TrimSpace(s.call(t, http.MethodGet, "/groups/CLUB", "", "onBehalfOf", "mira").body)
	second := at.Unix()
	if diff := cmp.Diff(fmt.Sprintf(`{"data":{"guid":"club","name":"Club","description":"d","icon":"https://example.com/i","type":"private","scope":"admin",`+
		`"membersCount":3,"joinedAt":%d,"conversationId":"group_club","hasJoined":true,"createdAt":%d,"owner":"mira","tags":["t"],"metadata":{"a":1}}}`,
		second, second), body); diff != "" {
		t.Error(diff)
	}
	s.call(t, http.MethodPost, "/groups", `{"guid":"club","name":"Club"}`, "onBehalfOf", "zoe").refused(t, 400, "ERR_GUID_ALREADY_EXISTS")
	if events := s.take(); len(events) > 0 {
		t.Errorf("a refused group was recorded: %v", events)
	}
	// Without an actor nobody is in it, and the chat itself owns it.
	plain := s.call(t, http.MethodPost, "/groups", `{"guid":"plain","name":"Plain"}`, "onBehalfOf", "app_system").data(t)
	if plain["owner"] != "app_system" || plain["type"] != "public" || plain["membersCount"] != 0.0 || plain["hasJoined"] != nil {
		t.Errorf("made by nobody: %v", plain)
	}
	owned := s.call(t, http.MethodPost, "/groups", `{"guid":"owned","name":"Owned","owner":"Otto"}`).data(t)
	if owned["owner"] != "otto" || owned["membersCount"] != 1.0 {
		t.Errorf("made for an owner: %v", owned)
	}
	// What was only learned from events is completed.
	s.exec(t, `INSERT INTO chat_groups (app, guid, name, icon, owner, created_at) VALUES ('app', 'heard-of', 'Heard', 'https://example.com/i', 'lena', 5000)`)
	heard := s.call(t, http.MethodPost, "/groups", `{"guid":"heard-of","name":"Heard of"}`).data(t)
	if heard["icon"] == nil || heard["name"] != "Heard of" || heard["createdAt"] != 5.0 {
		t.Errorf("completed: %v", heard)
	}
	s.call(t, http.MethodPost, "/groups", `{"guid":"heard-of","name":"x"}`).refused(t, 400, "ERR_GUID_ALREADY_EXISTS")
}

func refusedAs(code, message string) map[string]any {
	return map[string]any{"success": false, "error": map[string]any{"code": code, "message": message}}
}

func TestGroupIsRefused(t *testing.T) {
	t.Parallel()
	s := settle(t, "mira")
	many := `"m"` + strings.Repeat(`,"m"`, 1000)
	for name, c := range map[string]struct {
		body, code string
		status     int
		fields     []string
	}{
		"nothing":           {`[]`, "ERR_BAD_REQUEST", 400, []string{"guid", "name"}},
		"a bad id":          {`{"guid":"a/b","name":"x"}`, "ERR_BAD_REQUEST", 400, []string{"guid"}},
		"a bad type":        {`{"guid":"a","name":"x","type":"open"}`, "ERR_BAD_REQUEST", 400, []string{"type"}},
		"long texts":        {`{"guid":"a","name":"x","description":"` + strings.Repeat("x", 256) + `","password":"` + strings.Repeat("x", 101) + `"}`, "ERR_BAD_REQUEST", 400, []string{"description", "password"}},
		"no URL":            {`{"guid":"a","name":"x","icon":"x"}`, "ERR_BAD_REQUEST", 400, []string{"icon"}},
		"no password":       {`{"guid":"a","name":"x","type":"password"}`, "ERR_EMPTY_GROUP_PASS", 400, nil},
		"an unknown owner":  {`{"guid":"a","name":"x","owner":"nobody"}`, "ERR_UID_NOT_FOUND", 404, nil},
		"too many members":  {`{"guid":"a","name":"x","members":{"admins":["a"],"participants":[` + many + `]}}`, "ERR_BAD_REQUEST", 400, []string{"members.participants"}},
		"no lists":          {`{"guid":"a","name":"x","members":{"admins":"mira"}}`, "ERR_BAD_REQUEST", 400, []string{"members.admins"}},
		"members no object": {`{"guid":"a","name":"x","members":["mira"]}`, "ERR_BAD_REQUEST", 400, []string{"members"}},
	} {
		t.Run(name, func(t *testing.T) {
			s.call(t, http.MethodPost, "/groups", c.body).refused(t, c.status, c.code, c.fields...)
		})
	}
	s.call(t, http.MethodPost, "/groups", `{"guid":"a","name":"x"}`, "onBehalfOf", "nobody").refused(t, 404, "ERR_UID_NOT_FOUND")
	if got, _ := s.call(t, http.MethodGet, "/groups", "").ids(t, "guid"); len(got) > 0 || len(s.take()) > 0 {
		t.Errorf("made all the same: %q", got)
	}
}

func TestGroupChanges(t *testing.T) {
	t.Parallel()
	s := settle(t, "mira", "otto", "lena")
	s.call(t, http.MethodPost, "/groups", `{"guid":"club","name":"Club","icon":"https://example.com/i","members":{"moderators":["otto"],"participants":["lena"]}}`, "onBehalfOf", "mira").data(t)
	s.take()
	s.server.clock.Advance(time.Minute)
	got := s.call(t, http.MethodPut, "/groups/Club", `{"name":"Club 2","owner":"otto"}`, "onBehalfOf", "otto").data(t)
	if got["name"] != "Club 2" || got["icon"] == nil || got["owner"] != "mira" || got["updatedBy"] != "otto" || got["updatedAt"] != float64(s.server.clock.Now().Unix()) {
		t.Errorf("changed by a moderator: %v", got)
	}
	got = s.call(t, http.MethodPut, "/groups/club", `{"owner":"Lena","unset":["icon"]}`).data(t)
	if got["owner"] != "lena" || got["icon"] != nil || got["updatedBy"] != "app_system" {
		t.Errorf("changed by nobody: %v", got)
	}
	if diff := cmp.Diff([]chat.Event{{Trigger: "group_owner_transferred", Change: chat.OwnerChanged{GUID: "club", Owner: "lena"}}}, s.take()); diff != "" {
		t.Error(diff)
	}
	s.call(t, http.MethodPut, "/groups/club", `{"owner":"nobody"}`).refused(t, 404, "ERR_UID_NOT_FOUND")
	s.call(t, http.MethodPut, "/groups/club", `{"name":" ","unset":["name"]}`).refused(t, 400, "ERR_BAD_REQUEST", "name", "unset.0")

	// Types change freely, but a password is needed for the first time.
	s.call(t, http.MethodPut, "/groups/club", `{"type":"password"}`).refused(t, 400, "ERR_EMPTY_GROUP_PASS")
	password := func() (p string) {
		t.Helper()
		if err := s.recorder.db.QueryRow(`SELECT CAST(password AS TEXT) FROM chat_groups WHERE guid = 'club'`).Scan(&p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, c := range []struct{ body, want string }{
		{`{"type":"password","password":"s3cret"}`, "hash of s3cret"},
		{`{"type":"password"}`, "hash of s3cret"},
		{`{"password":""}`, "hash of s3cret"},
		{`{"password":"other"}`, "hash of other"},
		{`{"type":"public"}`, ""},
		{`{"password":"unused"}`, ""},
	} {
		if got := s.call(t, http.MethodPut, "/groups/club", c.body); strings.Contains(got.body, "password\":") || strings.Contains(got.body, "hash") || got.status != 200 {
			t.Errorf("%s: %s", c.body, got.body)
		}
		if got := password(); got != c.want {
			t.Errorf("%s: kept %q, want %q", c.body, got, c.want)
		}
	}

	s.call(t, http.MethodPut, "/groups/club", `{"type":"private"}`).data(t)
	s.make(t, "zoe")
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		s.call(t, method, "/groups/club", "", "onBehalfOf", "zoe").refused(t, 403, "ERR_GROUP_NOT_JOINED")
		s.call(t, method, "/groups/nothing", "").refused(t, 404, "ERR_GUID_NOT_FOUND")
		s.call(t, method, "/groups/club", "", "onBehalfOf", "nobody").refused(t, 404, "ERR_UID_NOT_FOUND")
	}
	s.call(t, http.MethodDelete, "/groups/club", "", "onBehalfOf", "otto").refused(t, 403, "ERR_GROUP_NO_ADMIN_SCOPE")
	s.take()
	if got := s.call(t, http.MethodDelete, "/groups/CLUB", "", "onBehalfOf", "mira").said(t, "message"); got != "Group with guid club has been deleted successfully." {
		t.Errorf("deleted: %q", got)
	}
	if diff := cmp.Diff([]chat.Event{{Trigger: "group_deleted", Change: chat.GroupDeleted{GUID: "club"}}}, s.take()); diff != "" {
		t.Error(diff)
	}
	s.call(t, http.MethodGet, "/groups/club", "").refused(t, 404, "ERR_GUID_NOT_FOUND")
}

func TestParticipantsChangeNoGroup(t *testing.T) {
	t.Parallel()
	s := settle(t, "mira", "lena")
	s.call(t, http.MethodPost, "/groups", `{"guid":"club","name":"Club","members":{"participants":["lena"]}}`, "onBehalfOf", "mira").data(t)
	s.call(t, http.MethodPut, "/groups/club", `{"name":"x"}`, "onBehalfOf", "lena").refused(t, 403, "ERR_GROUP_NO_MODERATOR_SCOPE")
}

func TestGroupList(t *testing.T) {
	t.Parallel()
	s := settle(t, "mira", "otto")
	for _, body := range []string{
		`{"guid":"walkers","name":"b walkers","tags":["out"]}`, `{"guid":"secret","name":"C","type":"private"}`,
		`{"guid":"readers","name":"A","type":"password","password":"x"}`,
	} {
		s.call(t, http.MethodPost, "/groups", body, "onBehalfOf", "mira").data(t)
		s.server.clock.Advance(10 * time.Second)
	}
	changed := s.server.clock.Now().Add(-15 * time.Second).Unix()
	for query, want := range map[string][]string{
		"":                                {"readers", "secret", "walkers"},
		"?sortBy=name":                    {"readers", "walkers", "secret"},
		"?sortBy=guid&sortOrder=DESC":     {"walkers", "secret", "readers"},
		"?sortOrder=asc&perPage=1&page=2": {"secret"},
		"?searchKey=SEC&searchIn=guid":    {"secret"},
		"?types=private,public":           {"secret", "walkers"},
		"?type=password":                  {"readers"},
		"?tags=out":                       {"walkers"},
		"?hasJoined=false":                {"readers", "secret", "walkers"},
		fmt.Sprint("?affix=append&updatedAt=", changed):  {"readers"},
		fmt.Sprint("?affix=prepend&updatedAt=", changed): {"secret", "walkers"},
	} {
		if got, meta := s.call(t, http.MethodGet, "/groups"+query, "").ids(t, "guid"); !cmp.Equal(want, got) || meta["cursor"] == nil {
			t.Errorf("%s: %q, want %q; %v", query, got, want, meta)
		}
	}
	if got, _ := s.call(t, http.MethodGet, "/groups", "", "onBehalfOf", "otto").ids(t, "guid"); !cmp.Equal(got, []string{"readers", "walkers"}) {
		t.Errorf("others see %q", got)
	}
	if got, _ := s.call(t, http.MethodGet, "/groups?hasJoined=true", "", "onBehalfOf", "otto").ids(t, "guid"); len(got) > 0 {
		t.Errorf("others have joined %q", got)
	}
	if got, _ := s.call(t, http.MethodGet, "/groups?hasJoined=1", "", "onBehalfOf", "mira").ids(t, "scope"); !cmp.Equal(got, []string{"admin", "admin", "admin"}) {
		t.Errorf("one's own: %q", got)
	}
	if got := s.call(t, http.MethodGet, "/groups", ""); strings.Contains(got.body, `"tags"`) {
		t.Error("tags are shown without being asked for")
	}
	for query, field := range map[string]string{
		"?hasJoined=true": "onBehalfOf", "?sortBy=x": "sortBy", "?sortOrder=up": "sortOrder", "?updatedAt=x": "updatedAt", "?updatedAt=1&affix=x": "affix",
	} {
		s.call(t, http.MethodGet, "/groups"+query, "").refused(t, 400, "ERR_BAD_REQUEST", field)
	}
}

// A group whose members could not be stored can be made again.
func TestGroupIsMadeAfterAFailure(t *testing.T) {
	t.Parallel()
	s := settle(t, "mira")
	const body = `{"guid":"club","name":"Club"}`
	s.recorder.fails = errors.New("the disk is full")
	got := s.call(t, http.MethodPost, "/groups", body, "onBehalfOf", "mira")
	got.refused(t, 500, "ERR_EXCEPTION")
	if strings.Contains(got.body, "disk") || !strings.Contains(s.logs.String(), "the disk is full") {
		t.Errorf("answered %s, logged %s", got.body, s.logs)
	}
	s.call(t, http.MethodGet, "/groups/club", "").refused(t, 404, "ERR_GUID_NOT_FOUND")
	s.recorder.fails = nil
	if got := s.call(t, http.MethodPost, "/groups", body, "onBehalfOf", "mira").data(t); got["membersCount"] != 1.0 {
		t.Errorf("made again: %v", got)
	}
}
