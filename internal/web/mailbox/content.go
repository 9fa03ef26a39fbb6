package mailbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // mails in other charsets than UTF-8
	"github.com/emersion/go-message/mail"
)

// shownBytes is how much of a text or a source a page shows. The rest is in
// the download.
const shownBytes = 2 << 20

// content is what can be read in a mail.
type content struct {
	Headers []headerField // in their order
	Text    string        // the first text/plain part
	HTML    string        // the first text/html part
	// Problem says what could not be read. Whatever could is there.
	Problem string
}

// headerField is one header, decoded (RFC 2047) and on one line.
type headerField struct {
	Name      string // as it is written
	Canonical string // as the API names it: "Message-Id"
	Value     string
}

// readContent reads as much of a mail as can be read.
func readContent(raw []byte) content {
	var c content
	reader, err := mail.CreateReader(bytes.NewReader(raw))
	if reader == nil {
		c.Problem = fmt.Sprintf("the headers cannot be read: %v", err)
		return c
	}
	c.Headers = readHeaders(&reader.Header)
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return c
		}
		if err != nil && !message.IsUnknownCharset(err) {
			c.Problem = fmt.Sprintf("a part cannot be read: %v", err)
			return c
		}
		c.readPart(part)
	}
}

func (c *content) readPart(part *mail.Part) {
	header, ok := part.Header.(*mail.InlineHeader)
	if !ok {
		return // an attachment
	}
	kind, _, err := header.ContentType()
	if err != nil {
		return // not even its kind is known; the source shows it
	}
	var place *string
	switch {
	case kind == "text/plain" && c.Text == "":
		place = &c.Text
	case kind == "text/html" && c.HTML == "":
		place = &c.HTML
	default:
		return
	}
	body, err := io.ReadAll(part.Body)
	if err != nil {
		c.Problem = fmt.Sprintf("the %s part cannot be read to its end: %v", kind, err)
	}
	*place = strings.ToValidUTF8(string(body), "\uFFFD")
}

func readHeaders(h *mail.Header) []headerField {
	var all []headerField
	for fields := h.Fields(); fields.Next(); {
		f := headerField{Name: fields.Key(), Canonical: fields.Key()}
		if raw, err := fields.Raw(); err == nil {
			if name, _, ok := bytes.Cut(raw, []byte(":")); ok {
				f.Name = string(name)
			}
		}
		// A value in an unknown charset comes as it stands.
		f.Value, _ = fields.Text()
		f.Value = strings.ToValidUTF8(f.Value, "\uFFFD")
		all = append(all, f)
	}
	return all
}

// header returns the first header of that canonical name, or instead.
func (c *content) header(canonical, instead string) string {
	for _, f := range c.Headers {
		if f.Canonical == canonical && f.Value != "" {
			return f.Value
		}
	}
	return instead
}

// clip returns what of s is shown, and whether that is less than all.
func clip(s string) (shown string, cut bool) {
	if len(s) <= shownBytes {
		return s, false
	}
	end := shownBytes
	for end > shownBytes-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end], true
}
