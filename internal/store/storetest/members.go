package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
)

var memberTests = []test{
	{"have a place", membersPlaces},
	{"are listed with what is known of them", membersListed},
}

var blockTests = []test{
	{"are seen from both sides, and end", blocksRelations},
	{"are listed", blocksListed},
}

func membersPlaces(t *testing.T, f *fixture) {
	at := f.clock.Now()
	f.member(t, "club", "a", chat.ScopeAdmin, chat.MemberIn)
	f.member(t, "club", "b", "", chat.MemberBanned)
	f.member(t, "club", "c", chat.ScopeModerator, chat.MemberOut)
	f.member(t, "other", "d", chat.ScopeModerator, chat.MemberIn)
	got, err := f.Memberships(t.Context(), "app", "club", []string{"a", "b", "c", "d", poison})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]chat.Member{
		"a": {UID: "a", Scope: chat.ScopeAdmin, State: chat.MemberIn, JoinedAt: at},
		"b": {UID: "b", Scope: chat.ScopeParticipant, State: chat.MemberBanned, JoinedAt: at, BannedAt: at},
		"c": {UID: "c", Scope: chat.ScopeModerator, State: chat.MemberOut, JoinedAt: at},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func membersListed(t *testing.T, f *fixture) {
	for _, uid := range []string{"a", "b", "c", "d", "e"} {
		f.createUser(t, chat.User{UID: uid, Name: "name of " + uid})
	}
	f.clock.Advance(time.Second)
	f.member(t, "club", "c", chat.ScopeAdmin, chat.MemberIn)
	f.member(t, "club", "a", chat.ScopeModerator, chat.MemberIn)
	f.member(t, "club", "b", "", chat.MemberIn)
	f.member(t, "club", "stranger", chat.ScopeParticipant, chat.MemberIn)
	f.member(t, "club", "d", chat.ScopeModerator, chat.MemberBanned)
	f.member(t, "club", "e", chat.ScopeModerator, chat.MemberIn)
	f.member(t, "club", "gone", chat.ScopeModerator, chat.MemberOut)
	if _, err := f.Deactivate(t.Context(), "app", []string{"e"}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		query directory.MemberQuery
		total int
		want  []string
	}{
		"all":     {directory.MemberQuery{}, 4, []string{"a", "b", "c", "stranger"}},
		"a page":  {directory.MemberQuery{Page: directory.Page{Offset: 1, Limit: 2}}, 4, []string{"b", "c"}},
		"scopes":  {directory.MemberQuery{Scopes: []chat.Scope{chat.ScopeAdmin, chat.ScopeParticipant}}, 3, []string{"b", "c", "stranger"}},
		"banned":  {directory.MemberQuery{Banned: true}, 1, []string{"d"}},
		"nothing": {directory.MemberQuery{Scopes: []chat.Scope{"x"}}, 0, []string{}},
	} {
		if c.query.Page.Limit == 0 {
			c.query.Page.Limit = 100
		}
		listed, err := f.ListMembers(t.Context(), "app", "club", &c.query)
		if err != nil {
			t.Fatal(err)
		}
		uids := make([]string, 0, len(listed.Items))
		for _, m := range listed.Items {
			uids = append(uids, m.UID)
			if m.User.UID != m.UID || m.UID != "stranger" && m.User.Name != "name of "+m.UID {
				t.Errorf("%s: %+v", name, m)
			}
			if m.State == chat.MemberBanned && (m.Scope != chat.ScopeModerator || !m.BannedAt.Equal(f.clock.Now())) {
				t.Errorf("%s: banned as %+v", name, m.Member)
			}
		}
		if diff := cmp.Diff(c.want, uids); diff != "" || listed.Total != c.total {
			t.Errorf("%s: a total of %d, want %d: %s", name, listed.Total, c.total, diff)
		}
	}
}

func (f *fixture) block(t testing.TB, uid, blocked string, until int64) {
	t.Helper()
	f.exec(t, `INSERT INTO blocks (app, uid, blocked, blocked_at, unblocked_at) VALUES ('app', $1, $2, $3, $4)`,
		uid, blocked, f.clock.Now().UnixMilli(), until)
}

func blocksRelations(t *testing.T, f *fixture) {
	first := f.clock.Now()
	f.block(t, "me", "a", 0)
	f.block(t, "me", "ended", 99)
	f.block(t, "b", "me", 0)
	f.block(t, "both", "me", 0)
	f.clock.Advance(time.Minute)
	f.block(t, "me", "both", 0)
	f.block(t, "c", "b", 0)
	got, err := f.Relations(t.Context(), "app", "me", []string{"a", "b", "both", "c", "ended", poison})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]directory.Relation{
		"a": {BlockedByMe: first}, "b": {HasBlockedMe: first}, "both": {BlockedByMe: f.clock.Now(), HasBlockedMe: first},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func blocksListed(t *testing.T, f *fixture) {
	for _, uid := range []string{"a", "b", "gone"} {
		f.createUser(t, chat.User{UID: uid, Name: "name of " + uid})
	}
	for _, uid := range []string{"b", "stranger", "a", "gone"} {
		f.block(t, "me", uid, 0)
	}
	f.block(t, "me", "ended", 99)
	f.block(t, "a", "me", 0)
	f.block(t, "b", "me", 99)
	if _, err := f.Deactivate(t.Context(), "app", []string{"gone"}); err != nil {
		t.Fatal(err)
	}
	listed, err := f.ListBlocked(t.Context(), "app", "me", directory.Page{Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	at := f.clock.Now()
	want := directory.Listed[directory.Blocked]{Total: 3, Changed: at, Items: []directory.Blocked{
		{User: chat.User{UID: "a", Name: "name of a", CreatedAt: at}, Relation: directory.Relation{BlockedByMe: at, HasBlockedMe: at}},
		{User: chat.User{UID: "b", Name: "name of b", CreatedAt: at}, Relation: directory.Relation{BlockedByMe: at}},
	}}
	if diff := cmp.Diff(want, listed); diff != "" {
		t.Error(diff)
	}
}
