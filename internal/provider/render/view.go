package render

import (
	"hash/fnv"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postrider/postrider/notification"
)

// view is what the templates see: every string is one that may be shown.
type view struct {
	Subject  string
	Name     string // of the recipient
	Title    string // the group, or the other person
	Summary  string // how many messages from where
	Why      string // why this mail came
	Icon     picture
	Messages []message
}

type message struct {
	Sender string
	Text   string
	Avatar picture
}

// picture is an image, or what stands for it where there is none.
type picture struct {
	URL      string
	Initials string
	Color    string
}

func newView(n *notification.Notification, imageBase string) *view {
	d := &n.Data
	v := &view{
		Subject:  line(d.Subject),
		Name:     firstOf(line(d.To.Name), d.To.UID),
		Messages: make([]message, len(d.Messages)),
	}
	var where, icon string
	if g := d.GroupDetails; g != nil {
		v.Title, icon = firstOf(line(g.Name), g.GUID, "a group"), g.Icon
		where = "in " + v.Title
	} else {
		v.Title, icon = firstOf(line(d.SenderDetails.Name), d.SenderDetails.UID, "somebody"), d.SenderDetails.Avatar
		where = "from " + v.Title
	}
	v.Icon = newPicture(icon, v.Title, imageBase)
	v.Subject = firstOf(v.Subject, "New messages "+where)
	v.Summary = "you have 1 new message " + where + "."
	v.Why = "You get this email because you had not read this message yet."
	if n := len(d.Messages); n > 1 {
		v.Summary = "you have " + strconv.Itoa(n) + " new messages " + where + "."
		v.Why = "You get this email because you had not read these messages yet."
	}
	for i := range d.Messages {
		m := &d.Messages[i]
		sender := firstOf(line(m.Sender.Name), m.Sender.UID)
		if sender == "" {
			sender = "Somebody"
			if d.SenderDetails != nil {
				sender = v.Title
			}
		}
		v.Messages[i] = message{
			Sender: sender,
			Text:   firstOf(shown(m.Text), "New message"),
			Avatar: newPicture(m.Sender.Avatar, sender, imageBase),
		}
	}
	return v
}

func firstOf(candidates ...string) string {
	for _, c := range candidates {
		if strings.TrimSpace(c) != "" {
			return c
		}
	}
	return ""
}

// shown makes a text fit to be shown: line breaks of any kind become \n, other
// control characters, which mail must not carry, disappear.
func shown(s string) string {
	clean := func(r rune) bool { return r != '\n' && r != '\t' && unicode.IsControl(r) || r == utf8.RuneError }
	if !strings.ContainsFunc(s, clean) {
		return s
	}
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

// line makes a text fit for one line, as in a header or a name.
func line(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }) {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.Join(strings.FieldsFunc(shown(s), func(r rune) bool {
		return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
	}), " ")
}

// color returns a background on which white letters have a contrast of at
// least 4.5 to 1: always the same for one name.
func color(name string) string {
	palette := [...]string{"#3056a0", "#7a3b8f", "#a33b3b", "#8a5300", "#2d6a3e", "#1f6a75", "#5a5a5a", "#9c2f6b"}
	h := fnv.New32a()
	h.Write([]byte(name))
	return palette[h.Sum32()%uint32(len(palette))]
}

func newPicture(address, name, imageBase string) picture {
	p := picture{Initials: initials(name), Color: color(name)}
	if address == "" {
		return p
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return p
	}
	if u.Scheme == "https" || imageBase != "" && strings.HasPrefix(address, imageBase+"/") {
		p.URL = u.String()
	}
	return p
}

// initials returns the first letters of the first and last word.
func initials(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) })
	if len(words) == 0 {
		return "?"
	}
	first, _ := utf8.DecodeRuneInString(words[0])
	s := string(unicode.ToUpper(first))
	if len(words) > 1 {
		last, _ := utf8.DecodeRuneInString(words[len(words)-1])
		s += string(unicode.ToUpper(last))
	}
	return s
}
