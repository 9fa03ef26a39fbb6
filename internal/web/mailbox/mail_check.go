package mailbox

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/postrider/postrider/internal/web/answer"
	"github.com/postrider/postrider/internal/web/mailbox/htmlcheck"

	gateway "github.com/postrider/postrider/internal/provider/gateway/mailbox"
)

// checkView is what the HTML check found, on the page of a mail.
type checkView struct {
	Breaks, Looks []findingRow
	Size          string
	Clients       string // all that are known, in words
}

// findingRow is one finding of the list.
type findingRow struct {
	htmlcheck.Finding
	Where string
}

func (m *mailbox) viewCheck(document string) checkView {
	report := m.features.Check(document)
	view := checkView{Size: size(report.Size), Clients: strings.Join(m.features.Clients(), ", ")}
	for _, f := range report.Findings {
		row := findingRow{f, where(&f)}
		if f.Level == htmlcheck.LevelBreaks {
			view.Breaks = append(view.Breaks, row)
		} else {
			view.Looks = append(view.Looks, row)
		}
	}
	return view
}

// shownLines is how many lines of a finding the page names.
const shownLines = 5

// where says where a finding is: "lines 3, 17 and 40, 12 times in all".
func where(f *htmlcheck.Finding) string {
	var lines []string
	for _, line := range f.Lines[:min(len(f.Lines), shownLines)] {
		lines = append(lines, strconv.Itoa(line))
	}
	said := "line " + lines[0]
	if n := len(lines); n > 1 {
		said = "lines " + strings.Join(lines[:n-1], ", ") + " and " + lines[n-1]
	}
	if f.Times > len(lines) {
		said += ", " + strconv.Itoa(f.Times) + " times in all"
	}
	return said
}

// apiCheck is what the HTML check found.
type apiCheck struct {
	Size     int          `json:"size"` // of the HTML part, in bytes
	Breaks   int          `json:"breaks"`
	Looks    int          `json:"looks"`
	Clients  []string     `json:"clients"` // all that are known
	Findings []apiFinding `json:"findings"`
}

// apiFinding is a feature that the mail uses.
type apiFinding struct {
	ID      string   `json:"id"`
	Feature string   `json:"feature"`
	Level   string   `json:"level"` // breaks or looks
	Lines   []int    `json:"lines"`
	Times   int      `json:"times"`
	No      []string `json:"unsupported"`
	Partial []string `json:"partial"`
	Note    string   `json:"note,omitempty"`
}

func (m *mailbox) apiHTMLCheck(w http.ResponseWriter, r *http.Request) {
	mail, err := m.Store.Mail(r.Context(), r.PathValue("id"))
	if err != nil {
		m.apiProblem(w, err)
		return
	}
	c := gateway.ReadContent(mail.Raw)
	document, _ := clip(c.HTML)
	report := m.features.Check(document)
	result := apiCheck{
		Size: len(c.HTML), Breaks: report.Count(htmlcheck.LevelBreaks), Looks: report.Count(htmlcheck.LevelLooks),
		Clients: m.features.Clients(), Findings: make([]apiFinding, 0, len(report.Findings)),
	}
	for _, f := range report.Findings {
		result.Findings = append(result.Findings, apiFinding{
			ID: f.ID, Feature: f.Name, Level: string(f.Level), Lines: f.Lines, Times: f.Times,
			No: append([]string{}, f.No...), Partial: append([]string{}, f.Partial...), Note: f.Note,
		})
	}
	answer.JSON(w, http.StatusOK, result)
}
