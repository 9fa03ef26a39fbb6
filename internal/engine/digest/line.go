package digest

import (
	"strings"
	"unicode"
)

// oneLine makes one line of a name or a subject. A line break or another
// control character becomes a blank, so that none can begin a header.
func oneLine(s string) string {
	if strings.IndexFunc(s, unicode.IsControl) < 0 {
		return strings.TrimSpace(s)
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s))
}

// plain keeps a text's line breaks and drops its other control characters.
func plain(s string) string {
	if strings.IndexFunc(s, isUnwanted) < 0 {
		return s
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case isUnwanted(r):
			return -1
		}
		return r
	}, s)
}

func isUnwanted(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }

func isBlank(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !unicode.IsSpace(r) && !unicode.IsControl(r) }) < 0
}
