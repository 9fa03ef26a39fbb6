package render

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"
)

// Bounds of the HTML part, in bytes. Gmail cuts what is longer than 102 KB.
// An encoded part is at most 1.38 times as long as what it says, so that it
// too is below that, whichever of them Gmail measures.
const (
	maxPage = 72 << 10
	// frame is the length of everything around the messages, but for what
	// payload and settings put there.
	frame = 9 << 10
)

// What only Outlook on Windows reads: it knows no max-width, measures in
// points, and takes another font unless told for each kind of element.
const (
	outlookHead = `<!--[if mso]><noscript><xml><o:OfficeDocumentSettings xmlns:o="urn:schemas-microsoft-com:office:office"><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml></noscript>` +
		`<style>td,div,p,a,h1,b,span{font-family:"Segoe UI",Arial,sans-serif;}td{font-size:16px;line-height:24px;}</style><![endif]-->`
	outlookOpen  = `<!--[if mso]><table role="presentation" width="600" align="center" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->`
	outlookClose = `<!--[if mso]></td></tr></table><![endif]-->`
)

// writePage writes the HTML part. What has no room in it is hidden in the view
// too, so that the plain part says the same.
func (r *Renderer) writePage(w *bytes.Buffer, v *view) error {
	rows := r.buffer()
	defer r.keep(rows)
	ctx := context.Background()
	room := maxPage - frame - escaped(v.Subject, v.Subject, v.Name, v.Title, v.Summary, v.Why, v.Preview, v.Open, v.Settings,
		v.Icon.URL, v.Look.Logo, v.Look.Name, v.Look.Name, v.Look.Footer)
	for i := 0; i < len(v.Messages); {
		m, start := &v.Messages[i], rows.Len()
		if err := row(m).Render(ctx, rows); err != nil {
			return fmt.Errorf("render message %d: %w", i, err)
		}
		if rows.Len() <= room || i == 0 && m.shortest() {
			i++
			continue
		}
		rows.Truncate(start)
		if i > 0 {
			v.Hidden += len(v.Messages) - i
			v.Messages = v.Messages[:i]
			break
		}
		m.shorten()
	}
	paste := templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := w.Write(rows.Bytes())
		return err
	})
	if err := htmlPart(v, paste).Render(ctx, w); err != nil {
		return fmt.Errorf("render HTML: %w", err)
	}
	return nil
}

// escaped is at least how long texts are in HTML, in bytes.
func escaped(texts ...string) int {
	n := 0
	for _, s := range texts {
		n += len(s)
		for i := range len(s) {
			switch s[i] {
			case '<', '>', '&', '"', '\'':
				n += len("&#34;") - 1
			}
		}
	}
	return n
}

// shorten makes the first message, of which at least something is shown,
// shorter: by its links, which are several times as long as they look, then
// by half of its text.
func (m *message) shorten() {
	if len(m.Spans) == 1 {
		m.Text, m.Cut = clip(m.Text, utf8.RuneCountInString(m.Text)/2), true
		m.Options, m.Files = nil, nil
	}
	m.Spans = []span{{Text: m.Text}}
}

// longTitle is from how many characters on a title is written smaller.
const longTitle = 60

func (v *view) titleStyle() templ.SafeCSS {
	size := "font-size:22px;line-height:28px;"
	if utf8.RuneCountInString(v.Title) > longTitle {
		size = "font-size:16px;line-height:22px;"
	}
	return templ.SafeCSS("margin:0;text-align:left;" + size + "font-weight:700;overflow:hidden;")
}

// leastText is a text that is not shortened any more, in bytes.
const leastText = 100

func (m *message) shortest() bool { return m.Cut && len(m.Text) <= leastText }

// more says how many messages are not shown.
func (v *view) more() string {
	if v.Hidden == 1 {
		return "and 1 more message"
	}
	return "and " + strconv.Itoa(v.Hidden) + " more messages"
}

// note is what is said of a message beside what it says.
func (m *message) note() string {
	switch {
	case m.Cut:
		return "The message is longer than a mail can be."
	case m.Edited:
		return "edited"
	}
	return ""
}

// filler keeps mail clients from continuing a short preview with what stands
// below: characters that nobody sees.
func filler(preview string) string {
	return strings.Repeat("&#847; ", max(0, maxPreview-utf8.RuneCountInString(preview))/2)
}

// dimmed is the class of what would not stand out in dark mode.
func dimmed(l *look) string {
	if l.Dim {
		return "dim"
	}
	return ""
}

// edge is the colour of the button's edge, by which it stands out from the
// card if its own colour does not.
func (l *look) edge() string {
	if l.Faint {
		return "#5f676e"
	}
	return l.Color
}

// style is how a picture looks, and its letters where it is not shown.
func (p *picture) style(size int) templ.SafeCSS {
	radius, letters := size/2, size*3/8
	if p.Square {
		radius = size / 4
	}
	px := strconv.Itoa(size) + "px"
	return templ.SafeCSS("display:block;width:" + px + ";height:" + px + ";border-radius:" + strconv.Itoa(radius) + "px;background:" + p.Color +
		";color:#ffffff;font-size:" + strconv.Itoa(letters) + "px;font-weight:600;line-height:" + px + ";text-align:center;")
}

// style is how a message looks that is answered: with a rule where its lines
// begin.
func (q *quote) style() templ.SafeCSS {
	begins := "left"
	if at := strings.IndexFunc(q.Text, unicode.IsLetter); at >= 0 {
		if r, _ := utf8.DecodeRuneInString(q.Text[at:]); isRightToLeft(r) {
			begins = "right"
		}
	}
	return templ.SafeCSS("margin:6px 0 4px;padding:0 10px;border-" + begins + ":3px solid #cfd3d8;text-align:" + begins +
		";font-size:14px;line-height:20px;color:#5f676e;")
}

// cardStyle is how the card looks, and what is in it unless it says otherwise.
func (v *view) cardStyle() templ.SafeCSS {
	return templ.SafeCSS("padding:32px;background:" + cardLight + ";border-top:4px solid " + v.Look.Color +
		";border-radius:12px;font-size:16px;line-height:24px;color:#1c2125;overflow-wrap:anywhere;")
}
