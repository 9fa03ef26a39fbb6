package store

import (
	"strconv"
	"strings"

	"github.com/postrider/postrider/internal/provider/gateway/mailbox"
)

// mailIndex is how one engine finds mails by their words. The words are made
// by package mailbox, so that both engines find the same; they hold letters,
// digits and pictures only.
type mailIndex struct {
	// key is the column of an index entry that holds the mail's arrival.
	key string
	// add is the statement that adds an entry; its parameters are the arrival
	// and what row returns.
	add string
	row func(fields [4][]string) []any // subject, sender, recipients, text
	// matches is the condition for entries that match a parameter, "$1".
	matches func(parameter string) string
	// all is the expression for mails in which each of the terms is, any for
	// those in which one is. There is at least one term. but is that for mails
	// that match the one and not the other; negates says that the first may be
	// empty.
	all, any func(terms []mailbox.Term) string
	but      func(wanted, unwanted string) string
	negates  bool
	// clear is the statement that removes all entries.
	clear string
	// walk is how many of the newest mails are looked through before the index
	// is asked; 0: the index comes in the order of arrivals by itself.
	walk int64
}

// ftsIndex is FTS5 of SQLite.
func ftsIndex() *mailIndex {
	columns := map[mailbox.Field]string{
		mailbox.FieldSubject: "subject", mailbox.FieldFrom: "sender", mailbox.FieldTo: "recipients", mailbox.FieldText: "body",
	}
	join := func(operator string) func([]mailbox.Term) string {
		return func(terms []mailbox.Term) string {
			parts := make([]string, 0, len(terms))
			for _, term := range terms {
				phrase := `"` + strings.Join(term.Words, " ") + `"`
				if term.Begins {
					phrase += " *"
				}
				if column := columns[term.Field]; column != "" {
					phrase = column + " : " + phrase
				}
				parts = append(parts, "("+phrase+")")
			}
			return strings.Join(parts, operator)
		}
	}
	return &mailIndex{
		key: "rowid",
		add: `INSERT INTO mailbox_index (rowid, subject, sender, recipients, body) VALUES ($1, $2, $3, $4, $5)`,
		row: func(fields [4][]string) []any {
			values := make([]any, 0, len(fields))
			for _, words := range fields {
				values = append(values, strings.Join(words, " "))
			}
			return values
		},
		matches: func(parameter string) string { return "mailbox_index MATCH " + parameter },
		all:     join(" AND "),
		any:     join(" OR "),
		but:     func(wanted, unwanted string) string { return "(" + wanted + ") NOT (" + unwanted + ")" },
		clear:   `INSERT INTO mailbox_index (mailbox_index) VALUES ('delete-all')`,
	}
}

// fieldGap is the distance between positions of words in different fields: no
// phrase spans two. PostgreSQL counts positions up to 16,383.
const fieldGap = 2500

// vectorIndex is the text search of PostgreSQL.
func vectorIndex() *mailIndex {
	weights := map[mailbox.Field]string{
		mailbox.FieldSubject: "A", mailbox.FieldFrom: "B", mailbox.FieldTo: "C", mailbox.FieldText: "D",
	}
	join := func(operator string) func([]mailbox.Term) string {
		return func(terms []mailbox.Term) string {
			parts := make([]string, 0, len(terms))
			for _, term := range terms {
				lexemes := make([]string, 0, len(term.Words))
				for i, word := range term.Words {
					flags := weights[term.Field]
					if term.Begins && i == len(term.Words)-1 {
						flags = "*" + flags
					}
					if flags != "" {
						flags = ":" + flags
					}
					lexemes = append(lexemes, lexeme(word)+flags)
				}
				parts = append(parts, "("+strings.Join(lexemes, " <-> ")+")")
			}
			return strings.Join(parts, operator)
		}
	}
	return &mailIndex{
		key: "arrival",
		add: `INSERT INTO mailbox_index (arrival, words) VALUES ($1, CAST(CAST($2 AS TEXT) AS tsvector))`,
		row: func(fields [4][]string) []any {
			var vector strings.Builder
			for field, words := range fields {
				for i, word := range words {
					vector.WriteString(lexeme(word) + ":" + strconv.Itoa(field*fieldGap+i+1) + string(rune('A'+field)) + " ")
				}
			}
			return []any{vector.String()}
		},
		matches: func(parameter string) string { return "words @@ CAST(CAST(" + parameter + " AS TEXT) AS tsquery)" },
		all:     join(" & "),
		any:     join(" | "),
		negates: true,
		but: func(wanted, unwanted string) string {
			if wanted == "" {
				return "!(" + unwanted + ")"
			}
			return "(" + wanted + ") & !(" + unwanted + ")"
		},
		clear: `DELETE FROM mailbox_index`,
		walk:  5000,
	}
}

func lexeme(word string) string {
	return "'" + strings.NewReplacer("'", "''", `\`, `\\`).Replace(word) + "'"
}

// indexed returns what of a mail goes into the index.
func indexed(m *mailbox.Mail) [4][]string {
	short := func(text string) []string {
		words := mailbox.Words(text)
		return words[:min(len(words), fieldGap-1)]
	}
	return [4][]string{
		short(m.Subject), short(m.From + "\n" + m.Searched.From), short(m.To + "\n" + m.Searched.To), mailbox.Words(m.Searched.Text),
	}
}
