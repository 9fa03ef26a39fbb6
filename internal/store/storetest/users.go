package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
)

var userTests = []test{
	{"are made once", usersMade},
	{"that events mentioned are completed once", usersCompleted},
	{"change in the fields that are named", usersChanged},
	{"are deactivated and come back", usersDeactivated},
	{"are deleted for good with all that is theirs", usersDeleted},
	{"are listed in pages, newest first", usersPages},
	{"are filtered", usersFiltered},
	{"may be named by what PostgreSQL refuses", usersPoisoned},
	{"are made by one of many", usersTogether},
}

// exec changes the database beneath the store.
func (f *fixture) exec(t testing.TB, statement string, args ...any) {
	t.Helper()
	if _, err := f.raw(t).Exec(statement, args...); err != nil {
		t.Fatalf("%v: %s", err, statement)
	}
}

func (f *fixture) createUser(t testing.TB, u chat.User) chat.User {
	t.Helper()
	stored, err := f.CreateUser(t.Context(), "app", &u)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// learnUser stores what events would have said of somebody.
func (f *fixture) learnUser(t testing.TB, uid, name string) {
	t.Helper()
	f.exec(t, `INSERT INTO users (app, uid, name, avatar, created_at) VALUES ('app', $1, $2, '', $3)`, uid, name, f.clock.Now().UnixMilli())
}

func (f *fixture) listUsers(t testing.TB, q directory.UserQuery) []string {
	t.Helper()
	if q.Page.Limit == 0 {
		q.Page.Limit = 100
	}
	listed, err := f.ListUsers(t.Context(), "app", &q)
	if err != nil {
		t.Fatal(err)
	}
	uids := make([]string, 0, len(listed.Items))
	for _, u := range listed.Items {
		uids = append(uids, u.UID)
	}
	if q.Page.Offset == 0 && len(uids) < q.Page.Limit && listed.Total != len(uids) {
		t.Errorf("%+v: the total is %d, of %v", q, listed.Total, uids)
	}
	return uids
}

func wholeUser() chat.User {
	return chat.User{
		UID: "mira-17", Name: "Mira Oduya", Avatar: "https://example.com/a.png", Link: "https://example.com/mira", Role: "coach",
		StatusMessage: "rowing", Metadata: json.RawMessage(`{"a":{"b":[1]}}`), Tags: []string{"one", "two"},
	}
}

func usersMade(t *testing.T, f *fixture) {
	want := wholeUser()
	want.CreatedAt = f.clock.Now()
	if diff := cmp.Diff(want, f.createUser(t, wholeUser())); diff != "" {
		t.Error(diff)
	}
	f.clock.Advance(time.Hour)
	other := chat.User{UID: "mira-17", Name: "Somebody Else"}
	if _, err := f.CreateUser(t.Context(), "app", &other); !errors.Is(err, directory.ErrExists) {
		t.Errorf("made again: %v, want ErrExists", err)
	}
	got, err := f.UsersByID(t.Context(), "app", []string{"mira-17", "nobody"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]chat.User{"mira-17": want}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := f.CreateUser(t.Context(), "other", &other); err != nil {
		t.Errorf("the same id in another app: %v", err)
	}
}

func usersCompleted(t *testing.T, f *fixture) {
	f.learnUser(t, "otto-4", "Otto")
	created := f.clock.Now()
	f.clock.Advance(time.Hour)
	got := f.createUser(t, chat.User{UID: "otto-4", Role: "coach"})
	if want := (chat.User{UID: "otto-4", Name: "Otto", Role: "coach", CreatedAt: created}); !cmp.Equal(want, got) {
		t.Error(cmp.Diff(want, got))
	}
	if _, err := f.CreateUser(t.Context(), "app", &chat.User{UID: "otto-4", Name: "Otto"}); !errors.Is(err, directory.ErrExists) {
		t.Errorf("completed again: %v, want ErrExists", err)
	}
	f.learnUser(t, "lena-2", "Lena")
	if _, err := f.Deactivate(t.Context(), "app", []string{"lena-2"}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.CreateUser(t.Context(), "app", &chat.User{UID: "lena-2", Name: "Lena"}); !errors.Is(err, directory.ErrExists) {
		t.Errorf("a deactivated one made: %v, want ErrExists", err)
	}
}

func usersChanged(t *testing.T, f *fixture) {
	want := f.createUser(t, wholeUser())
	f.clock.Advance(time.Hour)
	change := func(c directory.UserChange) {
		t.Helper()
		want.UpdatedAt = f.clock.Now()
		got, err := f.UpdateUser(t.Context(), "app", want.UID, &c)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	change(directory.UserChange{})
	name, link, status := "Mira", "https://example.com/m", ""
	want.Name = name
	change(directory.UserChange{Name: &name})
	tags := []string{"three"}
	want.Link, want.StatusMessage, want.Metadata, want.Tags = link, status, json.RawMessage(`{}`), tags
	change(directory.UserChange{Link: &link, StatusMessage: &status, Metadata: json.RawMessage(`{}`), Tags: &tags})
	tags = nil
	want.Avatar, want.Link, want.Metadata, want.Tags = "", "", nil, nil
	change(directory.UserChange{Link: &name, Metadata: json.RawMessage(`{}`), Tags: &tags, Unset: []string{"avatar", "link", "metadata", "link", "name"}})

	f.learnUser(t, "otto-4", "Otto")
	if _, err := f.UpdateUser(t.Context(), "app", "otto-4", &directory.UserChange{Name: &name}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.CreateUser(t.Context(), "app", &chat.User{UID: "otto-4"}); !errors.Is(err, directory.ErrExists) {
		t.Errorf("one that the API changed is made: %v, want ErrExists", err)
	}
	if _, err := f.Deactivate(t.Context(), "app", []string{"otto-4"}); err != nil {
		t.Fatal(err)
	}
	for _, uid := range []string{"otto-4", "nobody"} {
		if _, err := f.UpdateUser(t.Context(), "app", uid, &directory.UserChange{Name: &name}); !errors.Is(err, directory.ErrNone) {
			t.Errorf("%s changed: %v, want ErrNone", uid, err)
		}
	}
}

// belongings are the rows of a person in every table of people.
func (f *fixture) belongings(t testing.TB, uid, other string) {
	t.Helper()
	conversation := string(chat.OneOnOne(uid, other))
	f.exec(t, `INSERT INTO conversations (app, id, last, created_at, updated_at) VALUES ('app', $1, 1, 1, 1) ON CONFLICT (app, id) DO NOTHING`, conversation)
	for _, c := range []string{conversation, string(chat.InGroup("club"))} {
		f.exec(t, `INSERT INTO windows (app, uid, conversation, after, opened_at, due_at) VALUES ('app', $1, $2, 0, 1, 1)`, uid, c)
	}
	f.exec(t, `INSERT INTO members (app, guid, uid, scope, state, joined_at, changed_at) VALUES ('app', 'club', $1, 'admin', 'in', 1, 1)`, uid)
	f.exec(t, `INSERT INTO blocks (app, uid, blocked, blocked_at) VALUES ('app', $1, $2, 1)`, uid, other)
	f.exec(t, `INSERT INTO preferences (app, uid, updated_at) VALUES ('app', $1, 1)`, uid)
	f.exec(t, `INSERT INTO mutes (app, uid, kind, id, until) VALUES ('app', $1, 'user', $2, 1)`, uid, other)
	f.exec(t, `INSERT INTO marks (app, uid, conversation, sent_at, key) VALUES ('app', $1, $2, 1, '')`, uid, conversation)
	f.setContacts(t, uid, uid+"@example.com")
}

func usersDeactivated(t *testing.T, f *fixture) {
	for _, uid := range []string{"a", "b", "c"} {
		f.createUser(t, chat.User{UID: uid, Name: uid})
	}
	f.belongings(t, "a", "b")
	f.belongings(t, "b", "c")
	f.belongings(t, "stranger", "a")
	changed := func(change func() ([]string, error), want ...string) {
		t.Helper()
		got, err := change()
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("changed %q, want %q", got, want)
		}
	}
	uids := []string{"b", "nobody", "stranger", "a", "b"}
	changed(func() ([]string, error) { return f.Deactivate(t.Context(), "app", uids) }, "a", "b")
	changed(func() ([]string, error) { return f.Deactivate(t.Context(), "app", uids) })
	if n := f.count(t, "windows"); n != 2 {
		t.Errorf("%d windows are open, want the stranger's", n)
	}
	if n := f.count(t, "members"); n != 3 {
		t.Errorf("%d memberships are left, want all 3", n)
	}
	got, err := f.UsersByID(t.Context(), "app", []string{"a", "c"})
	if err != nil || !got["a"].DeactivatedAt.Equal(f.clock.Now()) || !got["c"].DeactivatedAt.IsZero() {
		t.Errorf("deactivated: %+v (%v), want a alone, now", got, err)
	}
	for which, want := range map[directory.Which][]string{
		directory.Active: {"c"}, directory.ActiveAndDeactivated: {"c", "b", "a"}, directory.OnlyDeactivated: {"b", "a"},
	} {
		if diff := cmp.Diff(want, f.listUsers(t, directory.UserQuery{Which: which})); diff != "" {
			t.Errorf("which %d: %s", which, diff)
		}
	}
	changed(func() ([]string, error) { return f.Reactivate(t.Context(), "app", []string{"c", "b", "nobody"}) }, "b")
	if diff := cmp.Diff([]string{"c", "b"}, f.listUsers(t, directory.UserQuery{})); diff != "" {
		t.Error(diff)
	}
}

func usersDeleted(t *testing.T, f *fixture) {
	for _, uid := range []string{"a", "b"} {
		f.createUser(t, chat.User{UID: uid, Name: uid})
	}
	f.belongings(t, "a", "b")
	f.belongings(t, "b", "a")
	f.belongings(t, "c", "b")
	if err := f.DeleteUser(t.Context(), "app", "a"); err != nil {
		t.Fatal(err)
	}
	for table, want := range map[string]int{"users": 1, "windows": 4, "members": 2, "blocks": 1, "preferences": 2, "mutes": 2, "marks": 2, "contacts": 2} {
		if n := f.count(t, table); n != want {
			t.Errorf("%s has %d rows, want %d", table, n, want)
		}
	}
	if err := f.DeleteUser(t.Context(), "app", "a"); err != nil {
		t.Errorf("deleted again: %v", err)
	}
	f.createUser(t, chat.User{UID: "a", Name: "another a"})
}

func usersPages(t *testing.T, f *fixture) {
	var want []string
	for i := range 25 {
		uid := fmt.Sprintf("uid-%02d", i)
		f.createUser(t, chat.User{UID: uid, Name: uid})
		want = append(want, uid)
		if i%2 == 0 { // two of them at a time
			f.clock.Advance(time.Second)
		}
	}
	slices.Reverse(want)
	var got []string
	for offset := 0; ; offset += 7 {
		listed, err := f.ListUsers(t.Context(), "app", &directory.UserQuery{Page: directory.Page{Offset: offset, Limit: 7}})
		if err != nil {
			t.Fatal(err)
		}
		if listed.Total != 25 {
			t.Errorf("the total is %d, want 25", listed.Total)
		}
		if len(listed.Items) == 0 {
			break
		}
		for _, u := range listed.Items {
			got = append(got, u.UID)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	f.clock.Advance(time.Hour)
	name := "changed"
	if _, err := f.UpdateUser(t.Context(), "app", "uid-03", &directory.UserChange{Name: &name}); err != nil {
		t.Fatal(err)
	}
	listed, err := f.ListUsers(t.Context(), "app", &directory.UserQuery{Page: directory.Page{Limit: 1}})
	if err != nil || !listed.Changed.Equal(f.clock.Now()) {
		t.Errorf("the newest change is of %v (%v), want now", listed.Changed, err)
	}
}

func usersFiltered(t *testing.T, f *fixture) {
	for _, u := range []chat.User{
		{UID: "alma", Name: "Ötzi 100%", Role: "coach", Tags: []string{"a", "b"}},
		{UID: "berta", Name: "alma_x", Tags: []string{"b", `c",`}},
		{UID: "carl", Name: "Carl", Role: "default", Tags: []string{","}},
		{UID: "d_d", Name: `back\slash`, Role: "guest"},
	} {
		f.createUser(t, u)
		f.clock.Advance(time.Second)
	}
	f.learnUser(t, directory.System, "System")
	for name, c := range map[string]struct {
		query directory.UserQuery
		want  []string
	}{
		"all":                  {directory.UserQuery{}, []string{"d_d", "carl", "berta", "alma"}},
		"name or uid":          {directory.UserQuery{Search: "ALM"}, []string{"berta", "alma"}},
		"name":                 {directory.UserQuery{Search: "alm", InName: true}, []string{"berta"}},
		"uid":                  {directory.UserQuery{Search: "alm", InUID: true}, []string{"alma"}},
		"both":                 {directory.UserQuery{Search: "alm", InUID: true, InName: true}, []string{"berta", "alma"}},
		"only the begin":       {directory.UserQuery{Search: "lma"}, []string{}},
		"beyond ASCII":         {directory.UserQuery{Search: "Ötz"}, []string{"alma"}},
		"no wildcards":         {directory.UserQuery{Search: "%"}, []string{}},
		"no wildcard for one":  {directory.UserQuery{Search: "alma_"}, []string{"berta"}},
		"a plain backslash":    {directory.UserQuery{Search: `back\s`}, []string{"d_d"}},
		"role":                 {directory.UserQuery{Roles: []string{"coach", "guest"}}, []string{"d_d", "alma"}},
		"default role":         {directory.UserQuery{Roles: []string{"default"}}, []string{"carl", "berta"}},
		"a tag":                {directory.UserQuery{Tags: []string{"b"}}, []string{"berta", "alma"}},
		"one of the tags":      {directory.UserQuery{Tags: []string{"a", ","}}, []string{"carl", "alma"}},
		"a tag with signs":     {directory.UserQuery{Tags: []string{`c",`}}, []string{"berta"}},
		"not a part of a tag":  {directory.UserQuery{Tags: []string{`","`}}, []string{}},
		"all conditions count": {directory.UserQuery{Search: "alm", Tags: []string{"b"}, Roles: []string{"coach"}}, []string{"alma"}},
		"poison":               {directory.UserQuery{Search: poison, Tags: []string{poison}, Roles: []string{poison}}, []string{}},
	} {
		if diff := cmp.Diff(c.want, f.listUsers(t, c.query)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func usersPoisoned(t *testing.T, f *fixture) {
	u := wholeUser()
	u.Name, u.StatusMessage, u.Tags = poison, poison, []string{poison}
	got := f.createUser(t, u)
	if got.Name != repaired || got.StatusMessage != repaired || !slices.Equal(got.Tags, []string{repaired}) {
		t.Errorf("stored as %+v", got)
	}
	if diff := cmp.Diff([]string{u.UID}, f.listUsers(t, directory.UserQuery{Tags: []string{repaired}})); diff != "" {
		t.Error(diff)
	}
}

func usersTogether(t *testing.T, f *fixture) {
	made := make(map[int]bool)
	results := make([]error, 16)
	together(len(results), func(i int) {
		_, results[i] = f.CreateUser(t.Context(), "app", &chat.User{UID: "a", Name: fmt.Sprint(i)})
	})
	for i, err := range results {
		switch {
		case err == nil:
			made[i] = true
		case !errors.Is(err, directory.ErrExists):
			t.Error(err)
		}
	}
	if len(made) != 1 {
		t.Errorf("made by %v, want one of them", slices.Collect(maps.Keys(made)))
	}
	uids := make([]string, 40)
	for i := range uids {
		uids[i] = fmt.Sprint("uid-", i)
		f.createUser(t, chat.User{UID: uids[i], Name: "somebody"})
	}
	other := f.open(t)
	together(8, func(i int) {
		s, order := f.Store, slices.Clone(uids)
		if i%2 == 0 {
			s = other
			slices.Reverse(order)
		}
		for range 5 {
			if _, err := s.Deactivate(t.Context(), "app", order); err != nil {
				t.Error(err)
			}
			if _, err := s.Reactivate(t.Context(), "app", order); err != nil {
				t.Error(err)
			}
		}
	})
}
