package mailbox_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/postrider/postrider/internal/testkit/browser"
)

// signIn opens the mailbox with the credentials in the address, once; then
// the browser knows them, as it does when somebody typed them.
func (s *site) signIn(tab *browser.Tab) {
	at := strings.Replace(s.URL, "://", "://"+url.UserPassword(username, password).String()+"@", 1)
	tab.Do(chromedp.Navigate(at+"/mailbox"), chromedp.Navigate(s.URL+"/mailbox"))
}

// oneOnOne keeps the mail that the pictures show; it refers to this site.
func (s *site) oneOnOne(t *testing.T, n int) string {
	t.Helper()
	return s.keep(t, n, "andrew-joseph@example.com", strings.ReplaceAll(file(t, "one-on-one.eml"), "PUBLIC_URL", s.URL))
}

// calm fails the test if the console complained.
func calm(t *testing.T, what string, tab *browser.Tab) {
	t.Helper()
	if problems := tab.Problems(); len(problems) > 0 {
		t.Errorf("%s: the console says:\n%s", what, strings.Join(problems, "\n"))
	}
}

func text(tab *browser.Tab, selector string) string {
	return browser.Value[string](tab, fmt.Sprintf("document.querySelector(%q).innerText", selector))
}

// The way through the mailbox: nothing, a mail, the mail in its frame, its
// other views, a link in it, and out of it again.
func TestReadingAMail(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	tab := browser.Open(t)
	s.signIn(tab)
	if got := text(tab, "h1"); got != "No mail yet" {
		t.Errorf("an empty mailbox says %q", got)
	}
	s.oneOnOne(t, 1)
	s.keep(t, 2, "mira@example.com", simple("For somebody else"))
	tab.Click("a.button") // refresh
	tab.Do(chromedp.SendKeys(chromedp.CSS("input[name=to]"), "andrew-joseph@example.com"))
	tab.Click(".filter button")
	if got := text(tab, ".mails"); !strings.HasPrefix(got, "New messages from Susan Marie") || strings.Contains(got, "somebody else") {
		t.Errorf("the list for one recipient is %q", got)
	}
	tab.Click(".mail")
	calm(t, "page", tab)

	frame := tab.Frame(s.URL + "/mailbox/" + id(1) + "/html")
	if got, want := text(frame, "#message"), "Are we meeting on this weekend?"; got != want {
		t.Errorf("the frame shows %q, want %q", got, want)
	}
	if width := browser.Value[int](frame, "document.getElementById('avatar').naturalWidth"); width != 96 {
		t.Errorf("the avatar from our own address is %d pixels wide", width)
	}
	calm(t, "frame", frame)

	// A link opens outside the frame, as a page of its own that is not
	// sandboxed any more.
	link := s.URL + "/healthz"
	opened := chromedp.WaitNewTarget(tab.Context, func(info *target.Info) bool { return info.URL == link })
	frame.Do(chromedp.Click(chromedp.ID("link")))
	var opener target.ID
	select {
	case opener = <-opened:
	case <-tab.Context.Done():
		t.Fatal("the link opens nothing")
	}
	other, cancel := chromedp.NewContext(tab.Context, chromedp.WithTargetID(opener))
	defer cancel()
	origin, err := chromedp.Run(other, chromedp.Evaluate[string]("self.origin"))
	if err != nil || origin != s.URL {
		t.Errorf("the link opened a page of origin %q, %v; want %q", origin, err, s.URL)
	}

	for i, want := range []string{"", "Susan Marie wrote:", "Grüße from a long line that is folded", "X-Decoded: =?utf-8?q?Gr=C3=BC=C3=9Fe?="} {
		tab.Click(fmt.Sprintf(".tabs a:nth-child(%d)", i+1))
		if got := text(tab, "main"); !strings.Contains(got, want) {
			t.Errorf("view %d has no %q: %q", i+1, want, got)
		}
	}
	calm(t, "views", tab)

	tab.Click(".button.danger")
	if got := text(tab, ".mails"); !strings.HasPrefix(got, "For somebody else") {
		t.Errorf("after deleting the mail the list is %q", got)
	}
	tab.Click(".button.danger")
	tab.Click(".button.danger.solid")
	if got := text(tab, "h1"); got != "No mail yet" {
		t.Errorf("after deleting all: %q", got)
	}
	calm(t, "deleting", tab)
}

