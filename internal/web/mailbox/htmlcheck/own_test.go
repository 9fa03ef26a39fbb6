package htmlcheck_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	gateway "github.com/postrider/postrider/internal/provider/gateway/mailbox"
	"github.com/postrider/postrider/internal/web/mailbox/htmlcheck"
)

// Our own mails break nowhere: these are the golden files of package render.
func TestOwnMails(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../provider/render/testdata/*.eml")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d mails, %v", len(files), err)
	}
	checker := htmlcheck.New()
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		content := gateway.ReadContent(raw)
		if content.HTML == "" {
			t.Errorf("%s has no HTML", file)
		}
		report := checker.Check(content.HTML)
		for _, f := range report.Findings {
			// Which pictures people share is not ours to choose.
			if f.Level == htmlcheck.LevelBreaks && !strings.HasPrefix(f.ID, "image:") {
				t.Errorf("%s: %s in lines %v, not in %v, in part in %v", filepath.Base(file), f.Name, f.Lines, f.No, f.Partial)
			}
		}
		if looks := report.Count(htmlcheck.LevelLooks); looks > 9 {
			t.Errorf("%s: %d features make it plainer somewhere, more than before", filepath.Base(file), looks)
		}
	}
}
