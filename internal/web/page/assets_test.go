package page_test

import (
	"image/png"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/postrider/postrider/internal/web/page"
)

func get(t *testing.T, path string, fields ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for i := 0; i < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	w := httptest.NewRecorder()
	page.New().Assets().ServeHTTP(w, r)
	return w
}

// Every file is served under its name and under one that can be cached for
// good, byte for byte, and to other origins: mails show the pictures.
func TestEveryAsset(t *testing.T) {
	t.Parallel()
	files := os.DirFS("assets")
	count := 0
	layout := page.New()
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		count++
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		for path, cache := range map[string]string{
			page.AssetsPath + name: "public, max-age=3600",
			layout.Asset(name):     "public, max-age=31536000, immutable",
		} {
			w := get(t, path)
			if w.Code != http.StatusOK || w.Body.String() != string(content) {
				t.Errorf("%s: %d, %d bytes; want %d", path, w.Code, w.Body.Len(), len(content))
			}
			if got := w.Header().Get("Cache-Control"); got != cache {
				t.Errorf("%s: Cache-Control is %q, want %q", path, got, cache)
			}
			if got := w.Header().Get("Cross-Origin-Resource-Policy"); got != "cross-origin" {
				t.Errorf("%s: Cross-Origin-Resource-Policy is %q", path, got)
			}
			if again := get(t, path, "If-None-Match", w.Header().Get("ETag")); again.Code != http.StatusNotModified {
				t.Errorf("%s: asked again: %d", path, again.Code)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if count < 6 {
		t.Errorf("only %d assets", count)
	}
}

func TestAssetTypes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"postrider.css": "text/css; charset=utf-8", "times.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml", "avatars/susan-marie.png": "image/png",
	} {
		if got := get(t, page.AssetsPath+name).Header().Get("Content-Type"); got != want {
			t.Errorf("%s: Content-Type is %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"", "nothing.css", "avatars", "avatars/", "../page.go", "postrider.0000000000.css"} {
		if got := get(t, page.AssetsPath+name).Code; got != http.StatusNotFound {
			t.Errorf("%q: %d, want 404", name, got)
		}
	}
}

// The demo's mails show these, and mail is no place for large pictures.
func TestAvatars(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"susan-marie", "john-paul", "andrew-joseph", "hiking-group"} {
		w := get(t, page.AssetsPath+"avatars/"+name+".png")
		if size := w.Body.Len(); size > 10_000 {
			t.Errorf("%s has %d bytes", name, size)
		}
		picture, err := png.Decode(w.Body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if size := picture.Bounds().Size(); size.X != 96 || size.Y != 96 {
			t.Errorf("%s is %v large", name, size)
		}
	}
}

// The policy forbids what is written into a page: styles and scripts.
func TestStyleSheetLoadsNothing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"tokens.css", "postrider.css", "dashboard.css"} {
		css := get(t, page.AssetsPath+name).Body.String()
		for _, forbidden := range []string{"url(", "@import", "@font-face"} {
			if strings.Contains(css, forbidden) {
				t.Errorf("%s contains %s, which the policy refuses", name, forbidden)
			}
		}
	}
}
