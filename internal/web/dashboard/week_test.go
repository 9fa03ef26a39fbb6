package dashboard_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/testkit/browser"
)

// week is the grid of a schedule on the page that is open. Days count from
// Monday, half hours from midnight.
type week struct {
	*browser.Tab
	t *testing.T
}

func (w week) sight() {
	browser.Value[string](w.Tab, `document.querySelector(".week").scrollIntoView({block: "center"}), ""`)
}

func (w week) point(day, half int) (x, y float64) {
	at := browser.Value[[]float64](w.Tab, fmt.Sprintf(
		`(box => [box.x + box.width / 2, box.y + box.height / 2])(document.querySelector(".week-cell[data-y='%d'][data-x='%d']").getBoundingClientRect())`, day, half))
	return at[0], at[1]
}

// drag does so with the mouse, from one half hour to another.
func (w week) drag(day, half, toDay, toHalf int) {
	w.t.Helper()
	w.sight()
	x, y := w.point(day, half)
	toX, toY := w.point(toDay, toHalf)
	for _, step := range []struct {
		kind    input.DispatchMouseEventType
		x, y    float64
		buttons int64
	}{{"mousePressed", x, y, 1}, {"mouseMoved", toX, toY, 1}, {"mouseReleased", toX, toY, 0}} {
		_, err := chromedp.Call(w.Context, input.DispatchMouseEvent, input.DispatchMouseEventParams{
			Type: step.kind, X: step.x, Y: step.y, Button: "left", Buttons: step.buttons, ClickCount: 1,
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w week) said() string { return text(w.Tab, ".week-said") }

// typed fails the test unless the fields of a day say something.
func (w week) typed(what, day, want string) {
	w.t.Helper()
	got := browser.Value[string](w.Tab, fmt.Sprintf(
		`(([from, to, off]) => (off.checked ? "off" : from.value + "-" + to.value))(document.querySelectorAll("[data-day=%s] input"))`, day))
	if got != want {
		w.t.Errorf("%s: %s is %s, want %s (said: %s)", what, day, got, want, w.said())
	}
}

// shown fails the test unless the cells of a day are on just where a mark is #.
func (w week) shown(what string, day int, want string) {
	w.t.Helper()
	got := browser.Value[string](w.Tab, fmt.Sprintf(
		`[...document.querySelectorAll(".week-cell[data-y='%d']")].map(c => c.ariaSelected === "true" ? (c.classList.contains("partly") ? "+" : "#") : ".").join("").replaceAll(/(.)\1+/g, (all, c) => c + all.length)`, day))
	if got != want {
		w.t.Errorf("%s: day %d shows %s, want %s", what, day, got, want)
	}
}

// workdays drags the schedule to nine to half past five, Monday to Friday, with
// a night from Friday to Saturday.
func (e *eye) workdays() {
	w := week{e.tab, e.t}
	w.sight()
	for _, c := range [][4]int{{0, 0, 4, 17}, {0, 35, 3, 47}, {5, 4, 6, 47}} {
		w.drag(c[0], c[1], c[2], c[3])
	}
	w.sight()
}

// The grid and the typed fields follow each other; what a day cannot be is not
// done, and said.
func TestWeek(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	tab := browser.Open(t)
	tab.Look(browser.Desktop, browser.Light)
	s.signIn(tab, "otto")
	tab.Do(chromedp.Navigate(s.URL + "/dashboard/preferences"))
	w := week{tab, t}
	w.shown("at first", 0, "#48")

	w.drag(0, 0, 4, 17)
	w.drag(0, 47, 4, 35) // from the end to the beginning
	for _, day := range []string{"Monday", "Friday"} {
		w.typed("nights are closed", day, "09:00-17:30")
	}
	w.typed("not touched", "Saturday", "00:00-23:59")
	w.drag(0, 24, 0, 25)
	w.typed("in the middle", "Monday", "09:00-17:30")
	w.shown("in the middle", 0, ".18#17.13")
	if got, want := w.said(), "Nothing was changed: Monday would have two windows, and a day has one. Join them, or close the other one first."; got != want {
		t.Errorf("said %q, want %q", got, want)
	}
	w.drag(6, 0, 6, 47)
	w.typed("closed", "Sunday", "off")
	w.drag(2, 30, 2, 38)
	w.typed("already open: closes", "Wednesday", "09:00-15:00")

	// A window may end on the next day, whatever that one has itself.
	w.drag(5, 4, 5, 47)
	w.typed("a short night", "Saturday", "00:00-02:00")
	w.drag(4, 35, 4, 47)
	w.typed("up to midnight", "Friday", "09:00-23:59")
	w.drag(5, 20, 5, 23)
	w.typed("the night belongs to Friday", "Friday", "09:00-02:00")
	w.typed("the night belongs to Friday", "Saturday", "10:00-12:00")
	w.shown("the night", 5, "#4.16#4.24")
	w.drag(5, 20, 5, 23)
	w.typed("closed, with a night", "Saturday", "off")
	w.shown("closed, with a night", 5, "#4.44")
	w.drag(5, 2, 5, 3)
	w.typed("a shorter night", "Friday", "09:00-01:00")

	w.set("tuesday.from", "10:05")
	w.shown("typed", 1, ".20+#14.13")
	w.drag(1, 34, 1, 34)
	w.typed("its minutes stay", "Tuesday", "10:05-17:00")
	w.set("tuesday.from", "22:00")
	w.shown("typed across midnight", 2, "#34.14")

	tab.Click(".form-end .primary")
	schedule := s.settings(t).Preferences.Mute.Schedule
	want := chat.Week{
		Monday: chat.Day{From: 900, To: 1730}, Tuesday: chat.Day{From: 2200, To: 1700}, Wednesday: chat.Day{From: 900, To: 1500}, Thursday: chat.Day{From: 900, To: 1730},
		Friday: chat.Day{From: 900, To: 100}, Saturday: chat.Day{From: 1000, To: 1200, DND: true}, Sunday: chat.Day{From: 0, To: 2359, DND: true},
	}
	if schedule != want {
		t.Errorf("saved %+v, want %+v", schedule, want)
	}
	calm(t, "week", tab)
}

// set types into a field of a day.
func (w week) set(field, value string) {
	browser.Value[string](w.Tab, fmt.Sprintf(
		`(input => { input.value = %q; input.dispatchEvent(new Event("input", {bubbles: true})); return "" })(document.querySelector("[data-week] input[name$='.%s']"))`, value, field))
}

// The grid can be used with a keyboard alone.
func TestWeekByKeyboard(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	tab := browser.Open(t)
	tab.Look(browser.Desktop, browser.Light)
	s.signIn(tab, "otto")
	tab.Do(chromedp.Navigate(s.URL + "/dashboard/preferences"))
	w := week{tab, t}
	if got := browser.Value[int](tab, `document.querySelectorAll(".week [tabindex='0']").length`); got != 1 {
		t.Fatalf("the tab key stops at %d cells, want 1", got)
	}
	on := func() string { return browser.Value[string](tab, `document.activeElement.ariaLabel`) }
	press := func(key string, modifiers ...chromedp.Modifier) {
		tab.Do(chromedp.KeyEvent(key, chromedp.KeyModifiers(modifiers...)))
	}
	tab.Do(chromedp.Focus(chromedp.CSS(".week-cell[tabindex='0']")))
	press(kb.Home)
	if got, want := on(), "Monday 00:00 to 00:30"; got != want {
		t.Errorf("the focus is on %q, want %q", got, want)
	}
	press(kb.ArrowDown)
	for range 3 {
		press(kb.ArrowRight, chromedp.ModifierShift)
	}
	press(kb.ArrowDown, chromedp.ModifierShift)
	if got, want := w.said(), "Tuesday to Wednesday, 00:00 to 02:00"; got != want {
		t.Errorf("said %q, want %q", got, want)
	}
	press(" ")
	w.typed("two mornings", "Tuesday", "02:00-23:59")
	w.typed("two mornings", "Wednesday", "02:00-23:59")
	w.typed("no more", "Monday", "00:00-23:59")
	if got, want := on(), "Wednesday 01:30 to 02:00"; got != want {
		t.Errorf("the focus is on %q, want %q", got, want)
	}
	press(" ")
	w.typed("half an hour", "Wednesday", "01:30-23:59")
	press(kb.ArrowLeft, chromedp.ModifierShift)
	press(kb.Escape)
	if got := w.said(); got != "" {
		t.Errorf("said %q after Escape", got)
	}
	press(kb.ArrowUp)
	press(kb.End)
	press("\t")
	if got := browser.Value[string](tab, `document.activeElement.name`); got != "preferences.mute.schedulePreferenceSetting.monday.from" {
		t.Errorf("after the grid comes %q", got)
	}
	calm(t, "week by keyboard", tab)
}

// The grid can be used with a finger: what begins sideways selects.
func TestWeekByTouch(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	tab := browser.Open(t)
	tab.Look(browser.Phone, browser.Light)
	s.signIn(tab, "otto")
	tab.Do(chromedp.Navigate(s.URL + "/dashboard/preferences"))
	w := week{tab, t}
	w.sight()
	touch := func(kind input.DispatchTouchEventType, points ...*input.TouchPoint) {
		if points == nil {
			points = []*input.TouchPoint{}
		}
		if _, err := chromedp.Call(tab.Context, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points}); err != nil {
			t.Fatal(err)
		}
	}
	at := func(day, half int) *input.TouchPoint {
		x, y := w.point(day, half)
		return &input.TouchPoint{X: x, Y: y}
	}
	touch("touchStart", at(2, 0))
	touch("touchMove", at(2, 6))
	touch("touchMove", at(2, 13))
	touch("touchMove", at(3, 13))
	touch("touchEnd")
	w.typed("by touch", "Wednesday", "07:00-23:59")
	w.typed("by touch", "Thursday", "07:00-23:59")
	calm(t, "week by touch", tab)
}

// Who may only look sees the grid, and can change nothing.
func TestWeekOfViewers(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	tab := browser.Open(t)
	tab.Look(browser.Desktop, browser.Light)
	s.signIn(tab, "vera")
	tab.Do(chromedp.Navigate(s.URL + "/dashboard/preferences"))
	w := week{tab, t}
	w.drag(0, 0, 4, 17)
	w.shown("looked at", 0, "#48")
	w.typed("looked at", "Monday", "00:00-23:59")
}
