package render

import (
	"bytes"
	"fmt"

	gomessage "github.com/emersion/go-message"

	"github.com/postrider/postrider/notification"
)

// compose writes the mail: its header, the plain part, the HTML part.
func (r *Renderer) compose(v *view, n *notification.Notification, e *Envelope, text, html []byte) ([]byte, error) {
	h := r.header(v, n, e)
	var out bytes.Buffer
	out.Grow(3072 + len(text) + len(html) + (len(text)+len(html))/8)
	w, err := gomessage.CreateWriter(&out, h.Header)
	if err != nil {
		return nil, fmt.Errorf("write header: %w", err)
	}
	for _, part := range [...]struct {
		kind string
		body []byte
	}{{"text/plain", text}, {"text/html", html}} {
		var ph gomessage.Header
		how := encoding(part.body)
		if how == base64 {
			// The other encoding does this by itself.
			part.body = bytes.ReplaceAll(part.body, []byte("\n"), []byte("\r\n"))
		}
		ph.Set("Content-Transfer-Encoding", how)
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

const base64 = "base64"

// encoding chooses how a part travels: quoted-printable, which keeps ASCII as
// it is, or base64 where that is shorter.
func encoding(body []byte) string {
	quoted := 0
	for _, b := range body {
		if b >= 0x80 || b == '=' {
			quoted++
		}
	}
	if 2*quoted > len(body)/3 {
		return base64
	}
	return "quoted-printable"
}
