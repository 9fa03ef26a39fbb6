package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/provider/address"
)

var contactTests = []test{
	{"are set, replaced and deleted", contactsKept},
	{"are listed in pages by uid", contactsPages},
	{"are searched as plain text", contactsSearch},
	{"of one import may repeat", contactsRepeated},
	{"may be many", contactsMany},
	{"are set at one time", contactsTogether},
	{"are changed field by field", contactsChanged},
}

func (f *fixture) setContacts(t testing.TB, uidsAndEmails ...string) {
	t.Helper()
	var contacts []address.Contact
	for i := 0; i < len(uidsAndEmails); i += 2 {
		contacts = append(contacts, address.Contact{UID: uidsAndEmails[i], Email: uidsAndEmails[i+1]})
	}
	if err := f.SetContacts(t.Context(), "app", contacts); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) contacts(t testing.TB, after, search string, limit int) []string {
	t.Helper()
	contacts, err := f.Contacts(t.Context(), "app", after, search, limit)
	if err != nil {
		t.Fatal(err)
	}
	uids := make([]string, 0, len(contacts))
	for _, c := range contacts {
		uids = append(uids, c.UID)
	}
	return uids
}

func contactsKept(t *testing.T, f *fixture) {
	f.setContacts(t, "a", "first@example.com", "b", "b@example.com")
	if err := f.SetContacts(t.Context(), "other", []address.Contact{{UID: "a", Email: "other@example.com"}}); err != nil {
		t.Fatal(err)
	}
	f.clock.Advance(time.Second)
	f.setContacts(t, "a", "second@example.com")
	want := address.Contact{UID: "a", Email: "second@example.com", UpdatedAt: f.clock.Now()}
	got, err := f.Contact(t.Context(), "app", "a")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	list, err := f.Contacts(t.Context(), "app", "", "second", 10)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]address.Contact{want}, list); diff != "" {
		t.Error(diff)
	}
	if err := f.DeleteContact(t.Context(), "app", "a"); err != nil {
		t.Fatal(err)
	}
	for _, uid := range []string{"a", "nobody", poison} {
		if _, err := f.Contact(t.Context(), "app", uid); !errors.Is(err, address.ErrUnknown) {
			t.Errorf("Contact(%q): %v, want ErrUnknown", uid, err)
		}
		if err := f.DeleteContact(t.Context(), "app", uid); !errors.Is(err, address.ErrUnknown) {
			t.Errorf("DeleteContact(%q): %v, want ErrUnknown", uid, err)
		}
	}
	if c, err := f.Contact(t.Context(), "other", "a"); err != nil || c.Email != "other@example.com" {
		t.Errorf("the other app's contact: %+v, %v", c, err)
	}
	if err := f.SetContacts(t.Context(), "app", nil); err != nil {
		t.Errorf("an import of nothing: %v", err)
	}
}

