package mailbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // mails in other charsets than UTF-8
	"github.com/emersion/go-message/mail"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Content is what can be read in a mail.
type Content struct {
	Headers []HeaderField // in their order
	Text    string        // the first text/plain part
	HTML    string        // the first text/html part
	// Problem says what could not be read. Whatever could is there.
	Problem string
}

// HeaderField is one header, decoded (RFC 2047) and on one line.
type HeaderField struct {
	Name      string // as it is written
	Canonical string // as the API names it: "Message-Id"
	Value     string
}

// ReadContent reads as much of a mail as can be read.
func ReadContent(raw []byte) Content {
	var c Content
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

func (c *Content) readPart(part *mail.Part) {
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

func readHeaders(h *mail.Header) []HeaderField {
	var all []HeaderField
	for fields := h.Fields(); fields.Next(); {
		f := HeaderField{Name: fields.Key(), Canonical: fields.Key()}
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

// Header returns the first header of that canonical name, or instead.
func (c *Content) Header(canonical, instead string) string {
	for _, f := range c.Headers {
		if f.Canonical == canonical && f.Value != "" {
			return f.Value
		}
	}
	return instead
}

// Searchable returns the text of a mail for a search: its text part, or what
// its HTML part says where there is no other.
func (c *Content) Searchable() string {
	if strings.TrimSpace(c.Text) != "" {
		return c.Text
	}
	return textOf(c.HTML)
}

// textOf returns the text between the tags of a document.
func textOf(document string) string {
	var text strings.Builder
	tokens := html.NewTokenizer(strings.NewReader(document))
	silent := 0 // depth of elements whose content nobody reads
	for {
		switch kind := tokens.Next(); kind {
		case html.ErrorToken:
			return text.String()
		case html.TextToken:
			if silent == 0 {
				text.Write(tokens.Text())
			}
		case html.StartTagToken, html.EndTagToken:
			name, _ := tokens.TagName()
			switch {
			case atom.Lookup(name) != atom.Style && atom.Lookup(name) != atom.Script && atom.Lookup(name) != atom.Title:
				text.WriteByte(' ')
			case kind == html.StartTagToken:
				silent++
			default:
				silent = max(silent-1, 0)
			}
		}
	}
}
