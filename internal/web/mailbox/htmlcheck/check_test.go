package htmlcheck_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/web/mailbox/htmlcheck"
)

const outlook = "Outlook (Windows, classic)"

// found returns the features of a document, with the lines of each.
func found(document string) map[string][]int {
	features := make(map[string][]int)
	report := htmlcheck.New().Check(document)
	for _, f := range report.Findings {
		features[f.ID] = f.Lines
	}
	return features
}

func TestFindings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		document string
		want     map[string][]int
	}{
		"nothing":         {"", map[string][]int{}},
		"what all know":   {`<table width="600" cellpadding="0"><tr><td align="center" style="color:#fff;padding:4px">Hi</td></tr></table>`, map[string][]int{}},
		"elements":        {"<p>x</p>\n<VIDEO src=x></VIDEO>\n\n<svg/><video>", map[string][]int{"element:video": {2, 4}, "element:svg": {4}}},
		"attributes":      {"<img src=a.png srcset='b.png 2x'\n onload=x()>", map[string][]int{"attribute:srcset": {1}, "attribute:on*": {1}}},
		"style sheet":     {`<link rel="Stylesheet" href="x.css"><link rel="icon" href="x">`, map[string][]int{"special:stylesheet": {1}}},
		"anchors":         {`<a href="#top">x</a><a href="#">y</a><a href="https://x/#top">z</a>`, map[string][]int{"special:anchor": {1}}},
		"inline":          {"<p>\n<p style='Display : FLEX; float:left'>", map[string][]int{"declaration:display:flex": {2}, "property:float": {2}}},
		"values":          {`<p style="width: calc(100% - 2rem); margin: -4px auto; height:10vh">`, map[string][]int{"function:calc": {1}, "unit:rem": {1}, "special:negative-margin": {1}, "unit:vh": {1}}},
		"negative others": {`<p style="text-indent: -4px; margin: 4px; padding: 2px">`, map[string][]int{}},
		"variables":       {`<p style="--x: 1px; width: var(--x)">`, map[string][]int{"function:var": {1}}},
		"colours":         {`<p style="color: rgb(0 0 0 / 50%); background-color: rgba(0,0,0,.5)">`, map[string][]int{"special:spaced-color": {1}, "function:rgba": {1}}},
		"urls":            {`<p style="background: url(x.png)"><p style='background: url("y.png")'>`, map[string][]int{"function:url": {1}}},
		"images":          {`<img src="data:image/png;base64,x"><img src="x.SVG?y=.png"><img src="a.b/c.webp#d"><img src="x.jpeg">`, map[string][]int{"image:data": {1}, "image:svg": {1}, "image:webp": {1}}},
		"rules": {
			"<style>\n@media (max-width: 600px) and (prefers-color-scheme: dark) {\n  a:hover { opacity: .5 }\n}\n@font-face { font-family: x }\n@-webkit-keyframes y { from { width: 0 } }\n</style>",
			map[string][]int{
				"element:style": {1}, "atrule:@media": {2}, "media:prefers-color-scheme": {2}, "pseudo:hover": {3}, "property:opacity": {3},
				"atrule:@font-face": {5}, "atrule:@keyframes": {6},
			},
		},
		"selectors": {
			"<style>a > b,\nc + d { color: red }\n\ne[lang] ~ f::before { color: red }\n:not(p) { color: red }</style>",
			map[string][]int{
				"element:style": {1}, "selector:>": {1}, "selector:+": {1}, "selector:[": {4}, "selector:~": {4}, "pseudo:before": {4}, "pseudo:not": {5},
			},
		},
		"import":     {"<style>@import 'x.css';</style>", map[string][]int{"element:style": {1}, "atrule:@import": {1}}},
		"nesting":    {"<style>a { color: red;\n b { color: blue } }</style>", map[string][]int{"element:style": {1}, "special:nesting": {2}}},
		"in comment": {"<!-- <video></video> --><!--[if mso]><style>a{display:flex}</style><![endif]-->", map[string][]int{}},
		"broken css": {"<style>a { color: ; float: left; }} b { position: sticky</style>", map[string][]int{"element:style": {1}, "property:float": {1}, "declaration:position:sticky": {1}}},
		"text":       {"display: flex &lt;video&gt; <textarea><video></textarea>", map[string][]int{"element:textarea": {1}}},
		"size":       {strings.Repeat("<p>some text</p>\n", 8000), map[string][]int{"special:size": {1}}},
		"style size": {"<p>\n<style>" + strings.Repeat("p{color:red}", 2000) + "</style>", map[string][]int{"element:style": {2}, "special:style-size": {2}}},
	} {
		if diff := cmp.Diff(c.want, found(c.document)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What a conditional comment hides from Outlook is not held against it.
func TestConditionalComments(t *testing.T) {
	t.Parallel()
	const flex = `<p style="display:flex">`
	for name, c := range map[string]struct {
		document string
		outlook  bool
	}{
		"plain":                {flex, true},
		"hidden":               {"<!--[if !mso]><!-->" + flex + "<!--<![endif]-->", false},
		"hidden with dashes":   {"<!--[if !mso]><!-- -->" + flex + "<!--<![endif]-->", false},
		"revealed":             {"<![if !mso]>" + flex + "<![endif]>", false},
		"hidden by version":    {"<!--[if !gte mso 9]><!-->" + flex + "<!--<![endif]-->", false},
		"after it":             {"<!--[if !mso]><!-->x<!--<![endif]-->" + flex, true},
		"within and after":     {"<!--[if !mso]><!-->" + flex + "<!--<![endif]-->" + flex, true},
		"for Outlook":          {"<!--[if mso]><p>x</p><![endif]-->" + flex, true},
		"another browser only": {"<!--[if !IE]><!-->" + flex + "<!--<![endif]-->", true},
	} {
		report := htmlcheck.New().Check(c.document)
		if len(report.Findings) != 1 {
			t.Errorf("%s: %d findings", name, len(report.Findings))
			continue
		}
		if got := slices.Contains(report.Findings[0].No, outlook); got != c.outlook {
			t.Errorf("%s: held against Outlook: %v, want %v", name, got, c.outlook)
		}
	}
	if got := found(`<!--[if !mso]><!--><p style="border-radius:4px;opacity:.5"><!--<![endif]-->`); len(got["property:opacity"]) > 0 || len(got["property:border-radius"]) == 0 {
		t.Errorf("what only Outlook lacks is no finding there, what others lack too is one: %v", got)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	checker := htmlcheck.New()
	document := strings.Repeat("<p style='opacity:.5;opacity:.4'>\n", 30) + "<form><script></script></form>"
	report := checker.Check(document)
	var order []string
	for _, f := range report.Findings {
		order = append(order, f.ID)
	}
	if diff := cmp.Diff([]string{"element:script", "element:form", "property:opacity"}, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	last := report.Findings[2]
	if last.Times != 60 || len(last.Lines) != 20 || last.Lines[0] != 1 || last.Lines[19] != 20 {
		t.Errorf("%+v", last)
	}
	if report.Count(htmlcheck.LevelBreaks) != 2 || report.Count(htmlcheck.LevelLooks) != 1 || report.Size != len(document) {
		t.Errorf("%d break, %d look, %d bytes", report.Count(htmlcheck.LevelBreaks), report.Count(htmlcheck.LevelLooks), report.Size)
	}
	if clients := checker.Clients(); len(clients) != 9 || !slices.Contains(clients, outlook) {
		t.Errorf("clients: %v", clients)
	}
}

func FuzzCheck(f *testing.F) {
	for _, seed := range []string{
		"", "<style>a{b:c", "<p style='x:url(", "<style>@media{a{b{c:d}}}}</style>", "<!--[if !mso]><!-->\n<style>\n\n:x", "<style>@charset \"x\";a,b{c:rgb(0 0}",
	} {
		f.Add(seed)
	}
	checker := htmlcheck.New()
	f.Fuzz(func(t *testing.T, document string) {
		report := checker.Check(document)
		lines := 1 + strings.Count(document, "\n")
		for _, finding := range report.Findings {
			if finding.Times < len(finding.Lines) || len(finding.Lines) == 0 || len(finding.No)+len(finding.Partial) == 0 {
				t.Fatalf("%+v", finding)
			}
			for _, line := range finding.Lines {
				if line < 1 || line > lines {
					t.Fatalf("line %d of %d: %+v", line, lines, finding)
				}
			}
		}
	})
}
