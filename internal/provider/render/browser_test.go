package render_test

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/postrider/postrider/internal/testkit/browser"
)

// remote finds the pictures of a mail, which a test does not load.
var remote = regexp.MustCompile(`src="https?://[^"]*"`)

// pixel stands for them.
const pixel = `src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='40' height='40'%3E%3Crect width='40' height='40' fill='%236b8f71'/%3E%3C/svg%3E"`

// tallest bounds a picture, in pixels.
const tallest = 6000

// poor lists what cannot be read well: text whose contrast with the nearest
// background is below 4.5 to 1 (WCAG 2.2 AA; 3 to 1 for large letters).
const poor = `(() => {
  const parse = c => (c.match(/[\d.]+/g) || []).map(Number);
  const lum = c => { const f = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    return 0.2126 * f(c[0]) + 0.7152 * f(c[1]) + 0.0722 * f(c[2]); };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement, style = getComputedStyle(e);
    if (!walk.currentNode.data.trim() || !e.getClientRects().length) continue;
    let back = e, color = [0, 0, 0, 0];
    for (; back; back = back.parentElement) {
      color = parse(getComputedStyle(back).backgroundColor);
      if (color.length === 3 || color[3] > 0) break;
    }
    const a = lum(parse(style.color)), b = lum(color);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5)) found.push(ratio.toFixed(2) + " " + walk.currentNode.data.slice(0, 40));
  }
  return found;
})()`

// Every golden mail, as a browser shows it, on phones and wider, by day and in
// dark mode: nothing sticks out, everything can be read, the console is quiet.
// go test -artifacts keeps the pictures, to be looked at.
func TestLooks(t *testing.T) {
	t.Parallel()
	tab := browser.Open(t)
	dir := t.TempDir()
	kept := flag.Lookup("test.artifacts")
	pictures := kept != nil && kept.Value.String() == "true"
	for name, n := range golden(t) {
		_, _, html := parts(t, mailOf(t, name, n))
		file := filepath.Join(dir, name+".html")
		if err := os.WriteFile(file, remote.ReplaceAll([]byte(html), []byte(pixel)), 0o600); err != nil {
			t.Fatal(err)
		}
		tab.Do(chromedp.Navigate((&url.URL{Scheme: "file", Path: file}).String()))
		for _, width := range []int64{320, 375, 640} {
			for _, scheme := range []browser.Scheme{browser.Light, browser.Dark} {
				if width == 320 && scheme == browser.Dark {
					continue // nothing is of another size
				}
				tab.Look(width, scheme)
				where := fmt.Sprintf("%s-%d-%s", name, width, scheme)
				if wide := browser.Value[int64](tab, "document.documentElement.scrollWidth"); wide > width {
					t.Errorf("%s: is %d pixels wide", where, wide)
				}
				for _, text := range browser.Value[[]string](tab, poor) {
					t.Errorf("%s: contrast %s", where, text)
				}
				if pictures && width != 320 {
					tab.Do(chromedp.EmulateViewport(width, min(tallest, browser.Value[int64](tab, "document.documentElement.scrollHeight"))))
					tab.Picture(where)
				}
			}
		}
		for _, problem := range tab.Problems() {
			t.Errorf("%s: %s", name, problem)
		}
	}
}
