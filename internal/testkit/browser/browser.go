// Package browser is a headless Chromium for tests of pages: what is shown,
// what the console says, and pictures to look at.
//
// Only tests import it.
package browser

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/postrider/postrider/internal/testkit"
)

// patience is how long a test may use one tab. A page that never loads would
// otherwise hold the test until go test gives up.
const patience = 2 * time.Minute

// Width of a window in CSS pixels.
const (
	Phone   = 375
	Desktop = 1280
)

// Scheme is what a reader prefers.
type Scheme string

// Schemes that pages know.
const (
	Light Scheme = "light"
	Dark  Scheme = "dark"
)

// Tab is one tab of a browser that ends with the test.
type Tab struct {
	Context context.Context // for chromedp
	t       testing.TB

	mu       sync.Mutex
	problems []string
}

// Open opens a tab that shares nothing with other tabs: in the browser of the
// test binary, if it has one ([Shared]), or in one of its own. Without Chromium
// the test is skipped, or fails where nothing may be skipped.
func Open(t testing.TB) *Tab {
	t.Helper()
	program, err := exec.LookPath("chromium")
	testkit.Need(t, err == nil, "the program chromium (Debian: apt-get install chromium)")
	tab := &Tab{t: t}
	// A test's context ends before its cleanups; the tab ends in one.
	parent, err := shared.get(program)
	if err != nil {
		t.Fatalf("start browser: %v", err)
	}
	options := []chromedp.ContextOption{chromedp.WithListener(tab.listen)}
	if parent != nil {
		options = append(options, chromedp.WithNewBrowserContext())
	} else {
		allocator, stop := allocate(context.WithoutCancel(t.Context()), program)
		t.Cleanup(stop)
		parent = allocator
	}
	ctx, end := chromedp.NewContext(parent, options...)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("close browser: %v", err)
		}
		end()
	})
	if err := chromedp.Do(ctx); err != nil { // opens it, without the bound of time
		t.Fatalf("open a tab: %v", err)
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	t.Cleanup(cancel)
	tab.Context = bounded
	return tab
}

// Frame returns the frame of the page whose address begins with a prefix, as a
// tab of its own: Chromium gives sandboxed frames a process of their own.
// What the frame's console said before is in its Problems.
func (tab *Tab) Frame(prefix string) *Tab {
	tab.t.Helper()
	id := tab.awaitTarget(prefix)
	frame := &Tab{t: tab.t}
	ctx, cancel := chromedp.NewContext(tab.Context, chromedp.WithTargetID(id), chromedp.WithDetachOnCancel(),
		chromedp.WithListener(frame.listen))
	tab.t.Cleanup(cancel)
	frame.Context = ctx
	frame.Do() // attaches
	return frame
}

// awaitTarget returns the target of a frame. On a busy machine its process may
// begin after the page has loaded.
func (tab *Tab) awaitTarget(prefix string) target.ID {
	tab.t.Helper()
	var id target.ID
	own := chromedp.FromContext(tab.Context).BrowserContextID
	tab.await("a frame at "+prefix, func() bool {
		targets, err := chromedp.Targets(tab.Context)
		if err != nil {
			tab.t.Fatalf("list frames: %v", err)
		}
		i := slices.IndexFunc(targets, func(info *target.Info) bool {
			return info.Type == "iframe" && info.BrowserContextID == own && strings.HasPrefix(info.URL, prefix)
		})
		if i >= 0 {
			id = targets[i].TargetID
		}
		return i >= 0
	})
	return id
}

// listen runs in the loop that reads the browser's messages.
func (tab *Tab) listen(event any) {
	var problem string
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		problem = e.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		if e.Type != runtime.ConsoleAPICalledTypeError {
			return
		}
		problem = "console.error"
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelError && e.Entry.Level != log.EntryLevelWarning {
			return
		}
		problem = fmt.Sprintf("%s (%s)", e.Entry.Text, e.Entry.URL)
	default:
		return
	}
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.problems = append(tab.problems, problem)
}

// Problems returns what the console complained about since it was last asked:
// errors, warnings, violations of a page's policy.
func (tab *Tab) Problems() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	problems := tab.problems
	tab.problems = nil
	return problems
}

// Do runs steps, and ends the test if one fails.
func (tab *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	if err := chromedp.Do(tab.Context, steps...); err != nil {
		tab.t.Fatal(err)
	}
}

// Look sets the width of the window and the reader's preference.
func (tab *Tab) Look(width int64, scheme Scheme) {
	tab.t.Helper()
	height, options := int64(800), []chromedp.EmulateViewportOption(nil)
	if width <= Phone {
		height, options = 812, append(options, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	tab.Do(chromedp.EmulateViewport(width, height, options...))
	_, err := chromedp.Call(tab.Context, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: string(scheme)}},
	})
	if err != nil {
		tab.t.Fatal(err)
	}
}

// Everywhere looks at the page that is open in both widths and schemes: it must
// not be wider than the window, and have another ground in the dark. A picture
// of each is kept, and also is called with its name.
func (tab *Tab) Everywhere(name string, also func(what string, width int64, scheme Scheme)) {
	tab.t.Helper()
	for _, width := range []int64{Phone, Desktop} {
		grounds := make(map[string]bool)
		for _, scheme := range []Scheme{Light, Dark} {
			tab.Look(width, scheme)
			what := fmt.Sprintf("%s-%d-%s", name, width, scheme)
			if got := Value[int64](tab, "document.documentElement.scrollWidth"); got > width {
				tab.t.Errorf("%s: the page is %d pixels wide", what, got)
			}
			grounds[Value[string](tab, "getComputedStyle(document.body).backgroundColor")] = true
			tab.Picture(what)
			if also != nil {
				also(what, width, scheme)
			}
		}
		if len(grounds) != 2 {
			tab.t.Errorf("%s: light and dark have the same ground: %v", name, grounds)
		}
	}
}

// Click clicks on what a CSS selector finds, and waits until another page has
// loaded, with its frames. That is asked of the page, and not taken from the
// next event: on a busy machine that may be of the page before.
func (tab *Tab) Click(selector string) {
	tab.t.Helper()
	Value[bool](tab, "window.isLeft = true")
	tab.Do(chromedp.Click(chromedp.CSS(selector)))
	tab.await("another page after a click on "+selector, func() bool {
		loaded, err := chromedp.Run(tab.Context, chromedp.Evaluate[bool](`!window.isLeft && document.readyState === "complete"`))
		return err == nil && loaded // between two pages there is nothing to ask
	})
}

// await asks again and again until it is answered with yes.
func (tab *Tab) await(what string, ask func() bool) {
	tab.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ask() {
		select {
		case <-tab.Context.Done():
			tab.t.Fatalf("wait for %s: %v", what, tab.Context.Err())
		case <-tick.C:
		}
	}
}

// Picture keeps a picture of the window as NAME.png among the test's
// artifacts, where these are kept (go test -artifacts).
func (tab *Tab) Picture(name string) {
	tab.t.Helper()
	if kept := flag.Lookup("test.artifacts"); kept == nil || kept.Value.String() != "true" {
		return
	}
	png, err := chromedp.Run(tab.Context, chromedp.CaptureScreenshot())
	if err != nil {
		tab.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(tab.t.ArtifactDir(), name+".png"), png, 0o600); err != nil {
		tab.t.Fatal(err)
	}
}

// Value returns what an expression in the page gives.
func Value[T any](tab *Tab, expression string) T {
	tab.t.Helper()
	value, err := chromedp.Run(tab.Context, chromedp.Evaluate[T](expression))
	if err != nil {
		tab.t.Fatal(err)
	}
	return value
}
