package render

import (
	"encoding/json"
	"strings"
)

// How a text mentions people (F109), where the caller left it so.
const (
	mentionUser = "<@uid:"
	mentionAll  = "<@all:"
	// maxMention is the most bytes in which the end of a mention is looked for.
	maxMention = 512
)

// naming is how people are called, by id in lower letters.
type naming map[string]string

// nameMentions puts names in the place of mentions: <@uid:x> becomes @ and
// x's name, <@all:y> becomes @y. Mentions of people whom nobody knows stay as
// they are.
func nameMentions(text string, names naming) string {
	at := strings.Index(text, "<@")
	if at < 0 {
		return text
	}
	var b strings.Builder
	for ; at >= 0; at = strings.Index(text, "<@") {
		b.WriteString(text[:at])
		text = text[at:]
		said, length := "<@", len("<@")
		if end := strings.IndexByte(text[:min(len(text), maxMention)], '>'); end > 0 {
			if alias, ok := strings.CutPrefix(text[:end], mentionAll); ok && !isBlank(alias) {
				said, length = "@"+alias, end+1
			} else if uid, ok := strings.CutPrefix(text[:end], mentionUser); ok {
				if name := names[strings.ToLower(uid)]; name != "" {
					said, length = "@"+name, end+1
				}
			}
		}
		b.WriteString(said)
		text = text[length:]
	}
	b.WriteString(text)
	return b.String()
}

// mentions reports whether a text mentions somebody in this way.
func mentions(text string) bool {
	return strings.Contains(text, mentionUser) || strings.Contains(text, mentionAll)
}

// aroundMentions returns the pieces of a text that stand before, between and
// behind what it mentions.
func aroundMentions(text string) []string {
	var pieces []string
	for {
		at := strings.Index(text, mentionUser)
		if all := strings.Index(text, mentionAll); at < 0 || all >= 0 && all < at {
			at = all
		}
		if at < 0 {
			return append(pieces, text)
		}
		end := strings.IndexByte(text[at:min(len(text), at+maxMention)], '>')
		if end < 0 {
			return append(pieces, text)
		}
		pieces, text = append(pieces, text[:at]), text[at+end+1:]
	}
}

// namesOf reads data.mentions: users by their id, or a list of them.
func namesOf(raw json.RawMessage) map[string]string {
	if len(raw) == 0 {
		return nil
	}
	names := make(map[string]string)
	put := func(uid string, p person) {
		if uid = strings.ToLower(firstOf(uid, p.UID)); uid != "" {
			names[uid] = clip(firstOf(line(p.Name), line(uid)), maxName)
		}
	}
	var byID map[string]person
	var list []person
	// What is of another form names nobody.
	if json.Unmarshal(raw, &byID) == nil {
		for uid, p := range byID {
			put(uid, p)
		}
	} else if json.Unmarshal(raw, &list) == nil {
		for _, p := range list {
			put("", p)
		}
	}
	return names
}
