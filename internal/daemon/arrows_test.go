package daemon_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/postrider/postrider"

// arrows says which of our packages a package may import, and why no others.
// A folder stands for itself and everything below it that has no row of its
// own.
var arrows = map[string]struct {
	may    []string
	reason string
}{
	"notification":                      {nil, "the public wire: any program can use it without the rest"},
	"internal/chat":                     {nil, "words only"},
	"internal/outbox":                   {nil, "a queue of bytes: it knows neither mail nor chat"},
	"internal/access":                   {nil, "decides and seals; it keeps nothing and serves nothing"},
	"internal/openid":                   {nil, "asks an issuer who somebody is; whom that lets in is decided in access"},
	"internal/jobs":                     {nil, "runs what others order, and knows nothing of it"},
	"internal/engine/rule":              {[]string{"internal/chat"}, "pure functions of facts: they ask nobody, so that an explanation runs them too"},
	"internal/engine/answer":            {[]string{"internal/chat", "internal/outbound"}, "asks and judges; it knows no provider"},
	"internal/engine/breaker":           {nil, "counts and waits; it knows names of endpoints, and calls none"},
	"internal/engine/sendgrid":          {[]string{"internal/chat", "internal/engine/answer"}, "a way out: it knows no windows, no queue and no wire of ours"},
	"internal/engine/webhook":           {[]string{"notification", "internal/chat", "internal/outbound", "internal/engine/answer"}, "a way out: it knows no windows and no queue, and of the other half only the wire"},
	"internal/outbound":                 {nil, "guards HTTP for both halves, whatever is asked"},
	"internal/provider":                 {[]string{"notification", "internal/chat", "internal/outbox"}, "one half must run without the other, and without a database of ours"},
	"internal/provider/address":         {[]string{"internal/chat"}, "finds addresses; it neither renders nor sends"},
	"internal/provider/lookup":          {[]string{"internal/outbound", "internal/provider/address"}, "asks a server for an address; it knows no notification, no mail and no contacts"},
	"internal/provider/render":          {[]string{"notification"}, "makes bytes; it asks nobody"},
	"internal/provider/gateway":         {nil, "hands a mail on; it knows no notification and no queue"},
	"internal/provider/gateway/smtp":    {[]string{"internal/provider/gateway"}, "hands a mail on; it knows no notification and no queue"},
	"internal/provider/gateway/mailbox": {[]string{"internal/provider/gateway"}, "keeps a mail; it knows no notification and no queue"},
	"internal/provider/branding":        {[]string{"internal/provider/render"}, "keeps the look of mails; it makes none"},
	"internal/preview":                  {[]string{"notification", "internal/chat", "internal/engine/digest", "internal/engine/event", "internal/provider/render", "internal/provider/gateway/mailbox"}, "shows what both halves make of a conversation; it sends and keeps nothing"},
	"internal/directory":                {[]string{"internal/chat"}, "who there is, and what may be done to them; it neither answers HTTP nor knows SQL"},
	"internal/engine/history":           {[]string{"notification", "internal/chat", "internal/engine/rule", "internal/outbox"}, "reads what became of deliveries, and what was said of them"},
	"internal/engine/event":             {[]string{"internal/chat"}, "reads what a chat sends; it asks and decides nothing"},
	"internal/engine/digest":            {[]string{"notification", "internal/chat"}, "makes payloads of facts; it asks and decides nothing"},
	"internal/web/api":                  {[]string{"internal/web/gate", "internal/chat", "internal/directory", "internal/access", "internal/outbox", "internal/engine/vault", "internal/engine/history", "internal/engine/webhook", "internal/engine/sendgrid", "internal/provider/address", "internal/web"}, "the REST API: it writes what the engine reads, and knows nothing of how that is decided"},
	"internal/engine":                   {[]string{"notification", "internal/chat", "internal/outbox"}, "one half must run without the other, and without a database of ours"},
	"internal/engine/vault":             {[]string{"internal/chat", "internal/engine/webhook", "internal/engine/sendgrid"}, "keeps what an app has set; it decides and calls nothing"},
	"internal/store":                    {[]string{"internal/outbox", "internal/access", "internal/chat", "internal/engine", "internal/engine/vault", "internal/engine/history", "internal/directory", "internal/jobs", "internal/provider/address", "internal/provider/branding", "internal/provider/render", "internal/provider/gateway/mailbox"}, "implements interfaces that their users declare, and needs their types"},
	"internal/web":                      {[]string{"notification", "internal/chat", "internal/outbox", "internal/access", "internal/engine", "internal/engine/event", "internal/provider", "internal/provider/gateway/mailbox", "internal/web/mailbox", "internal/web/gate", "internal/web/dashboard"}, "answers HTTP with what others decide; the store is behind interfaces"},
	"internal/web/gate":                 {[]string{"internal/access", "internal/web"}, "tells who asks; it knows no page"},
	"internal/web/dashboard":            {[]string{"notification", "internal/chat", "internal/access", "internal/outbox", "internal/outbound", "internal/engine/vault", "internal/engine/webhook", "internal/engine/sendgrid", "internal/engine/answer", "internal/engine/history", "internal/engine/rule", "internal/jobs", "internal/openid", "internal/directory", "internal/preview", "internal/provider/address", "internal/provider/render", "internal/web", "internal/web/gate"}, "pages over what the REST API calls as well; they decide nothing"},
	"internal/web/mailbox":              {[]string{"internal/outbound", "internal/provider/gateway/mailbox", "internal/web"}, "shows what was kept, and asks links whether they work; who may see it is decided before"},
	"internal/conformance":              {[]string{"notification", "internal/outbound"}, "a stranger to every provider: it speaks HTTP, and knows Postrider's own no better than others"},
	"internal/demo":                     {[]string{"notification"}, "a stranger to the server: it speaks HTTP"},
	"internal/daemon":                   {[]string{"*"}, "wires everything"},
	"internal/testkit":                  {nil, "helps tests of everything, so it can depend on nothing"},
	"cmd/postrider":                     {[]string{"notification", "internal/daemon", "internal/demo", "internal/conformance", "internal/outbox", "internal/access", "internal/chat", "internal/engine/history", "internal/provider/address"}, "flags and printing; the wiring is the daemon's"},
	"bench":                             {[]string{"*"}, "measures from outside, prefills from inside"},
	"test":                              {[]string{"*"}, "end-to-end tests"},
}

