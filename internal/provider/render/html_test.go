package render_test

import (
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// elements are those that a mail may have, and whether they need an end.
var elements = map[string]bool{
	"html": true, "head": true, "title": true, "style": true, "body": true, "div": true, "table": true, "tr": true, "td": true,
	"h1": true, "p": true, "b": true, "span": true, "a": true, "meta": false, "img": false, "br": false,
}

// attributes that a mail may have.
var attributes = []string{
	"lang", "charset", "name", "content", "style", "class", "role", "width", "height", "cellpadding", "cellspacing", "border",
	"align", "valign", "bgcolor", "src", "alt", "href", "target", "dir", "aria-hidden", "aria-label", "aria-roledescription",
}

// checkHTML holds an HTML part against what all of them promise: each element
// and attribute is one we know, and everything that is opened is closed, in
// order; there is no script; links and pictures lead where they may; each
// picture has a text, each table of the layout its role, the document a
// language and a title.
func checkHTML(t interface {
	Helper()
	Errorf(format string, args ...any)
}, page string,
) {
	t.Helper()
	if !strings.HasPrefix(strings.ToLower(page), "<!doctype html>") {
		t.Errorf("no doctype: %.40q", page)
	}
	z := html.NewTokenizer(strings.NewReader(page))
	var open []string
	seen := make(map[string]int)
	for {
		kind := z.Next()
		token := z.Token()
		switch kind {
		case html.ErrorToken:
			if !errors.Is(z.Err(), io.EOF) {
				t.Errorf("not HTML: %v", z.Err())
			}
			if len(open) > 0 {
				t.Errorf("never closed: %v", open)
			}
			for _, name := range []string{"html", "title", "h1", "body"} {
				if seen[name] != 1 {
					t.Errorf("%d elements %s", seen[name], name)
				}
			}
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			closes, known := elements[token.Data]
			if !known {
				t.Errorf("element %s", token)
			}
			seen[token.Data]++
			checkAttributes(t, &token)
			if closes {
				open = append(open, token.Data)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				t.Errorf("%s closes %v", token, open)
				return
			}
			open = open[:len(open)-1]
		case html.CommentToken:
			if !strings.HasPrefix(token.Data, "[if mso]>") || !strings.HasSuffix(token.Data, "<![endif]") {
				t.Errorf("comment %s", token)
			}
		case html.TextToken, html.DoctypeToken:
		}
	}
}

func checkAttributes(t interface {
	Helper()
	Errorf(format string, args ...any)
}, token *html.Token,
) {
	t.Helper()
	given := make(map[string]string)
	for _, a := range token.Attr {
		if _, twice := given[a.Key]; twice || !slices.Contains(attributes, a.Key) {
			t.Errorf("attribute %s of %s", a.Key, token)
		}
		given[a.Key] = a.Val
		if a.Key == "style" && (strings.Contains(a.Val, "url(") || strings.Contains(a.Val, "expression") || strings.Contains(a.Val, "zTempl")) {
			t.Errorf("style %s", a.Val)
		}
	}
	switch token.Data {
	case "a":
		if u, err := url.Parse(given["href"]); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			t.Errorf("link to %s", given["href"])
		}
	case "img":
		if src := given["src"]; !strings.HasPrefix(src, "https://") && !strings.HasPrefix(src, "http://localhost:8080/") {
			t.Errorf("picture at %s", src)
		}
		if given["alt"] == "" {
			t.Errorf("no alt: %s", token)
		}
	case "table":
		if given["role"] != "presentation" {
			t.Errorf("no role: %s", token)
		}
	case "html":
		if given["lang"] == "" {
			t.Errorf("no language: %s", token)
		}
	}
}
