package event

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/postrider/postrider/internal/chat"
)

// How a text mentions people (F109): <@uid:mira-17>, and everybody: <@all:all>.
const (
	mentionUser = "<@uid:"
	mentionAll  = "<@all:"
	// longest is the most bytes a mention can have.
	longest = len(mentionUser) + chat.MaxUIDLength*utf8.UTFMax + len(">")
)

// mentions returns the user ids that a message mentions, sorted, and whether
// it mentions everybody. What only looks like a mention is none: it is
// somebody's text.
func mentions(d *messageData) (uids []string, all bool) {
	for i := range d.Mentions {
		if uid, err := uid("uid", d.Mentions[i].UID); err == nil {
			uids = append(uids, uid)
		}
	}
	for text := d.Text; ; {
		at := strings.Index(text, "<@")
		if at < 0 {
			break
		}
		text = text[at:]
		token := text[:max(0, strings.IndexByte(text[:min(len(text), longest)], '>'))]
		if alias, ok := strings.CutPrefix(token, mentionAll); ok {
			all = all || isName(alias)
		} else if name, ok := strings.CutPrefix(token, mentionUser); ok && isName(name) {
			if uid := chat.NormalizeUID(name); checkID("", uid) == nil {
				uids = append(uids, uid)
			}
		}
		text = text[len("<@"):]
	}
	slices.Sort(uids)
	return slices.Compact(uids), all
}

func isName(s string) bool { return s != "" && !strings.Contains(s, "<") }
