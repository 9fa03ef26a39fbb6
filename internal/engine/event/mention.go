package event

import (
	"slices"
	"strings"

	"github.com/postrider/postrider/internal/chat"
)

// How a text mentions people (F109): <@uid:mira-17>, and everybody: <@all:all>.
const (
	mentionUser = "<@uid:"
	mentionAll  = "<@all:"
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
		end := strings.IndexByte(text, '>')
		if end < 0 {
			break
		}
		if alias, ok := strings.CutPrefix(text[:end], mentionAll); ok {
			all = all || alias != ""
		} else if name, ok := strings.CutPrefix(text[:end], mentionUser); ok {
			if uid := chat.NormalizeUID(name); checkID("", uid) == nil {
				uids = append(uids, uid)
			}
		}
		text = text[len("<@"):]
	}
	slices.Sort(uids)
	return slices.Compact(uids), all
}
