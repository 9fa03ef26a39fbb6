package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
)

var groupTests = []test{
	{"are made once, or completed", groupsMade},
	{"change in the fields that are named", groupsChanged},
	{"are seen as a member sees them", groupsSeen},
	{"are listed, filtered and sorted", groupsListed},
}

func (f *fixture) createGroup(t testing.TB, g chat.Group, members ...string) {
	t.Helper()
	if err := f.CreateGroup(t.Context(), "app", &g, nil); err != nil {
		t.Fatal(err)
	}
	for _, uid := range members {
		f.member(t, g.GUID, uid, chat.ScopeParticipant, chat.MemberIn)
	}
}

// member stores a place in a group as the engine would.
func (f *fixture) member(t testing.TB, guid, uid string, scope chat.Scope, state chat.Membership) {
	t.Helper()
	at := f.clock.Now().UnixMilli()
	f.exec(t, `INSERT INTO members (app, guid, uid, scope, state, joined_at, changed_at) VALUES ('app', $1, $2, $3, $4, $5, $5)`,
		guid, uid, string(scope), string(state), at)
}

func (f *fixture) group(t testing.TB, guid, viewer string) directory.Group {
	t.Helper()
	g, err := f.GroupOf(t.Context(), "app", guid, viewer)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func wholeGroup() chat.Group {
	return chat.Group{
		GUID: "allotment-club", Name: "Allotment Club", Icon: "https://example.com/i.png", Description: "who grows what", Type: "private",
		Owner: "mira-17", Metadata: json.RawMessage(`{"plots":12}`), Tags: []string{"garden"},
	}
}

func groupsMade(t *testing.T, f *fixture) {
	want := directory.Group{Group: wholeGroup(), Made: true}
	want.CreatedAt = f.clock.Now()
	g := wholeGroup()
	if err := f.CreateGroup(t.Context(), "app", &g, []byte("hash")); err != nil {
		t.Fatal(err)
	}
	f.clock.Advance(time.Hour)
	if err := f.CreateGroup(t.Context(), "app", &chat.Group{GUID: g.GUID, Name: "x"}, nil); !errors.Is(err, directory.ErrExists) {
		t.Errorf("made again: %v, want ErrExists", err)
	}
	if diff := cmp.Diff(want, f.group(t, g.GUID, "")); diff != "" {
		t.Error(diff)
	}
	var password []byte
	if err := f.raw(t).QueryRow(`SELECT password FROM chat_groups`).Scan(&password); err != nil || string(password) != "hash" {
		t.Errorf("the password is kept as %q (%v)", password, err)
	}
	f.exec(t, `INSERT INTO chat_groups (app, guid, name, icon, owner, created_at) VALUES ('app', 'heard-of', 'Heard of', '', 'otto-4', $1)`, 1000)
	f.createGroup(t, chat.Group{GUID: "heard-of", Type: "public"})
	if got := f.group(t, "heard-of", ""); got.Name != "Heard of" || got.Owner != "otto-4" || got.Type != "public" || got.CreatedAt.Unix() != 1 {
		t.Errorf("completed: %+v", got)
	}
	if err := f.CreateGroup(t.Context(), "app", &chat.Group{GUID: "heard-of"}, nil); !errors.Is(err, directory.ErrExists) {
		t.Errorf("completed again: %v, want ErrExists", err)
	}
	if _, err := f.GroupOf(t.Context(), "app", "nothing", ""); !errors.Is(err, directory.ErrNone) {
		t.Errorf("an unknown group: %v, want ErrNone", err)
	}
}

func groupsChanged(t *testing.T, f *fixture) {
	f.createGroup(t, wholeGroup())
	want := f.group(t, "allotment-club", "")
	f.clock.Advance(time.Hour)
	change := func(c directory.GroupChange) {
		t.Helper()
		want.UpdatedAt, want.UpdatedBy = f.clock.Now(), c.By
		if err := f.UpdateGroup(t.Context(), "app", want.GUID, &c); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, f.group(t, want.GUID, "")); diff != "" {
			t.Error(diff)
		}
	}
	change(directory.GroupChange{By: "otto-4"})
	name, kind, description, tags := "Club", "public", "", []string{"a", "b"}
	want.Name, want.Type, want.Description, want.Tags = name, kind, description, tags
	change(directory.GroupChange{Name: &name, Type: &kind, Description: &description, Tags: &tags, Password: []byte("x"), By: "app_system"})
	want.Icon, want.Metadata = "", nil
	change(directory.GroupChange{Icon: &name, Metadata: json.RawMessage(`{}`), Unset: []string{"icon", "metadata", "name"}})
	if err := f.UpdateGroup(t.Context(), "app", "nothing", &directory.GroupChange{Name: &name}); !errors.Is(err, directory.ErrNone) {
		t.Errorf("an unknown group: %v, want ErrNone", err)
	}
}

