// Package links finds what a mail links to and shows from elsewhere (links.go),
// and asks on demand whether it is there (check.go).
//
// It knows text and HTML, and no mailbox. Whom it may ask is decided by the
// transport it is given.
package links

import (
	"bytes"
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"mvdan.cc/xurls/v2"
)

// Max is how many links of one mail are listed.
const Max = 500

// maxLabel is how much of a link's text is told, in characters.
const maxLabel = 120

// Kind is what a link is for.
type Kind string

// The kinds of links.
const (
	KindLink  Kind = "link"  // somebody may click on it
	KindImage Kind = "image" // shown with the mail
	KindStyle Kind = "style" // loaded by a style, or another resource
)

// Part is where in a mail a link stands.
type Part string

// The parts of a mail.
const (
	PartHTML Part = "html"
	PartText Part = "text"
)

// Link is one target of a mail.
type Link struct {
	URL  string
	Kind Kind
	Part Part
	Line int // in its part, from 1, of the first time
	// Label is the text of the link, or what stands for an image; empty if
	// there is none.
	Label string
	Times int // how often it is there
}

// Find returns the links of both parts in their order, each target once for
// every part and kind, and the first [Max] of them.
func Find(document, text string) []Link {
	f := finder{places: make(map[place]int)}
	f.html(document)
	f.text(text)
	return f.links
}

type place struct {
	url  string
	kind Kind
	part Part
}

type finder struct {
	links  []Link
	places map[place]int
}

// add returns the index of the link, -1 if there is none.
func (f *finder) add(l Link) int {
	l.URL = strings.TrimSpace(l.URL)
	if l.URL == "" {
		return -1
	}
	at, known := f.places[place{l.URL, l.Kind, l.Part}]
	switch {
	case known:
		f.links[at].Times++
		return at
	case len(f.links) == Max:
		return -1
	}
	l.Times, l.Label = 1, clip(l.Label)
	f.links = append(f.links, l)
	f.places[place{l.URL, l.Kind, l.Part}] = len(f.links) - 1
	return len(f.links) - 1
}

func (f *finder) text(text string) {
	line, from := 1, 0
	for _, at := range xurls.Strict().FindAllStringIndex(text, -1) {
		line += strings.Count(text[from:at[0]], "\n")
		from = at[0]
		f.add(Link{URL: text[at[0]:at[1]], Kind: KindLink, Part: PartText, Line: line})
	}
}

// html reads a document token by token: what is broken is read as far as it
// can be, and every token has its line.
func (f *finder) html(document string) {
	tokens := html.NewTokenizer(strings.NewReader(document))
	line := 1
	open := -1 // the link whose text comes
	var label strings.Builder
	style := false
	end := func() {
		if open >= 0 && f.links[open].Label == "" {
			f.links[open].Label = clip(label.String())
		}
		open = -1
		label.Reset()
	}
	for {
		kind := tokens.Next()
		raw := tokens.Raw()
		lines := bytes.Count(raw, []byte("\n"))
		switch kind {
		case html.ErrorToken:
			end()
			return
		case html.TextToken:
			if style {
				f.styles(string(raw), line)
			}
			if open >= 0 && label.Len() < 4*maxLabel {
				label.Write(tokens.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			token := tokens.Token()
			style = token.DataAtom == atom.Style
			if token.DataAtom == atom.A {
				end()
			}
			if at, alt := f.tag(&token, line); token.DataAtom == atom.A {
				open = at
			} else if alt != "" && open >= 0 {
				label.WriteString(" " + alt)
			}
		case html.EndTagToken:
			name, _ := tokens.TagName()
			style = false
			if atom.Lookup(name) == atom.A {
				end()
			}
		}
		line += lines
	}
}

// tag adds what a tag refers to. It returns the link that it opens, and the
// text that stands for it.
func (f *finder) tag(token *html.Token, line int) (at int, alt string) {
	at = -1
	values := make(map[string]string, len(token.Attr))
	for _, a := range token.Attr {
		if _, twice := values[a.Key]; !twice { // the first counts
			values[a.Key] = a.Val
		}
	}
	alt = values["alt"]
	add := func(url string, kind Kind, label string) int {
		return f.add(Link{URL: url, Kind: kind, Part: PartHTML, Line: line, Label: label})
	}
	switch token.DataAtom {
	case atom.A:
		at = add(values["href"], KindLink, "")
	case atom.Area:
		add(values["href"], KindLink, alt)
	case atom.Form:
		add(values["action"], KindLink, "")
	case atom.Link:
		add(values["href"], KindStyle, "")
	case atom.Img, atom.Image, atom.Input:
		add(values["src"], KindImage, alt)
	case atom.Source, atom.Video, atom.Audio, atom.Iframe, atom.Embed, atom.Script:
		add(values["src"], KindStyle, "")
		add(values["poster"], KindImage, "")
	}
	for _, candidate := range strings.Split(values["srcset"], ",") {
		url, _, _ := strings.Cut(strings.TrimSpace(candidate), " ")
		add(url, KindImage, alt)
	}
	add(values["background"], KindImage, "")
	f.styles(values["style"], line)
	return at, alt
}

// styleURL finds url(…) in a style sheet, quoted or not.
var styleURL = regexp.MustCompile(`(?i)url\(\s*(?:"([^"\n]*)"|'([^'\n]*)'|([^)"'\s]*))\s*\)`)

func (f *finder) styles(style string, line int) {
	for _, at := range styleURL.FindAllStringSubmatchIndex(style, -1) {
		for i := 2; i < len(at); i += 2 {
			if at[i] >= 0 {
				f.add(Link{URL: style[at[i]:at[i+1]], Kind: KindStyle, Part: PartHTML, Line: line + strings.Count(style[:at[0]], "\n")})
			}
		}
	}
}

// clip makes one short line of a text.
func clip(text string) string {
	runes := []rune(strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " "))
	if len(runes) > maxLabel {
		return string(runes[:maxLabel]) + "…"
	}
	return string(runes)
}
