package render

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// span is a piece of a text: a link, or what stands between links.
type span struct {
	Text string
	URL  string // empty: no link
}

// maxLinks is how many links a text may have; further ones stay text.
const maxLinks = 50

// spans divides a text at its links. Only http and https become links, with
// the address they show, and none that would lead elsewhere than it seems.
func (r *Renderer) spans(text string) []span {
	if !strings.Contains(text, "://") {
		return []span{{Text: text}}
	}
	var spans []span
	done := 0
	for _, at := range r.links.FindAllStringIndex(text, maxLinks) {
		address := target(text[at[0]:at[1]])
		if before, _ := utf8.DecodeLastRuneInString(text[:at[0]]); address == "" || unicode.IsLetter(before) || unicode.IsNumber(before) {
			continue
		}
		if at[0] > done {
			spans = append(spans, span{Text: text[done:at[0]]})
		}
		spans = append(spans, span{Text: text[at[0]:at[1]], URL: address})
		done = at[1]
	}
	if done < len(text) {
		spans = append(spans, span{Text: text[done:]})
	}
	return spans
}

// target returns where a link leads, or "" if it must be none: a user name
// before the host makes one address look like another, and so do marks that
// turn the direction of writing.
func target(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || len(address) > maxURL || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	turns := func(r rune) bool { return unicode.Is(unicode.Cf, r) }
	if strings.ContainsFunc(address, turns) || strings.ContainsFunc(u.Host, isRightToLeft) {
		return ""
	}
	return u.String()
}

// isBig reports whether a text is a few emoji and nothing else.
func isBig(text string) bool {
	if len(text) > 32*maxBig || !strings.ContainsFunc(text, isPictorial) {
		return false
	}
	n := 0
	for rest, state := text, -1; rest != ""; {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if strings.TrimSpace(cluster) == "" {
			continue
		}
		if n++; n > maxBig || !strings.ContainsFunc(cluster, isPictorial) {
			return false
		}
	}
	return true
}

// isPictorial reports whether a character is one that emoji are made of:
// symbols in the blocks that have them.
func isPictorial(r rune) bool {
	return r >= 0x1f000 && r <= 0x1faff || r >= 0x2600 && r <= 0x27bf || r == 0x2764 || r >= 0x2b00 && r <= 0x2bff
}