// A mail is foreign content: it runs nothing, loads nothing and sends nothing.
func TestHostileMailDoesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	tab := browser.Open(t)
	s.signIn(tab)
	mail := s.keep(t, 1, "andrew-joseph@example.com", file(t, "hostile.eml"))
	here := s.URL + "/mailbox/" + mail

	// In our frame, and opened by itself.
	tab.Do(chromedp.Navigate(here))
	frame := tab.Frame(here + "/html")
	if got, want := browser.Value[string](tab, "document.title"), `<b>"Hostile" & 'quoted'</b> · Postrider`; got != want {
		t.Errorf("the title is %q, want %q", got, want)
	}
	calm(t, "the page around it", tab)
	check := func(what string, tab *browser.Tab) {
		t.Helper()
		if got := text(tab, "#proof"); got != "nothing ran" {
			t.Errorf("%s: %s", what, got)
		}
		if origin := browser.Value[string](tab, "self.origin"); origin != "null" {
			t.Errorf("%s: it has the origin %q", what, origin)
		}
		if width := browser.Value[int](tab, "document.getElementById('remote').naturalWidth"); width != 0 {
			t.Errorf("%s: a remote image was loaded", what)
		}
		problems := tab.Problems()
		for _, want := range []string{
			"Blocked script execution", "Refused to execute the redirect", "Loading the stylesheet 'https://evil.example/x.css' violates",
			"Loading the image 'https://tracker.example/pixel.png' violates", "Loading the image 'https://evil.example/b.png' violates",
			"Setting the document's base URI to 'https://evil.example/' violates", "Framing '" + s.URL + "/' violates",
		} {
			if !slices.ContainsFunc(problems, func(problem string) bool { return strings.Contains(problem, want) }) {
				t.Errorf("%s: the console does not say %q:\n%s", what, want, strings.Join(problems, "\n"))
			}
		}
		tab.Do(chromedp.Click(chromedp.CSS("form button")))
	}
	check("in the frame", frame)
	tab.Do(chromedp.Navigate(here + "/html"))
	check("by itself", tab)
	if n := s.count(t); n != 1 {
		t.Error("the form inside the mail deleted the mailbox")
	}
}

// Pictures of every page for people to look at, and what can be checked
// without eyes: nothing is wider than the window, and both schemes are there.
func TestLooks(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	tab := browser.Open(t)
	s.signIn(tab)
	look := func(name, path string) {
		for _, width := range []int64{browser.Phone, browser.Desktop} {
			ground := make(map[string]bool)
			for _, scheme := range []browser.Scheme{browser.Light, browser.Dark} {
				tab.Look(width, scheme)
				tab.Do(chromedp.Navigate(s.URL + path))
				what := fmt.Sprintf("%s-%d-%s", name, width, scheme)
				if got := browser.Value[int64](tab, "document.documentElement.scrollWidth"); got > width {
					t.Errorf("%s: the page is %d pixels wide", what, got)
				}
				ground[browser.Value[string](tab, "getComputedStyle(document.body).backgroundColor")] = true
				tab.Picture(what)
			}
			if len(ground) != 2 {
				t.Errorf("%s: light and dark have the same ground: %v", name, ground)
			}
		}
	}
	look("empty", "/mailbox")

	mail := s.oneOnOne(t, 1)
	hostile := s.keep(t, 2, "andrew-joseph@example.com", file(t, "hostile.eml"))
	broken := s.keep(t, 3, "mira@example.com", file(t, "broken.eml"))
	s.keep(t, 4, "a-very-long-address-that-does-not-fit-anywhere@subdomain.of.a.long.domain.example.com",
		simple("A subject that is so long that it cannot stand on one line of any window that people usually have, not even a wide one"))
	for n := range 48 {
		s.keep(t, 5+n, "andrew-joseph@example.com", simple([]string{
			"New messages from Susan Marie", "New messages in Hiking Group", "2 new messages from John Paul",
		}[n%3]))
	}
	calm(t, "before the pages with faults", tab)
	look("list", "/mailbox")
	look("nobody", "/mailbox?to=nobody@example.com")
	look("html", "/mailbox/"+mail)
	look("headers", "/mailbox/"+mail+"?view=headers")
	look("source", "/mailbox/"+mail+"?view=source")
	look("images", "/mailbox/"+hostile)
	look("broken", "/mailbox/"+broken)
	look("delete", "/mailbox/delete")
	calm(t, "pages", tab)
	look("missing", "/mailbox/"+id(999)) // the console mentions the 404
}
