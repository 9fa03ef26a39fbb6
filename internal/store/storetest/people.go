package storetest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
	"github.com/postrider/postrider/internal/provider/address"
)

var peopleTests = []test{
	{"are those of the directory and of the contacts", peopleListed},
	{"are found by id, name and address", peopleFound},
	{"are paged", peoplePaged},
	{"are searched part by part", peopleSearchedInParts},
}

func (f *fixture) populate(t testing.TB) {
	t.Helper()
	s := newScene(f)
	s.recordEvents(t, chat.Event{Users: []chat.User{{UID: "ada", Name: "Ada Lovelace"}, {UID: "bob", Name: "Bob 100%"}, {UID: "eve"}}})
	contacts := []address.Contact{{UID: "ada", Email: "a.lovelace@example.com"}, {UID: "cyd", Email: "cyd@example.org"}}
	if err := f.SetContacts(t.Context(), app, contacts); err != nil {
		t.Fatal(err)
	}
	if err := f.SetContacts(t.Context(), "another", []address.Contact{{UID: "zoe", Email: "zoe@example.org"}}); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) people(t testing.TB, after, search string, limit int) []directory.Person {
	t.Helper()
	people, more, err := f.People(t.Context(), app, after, search, limit)
	if err != nil {
		t.Fatal(err)
	}
	if more != "" {
		t.Errorf("people after %q, search %q: the search goes on after %q", after, search, more)
	}
	return people
}

func peopleListed(t *testing.T, f *fixture) {
	f.populate(t)
	want := []directory.Person{
		{UID: "ada", Name: "Ada Lovelace", Email: "a.lovelace@example.com"}, {UID: "bob", Name: "Bob 100%"}, {UID: "cyd", Email: "cyd@example.org"}, {UID: "eve"},
	}
	if diff := cmp.Diff(want, f.people(t, "", "", 10)); diff != "" {
		t.Error(diff)
	}
	for i, p := range want {
		if got, ok, err := f.Person(t.Context(), app, p.UID); err != nil || !ok || got != want[i] {
			t.Errorf("person %s: %+v, %t, %v", p.UID, got, ok, err)
		}
	}
	if got, ok, err := f.Person(t.Context(), app, "zoe"); err != nil || ok {
		t.Errorf("somebody of another app: %+v, %v", got, err)
	}
}

func peopleFound(t *testing.T, f *fixture) {
	f.populate(t)
	for search, want := range map[string]string{
		"LOVE": "[ada]", "example.": "[ada cyd]", "100%": "[bob]", "%": "[bob]", "b": "[bob]", "ad": "[ada]", "nobody": "[]", "_": "[]", poison: "[]",
	} {
		uids := []string{}
		for _, p := range f.people(t, "", search, 10) {
			uids = append(uids, p.UID)
		}
		if got := fmt.Sprint(uids); got != want {
			t.Errorf("search %q: %s, want %s", search, got, want)
		}
	}
}

func peoplePaged(t *testing.T, f *fixture) {
	f.populate(t)
	var got []string
	for after := ""; ; {
		page := f.people(t, after, "", 1)
		if len(page) == 0 {
			break
		}
		got, after = append(got, page[0].UID), page[0].UID
	}
	if diff := cmp.Diff([]string{"ada", "bob", "cyd", "eve"}, got); diff != "" {
		t.Error(diff)
	}
}

// A search ends after a bounded part of many people, and says where it goes on.
func peopleSearchedInParts(t *testing.T, f *fixture) {
	many := make([]address.Contact, 0, 16_000)
	for i := range cap(many) {
		many = append(many, address.Contact{UID: fmt.Sprintf("user-%05d", i), Email: "someone@example.com"})
	}
	many[len(many)-1].Email = "last@example.com"
	if err := f.SetContacts(t.Context(), app, many); err != nil {
		t.Fatal(err)
	}
	found, more, err := f.People(t.Context(), app, "", "last@", 10)
	if err != nil || len(found) != 0 || more == "" {
		t.Fatalf("the first part: %v, goes on after %q, %v", found, more, err)
	}
	found, after, err := f.People(t.Context(), app, more, "last@", 10)
	if err != nil || len(found) != 1 || after != "" {
		t.Fatalf("the rest: %v, goes on after %q, %v", found, after, err)
	}
	found, more, err = f.People(t.Context(), app, "", "someone@", 10)
	if err != nil || len(found) != 10 || more != "" {
		t.Errorf("as many as there may be: %d, goes on after %q, %v", len(found), more, err)
	}
}