func groupsSeen(t *testing.T, f *fixture) {
	f.createGroup(t, wholeGroup(), "a", "b")
	f.member(t, "allotment-club", "c", chat.ScopeAdmin, chat.MemberIn)
	f.member(t, "allotment-club", "gone", chat.ScopeAdmin, chat.MemberOut)
	f.member(t, "allotment-club", "banned", "", chat.MemberBanned)
	for viewer, scope := range map[string]chat.Scope{"": "", "a": chat.ScopeParticipant, "c": chat.ScopeAdmin, "gone": "", "banned": "", "nobody": ""} {
		g := f.group(t, "allotment-club", viewer)
		if g.MembersCount != 3 || g.Scope != scope || g.Joined != (scope != "") || g.JoinedAt.IsZero() == g.Joined {
			t.Errorf("%q sees %+v", viewer, g)
		}
	}
}

func groupsListed(t *testing.T, f *fixture) {
	start := f.clock.Now()
	for i, g := range []chat.Group{
		{GUID: "walkers", Name: "b Walkers", Type: "public", Tags: []string{"out"}},
		{GUID: "secret", Name: "C Secret", Type: "private"},
		{GUID: "readers", Name: "A Readers", Type: "password", Tags: []string{"in"}},
		{GUID: "learned", Name: "d Learned"},
	} {
		f.createGroup(t, g, fmt.Sprint("only-", i))
		f.clock.Advance(time.Second)
	}
	f.member(t, "secret", "mira", chat.ScopeAdmin, chat.MemberIn)
	f.member(t, "walkers", "mira", chat.ScopeParticipant, chat.MemberIn)
	f.member(t, "readers", "mira", chat.ScopeParticipant, chat.MemberOut)
	f.clock.Advance(time.Second)
	name := "A Readers"
	if err := f.UpdateGroup(t.Context(), "app", "readers", &directory.GroupChange{Name: &name}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		query directory.GroupQuery
		want  []string
	}{
		"all":            {directory.GroupQuery{Descending: true}, []string{"learned", "readers", "secret", "walkers"}},
		"oldest first":   {directory.GroupQuery{}, []string{"walkers", "secret", "readers", "learned"}},
		"by name":        {directory.GroupQuery{Order: directory.ByName}, []string{"readers", "walkers", "secret", "learned"}},
		"by guid":        {directory.GroupQuery{Order: directory.ByGUID, Descending: true}, []string{"walkers", "secret", "readers", "learned"}},
		"a member's":     {directory.GroupQuery{Viewer: "mira", Joined: true}, []string{"walkers", "secret"}},
		"a member sees":  {directory.GroupQuery{Viewer: "mira"}, []string{"walkers", "secret", "readers", "learned"}},
		"others see":     {directory.GroupQuery{Viewer: "otto"}, []string{"walkers", "readers", "learned"}},
		"search":         {directory.GroupQuery{Search: "c S"}, []string{"secret"}},
		"search guids":   {directory.GroupQuery{Search: "READ", InGUID: true}, []string{"readers"}},
		"search names":   {directory.GroupQuery{Search: "READ", InName: true}, []string{}},
		"types":          {directory.GroupQuery{Types: []string{"public", "password"}}, []string{"walkers", "readers", "learned"}},
		"tags":           {directory.GroupQuery{Tags: []string{"in", "x"}}, []string{"readers"}},
		"changed after":  {directory.GroupQuery{ChangedAfter: start.Add(2 * time.Second)}, []string{"readers", "learned"}},
		"changed before": {directory.GroupQuery{ChangedBefore: start.Add(3 * time.Second)}, []string{"walkers", "secret"}},
		"a page":         {directory.GroupQuery{Page: directory.Page{Offset: 1, Limit: 2}}, []string{"secret", "readers"}},
	} {
		if c.query.Page.Limit == 0 {
			c.query.Page.Limit = 100
		}
		listed, err := f.ListGroups(t.Context(), "app", &c.query)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		guids := make([]string, 0, len(listed.Items))
		for _, g := range listed.Items {
			guids = append(guids, g.GUID)
		}
		if diff := cmp.Diff(c.want, guids); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if c.query.Page.Limit == 100 && listed.Total != len(guids) || c.query.Page.Limit < 100 && listed.Total != 4 {
			t.Errorf("%s: the total is %d", name, listed.Total)
		}
	}
}
