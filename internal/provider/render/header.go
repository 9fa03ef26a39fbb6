package render

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"mime"
	netmail "net/mail"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message/mail"

	"github.com/postrider/postrider/notification"
)

// Servers refuse longer From and To lines; the address alone is then better
// than no mail.
const maxAddressLine = 320

// maxListName is the longest name of a list, encoded; what is longer is not
// shown by anybody.
const maxListName = 200

// header returns all fields but those that say how the parts are encoded. It
// is complete but for what servers on the way add.
func (r *Renderer) header(v *view, n *notification.Notification, e *Envelope) mail.Header {
	var h mail.Header
	// Fields are written last one first.
	h.Set("Content-Type", mime.FormatMediaType("multipart/alternative", map[string]string{"boundary": "=_" + e.DeliveryID}))
	h.Set("Feedback-Id", r.feedbackID(n)) // by which Gmail tells complaints apart
	h.Set("List-Id", r.listID(v, n, e))   // RFC 2919: people filter by it
	// No out-of-office answers, please: RFC 3834, and Exchange's own field.
	h.Set("X-Auto-Response-Suppress", "All")
	h.Set("Auto-Submitted", "auto-generated")
	// Mails of one thread name the same ancestor, which is no mail: so they
	// hang together whichever of them somebody has.
	thread := "<thread-" + identify("thread", e.App, n.AppID, e.Recipient, e.Conversation) + "@" + r.domain + ">"
	h.Set("References", thread)
	h.Set("In-Reply-To", thread)
	h.SetSubject(v.Subject)
	h.Set("To", addressLine(v.Name, e.To))
	h.Set("From", addressLine(r.cfg.From.Name, r.cfg.From.Address))
	h.SetDate(e.Date)
	h.SetMessageID(e.DeliveryID + "@" + r.domain)
	return h
}

// identify returns 32 hexadecimal characters that only this list of texts has.
func identify(texts ...string) string {
	h := sha256.New()
	var length [8]byte
	for _, text := range texts {
		binary.BigEndian.PutUint64(length[:], uint64(len(text)))
		h.Write(length[:])
		h.Write([]byte(text))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// listID names the conversation: the same for all its members.
func (r *Renderer) listID(v *view, n *notification.Notification, e *Envelope) string {
	kind := "direct"
	if n.Data.GroupDetails != nil {
		kind = "group"
	}
	id := "<" + kind + "-" + identify("list", e.App, n.AppID, e.Conversation) + "." + r.domain + ">"
	if name := phrase(v.Title); len(name) <= maxListName {
		return name + " " + id
	}
	return id
}

// maxFeedbackField bounds the part of a Feedback-ID that a payload decides.
const maxFeedbackField = 40

// feedbackID is four fields, from the narrowest to the widest: kind of
// conversation, app, kind of mail, sender. Nothing in it names a person.
func (r *Renderer) feedbackID(n *notification.Notification) string {
	kind := "direct"
	if n.Data.GroupDetails != nil {
		kind = "group"
	}
	app := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_' {
			return r
		}
		return -1
	}, n.AppID)
	return kind + ":" + firstOf(app[:min(len(app), maxFeedbackField)], "app") + ":missed-messages:postrider"
}

// phrase writes a name as headers want it (RFC 5322, section 3.2.5).
func phrase(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) {
		// Of the two encodings only this one never writes characters that a
		// name must not contain there (RFC 2047, section 5).
		return mime.BEncoding.Encode("utf-8", name)
	}
	return `"` + strings.ReplaceAll(strings.ReplaceAll(name, `\`, `\\`), `"`, `\"`) + `"`
}

func addressLine(name, address string) string {
	bare := (&netmail.Address{Address: address}).String()
	if name == "" {
		return bare
	}
	if full := phrase(name) + " " + bare; len(full) <= maxAddressLine {
		return full
	}
	return bare
}
