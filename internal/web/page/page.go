package page

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
)

// Policy is the content security policy of pages: their own style sheets,
// scripts that are files of ours and what these ask of us, pictures, frames and
// forms, and nobody may frame them. Nothing that stands in a page itself runs.
const Policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'"

//go:embed templates
var templates embed.FS

// Layout is what is around every page, and the files that pages refer to. It
// does not change, and is safe for concurrent use.
type Layout struct {
	assets   assets
	template *template.Template // never executed itself: pages are parsed into clones
	frame    string             // name of the template around pages
	problem  *Page
	app      string // that the dashboard shows; empty: there is only one
}

// New returns the layout. It panics if what is embedded is broken: it is part
// of the program.
func New() *Layout {
	l := &Layout{assets: readAssets(), frame: "layout.html"}
	l.template = template.Must(template.New("").Funcs(template.FuncMap{"asset": l.Asset, "navigation": func() [][]link { return nil }, "app": func() string { return "" }}).
		ParseFS(templates, "templates/head.html", "templates/layout.html", "templates/shell.html"))
	l.problem = l.Parse(templates, "templates/problem.html")
	return l
}

// Page is one kind of page inside the layout.
type Page struct {
	template *template.Template
	frame    string
}

// Parse reads a page from files that define the templates "title" (plain
// text) and "main", and "scripts" if it has some. It panics if they are broken: they are part of the
// program.
func (l *Layout) Parse(files fs.FS, names ...string) *Page {
	clone := template.Must(l.template.Clone())
	return &Page{template.Must(clone.ParseFS(files, names...)), l.frame}
}

// Write writes the page. A template that fails writes nothing and returns
// the error, so that the caller can still answer something else.
func (p *Page) Write(w http.ResponseWriter, status int, data any) error {
	var body bytes.Buffer
	if err := p.template.ExecuteTemplate(&body, p.frame, data); err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Security-Policy", Policy)
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the reader may be gone; there is nobody else to tell
	return nil
}

// Fragment returns a piece of the page: one of the templates that its files
// define.
func (p *Page) Fragment(name string, data any) (string, error) {
	var piece strings.Builder
	err := p.template.ExecuteTemplate(&piece, name, data)
	return piece.String(), err
}

// Problem answers with a small page that says what is wrong.
func (l *Layout) Problem(w http.ResponseWriter, status int, message string) {
	err := l.problem.Write(w, status, struct {
		Status  int
		Title   string
		Message string
	}{status, http.StatusText(status), message})
	if err != nil {
		http.Error(w, message, status)
	}
}
