package digest

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/postrider/postrider/internal/chat"
)

// How a text mentions people (F109).
const (
	mentionUser = "<@uid:"
	mentionAll  = "<@all:"
	// longest is the most bytes a mention can have.
	longest = len(mentionUser) + chat.MaxUIDLength*utf8.UTFMax + len(">")
)

// naming tells how somebody is called; "" if nobody knows.
type naming func(uid string) string

// nameMentions puts names in the place of mentions: <@uid:x> becomes @ and the
// name, <@all:y> becomes @y (S31). What is put in is not looked at again.
func nameMentions(text string, name naming) string {
	at := strings.Index(text, "<@")
	if at < 0 {
		return text
	}
	var named strings.Builder
	named.Grow(len(text))
	for ; at >= 0; at = strings.Index(text, "<@") {
		named.WriteString(text[:at])
		text = text[at:]
		said, length := mention(text, name)
		if length == 0 {
			said, length = text[:len("<@")], len("<@")
		}
		named.WriteString(said)
		text = text[length:]
	}
	named.WriteString(text)
	return named.String()
}

// mention reads the mention that a text begins with, and how long it is: 0 if
// it is none.
func mention(text string, name naming) (said string, length int) {
	end := strings.IndexByte(text[:min(len(text), longest)], '>')
	if end < 0 {
		return "", 0
	}
	if alias, ok := strings.CutPrefix(text[:end], mentionAll); ok && isName(alias) {
		return "@" + alias, end + 1
	}
	if uid, ok := strings.CutPrefix(text[:end], mentionUser); ok && isName(uid) {
		return "@" + firstOf(name(chat.NormalizeUID(uid)), uid), end + 1
	}
	return "", 0
}

func isName(s string) bool { return s != "" && !strings.Contains(s, "<") }

// namesOf reads data.mentions: users by their id, or a list of them.
func namesOf(raw json.RawMessage) map[string]string {
	type user struct {
		UID  string `json:"uid"`
		Name string `json:"name"`
	}
	names := make(map[string]string)
	var byID map[string]user
	var list []user
	// What is of another form was let in by nobody, and names nobody.
	if json.Unmarshal(raw, &byID) == nil {
		for uid, u := range byID {
			names[chat.NormalizeUID(uid)] = oneLine(u.Name)
		}
	} else if json.Unmarshal(raw, &list) == nil {
		for _, u := range list {
			names[chat.NormalizeUID(u.UID)] = oneLine(u.Name)
		}
	}
	return names
}
