package dashboard_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/testkit/browser"
)

var pictures = flag.String("pictures", "", "directory into which TestPicturesOfDocs writes the pictures of the documentation")

// The pictures of the documentation are made from the pages as they are: make
// docs-pictures.
func TestPicturesOfDocs(t *testing.T) {
	if *pictures == "" {
		t.Skip("writes pictures only where -pictures says where to")
	}
	s := newSite(t, options{})
	s.fill(t)
	for range 30 {
		s.converse(t)
	}
	call := s.first(t, outbox.Filter{Lane: outbox.LaneCall, Recipient: "vic", States: []outbox.State{outbox.Sent}})
	tab := browser.Open(t)
	tab.Look(browser.Desktop, browser.Light)
	s.signIn(tab, "mira")
	for name, page := range map[string]struct{ path, see string }{
		"dashboard-overview":    {"/dashboard", ".card:has(.chart)"},
		"dashboard-entry":       {"/dashboard/log/" + call.ID, ".timeline"},
		"dashboard-preferences": {"/dashboard/preferences", "#schedule"},
	} {
		tab.Do(chromedp.Navigate(s.URL+page.path), chromedp.WaitVisible(chromedp.CSS(page.see)))
		browser.Value[string](tab, `(see => { if (see.getBoundingClientRect().top > innerHeight / 3) see.scrollIntoView(); return "" })(document.querySelector("`+page.see+`"))`)
		png, err := chromedp.Run(tab.Context, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(*pictures, name+".png"), png, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
