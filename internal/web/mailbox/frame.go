package mailbox

import (
	"bytes"
	"net/http"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	gateway "github.com/postrider/postrider/internal/provider/gateway/mailbox"
	"github.com/postrider/postrider/internal/web/page"
)

// frame serves the HTML of a mail as a document of its own, to be shown in a
// sandboxed frame. Its policy sandboxes it wherever else it is opened: no
// scripts, no forms, no origin, and nothing loaded but pictures.
func (m *mailbox) frame(w http.ResponseWriter, r *http.Request) {
	mail, err := m.Store.Mail(r.Context(), r.PathValue("id"))
	if err != nil {
		m.problem(w, err)
		return
	}
	images := "data: " + m.assets()
	if r.URL.Query().Has("images") {
		images += " https:"
	}
	c := gateway.ReadContent(mail.Raw)
	shown, _ := clip(c.HTML)
	header := w.Header()
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src "+images+
		"; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox")
	header.Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(openOutside(shown)) // the reader may be gone; there is nobody else to tell
}

// assets is the source of pictures that are ours. Not 'self': a sandboxed
// document has no origin, and mails name us by our public URL anyway.
func (m *mailbox) assets() string { return m.PublicURL + page.AssetsPath }

// openOutside makes the links of a document open in a new tab: inside the
// frame they would lead nowhere.
func openOutside(document string) []byte {
	root, err := html.Parse(strings.NewReader(document))
	if err != nil {
		return []byte(document) // it is shown as well as it can be
	}
	for node := range root.Descendants() {
		if node.DataAtom == atom.Head {
			node.InsertBefore(&html.Node{
				Type: html.ElementNode, Data: "base", DataAtom: atom.Base,
				Attr: []html.Attribute{{Key: "target", Val: "_blank"}},
			}, node.FirstChild)
			break // the parser makes exactly one
		}
	}
	var out bytes.Buffer
	if err := html.Render(&out, root); err != nil {
		return []byte(document)
	}
	return out.Bytes()
}

// hasRemoteImages says whether a document would load pictures from elsewhere
// than ours. It is a hint for readers; what is loaded is the policy's
// decision.
func hasRemoteImages(document, ours string) bool {
	root, err := html.Parse(strings.NewReader(document))
	if err != nil {
		return true
	}
	for node := range root.Descendants() {
		if node.Type == html.TextNode && node.Parent.DataAtom == atom.Style && styleLoads(node.Data) {
			return true
		}
		for _, a := range node.Attr {
			switch a.Key {
			case "src", "background", "poster", "srcset":
				if isRemote(a.Val, ours) {
					return true
				}
			case "style":
				if styleLoads(a.Val) {
					return true
				}
			}
		}
	}
	return false
}

func isRemote(target, ours string) bool {
	target = strings.ToLower(strings.TrimSpace(target))
	if strings.HasPrefix(target, strings.ToLower(ours)) {
		return false
	}
	return strings.HasPrefix(target, "http:") || strings.HasPrefix(target, "https:") || strings.HasPrefix(target, "//")
}

func styleLoads(style string) bool {
	_, after, found := strings.Cut(strings.ToLower(style), "url(")
	return found && strings.Contains(after, "//")
}