// TestArrows holds the imports of the whole module against the table. It
// parses the files itself: the output of a go list would come from the cache
// of test results.
func TestArrows(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	seen := make(map[string]bool)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name := entry.Name(); path != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		relative, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		row := rowOf(filepath.ToSlash(relative))
		if row == "" {
			t.Errorf("%s: its folder has no row in the table of arrows", relative)
			return nil
		}
		seen[row] = true
		if strings.HasSuffix(path, "_test.go") {
			return nil
		}
		return checkImports(t, path, filepath.ToSlash(relative), row)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range slices.Sorted(maps.Keys(arrows)) {
		if !seen[row] {
			t.Errorf("%s: has a row in the table of arrows but no Go files", row)
		}
	}
}

// rowOf returns the row that governs a folder: its own, or the nearest above.
func rowOf(folder string) string {
	for folder != "." {
		if _, ok := arrows[folder]; ok {
			return folder
		}
		folder = filepath.ToSlash(filepath.Dir(folder))
	}
	return ""
}

func checkImports(t *testing.T, path, folder, row string) error {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		return err
	}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		imported, ours := strings.CutPrefix(imported, module+"/")
		if !ours {
			continue
		}
		may := arrows[row].may
		target := rowOf(imported)
		allowed := slices.Contains(may, "*") || slices.Contains(may, target) || target == row ||
			// What is below a row without a row of its own belongs to it.
			strings.HasPrefix(target, row+"/") && (row == "internal/provider" || row == "internal/engine")
		switch {
		case target == "internal/testkit" && !slices.Contains([]string{"internal/testkit", "bench", "test"}, row):
			t.Errorf("%s imports %s: test helpers never ship", folder, imported)
		case target == "internal/store" && !slices.Contains([]string{"internal/daemon", "internal/store", "bench", "test"}, row):
			t.Errorf("%s imports %s: only the daemon knows the store, others declare the interface they need", folder, imported)
		case !allowed:
			t.Errorf("%s imports %s: %s may not, for %s", folder, imported, row, arrows[row].reason)
		}
	}
	return nil
}
