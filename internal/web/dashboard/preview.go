package dashboard

import (
	"bytes"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/postrider/postrider/internal/preview"
	"github.com/postrider/postrider/internal/web/gate"
	"github.com/postrider/postrider/internal/web/page"
)

// previewView is a mail as somebody would get it, on a page of its own.
type previewView struct {
	*preview.Mail
	Document template.HTMLAttr
	AsText   bool
	Width    string
	Dark     bool
	Warnings []string
	Problem  string
}

// preview shows the mail that the form would lead to. Its page is a document
// for a frame: it runs nothing, it has no origin, and it holds the mail in a
// frame of its own.
func (d *dashboard) preview(w http.ResponseWriter, r *http.Request, _ *gate.Visitor) {
	form := r.URL.Query()
	settings, err := d.Engine.Vault.Settings(r.Context(), d.Engine.App)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	brand, err := d.Engine.Brands.Brand(r.Context(), d.Engine.App)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	before := textsOf(&settings.Templates)
	texts := before.read(form)
	if settings, err = texts.over(settings); err != nil {
		d.fail(w, r, err)
		return
	}
	request := &preview.Request{
		Sample: form.Get("sample"), App: d.Engine.App, Settings: settings, Private: form.Get("private") != "",
		Brand: d.Engine.Brands.Over(readBrand(brand, form)), Dark: form.Get("scheme") == "dark",
	}
	if request.Sample == "" {
		request.Sample = preview.Samples()[0].ID
	}
	const ofCall = "call:"
	if id, ok := strings.CutPrefix(request.Sample, ofCall); ok {
		request.Sample, request.Call = "", id
	}
	view := previewView{AsText: form.Get("part") == "text", Dark: request.Dark, Width: "640"}
	if form.Get("width") == "375" {
		view.Width = "375"
	}
	for _, one := range allTexts() {
		for _, private := range []bool{false, true} {
			name := one.name(private)
			if texts[name] == before[name] {
				continue // what is saved has its warning beside it
			}
			warning, err := d.Engine.Preview.Check(one.of(), texts[name])
			if err != nil {
				d.fail(w, r, err)
				return
			}
			if warning != "" {
				view.Warnings = append(view.Warnings, one.label+": "+warning)
			}
		}
	}
	status := http.StatusOK
	mail, err := d.Engine.Preview.Mail(r.Context(), request)
	switch {
	case errors.Is(err, preview.ErrNotFound):
		status, view.Problem = http.StatusNotFound, "Its messages are not kept any more. Choose another conversation."
	case err != nil:
		d.fail(w, r, err)
		return
	default:
		view.Mail = mail
		// An attribute as a whole: of HTML in an attribute the package leaves but
		// the text.
		view.Document = template.HTMLAttr(`srcdoc="` + template.HTMLEscapeString(mail.HTML) + `"`) //nolint:gosec // G203: it is escaped
	}
	d.writePreview(w, r, status, &view, request)
}

func (d *dashboard) writePreview(w http.ResponseWriter, r *http.Request, status int, view *previewView, request *preview.Request) {
	var body bytes.Buffer
	if err := d.previewPage.Execute(&body, view); err != nil {
		d.fail(w, r, err)
		return
	}
	images := "data: " + d.PublicURL + page.AssetsPath
	if request.Call == "" {
		images += " https:" // of samples, whose pictures nobody else has chosen
	} else if logo, err := url.Parse(request.Brand.Logo); err == nil && logo.Host != "" {
		images += " https://" + logo.Host
	}
	header := w.Header()
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src "+images+
		"; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox")
	header.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the reader may be gone; there is nobody else to tell
}
