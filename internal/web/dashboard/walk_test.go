package dashboard_test

import (
	"net/url"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/testkit/browser"
)

// stops notes in the page where its tab key should stop. A group of radio
// buttons is one stop.
const stops = `(window.missed = new Map([...document.querySelectorAll("a[href], button, input, select, textarea, summary, iframe, [tabindex]")]
	.filter(e => e.tabIndex >= 0 && e.type !== "hidden" && !e.matches(":disabled") && e.checkVisibility({visibilityProperty: true}))
	.map(e => [e.type === "radio" ? "radio " + e.name : e, e.outerHTML.slice(0, 120)]))).size`

// stop says what is wrong with where the focus is: it can be seen, nothing
// covers it, it is marked, and the first stop leads to the content. At the end
// of the page, or at a frame with another one, it is "end".
const stop = `(e => {
	if (!e || e === document.body || e === document.documentElement || e.tagName === "IFRAME") return "end";
	const first = !window.walked;
	window.walked = true;
	if (first && document.querySelector(".skip") && !e.matches(".skip")) return "the first stop is not the way to the content";
	window.missed.delete(e.type === "radio" ? "radio " + e.name : e);
	const what = e.outerHTML.slice(0, 120), box = e.getBoundingClientRect(), style = getComputedStyle(e);
	const x = Math.max(box.left + 1, 1), y = Math.max(box.top + Math.min(box.height, innerHeight) / 2, 1);
	if (box.width === 0 || box.bottom <= 0 || box.top >= innerHeight || box.left >= innerWidth || box.right <= 0) return "out of sight: " + what;
	const top = document.elementFromPoint(Math.min(box.left + box.width / 2, innerWidth - 1), Math.min(y, innerHeight - 1));
	if (top && !e.contains(top) && !top.contains(e) && !(e.labels && [...e.labels].some(l => l.contains(top))) && getComputedStyle(e).display !== "inline") return "covered by " + top.outerHTML.slice(0, 80) + ": " + what;
	const marked = style => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
	if (!marked(style) && !marked(getComputedStyle(e, "::after"))) return "not marked: " + what;
	return "";
})(document.activeElement)`

// walk goes through the page that is open with the tab key alone.
func (e *eye) walk(path string) {
	e.t.Helper()
	e.tab.Do(chromedp.Navigate(e.URL + path))
	want := browser.Value[int](e.tab, stops)
	for step := 0; ; step++ {
		if step > 4*want+50 {
			e.t.Errorf("%s: the tab key does not come to the end", path)
			break
		}
		e.tab.Do(chromedp.KeyEvent(kb.Tab))
		problem := browser.Value[string](e.tab, stop)
		if problem == "end" {
			break
		}
		if problem != "" {
			e.t.Errorf("%s: %s", path, problem)
		}
	}
	if missed := browser.Value[[]string](e.tab, `[...window.missed.values()]`); len(missed) > 0 && browser.Value[bool](e.tab, `document.querySelector("iframe") === null`) {
		e.t.Errorf("%s: the tab key does not reach %q", path, missed)
	}
}

// enlarged looks at the page that is open as a reader at 200 % sees it: half
// the window, and nothing to be scrolled to the side.
func (e *eye) enlarged(path string) {
	e.t.Helper()
	e.tab.Look(browser.Desktop/2, browser.Light)
	if got := browser.Value[int](e.tab, "document.documentElement.scrollWidth"); got > browser.Desktop/2 {
		e.t.Errorf("%s: at 200 %% the page is %d pixels wide", path, got)
	}
	e.tab.Look(browser.Desktop, browser.Light)
}

// still holds that nothing moves for readers who want that.
func (e *eye) still(path string) {
	e.t.Helper()
	_, err := chromedp.Call(e.tab.Context, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}},
	})
	if err != nil {
		e.t.Fatal(err)
	}
	moving := browser.Value[[]string](e.tab, `[...document.querySelectorAll("*")].filter(e => ["", "::before", "::after"].some(part => {
		const style = getComputedStyle(e, part || null);
		return parseFloat(style.transitionDuration) > 0.01 || style.animationName !== "none" && parseFloat(style.animationDuration) > 0.01;
	})).map(e => e.outerHTML.slice(0, 100))`)
	if len(moving) > 0 {
		e.t.Errorf("%s: this moves: %q", path, moving)
	}
}

// Every page of the dashboard and the mailbox can be gone through with the
// keyboard alone, be read at 200 %, and keeps still for those who ask for that.
func TestEveryPageByKeyboard(t *testing.T) {
	t.Parallel()
	for name, pages := range map[string]func(*eye) []string{
		"empty": func(*eye) []string {
			return []string{"/dashboard", "/dashboard/credentials", "/dashboard/people", "/dashboard/log", "/dashboard/keys", "/mailbox", "/dashboard/jobs"}
		},
		"settings": func(e *eye) []string {
			e.fill(e.t)
			return []string{
				"/dashboard/preferences", "/dashboard/preferences/reset", "/dashboard/credentials", customPath, customPath + "/test", customPath + "/delete", gridPath,
				gridPath + "/test", "/dashboard/accounts", "/dashboard/accounts/otto", "/dashboard/invite", "/dashboard/account", "/dashboard/audit", "/dashboard/keys",
			}
		},
		"people": func(e *eye) []string {
			e.fill(e.t)
			e.community(e.t)
			for i := range 3 {
				if err := e.store.AddMail(e.t.Context(), keptMail(i, []string{"boots"}, e.clock.Now()), manyMails); err != nil {
					e.t.Fatal(err)
				}
			}
			mail := "/mailbox/" + keptMail(1, []string{"boots"}, e.clock.Now()).ID
			return []string{
				"/dashboard/people", "/dashboard/people/andrew-joseph", "/dashboard/people/andrew-joseph/delete", "/dashboard/people-import",
				"/mailbox", "/mailbox?q=boots", mail, mail + "?view=headers", mail + "?view=links", mail + "?view=source", "/mailbox/delete", "/mailbox/faults",
			}
		},
		"log": func(e *eye) []string {
			e.fill(e.t)
			e.converse(e.t)
			call := e.first(e.t, outbox.Filter{Lane: outbox.LaneCall, Recipient: "vic"})
			otto := e.as(e.t, "otto")
			job := otto.post(e.t, "/dashboard/log/replay?status=skipped", url.Values{})
			otto.follow(e.t, job)
			return []string{
				"/dashboard", "/dashboard?by=day", "/dashboard/log", "/dashboard/log?status=skipped", "/dashboard/log?channel=mail", "/dashboard/log/" + call.ID,
				"/dashboard/log/replay?status=skipped", job, "/dashboard/jobs",
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := &eye{newSite(t, options{}), t, browser.Open(t), nil}
			e.tab.Look(browser.Desktop, browser.Light)
			paths := pages(e)
			e.signIn(e.tab, "mira")
			for i, path := range paths {
				if i%3 > 0 && !soak {
					continue
				}
				e.walk(path)
				e.enlarged(path)
				e.still(path)
			}
		})
	}
}
