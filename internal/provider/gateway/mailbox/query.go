package mailbox

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Field is where a term of a query is looked for; empty: everywhere.
type Field string

// The fields of a mail that can be searched.
const (
	FieldSubject Field = "subject"
	FieldFrom    Field = "from"
	FieldTo      Field = "to"
	FieldText    Field = "text"
)

const (
	// maxTerms bounds a query.
	maxTerms = 20
	// minBeginning is the least that can be the beginning of a word, in
	// letters: nearly every mail has a word with any given first letter.
	minBeginning = 2
)

// Term is one condition of a query: these words, one after another.
type Term struct {
	Field Field
	Words []string // in the form of [Words]
	// Begins: of the last word the beginning suffices.
	Begins bool
	// Not: mails with these words are left out.
	Not bool
}

// Query says which mails are wanted. The zero value wants all.
type Query struct {
	Terms []Term // all of them hold
	// To is the complete address of the recipient, whatever its case; empty:
	// anybody.
	To string
	// Before is the id of a mail: only those that arrived earlier are wanted.
	// A mail that is gone is taken for one that arrived when its delivery
	// began. Empty: no bound.
	Before string
	// After is the [Mail.Arrival] after which mails are wanted; 0: no bound.
	After int64
}

// ParseQuery reads a search as people type it: words, of which the beginning
// suffices, two letters at least; "words in quotes", which are taken as they stand; from:, to:,
// subject: or text: before one of both, and - for mails without it. Whatever
// is typed means something: what is no word is passed over. The first 20 terms
// count.
func ParseQuery(search string) []Term {
	var terms []Term
	for rest := search; len(terms) < maxTerms; {
		rest = strings.TrimLeftFunc(rest, unicode.IsSpace)
		if rest == "" {
			break
		}
		var term Term
		if term, rest = parseTerm(rest); len(term.Words) > 0 {
			terms = append(terms, term)
		}
	}
	return terms
}

// parseTerm reads the first term of a search that begins with no space.
func parseTerm(s string) (term Term, rest string) {
	s, term.Not = strings.CutPrefix(s, "-")
	if name, after, found := strings.Cut(s, ":"); found {
		field := Field(strings.ToLower(name))
		if slices.Contains([]Field{FieldSubject, FieldFrom, FieldTo, FieldText}, field) {
			term.Field, s = field, after
		}
	}
	var text string
	if quoted, ok := strings.CutPrefix(s, `"`); ok {
		text, rest, _ = strings.Cut(quoted, `"`)
	} else {
		end := strings.IndexFunc(s, unicode.IsSpace)
		if end < 0 {
			end = len(s)
		}
		text, rest, term.Begins = s[:end], s[end:], true
	}
	term.Words = Words(text)
	if n := len(term.Words); n > 0 && utf8.RuneCountInString(term.Words[n-1]) < minBeginning {
		term.Begins = false
	}
	return term, rest
}
