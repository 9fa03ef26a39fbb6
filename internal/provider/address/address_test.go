package address_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/provider/address"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"mira@example.org":                     "mira@example.org",
		"Mira.Oduya+chat@Example.ORG":          "Mira.Oduya+chat@example.org",
		"mira@münchen.example":                 "mira@xn--mnchen-3ya.example",
		"o'brien@example.org":                  "o'brien@example.org",
		"a@b.example":                          "a@b.example",
		strings.Repeat("a", 64) + "@e.org":     strings.Repeat("a", 64) + "@e.org",
		strings.Repeat("a", 65) + "@e.org":     "",
		"a@" + strings.Repeat("b.", 126) + "c": "",
		"":                                     "",
		"mira":                                 "",
		"mira@":                                "",
		"@example.org":                         "",
		"mira@localhost":                       "",
		"mira@example.org.":                    "",
		"mira@[127.0.0.1]":                     "",
		"mira@-bad.example":                    "",
		"mira@exa_mple.org":                    "",
		"mira..o@example.org":                  "",
		"Mira <mira@example.org>":              "",
		"<mira@example.org>":                   "",
		`"mira o"@example.org`:                 "",
		"mira@example.org, otto@example.org":   "",
		"mira@example.org\r\nBcc: x@y.example": "",
		"mira(comment)@example.org":            "",
		" mira@example.org":                    "",
		"mira @example.org":                    "",
		"jürgen@example.org":                   "",
		"mira@example.org\x00":                 "",
	} {
		got, err := address.Parse(given)
		var invalid *address.InvalidError
		switch {
		case want == "" && !errors.As(err, &invalid):
			t.Errorf("%q: got %q, %v, want a refusal with its reason", given, got, err)
		case want != "" && (err != nil || got != want):
			t.Errorf("%q: got %q, %v, want %q", given, got, err, want)
		}
	}
}

// FuzzParse: what is taken for an address can stand in an SMTP command and is
// taken again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"mira@example.org", "a@münchen.example", `"a b"@c.example`, "a@[1.2.3.4]", "a@b\r\nc"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, given string) {
		parsed, err := address.Parse(given)
		if err != nil {
			return
		}
		if strings.ContainsAny(parsed, " \r\n\t<>\x00,;\"\\") || strings.Count(parsed, "@") != 1 || len(parsed) > 254 {
			t.Fatalf("%q was taken as %q", given, parsed)
		}
		if again, err := address.Parse(parsed); err != nil || again != parsed {
			t.Fatalf("%q: its own form gives %q, %v", parsed, again, err)
		}
	})
}

// memory is a store of contacts without searching.
type memory struct {
	address.Store
	contacts map[string]string
	batches  int
	fail     error
}

func (m *memory) Contact(_ context.Context, _, uid string) (address.Contact, error) {
	if email, ok := m.contacts[uid]; ok {
		return address.Contact{UID: uid, Email: email}, nil
	}
	return address.Contact{}, address.ErrUnknown
}

func (m *memory) SetContacts(_ context.Context, _ string, contacts []address.Contact) error {
	if m.fail != nil {
		return m.fail
	}
	m.batches++
	for _, c := range contacts {
		m.contacts[c.UID] = c.Email
	}
	return nil
}

func TestFind(t *testing.T) {
	t.Parallel()
	book := &address.Book{Contacts: &memory{contacts: map[string]string{"mira": "stored@example.org", "broken": "nonsense"}}}
	for _, test := range []struct{ uid, given, want string }{
		{"mira", "given@example.org", "given@example.org"},
		{"mira", "", "stored@example.org"},
		{"MIRA", "  ", "stored@example.org"},
		{"otto", "", ""},
		{"broken", "", ""},
	} {
		got, err := book.Find(t.Context(), "default", test.uid, test.given)
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%+v: got %q, %v", test, got, err)
		}
	}
	if _, err := book.Find(t.Context(), "default", "otto", ""); !errors.Is(err, address.ErrUnknown) {
		t.Errorf("got %v", err)
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, csv string
		contacts  map[string]string
		refused   []int
	}{
		{"plain", "uid,email\nMira,mira@example.org\notto,otto@example.org\n", map[string]string{"mira": "mira@example.org", "otto": "otto@example.org"}, nil},
		{"other columns and order", "name,EMAIL,Uid\nMira O,mira@example.org,mira\n", map[string]string{"mira": "mira@example.org"}, nil},
		{"semicolons, byte order mark, CR LF", "\xef\xbb\xbfuid;email\r\nmira;mira@example.org\r\n", map[string]string{"mira": "mira@example.org"}, nil},
		{"tabs", "uid\temail\nmira\tmira@example.org\n", map[string]string{"mira": "mira@example.org"}, nil},
		{"quotes", "uid,email\n\"mira\",\"mira@example.org\"\n", map[string]string{"mira": "mira@example.org"}, nil},
		{"refused lines", "uid,email\nmira,nonsense\n,a@example.org\notto,otto@example.org\nlena\n" + strings.Repeat("x", 101) + ",a@example.org\n", map[string]string{"otto": "otto@example.org"}, []int{2, 3, 5, 6}},
		{"a broken quote", "uid,email\nmira,\"mi\"ra@example.org\notto,otto@example.org\n", map[string]string{"otto": "otto@example.org"}, []int{2}},
		{"empty", "uid,email\n", map[string]string{}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := &memory{contacts: map[string]string{}}
			result, err := address.Import(t.Context(), m, "default", strings.NewReader(test.csv))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.contacts, m.contacts); diff != "" {
				t.Error(diff)
			}
			var lines []int
			for _, r := range result.Refused {
				lines = append(lines, r.Line)
			}
			if diff := cmp.Diff(test.refused, lines); diff != "" {
				t.Errorf("refused lines: %s (%+v)", diff, result.Refused)
			}
			if result.Imported != len(test.contacts) || result.RefusedTotal != len(test.refused) {
				t.Errorf("counted %+v", result)
			}
		})
	}
}

func TestImportOfManyGoesInBatches(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("uid,email\n")
	for i := range 1234 {
		fmt.Fprintf(&b, "user-%d,user-%d@example.org\n", i, i)
	}
	m := &memory{contacts: map[string]string{}}
	result, err := address.Import(t.Context(), m, "default", strings.NewReader(b.String()))
	if err != nil || result.Imported != 1234 || len(m.contacts) != 1234 || m.batches != 3 {
		t.Errorf("imported %d in %d batches, %v", result.Imported, m.batches, err)
	}
}

func TestImportFails(t *testing.T) {
	t.Parallel()
	for name, csv := range map[string]string{"no header": "mira,mira@example.org\n", "no email column": "uid,name\nmira,Mira\n", "nothing": ""} {
		if _, err := address.Import(t.Context(), &memory{}, "default", strings.NewReader(csv)); err == nil || !strings.Contains(err.Error(), "uid and email") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	down := errors.New("disk full")
	if _, err := address.Import(t.Context(), &memory{fail: down}, "default", strings.NewReader("uid,email\nmira,mira@example.org\n")); !errors.Is(err, down) {
		t.Errorf("got %v", err)
	}
}
