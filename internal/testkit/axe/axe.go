// Package axe asks axe-core what is wrong with a page for those who use it with
// a keyboard, a screen reader or weak eyes (WCAG 2.2, A and AA).
//
// The script comes from the npm registry when a test asks for it: it is in no
// binary, and where npm is missing the test says what it has not tested.
package axe

import (
	"context"
	"embed"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/postrider/postrider/internal/testkit/browser"
)

//go:embed npm
var npm embed.FS

// patience is how long npm may take.
const patience = 2 * time.Minute

// Axe is the script.
type Axe struct{ source string }

// Install gets the script, by the lock file, into a folder that is gone after
// the test. Without npm, or where it cannot reach its registry, the test is
// skipped with a word.
func Install(t testing.TB) *Axe {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("NOT TESTED: npm is not installed, so that axe has not looked at the pages")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, npm); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	install := exec.CommandContext(ctx, "npm", "ci", "--prefer-offline", "--ignore-scripts")
	install.Dir = filepath.Join(dir, "npm")
	if output, err := install.CombinedOutput(); err != nil {
		for _, ours := range []string{"EUSAGE", "EINTEGRITY", "EJSONPARSE"} {
			if strings.Contains(string(output), ours) {
				t.Fatalf("npm ci: %v\n%s", err, output)
			}
		}
		t.Skipf("NOT TESTED: npm cannot install axe-core (%v), so that it has not looked at the pages\n%s", err, output)
	}
	source, err := os.ReadFile(filepath.Join(dir, "npm", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return &Axe{string(source)}
}

// Check reports as errors of the test what axe finds on the page of a tab.
func (a *Axe) Check(t testing.TB, tab *browser.Tab, what string) {
	t.Helper()
	// As an expression of the debugger, it does not fall under the page's
	// policy.
	browser.Value[string](tab, a.source+`;"there"`)
	found, err := chromedp.Run(tab.Context, chromedp.Evaluate[string](`axe.run(document, {
		resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
	}).then(found => JSON.stringify(found.violations.map(v => ({rule: v.id, help: v.help, at: v.nodes.map(n => n.html + " | " + n.failureSummary)}))))`,
		chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: ask axe: %v", what, err)
	}
	var violations []struct {
		Rule string
		Help string
		At   []string
	}
	if err := json.Unmarshal([]byte(found), &violations); err != nil {
		t.Fatal(err)
	}
	for _, v := range violations {
		t.Errorf("%s: %s: %s\n  %s", what, v.Rule, v.Help, strings.Join(v.At, "\n  "))
	}
}
