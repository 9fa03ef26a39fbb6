package render

import (
	"bytes"
	"fmt"
	"mime"
	netmail "net/mail"
	"strings"
	"unicode/utf8"

	gomessage "github.com/emersion/go-message"
	"github.com/emersion/go-message/mail"
)

// Servers refuse longer From and To lines; the address alone is then better
// than no mail.
const maxAddressLine = 320

// compose writes header and body. The header is complete but for what servers
// on the way add.
func (r *Renderer) compose(v *view, e Envelope, text, html []byte) ([]byte, error) {
	var h mail.Header
	// Fields are written last one first.
	h.Set("Content-Type", mime.FormatMediaType("multipart/alternative", map[string]string{"boundary": "=_" + e.DeliveryID}))
	h.Set("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers, please
	h.SetSubject(v.Subject)
	h.Set("To", addressLine(v.Name, e.To))
	h.Set("From", addressLine(r.cfg.From.Name, r.cfg.From.Address))
	h.SetDate(e.Date)
	h.SetMessageID(e.DeliveryID + "@" + r.domain)

	var out bytes.Buffer
	out.Grow(2048 + len(text) + len(html) + (len(text)+len(html))/8)
	w, err := gomessage.CreateWriter(&out, h.Header)
	if err != nil {
		return nil, fmt.Errorf("write header: %w", err)
	}
	for _, part := range [...]struct {
		kind string
		body []byte
	}{{"text/plain", text}, {"text/html", html}} {
		var ph gomessage.Header
		ph.Set("Content-Transfer-Encoding", "quoted-printable")
		ph.Set("Content-Type", part.kind+"; charset=utf-8")
		p, err := w.CreatePart(ph)
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", part.kind, err)
		}
		if _, err := p.Write(part.body); err != nil {
			return nil, fmt.Errorf("write %s: %w", part.kind, err)
		}
		if err := p.Close(); err != nil {
			return nil, fmt.Errorf("write %s: %w", part.kind, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("write mail: %w", err)
	}
	return out.Bytes(), nil
}

func addressLine(name, address string) string {
	bare := (&netmail.Address{Address: address}).String()
	full := (&netmail.Address{Name: name, Address: address}).String()
	if strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) {
		// Of the two encodings only this one never writes characters that a
		// name must not contain there (RFC 2047, section 5).
		full = mime.BEncoding.Encode("utf-8", name) + " " + bare
	}
	if len(full) > maxAddressLine {
		return bare
	}
	return full
}
