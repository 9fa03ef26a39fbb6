package mailbox

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

const (
	// maxWordBytes cuts what is too long for a word, in a mail as in a query:
	// it is found by its beginning.
	maxWordBytes = 64
	// maxFieldBytes is how much of a text is searched.
	maxFieldBytes = 64 << 10
	maxWords      = 5000 // of a text
)

// Words returns the words of a text in the form in which they are compared:
// without case, accents and punctuation. Scripts that put no spaces between
// words are taken letter by letter. Both what is searched and what is searched
// for go through it. At most 64 KiB and 5,000 words are returned.
func Words(text string) []string {
	if len(text) > maxFieldBytes {
		text = text[:maxFieldBytes]
	}
	text = cases.Fold().String(norm.NFKD.String(strings.ToValidUTF8(text, " ")))
	text = strings.ToLower(text) // of Cherokee's letters folding exchanges the two cases
	var words []string
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			words = append(words, word.String())
			word.Reset()
		}
	}
	for _, r := range text {
		switch {
		case len(words) >= maxWords:
			return words[:maxWords]
		case unicode.Is(unicode.Mn, r): // accents, now on their own
		case standsAlone(r):
			end()
			words = append(words, string(r))
		case unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.Mc, r):
			if word.Len()+utf8.RuneLen(r) <= maxWordBytes {
				word.WriteRune(r)
			}
		default:
			end()
		}
	}
	end()
	return words[:min(len(words), maxWords)]
}

// standsAlone says which characters are words by themselves: those of scripts
// without spaces, and pictures.
func standsAlone(r rune) bool {
	if r < unicode.MaxLatin1 {
		return false
	}
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) ||
		unicode.Is(unicode.So, r)
}
