package links_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/web/mailbox/links"
)

func TestFind(t *testing.T) {
	t.Parallel()
	const document = `<!doctype html>
<html><head><link rel="stylesheet" href="https://cdn.example/x.css">
<style>
body { color: red;
 background: URL( "https://cdn.example/bg.png" ) }
p { background: url(bg2.png) }
</style></head>
<body background="https://cdn.example/body.gif">
<a href="https://example.com/one?a=1&amp;b=2">The
 <b>first</b> one</a>
<a href="https://example.com/two"><img src="https://cdn.example/two.png" alt="Two" srcset="https://cdn.example/two@2x.png 2x, three.png"></a>
<a href=" mailto:mira@example.com ">Write</a> <a name="here">no link</a> <a href="">nothing</a>
<a href="https://example.com/one?a=1&b=2">again</a>
<p style="background-image: url('https://cdn.example/p.png')">Text https://no.link/in-html</p>
<a href="javascript:alert(1)">Run</a><a href="#below">Below</a>
<area href="https://example.com/area" alt="Area"><form action="https://example.com/form"><input type="image" src="https://cdn.example/go.png"></form>
<!-- <a href="https://example.com/comment">x</a> -->
<video src="https://cdn.example/v.mp4" poster="https://cdn.example/v.jpg"></video>
<a href="https://example.com/open">Open`
	const text = "Hello\n\nSee https://example.com/one?a=1&b=2, and\nhttps://example.com/text.\nmailto:mira@example.com\n"
	html := func(url string, kind links.Kind, line, times int, label string) links.Link {
		return links.Link{URL: url, Kind: kind, Part: links.PartHTML, Line: line, Times: times, Label: label}
	}
	plain := func(url string, line int) links.Link {
		return links.Link{URL: url, Kind: links.KindLink, Part: links.PartText, Line: line, Times: 1}
	}
	want := []links.Link{
		html("https://cdn.example/x.css", links.KindStyle, 2, 1, ""),
		html("https://cdn.example/bg.png", links.KindStyle, 5, 1, ""),
		html("bg2.png", links.KindStyle, 6, 1, ""),
		html("https://cdn.example/body.gif", links.KindImage, 8, 1, ""),
		html("https://example.com/one?a=1&b=2", links.KindLink, 9, 2, "The first one"),
		html("https://example.com/two", links.KindLink, 11, 1, "Two"),
		html("https://cdn.example/two.png", links.KindImage, 11, 1, "Two"),
		html("https://cdn.example/two@2x.png", links.KindImage, 11, 1, "Two"),
		html("three.png", links.KindImage, 11, 1, "Two"),
		html("mailto:mira@example.com", links.KindLink, 12, 1, "Write"),
		html("https://cdn.example/p.png", links.KindStyle, 14, 1, ""),
		html("javascript:alert(1)", links.KindLink, 15, 1, "Run"),
		html("#below", links.KindLink, 15, 1, "Below"),
		html("https://example.com/area", links.KindLink, 16, 1, "Area"),
		html("https://example.com/form", links.KindLink, 16, 1, ""),
		html("https://cdn.example/go.png", links.KindImage, 16, 1, ""),
		html("https://cdn.example/v.mp4", links.KindStyle, 18, 1, ""),
		html("https://cdn.example/v.jpg", links.KindImage, 18, 1, ""),
		html("https://example.com/open", links.KindLink, 19, 1, "Open"),
		plain("https://example.com/one?a=1&b=2", 3),
		plain("https://example.com/text", 4),
		plain("mailto:mira@example.com", 5),
	}
	if diff := cmp.Diff(want, links.Find(document, text)); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	if got := links.Find("", ""); len(got) > 0 {
		t.Errorf("of nothing: %v", got)
	}
}

func TestFindNoMoreThanMax(t *testing.T) {
	t.Parallel()
	var document strings.Builder
	for i := range 20_000 {
		document.WriteString(`<a href="https://example.com/` + strings.Repeat("x", i%977) + `">` + strings.Repeat("long ", 100) + `</a>`)
	}
	found := links.Find(document.String(), "")
	if len(found) != links.Max {
		t.Errorf("%d links, want %d", len(found), links.Max)
	}
	for _, link := range found {
		if n := len([]rune(link.Label)); n > 121 {
			t.Fatalf("a label of %d characters", n)
		}
	}
}

func FuzzFind(f *testing.F) {
	f.Add(`<a href="x">y</a>`, "https://example.com")
	f.Add(`<style>a{b:url("`, "")
	f.Add("<img srcset=', ,x 2x'\n>", "\n\nhttp://\xff")
	f.Fuzz(func(t *testing.T, document, text string) {
		for _, link := range links.Find(document, text) {
			part := document
			if link.Part == links.PartText {
				part = text
			}
			if link.URL == "" || link.Times < 1 || link.Line < 1 || link.Line > 1+strings.Count(part, "\n") {
				t.Fatalf("%+v", link)
			}
		}
	})
}
