package render

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/postrider/postrider/notification"
)

// Link is a URL with placeholders that each mail fills in: {uid} is the
// recipient, {senderUid} the other person of a one-on-one conversation,
// {guid} the group. A placeholder that does not apply becomes empty. The zero
// value links nowhere.
type Link struct{ template string }

// Placeholders of a link.
const (
	placeUID    = "{uid}"
	placeSender = "{senderUid}"
	placeGroup  = "{guid}"
)

// ParseLink reads a link: an http or https URL of up to 2,000 characters,
// placeholders after its host. An empty text is a link to nowhere.
func ParseLink(text string) (Link, error) {
	if text == "" {
		return Link{}, nil
	}
	sample := strings.NewReplacer(placeUID, "u", placeSender, "s", placeGroup, "g").Replace(text)
	if at := strings.IndexByte(sample, '{'); at >= 0 {
		name, _, _ := strings.Cut(sample[at:], "}")
		return Link{}, fmt.Errorf("the placeholder %s} is none of %s, %s and %s", name, placeUID, placeSender, placeGroup)
	}
	u, err := url.Parse(sample)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || len(text) > maxURL {
		return Link{}, errors.New("must be a URL such as https://chat.example.com/open?user={senderUid}&group={guid}")
	}
	if _, rest, _ := strings.Cut(text, "://"); !strings.HasPrefix(rest, u.Host) || u.User != nil {
		return Link{}, errors.New("must have no placeholder in its host, and no user")
	}
	return Link{text}, nil
}

// of returns the link of a notification, or "".
func (l Link) of(n *notification.Notification) string {
	if l.template == "" {
		return ""
	}
	var sender, group string
	if d := n.Data.SenderDetails; d != nil {
		sender = d.UID
	}
	if g := n.Data.GroupDetails; g != nil {
		group = g.GUID
	}
	filled := l.template
	for _, place := range [...]struct{ name, id string }{{placeUID, n.Data.To.UID}, {placeSender, sender}, {placeGroup, group}} {
		filled = strings.ReplaceAll(filled, place.name, escape(place.id)) // which has no braces
	}
	if len(filled) > 2*maxURL {
		return "" // of ids that nobody's chat has
	}
	return filled
}

// escape makes an id fit for any place of a URL behind its host.
func escape(id string) string {
	id = line(id)
	if id == "." || id == ".." {
		return "" // as a step of a path it would lead elsewhere
	}
	return strings.ReplaceAll(url.QueryEscape(id), "+", "%20")
}