func contactsPages(t *testing.T, f *fixture) {
	// In the order of bytes, on every engine and whatever the database's
	// collation.
	want := []string{"-b", "1", "B", "a", "a-c", "aa", "a\u00e4", "b", "\u00e4"}
	for i := range want {
		uid := want[(i*4)%len(want)]
		f.setContacts(t, uid, uid+"@example.com")
	}
	if diff := cmp.Diff(want, f.contacts(t, "", "", 100)); diff != "" {
		t.Error(diff)
	}
	var got []string
	for after := ""; ; after = got[len(got)-1] {
		page := f.contacts(t, after, "", 2)
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func contactsSearch(t *testing.T, f *fixture) {
	f.setContacts(t, "alice", "Alice@Example.com", "bob", "bob_smith@example.com", "percent%", "x@example.com",
		`back\slash`, "y@example.com", "under_score", "z@example.org", "j\u00f6rg", "j@example.org")
	for search, want := range map[string][]string{
		"":           {"alice", `back\slash`, "bob", "j\u00f6rg", "percent%", "under_score"},
		"lic":        {"alice"},
		"EXAMPLE.OR": {"j\u00f6rg", "under_score"},
		"ALICE@ex":   {"alice"},
		"_":          {"bob", "under_score"},
		"%":          {"percent%"},
		`\`:          {`back\slash`},
		"b_b":        {},
		"a%e":        {},
		"\u00f6":     {"j\u00f6rg"},
		poison:       {},
	} {
		if diff := cmp.Diff(want, f.contacts(t, "", search, 100)); diff != "" {
			t.Errorf("search %q: %s", search, diff)
		}
	}
	if diff := cmp.Diff([]string{"under_score"}, f.contacts(t, "bob", "_", 100)); diff != "" {
		t.Error(diff)
	}
}

func contactsRepeated(t *testing.T, f *fixture) {
	// The last two are one after repair.
	f.setContacts(t, "a", "first@example.com", "b", "b@example.com", "a", "last@example.com",
		"u\x00", "poisoned@example.com", "u\uFFFD", "repaired@example.com")
	for uid, want := range map[string]string{"a": "last@example.com", "u\x00": "repaired@example.com"} {
		if c, err := f.Contact(t.Context(), "app", uid); err != nil || c.Email != want {
			t.Errorf("%q: %+v, %v; want the last one's %s", uid, c, err, want)
		}
	}
	if n := len(f.contacts(t, "", "", 100)); n != 3 {
		t.Errorf("%d contacts, want 3", n)
	}
}

func contactsMany(t *testing.T, f *fixture) {
	const n = 2345
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("uid-%04d", i), fmt.Sprintf("%d@example.com", i))
	}
	for range 2 {
		f.setContacts(t, all...)
		if got := f.contacts(t, "", "", 1<<40); len(got) != n {
			t.Errorf("%d contacts, want %d", len(got), n)
		}
	}
}

// Two imports of the same people in different orders must not stop each other.
func contactsTogether(t *testing.T, f *fixture) {
	const n = 300
	forth, back := make([]address.Contact, n), make([]address.Contact, n)
	for i := range n {
		forth[i] = address.Contact{UID: fmt.Sprint("uid-", i), Email: "forth@example.com"}
		back[n-1-i] = address.Contact{UID: fmt.Sprint("uid-", i), Email: "back@example.com"}
	}
	other := f.open(t)
	together(8, func(i int) {
		s, contacts := f.Store, forth
		if i%2 == 0 {
			s, contacts = other, back
		}
		if err := s.SetContacts(t.Context(), "app", contacts); err != nil {
			t.Errorf("set contacts: %v", err)
		}
	})
	if got := f.contacts(t, "", "", 1000); len(got) != n {
		t.Errorf("%d contacts, want %d", len(got), n)
	}
}

func contactsChanged(t *testing.T, f *fixture) {
	email, phone, nothing := "a@example.com", "+4915100000000", ""
	change := func(email, phone *string, want address.Contact) {
		t.Helper()
		want.UID, want.UpdatedAt = "a", f.clock.Now()
		got, err := f.ChangeContact(t.Context(), "app", "a", email, phone)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if want.Email == "" && want.Phone == "" {
			if n := f.count(t, "contacts"); n != 0 {
				t.Errorf("%d rows of nothing", n)
			}
			return
		}
		if got, err := f.Contact(t.Context(), "app", "a"); err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("kept %+v, %v; want %+v", got, err, want)
		}
	}
	change(nil, nil, address.Contact{})
	change(nil, &phone, address.Contact{Phone: phone})
	if listed := f.contacts(t, "", "", 10); len(listed) != 0 {
		t.Errorf("listed without an address: %v", listed)
	}
	change(&email, nil, address.Contact{Email: email, Phone: phone})
	f.setContacts(t, "a", "imported@example.com") // leaves the phone
	change(nil, nil, address.Contact{Email: "imported@example.com", Phone: phone})
	change(nil, &nothing, address.Contact{Email: "imported@example.com"})
	change(&nothing, nil, address.Contact{})
	change(&nothing, &nothing, address.Contact{})
}
