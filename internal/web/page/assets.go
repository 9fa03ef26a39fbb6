package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// AssetsPath is where [Layout.Assets] is to be mounted. Everything below it is
// public: mails refer to it too.
const AssetsPath = "/assets/"

// Files under their own name may change with the next version of the program;
// under a name with their hash they never do.
const (
	cacheNamed  = "public, max-age=3600"
	cacheHashed = "public, max-age=31536000, immutable"
)

//go:embed assets
var embedded embed.FS

// assets are the embedded files.
type assets struct {
	files  map[string]asset  // by name, and by name with hash
	hashed map[string]string // name to name with hash
}

type asset struct {
	content []byte
	kind    string
	etag    string
	cache   string
}

// Asset returns the path of an embedded file with the hash of its content in
// the name, so that it can be cached for good. It panics if there is none.
func (l *Layout) Asset(name string) string {
	hashed, ok := l.assets.hashed[name]
	if !ok {
		panic("no asset " + name)
	}
	return AssetsPath + hashed
}

// Assets serves the embedded files below [AssetsPath], under their names and
// under those with hashes.
func (l *Layout) Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, AssetsPath)
		a, ok := l.assets.files[name]
		if !ok {
			l.Problem(w, http.StatusNotFound, "There is no such file")
			return
		}
		header := w.Header()
		header.Set("Content-Type", a.kind)
		header.Set("Cache-Control", a.cache)
		header.Set("ETag", a.etag)
		// Mails are read in other origins, ours in a frame without any.
		header.Set("Cross-Origin-Resource-Policy", "cross-origin")
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(a.content))
	})
}

func readAssets() assets {
	all := assets{make(map[string]asset), make(map[string]string)}
	err := fs.WalkDir(embedded, "assets", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := embedded.ReadFile(file)
		if err != nil {
			return err
		}
		kind, err := contentType(file)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		hash := hex.EncodeToString(sum[:5])
		name := strings.TrimPrefix(file, "assets/")
		extension := path.Ext(name)
		hashed := strings.TrimSuffix(name, extension) + "." + hash + extension
		a := asset{content: content, kind: kind, etag: `"` + hash + `"`, cache: cacheNamed}
		all.files[name] = a
		a.cache = cacheHashed
		all.files[hashed] = a
		all.hashed[name] = hashed
		return nil
	})
	if err != nil {
		panic(err) // what is embedded can be read
	}
	return all
}

// contentType does not ask the system, whose table differs from host to host.
func contentType(file string) (string, error) {
	switch path.Ext(file) {
	case ".css":
		return "text/css; charset=utf-8", nil
	case ".js":
		return "text/javascript; charset=utf-8", nil
	case ".svg":
		return "image/svg+xml", nil
	case ".png":
		return "image/png", nil
	}
	return "", fmt.Errorf("asset %s: unknown type", file)
}
