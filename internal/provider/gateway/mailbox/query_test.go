package mailbox_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/provider/gateway/mailbox"
)

func TestParseQuery(t *testing.T) {
	t.Parallel()
	type term = mailbox.Term
	for search, want := range map[string][]term{
		"":                            nil,
		"  \t ":                       nil,
		"?! ...":                      nil,
		"Hello":                       {{Words: []string{"hello"}, Begins: true}},
		"a":                           {{Words: []string{"a"}}}, // one letter is no beginning
		`"Hello"`:                     {{Words: []string{"hello"}}},
		`"Hello there" now`:           {{Words: []string{"hello", "there"}}, {Words: []string{"now"}, Begins: true}},
		`"never closed`:               {{Words: []string{"never", "closed"}}},
		"from:mira":                   {{Field: mailbox.FieldFrom, Words: []string{"mira"}, Begins: true}},
		"FROM:mira":                   {{Field: mailbox.FieldFrom, Words: []string{"mira"}, Begins: true}},
		`subject:"Weekly report"`:     {{Field: mailbox.FieldSubject, Words: []string{"weekly", "report"}}},
		"-to:mira@example.com":        {{Field: mailbox.FieldTo, Words: []string{"mira", "example", "com"}, Begins: true, Not: true}},
		"text:Grüße":                  {{Field: mailbox.FieldText, Words: []string{"grusse"}, Begins: true}},
		"body:x1":                     {{Words: []string{"body", "x1"}, Begins: true}},
		"re:hello":                    {{Words: []string{"re", "hello"}, Begins: true}},
		"from: mira":                  {{Words: []string{"mira"}, Begins: true}},
		"-":                           nil,
		"--draft":                     {{Words: []string{"draft"}, Begins: true, Not: true}},
		"東京":                          {{Words: []string{"東", "京"}}},
		strings.Repeat("word ", 1000): slices.Repeat([]term{{Words: []string{"word"}, Begins: true}}, 20),
	} {
		if diff := cmp.Diff(want, mailbox.ParseQuery(search)); diff != "" {
			t.Errorf("%.40q (-want +got):\n%s", search, diff)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":                                nil,
		"Hello, World!":                   {"hello", "world"},
		"andrew-joseph@example.com":       {"andrew", "joseph", "example", "com"},
		"ÉCOLE e\u0301cole Straße ﬁn":     {"ecole", "ecole", "strasse", "fin"},
		"İstanbul":                        {"istanbul"},
		"ΣΊΣΥΦΟΣ":                         {"σισυφοσ"},
		"3.14 v2":                         {"3", "14", "v2"},
		"來週abc的":                          {"來", "週", "abc", "的"},
		"สวัสดี":                          {"ส", "ว", "ส", "ด"},
		"नमस्ते":                          {"नमसत"},
		"👩‍👩‍👧 🏔️":                        {"👩", "👩", "👧", "🏔"},
		"a\x00b\xffc":                     {"a", "b", "c"},
		strings.Repeat("x", 1000) + " y":  {strings.Repeat("x", 64), "y"},
		"'; DROP TABLE mailbox_index; --": {"drop", "table", "mailbox", "index"},
	} {
		if diff := cmp.Diff(want, mailbox.Words(text)); diff != "" {
			t.Errorf("%.40q (-want +got):\n%s", text, diff)
		}
	}
	if n := len(mailbox.Words(strings.Repeat("a ", 1<<20))); n != 5000 {
		t.Errorf("%d words of a long text, want 5000", n)
	}
}

// Words are what both databases can keep as they are, and their own words.
func checkWords(t interface{ Fatalf(string, ...any) }, text string) {
	words := mailbox.Words(text)
	for _, word := range words {
		if word == "" || len(word) > 64 || strings.ContainsAny(word, " \t\n'\"\\()*:&|!<>\x00") {
			t.Fatalf("%q has the word %q", text, word)
		}
	}
	if again := mailbox.Words(strings.Join(words, " ")); !slices.Equal(words, again) {
		t.Fatalf("the words of %q are %q, and theirs %q", text, words, again)
	}
}

func TestWordsOfEachLetter(t *testing.T) {
	t.Parallel()
	for r := range rune(unicode.MaxRune + 1) {
		checkWords(t, string(r))
		if upper := string(unicode.ToUpper(r)); unicode.IsLetter(r) && !slices.Equal(mailbox.Words(upper), mailbox.Words(strings.ToLower(upper))) {
			t.Errorf("the case of %q counts", upper)
		}
	}
}

func TestWordsOfAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { checkWords(t, rapid.String().Draw(t, "text")) })
}

func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"", `from:mira "weekly report" -draft`, "\xff-to:\"", "東京 ɐ", "from:from:from:"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, search string) {
		checkWords(t, search)
		terms := mailbox.ParseQuery(search)
		if len(terms) > 20 {
			t.Fatalf("%d terms", len(terms))
		}
		for _, term := range terms {
			if len(term.Words) == 0 {
				t.Fatalf("%q has a term without words", search)
			}
		}
	})
}
