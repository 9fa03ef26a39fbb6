package mailbox

import "unicode/utf8"

// shownBytes is how much of a text or a source a page shows. The rest is in
// the download.
const shownBytes = 2 << 20

// clip returns what of s is shown, and whether that is less than all.
func clip(s string) (shown string, cut bool) {
	if len(s) <= shownBytes {
		return s, false
	}
	end := shownBytes
	for end > shownBytes-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end], true
}
