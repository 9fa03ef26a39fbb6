package render

import (
	"strings"
	"unicode/utf8"
)

// What a mail may say of a message object beside the text that stands for the
// message is decided by what the payload tells. In privacy mode (F043, F044)
// the texts tell nothing, and whoever calls may send the objects all the same;
// the templates are the app's, so that a private text cannot be told by its
// words. But privacy mode is of a recipient, and so of a whole digest: one text
// that keeps its message to itself speaks for all.

// told is how many characters of a message a text must repeat to be taken for
// one that tells it, where it says more than that: "You have a new message"
// does not tell the message "new".
const told = 20

// secrecy is what the texts of a digest say of it.
type secrecy int

const (
	undecided secrecy = iota // no text message is in it
	open                     // its text messages are told
	private                  // one of them is not
)

// judge finds out what the texts of a digest tell. objects and texts are of its
// messages; an object may be nil.
func judge(objects []*object, texts []string, names naming) secrecy {
	s := undecided
	for i, o := range objects {
		if o == nil || o.Category != "message" || o.Type != "text" || isBlank(string(o.Data.Text)) {
			continue
		}
		if !o.isTold(texts[i], names) {
			return private
		}
		s = open
	}
	return s
}

// tells reports whether the mail may say more of a message than the text that
// stands for it.
func (o *object) tells(text string, digest secrecy, names naming) bool {
	if digest == private || isPrivate(text) || o.Category != "message" && o.Category != "custom" {
		return false
	}
	if digest == open || isUsual(string(o.Type), text) {
		return true
	}
	// Without a text message beside it, its own text has to tell it. A custom
	// message's text may be told in privacy mode too: that is one of the
	// documented defaults. A poll's is not.
	return (o.Category == "message" || o.Type == "extension_poll") && o.isTold(text, names)
}

// isTold reports whether a text tells the text of the message that it stands
// for: it is the same, or the same behind a colon, or holds what others cannot
// hold by accident.
func (o *object) isTold(text string, names naming) bool {
	whole := words(nameMentions(string(o.Data.Text), names))
	text = words(text)
	switch {
	case whole == "" || isPrivate(text):
		return false
	case text == whole || strings.HasSuffix(text, ": "+whole):
		return true
	}
	// It may have been shortened, or call those whom it mentions by other names
	// than we do.
	if begun := strings.TrimRight(text, " .…"); utf8.RuneCountInString(begun) >= told && strings.HasPrefix(whole, begun) {
		return true
	}
	return isAround(text, aroundMentions(string(o.Data.Text)))
}

// isAround reports whether a text is these pieces of a message, or ends with
// them behind a colon, with somebody's name between each two; or holds them
// somewhere, if they are long enough.
func isAround(text string, pieces []string) bool {
	repeated := 0
	for i := range pieces {
		pieces[i] = words(pieces[i])
		repeated += utf8.RuneCountInString(pieces[i])
	}
	if repeated >= told {
		rest, ok := text, true
		for i := 0; ok && i < len(pieces); i++ {
			_, rest, ok = strings.Cut(rest, pieces[i])
		}
		return ok
	}
	for {
		if rest, ok := strings.CutPrefix(text, pieces[0]); ok && len(pieces) > 1 && haveNames(rest, pieces[1:]) {
			return true
		}
		var more bool
		if _, text, more = strings.Cut(text, ": "); !more {
			return false
		}
	}
}

// haveNames reports whether a text is a name before each of these pieces.
func haveNames(text string, pieces []string) bool {
	for i, piece := range pieces {
		named, ok := strings.CutPrefix(strings.TrimLeft(text, " "), "@")
		if !ok {
			return false
		}
		if i == len(pieces)-1 {
			return strings.HasSuffix(named, piece)
		}
		if piece == "" { // one name behind the other
			piece = " "
		}
		if _, text, ok = strings.Cut(named, piece); !ok {
			return false
		}
	}
	return true
}

// words is a text as it may be compared: as it is shown, on one line.
func words(text string) string { return strings.Join(strings.Fields(shown(text)), " ") }

// isPrivate reports whether a text is one of the documented private ones.
func isPrivate(text string) bool {
	switch strings.TrimSpace(text) {
	case "", "New message", "New mention", "New invite", "New image message", "New audio message", "New video message", "New file message":
		return true
	}
	return false
}

// isUsual reports whether a text is one of the documented ones for media, where
// they are not private.
func isUsual(kind, text string) bool {
	if i := strings.Index(text, "Has "); i >= 0 {
		text = strings.TrimSpace(text[i:])
	}
	switch kind {
	case "image", "audio", "video", "file":
		return text == "Has sent a "+kind || text == "Has sent an "+kind || text == "Has shared a "+kind || text == "Has shared an "+kind
	}
	return false
}
