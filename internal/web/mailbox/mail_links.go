package mailbox

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	gateway "github.com/postrider/postrider/internal/provider/gateway/mailbox"
	"github.com/postrider/postrider/internal/web/answer"
	"github.com/postrider/postrider/internal/web/mailbox/links"
)

// linksView is the list of links on the page of a mail.
type linksView struct {
	Links   []linkRow
	Cut     bool   // there are more
	Checked string // what a check found in all; empty: there was none
}

// linkRow is one link of the list.
type linkRow struct {
	links.Link
	Open   bool // it may be followed from the page
	Result *links.Result
}

// Place says where the link stands: "line 12 of the HTML, 3 times".
func (r linkRow) Place() string {
	part := "the HTML"
	if r.Part == links.PartText {
		part = "the text"
	}
	place := "line " + strconv.Itoa(r.Line) + " of " + part
	if r.Times > 1 {
		place += ", " + strconv.Itoa(r.Times) + " times"
	}
	return place
}

// Verdict says what a check found, in words.
func (r linkRow) Verdict() string {
	said := map[links.State]string{
		links.StateWorks: "works", links.StateMoved: "redirects", links.StateBroken: "does not work",
		links.StateRefused: "not asked", links.StateNotAsked: "not asked",
	}[r.Result.State]
	if r.Result.Status != 0 {
		said += " (" + strconv.Itoa(r.Result.Status) + ")"
	}
	if r.Result.Detail != "" {
		said += ": " + r.Result.Detail
	}
	return said
}

func viewLinks(found []links.Link, results map[string]links.Result) linksView {
	view := linksView{Cut: len(found) == links.Max}
	counts := make(map[links.State]int)
	for _, link := range found {
		row := linkRow{Link: link, Open: isWeb(link.URL)}
		if result, ok := results[link.URL]; ok {
			row.Result = &result
			counts[result.State]++
		}
		view.Links = append(view.Links, row)
	}
	if results != nil {
		view.Checked = sayCounts(counts)
	}
	return view
}

func sayCounts(counts map[links.State]int) string {
	var said []string
	say := func(n int, what string) {
		if n > 0 {
			said = append(said, strconv.Itoa(n)+" "+what)
		}
	}
	say(counts[links.StateWorks], "work")
	say(counts[links.StateMoved], "redirect")
	say(counts[links.StateBroken], "do not work")
	say(counts[links.StateRefused]+counts[links.StateNotAsked], "were not asked")
	return strings.Join(said, ", ")
}

// isWeb says whether a link can be offered for clicking.
func isWeb(target string) bool {
	target = strings.ToLower(target)
	return strings.HasPrefix(target, "http://") || strings.HasPrefix(target, "https://")
}

func findLinks(mail *gateway.Mail) []links.Link {
	c := gateway.ReadContent(mail.Raw)
	document, _ := clip(c.HTML)
	text, _ := clip(c.Text)
	return links.Find(document, text)
}

// checkLinks asks the links of a mail, and shows the page with the results.
func (m *mailbox) checkLinks(w http.ResponseWriter, r *http.Request) {
	mail, err := m.Store.Mail(r.Context(), r.PathValue("id"))
	if err != nil {
		m.problem(w, err)
		return
	}
	m.showMail(w, &mail, viewLinksTab, false, m.checker.Check(r.Context(), findLinks(&mail)))
}

// apiLink is a link of a mail.
type apiLink struct {
	URL   string `json:"url"`
	Kind  string `json:"kind"` // link, image or style
	Part  string `json:"part"` // html or text
	Line  int    `json:"line"`
	Text  string `json:"text"`
	Times int    `json:"times"`
	// Of a check.
	State      string `json:"state,omitempty"`
	Status     int    `json:"status,omitempty"`
	Detail     string `json:"detail,omitempty"`
	DurationMs *int64 `json:"durationMs,omitempty"`
}

func apiLinksOf(found []links.Link, results map[string]links.Result) any {
	list := make([]apiLink, 0, len(found))
	for _, l := range found {
		row := apiLink{URL: l.URL, Kind: string(l.Kind), Part: string(l.Part), Line: l.Line, Text: l.Label, Times: l.Times}
		if result, ok := results[l.URL]; ok {
			ms := result.Duration.Round(time.Millisecond).Milliseconds()
			row.State, row.Status, row.Detail, row.DurationMs = string(result.State), result.Status, result.Detail, &ms
		}
		list = append(list, row)
	}
	return struct {
		Links []apiLink `json:"links"`
	}{list}
}

func (m *mailbox) apiLinks(w http.ResponseWriter, r *http.Request) {
	mail, err := m.Store.Mail(r.Context(), r.PathValue("id"))
	if err != nil {
		m.apiProblem(w, err)
		return
	}
	answer.JSON(w, http.StatusOK, apiLinksOf(findLinks(&mail), nil))
}

func (m *mailbox) apiCheckLinks(w http.ResponseWriter, r *http.Request) {
	mail, err := m.Store.Mail(r.Context(), r.PathValue("id"))
	if err != nil {
		m.apiProblem(w, err)
		return
	}
	found := findLinks(&mail)
	answer.JSON(w, http.StatusOK, apiLinksOf(found, m.checker.Check(r.Context(), found)))
}
