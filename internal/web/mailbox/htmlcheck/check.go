package htmlcheck

import (
	"bytes"
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	// Gmail shows so much of a mail, and reads so much of a style sheet.
	gmailBytes = 102 << 10
	styleBytes = 16 << 10
	// maxLines is how many of its lines a finding tells.
	maxLines = 20
)

// Finding is a feature that a document uses.
type Finding struct {
	Feature
	Lines []int // where, from 1; the first 20
	Times int
}

// Report is what a check found: what breaks first, then what lacks in most
// clients.
type Report struct {
	Findings []Finding
	Size     int // of the HTML, in bytes
}

// Count returns how many findings have a level.
func (r *Report) Count(level Level) (n int) {
	for i := range r.Findings {
		if r.Findings[i].Level == level {
			n++
		}
	}
	return n
}

// Check reads a document as far as it can be read.
func (c *Checker) Check(document string) Report {
	w := &walk{features: c.features, found: make(map[string]*use)}
	w.document(document)
	if len(document) > gmailBytes {
		w.hit("special:size", 1)
	}
	report := Report{Size: len(document)}
	for id, use := range w.found {
		f := Finding{Feature: *c.features[id], Lines: use.lines, Times: use.times}
		if !use.outlook { // it stands where Outlook does not look
			isOutlook := func(client string) bool { return client == c.outlook }
			f.No = slices.DeleteFunc(slices.Clone(f.No), isOutlook)
			f.Partial = slices.DeleteFunc(slices.Clone(f.Partial), isOutlook)
		}
		if len(f.No)+len(f.Partial) > 0 {
			report.Findings = append(report.Findings, f)
		}
	}
	slices.SortFunc(report.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(len(b.No), len(a.No)),
			cmp.Compare(len(b.Partial), len(a.Partial)), cmp.Compare(a.ID, b.ID))
	})
	return report
}

// use is where a document uses a feature.
type use struct {
	lines   []int
	times   int
	outlook bool // at least once where Outlook looks
}

// walk is one pass through a document.
type walk struct {
	features map[string]*Feature
	found    map[string]*use
	// unseen: what follows is hidden from Outlook by a conditional comment.
	unseen bool
}

// hit notes a feature, if it is one of the table.
func (w *walk) hit(id string, line int) {
	if w.features[id] == nil {
		return
	}
	u := w.found[id]
	if u == nil {
		u = new(use)
		w.found[id] = u
	}
	u.times++
	u.outlook = u.outlook || !w.unseen
	if len(u.lines) < maxLines && (len(u.lines) == 0 || u.lines[len(u.lines)-1] != line) {
		u.lines = append(u.lines, line)
	}
}

func (w *walk) document(document string) {
	tokens := html.NewTokenizer(strings.NewReader(document))
	line, style := 1, false
	for {
		kind := tokens.Next()
		raw := tokens.Raw()
		lines := bytes.Count(raw, []byte("\n"))
		switch kind {
		case html.ErrorToken:
			return
		case html.CommentToken:
			w.comment(string(raw))
		case html.TextToken:
			if style {
				if len(raw) > styleBytes {
					w.hit("special:style-size", line)
				}
				w.styleSheet(string(raw), line)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			token := tokens.Token()
			style = token.DataAtom == atom.Style
			w.tag(&token, line)
		case html.EndTagToken:
			style = false
		}
		line += lines
	}
}

// Conditional comments: what stands between these is not for Outlook. What is
// for Outlook alone stands within a comment, and no other client sees it.
var (
	notOutlook   = regexp.MustCompile(`(?i)^<!(--)?\[if\s+!\s*\(?\s*(gte\s+|lte\s+)?mso`)
	endCondition = regexp.MustCompile(`(?i)^<!(--<!)?(--)?\[endif\]`)
)

func (w *walk) comment(raw string) {
	switch {
	case notOutlook.MatchString(raw):
		w.unseen = true
	case endCondition.MatchString(raw):
		w.unseen = false
	}
}

func (w *walk) tag(token *html.Token, line int) {
	name := strings.ToLower(token.Data)
	w.hit("element:"+name, line)
	values := make(map[string]string, len(token.Attr))
	for _, a := range token.Attr {
		if _, twice := values[a.Key]; twice {
			continue // the first counts
		}
		values[a.Key] = a.Val
		w.hit("attribute:"+a.Key, line)
		if strings.HasPrefix(a.Key, "on") {
			w.hit("attribute:on*", line)
		}
	}
	if style := values["style"]; style != "" {
		w.inlineStyle(style, line)
	}
	switch token.DataAtom {
	case atom.Link:
		if strings.Contains(strings.ToLower(values["rel"]), "stylesheet") {
			w.hit("special:stylesheet", line)
		}
	case atom.A, atom.Area:
		if target := strings.TrimSpace(values["href"]); len(target) > 1 && target[0] == '#' {
			w.hit("special:anchor", line)
		}
	case atom.Img:
		w.hit("image:"+imageKind(values["src"]), line)
	}
}

// imageKind tells an image's format by its address.
func imageKind(address string) string {
	address = strings.ToLower(strings.TrimSpace(address))
	if strings.HasPrefix(address, "data:") {
		return "data"
	}
	address, _, _ = strings.Cut(address, "#")
	address, _, _ = strings.Cut(address, "?")
	switch kind := strings.TrimPrefix(path.Ext(address), "."); kind {
	case "tif":
		return "tiff"
	case "heif":
		return "heic"
	default:
		return kind
	}
}
