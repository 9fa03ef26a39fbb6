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
		"jürgen@example.org":                   "jürgen@example.org",
		"用户@例え.テスト":                            "用户@xn--r8jz45g.xn--zckzah",
		"mi\u202era@example.org":               "",
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

// directory is one without a network.
type directory map[string]string

func (d directory) Email(_ context.Context, uid string) (string, error) {
	switch email := d[uid]; email {
	case "":
		return "", &address.NoneError{Said: "the directory answered 404"}
	case "fault":
		return "", &address.DirectoryError{Target: "people.example.org", Status: 503, Err: errors.New("answered 503")}
	default:
		return email, nil
	}
}

// The sources are asked in their order, and each answer says whose it is.
func TestFind(t *testing.T) {
	t.Parallel()
	contacts := &memory{contacts: map[string]string{"mira": "stored@example.org", "broken": "nonsense", "phone": ""}}
	people := directory{"mira": "other@example.org", "Lena": "lena@example.org", "phone": "phone@example.org", "odd": "nonsense", "later": "fault"}
	for _, test := range []struct {
		name, uid, given, want string
		source                 address.Source
		directory              address.Directory
		says                   string
	}{
		{"given", "mira", " given@example.org ", "given@example.org", address.SourceNotification, people, ""},
		{"given nonsense hides no fault of the caller", "mira", "nonsense", "", address.SourceNotification, people, "not an email address"},
		{"contact", "mira", "", "stored@example.org", address.SourceContacts, people, ""},
		{"contact in other letters", "MIRA", "  ", "stored@example.org", address.SourceContacts, nil, ""},
		{"contact that is nonsense", "broken", "", "", address.SourceContacts, people, "not an email address"},
		{"directory, asked as the caller writes it", "Lena", "", "lena@example.org", address.SourceDirectory, people, ""},
		{"contact without an address", "phone", "", "phone@example.org", address.SourceDirectory, people, ""},
		{"directory with nonsense", "odd", "", "", address.SourceDirectory, people, "not an email address"},
		{"nobody", "otto", "", "", "", people, "the notification carries no address, the contacts hold none, the directory answered 404"},
		{"nobody, without a directory", "otto", "", "", "", nil, "the notification carries no address and the contacts hold none"},
		{"directory that fails", "later", "", "", "", people, "answered 503"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			book := &address.Book{Contacts: contacts, Directory: test.directory}
			got, err := book.Find(t.Context(), "default", test.uid, test.given)
			if got.Address != test.want || got.Source != test.source || (err == nil) != (test.says == "") {
				t.Errorf("got %+v, %v", got, err)
			}
			if err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want %q", err, test.says)
			}
			if unknown := strings.HasPrefix(test.name, "nobody"); errors.Is(err, address.ErrUnknown) != unknown {
				t.Errorf("%v: is it unknown?", err)
			}
		})
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
