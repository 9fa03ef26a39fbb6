package mailbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	gateway "github.com/postrider/postrider/internal/provider/gateway/mailbox"
	"github.com/postrider/postrider/internal/testkit/browser"
)

// signIn does so as people do, and opens the mailbox.
func (s *site) signIn(tab *browser.Tab) {
	tab.Do(chromedp.Navigate(s.URL+"/mailbox"),
		chromedp.SendKeys(chromedp.CSS("input[name=name]"), username), chromedp.SendKeys(chromedp.CSS("input[name=password]"), password))
	tab.Click(".gate .button")
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
	// They come by themselves: nothing moves any more once both are there.
	tab.Do(chromedp.WaitVisible(chromedp.CSS(".mails li:nth-child(2)")))
	tab.Click("a.button") // refresh
	tab.Do(chromedp.SendKeys(chromedp.CSS("input[name=q]"), "to:andrew-joseph@example.com"))
	tab.Click(".search button")
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

	for i, want := range []string{"", "Susan Marie wrote:", "“Open the chat”", "Looks plainer", "Grüße from a long line that is folded", "X-Decoded: =?utf-8?q?Gr=C3=BC=C3=9Fe?="} {
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

// Mails appear by themselves: in an empty mailbox, in the list, and in a search
// only those that it finds. Without a script there is the reload.
func TestLiveArrival(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	tab := browser.Open(t)
	s.signIn(tab)
	await := func(what, selector string) {
		t.Helper()
		tab.Do(chromedp.WaitVisible(chromedp.CSS(selector)))
		calm(t, what, tab)
	}
	await("live", ".live")
	s.keep(t, 1, "andrew@example.com", simple("The first"))
	await("the first mail", ".mails li")
	await("the list", ".live")
	s.keep(t, 2, "andrew@example.com", simple("<i>The second</i>"))
	await("the second", ".mails li:nth-child(2)")
	if got := text(tab, ".mails li:first-child .mail-subject"); got != "<i>The second</i>" {
		t.Errorf("the newest is %q", got)
	}
	if got := text(tab, "[data-news]"); got != "New mail: <i>The second</i>" {
		t.Errorf("a screen reader hears %q", got)
	}
	// What came by itself is like the rest: it can be opened and deleted.
	tab.Click(".mails li:first-child .quiet")
	if got := browser.Value[int](tab, `document.querySelectorAll(".mail").length`); got != 1 {
		t.Errorf("%d mails after one was deleted", got)
	}
	tab.Do(chromedp.Navigate(s.URL + "/mailbox?q=wanted"))
	await("no mail", ".live")
	tab.Do(chromedp.SendKeys(chromedp.CSS("input[name=q]"), "un"))
	s.keep(t, 3, "andrew@example.com", simple("Another"))
	s.keep(t, 4, "andrew@example.com", simple("Wanted"))
	await("what is searched", ".mails li")
	if got := text(tab, ".mails"); !strings.HasPrefix(got, "Wanted") || strings.Contains(got, "Another") {
		t.Errorf("the search shows %q", got)
	}
	if got := browser.Value[string](tab, `document.querySelector("input[name=q]").value`); got != "unwanted" {
		t.Errorf("of what was being typed is left %q", got)
	}
}

// Faults are set, seen and switched off.
func TestFaultsInABrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	s.keep(t, 1, "andrew@example.com", simple("Hello"))
	tab := browser.Open(t)
	s.signIn(tab)
	tab.Click(`a[href="/mailbox/faults"]`)
	fill := func(field, value string) {
		tab.Do(chromedp.SetValue(chromedp.ID(field), value))
	}
	fill("temporary", "150")
	tab.Click(".button.primary")
	if got := text(tab, ".field.wrong .field-help"); !strings.HasPrefix(got, "must be a percentage from 0 to 100.") {
		t.Errorf("at the field it says %q", got)
	}
	tab.Problems() // the console mentions the 400
	fill("temporary", "15")
	tab.Click(".button.primary")
	if got := text(tab, ".faults-on p"); got != "Faults are on. Of the mails, 15% are refused for now (4xx)." {
		t.Errorf("the list says %q", got)
	}
	if got := s.faults(t).Temporary; got != 15 {
		t.Errorf("kept: %d", got)
	}
	tab.Click(".faults-on form button")
	if s.faults(t).On() || browser.Value[bool](tab, `document.querySelector(".faults-on") !== null`) {
		t.Error("they are still on")
	}
	calm(t, "faults", tab)
}

// A mail is foreign content: it runs nothing, loads nothing and sends nothing.
func TestHostileMailDoesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	tab := browser.Open(t)
	mail := s.keep(t, 1, "andrew-joseph@example.com", file(t, "hostile.eml"))
	s.signIn(tab)
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
		tab.Do(chromedp.Navigate(s.URL + path))
		tab.Everywhere(name, nil)
	}
	look("empty", "/mailbox")
	tab.Do(chromedp.Navigate(s.URL + "/mailbox/faults")) // which does not change when mails arrive

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
	look("search", "/mailbox?q=subject:hiking+-draft")
	look("links", "/mailbox/"+mail+"?view=links")
	look("check", "/mailbox/"+mail+"?view=check")
	look("breaks", "/mailbox/"+hostile+"?view=check")
	look("faults", "/mailbox/faults")
	if err := s.store.SetFaults(t.Context(), gateway.Faults{Temporary: 30, Permanent: 5, Slow: 50, Delay: 1500 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	look("faults-on", "/mailbox")
	look("faults-set", "/mailbox/faults")
	look("html", "/mailbox/"+mail)
	look("headers", "/mailbox/"+mail+"?view=headers")
	look("source", "/mailbox/"+mail+"?view=source")
	look("images", "/mailbox/"+hostile)
	look("broken", "/mailbox/"+broken)
	look("delete", "/mailbox/delete")
	calm(t, "pages", tab)
	look("missing", "/mailbox/"+id(999)) // the console mentions the 404
}
