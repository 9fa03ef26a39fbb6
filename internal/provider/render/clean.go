package render

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// shown makes a text fit to be shown: line breaks of any kind become \n, other
// control characters, which mail must not carry, disappear.
func shown(s string) string {
	clean := func(r rune) bool { return r != '\n' && r != '\t' && breaks(r) || r == utf8.RuneError }
	if !strings.ContainsFunc(s, clean) {
		return s
	}
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n").Replace(strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

// breaks reports whether a character ends a line, or has no place in one.
func breaks(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

// line makes a text fit for one line, as in a header or a name.
func line(s string) string {
	if !strings.ContainsFunc(s, breaks) {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.Join(strings.FieldsFunc(shown(s), breaks), " ")
}

// isBlank reports whether nobody would see anything of a text: it consists of
// spaces, of characters without a width, and of fillers.
func isBlank(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		switch r {
		case '\u115f', '\u1160', '\u2800', '\u3164', '\uffa0', '\u034f':
			return false
		}
		return !unicode.IsSpace(r) && !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Variation_Selector, r)
	})
}

// firstOf returns the first text that can be seen.
func firstOf(candidates ...string) string {
	for _, c := range candidates {
		if !isBlank(c) {
			return c
		}
	}
	return ""
}

// clip shortens a text to n characters; what people see as one (an emoji of
// several code points) is not divided.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	count, end := 0, len(s)
	for i := range s {
		if count == n {
			end = i
			break
		}
		count++
	}
	if end == len(s) {
		return s
	}
	// Clusters are counted from a little before the end: from the beginning
	// it would take as long as the text.
	start := max(0, end-256)
	for start > 0 && !utf8.RuneStart(s[start]) {
		start--
	}
	last := start
	for rest, state := s[start:], -1; rest != ""; {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if last+len(cluster) > end {
			break
		}
		last += len(cluster)
	}
	if last == start {
		last = end
	}
	return strings.TrimRight(s[:last], " \t\n") + "…"
}

// isolate returns a text that stands within a sentence. If it is written from
// right to left, or changes direction itself, marks of Unicode's bidirectional
// algorithm (UAX 9) keep that from the rest of the sentence; those that the
// text lacks to be complete are added outside of it.
func isolate(s string) string {
	turns, open, extra := false, 0, 0
	for _, r := range s {
		switch {
		case r >= '\u2066' && r <= '\u2068':
			turns = true
			open++
		case r == '\u2069':
			turns = true
			if open > 0 {
				open--
			} else {
				extra++
			}
		case r >= '\u202a' && r <= '\u202e', r == '\u200e', r == '\u200f', r == '\u061c', isRightToLeft(r):
			turns = true
		}
	}
	if !turns {
		return s
	}
	return strings.Repeat("\u2068", extra+1) + s + strings.Repeat("\u2069", open+1)
}

// isRightToLeft reports whether a character belongs to the scripts that are
// written from right to left, by their blocks.
func isRightToLeft(r rune) bool {
	return r >= 0x590 && r <= 0x8ff || r >= 0xfb1d && r <= 0xfdff || r >= 0xfe70 && r <= 0xfeff || r >= 0x10800 && r <= 0x10fff || r >= 0x1e800 && r <= 0x1efff
}
