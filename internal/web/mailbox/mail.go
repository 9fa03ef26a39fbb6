package mailbox

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	gateway "github.com/postrider/postrider/internal/provider/gateway/mailbox"
	"github.com/postrider/postrider/internal/web/mailbox/links"
)

// The ways to look at a mail, by the value of ?view=.
const (
	viewHTML    = "html"
	viewText    = "text"
	viewHeaders = "headers"
	viewSource  = "source"

	viewLinksTab = "links"
	viewCheck    = "check"
)

// mailView is what the page of one mail shows.
type mailView struct {
	URL      string
	Subject  string
	From, To string
	Received time.Time
	Ago      string
	Size     string
	Problem  string
	Tabs     []tab
	View     string
	Cut      bool // not all of it is shown

	Text    string // of the views text and source
	Headers []gateway.HeaderField
	// Of the view html.
	Frame        string // URL of the frame's document
	RemoteImages bool   // the mail has some
	ImagesShown  bool
	// Of the views links and check.
	Links linksView
	Check checkView
}

type tab struct {
	Name, View, URL string
	Current         bool
}

func (m *mailbox) mail(w http.ResponseWriter, r *http.Request) {
	mail, err := m.Store.Mail(r.Context(), r.PathValue("id"))
	if err != nil {
		m.problem(w, err)
		return
	}
	query := r.URL.Query()
	m.showMail(w, &mail, query.Get("view"), query.Has("images"), nil)
}

// showMail writes the page of a mail, with the view that is wished for. checked
// are the results of a check of its links, nil if there was none.
func (m *mailbox) showMail(w http.ResponseWriter, mail *gateway.Mail, wish string, images bool, checked map[string]links.Result) {
	c := gateway.ReadContent(mail.Raw)
	here := mailURL(mail.ID)
	view := mailView{
		URL: here, Subject: mail.Subject, From: c.Header("From", mail.From), To: c.Header("To", mail.To),
		Received: mail.ReceivedAt, Ago: relative(mail.ReceivedAt, m.Clock()), Size: size(mail.Size), Problem: c.Problem,
	}
	view.Tabs, view.View = tabs(here, &c, wish)
	document, documentCut := clip(c.HTML)
	text, textCut := clip(c.Text)
	switch view.View {
	case viewHTML:
		view.Frame = here + "/html"
		view.ImagesShown = images
		if images {
			view.Frame += "?images=1"
		}
		view.Cut = documentCut
		view.RemoteImages = hasRemoteImages(c.HTML, m.assets())
	case viewText:
		view.Text, view.Cut = text, textCut
	case viewHeaders:
		view.Headers = c.Headers
	case viewSource:
		view.Text, view.Cut = clip(strings.ToValidUTF8(string(mail.Raw), "\uFFFD"))
	case viewLinksTab:
		view.Links = viewLinks(links.Find(document, text), checked)
	case viewCheck:
		view.Check = m.viewCheck(document)
	}
	m.show(w, m.mailPage, view)
}

// tabs offers the views that the mail has something for. Without a wish, or
// with one that cannot be met, the first is shown.
func tabs(here string, c *gateway.Content, wish string) (all []tab, current string) {
	offer := func(name, view string, there bool) {
		if there {
			all = append(all, tab{Name: name, View: view, URL: here + "?view=" + view})
		}
	}
	offer("HTML", viewHTML, c.HTML != "")
	offer("Text", viewText, c.Text != "")
	offer("Links", viewLinksTab, c.HTML != "" || c.Text != "")
	offer("HTML check", viewCheck, c.HTML != "")
	offer("Headers", viewHeaders, len(c.Headers) > 0)
	offer("Source", viewSource, true)
	if c.HTML == "" && c.Text == "" {
		// Headers alone say little about a mail that has no readable part.
		current = viewSource
	} else {
		current = all[0].View
	}
	for i := range all {
		if all[i].View == wish {
			current = wish
		}
	}
	for i := range all {
		all[i].Current = all[i].View == current
	}
	return all, current
}

// A delivery's id; nothing else may become part of a file name.
var plainID = regexp.MustCompile(`^[0-9a-f-]{1,64}$`)

// download gives the mail byte for byte.
func (m *mailbox) download(problem func(http.ResponseWriter, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		mail, err := m.Store.Mail(r.Context(), r.PathValue("id"))
		if err != nil {
			problem(w, err)
			return
		}
		name := "mail.eml"
		if plainID.MatchString(mail.ID) {
			name = "postrider-" + mail.ID + ".eml"
		}
		header := w.Header()
		header.Set("Content-Type", "message/rfc822")
		header.Set("Content-Disposition", `attachment; filename="`+name+`"`)
		header.Set("Content-Length", strconv.Itoa(len(mail.Raw)))
		_, _ = w.Write(mail.Raw) // the reader may be gone; there is nobody else to tell
	}
}

func relative(t, now time.Time) string { return humanize.RelTime(t, now, "ago", "from now") }

func size(bytes int) string { return humanize.Bytes(uint64(max(bytes, 0))) }
