package mailbox

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"

	gateway "github.com/postrider/postrider/internal/provider/gateway/mailbox"
)

// pageSize is how many mails one page of the list shows.
const pageSize = 50

// listView is what the list shows.
type listView struct {
	Search search
	Mails  []mailRow
	Before bool   // not the first page
	Newest string // URL of the first page
	Older  string // URL of the next page, if there is one
	Live   string // URL that tells what arrives; empty on other pages than the first
	Kept   string // mails in the mailbox
	Keep   string // how many are kept at most
	Faults *faultsView
	// For a mailbox without mails.
	Webhook string
	App     string // id, in JSON
}

// mailRow is one mail in the list.
type mailRow struct {
	gateway.Mail
	URL  string
	Ago  string // empty: its day is told
	Size string
}

func (m *mailbox) row(mail gateway.Mail) mailRow {
	return mailRow{mail, mailURL(mail.ID), ago(mail.ReceivedAt, m.Clock()), size(mail.Size)}
}

func (m *mailbox) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	search, before := searchOf(query), query.Get("before")
	// First the state: what arrives while the list is read is told twice
	// rather than not at all.
	state, err := m.Store.MailboxState(r.Context())
	if err != nil {
		m.problem(w, err)
		return
	}
	wanted := search.query()
	wanted.Before = before
	mails, next, err := m.find(r.Context(), wanted, pageSize)
	if err != nil {
		m.problem(w, err)
		return
	}
	faults, err := m.faultsOn(r.Context())
	if err != nil {
		m.problem(w, err)
		return
	}
	view := listView{
		Search: search, Before: before != "", Newest: listURL(search, ""), Older: listURL(search, next),
		Kept: count(state.Kept, "mail"), Keep: humanize.Comma(int64(m.Keep)), Faults: faults,
		Webhook: m.PublicURL + "/webhook", App: exampleApp(m.AppID),
	}
	if next == "" {
		view.Older = ""
	}
	if before == "" {
		values := search.values()
		values.Set("after", strconv.FormatInt(state.Last, 10))
		view.Live = livePath + "?" + values.Encode()
	}
	for _, mail := range mails {
		view.Mails = append(view.Mails, m.row(mail))
	}
	m.show(w, m.listPage, view)
}

// Empty says that there is no mail at all, as far as the page can tell.
func (v listView) Empty() bool { return len(v.Mails) == 0 && !v.Search.Given() && !v.Before }

func (*mailbox) toList(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, pagesPath, http.StatusSeeOther)
}

func (m *mailbox) delete(w http.ResponseWriter, r *http.Request) {
	// What somebody else deleted meanwhile is gone as well.
	if err := ignoreMissing(m.Store.DeleteMail(r.Context(), r.PathValue("id"))); err != nil {
		m.problem(w, err)
		return
	}
	m.toList(w, r)
}

func (m *mailbox) confirmDeleteAll(w http.ResponseWriter, _ *http.Request) {
	m.show(w, m.deletePage, nil)
}

func (m *mailbox) deleteAll(w http.ResponseWriter, r *http.Request) {
	if err := m.Store.DeleteMails(r.Context()); err != nil {
		m.problem(w, err)
		return
	}
	m.toList(w, r)
}

func listURL(s search, before string) string {
	query := s.values()
	if before != "" {
		query.Set("before", before)
	}
	if len(query) == 0 {
		return pagesPath
	}
	return pagesPath + "?" + query.Encode()
}

func mailURL(id string) string { return pagesPath + "/" + url.PathEscape(id) }

// ago tells the age of a young mail; empty: it is old, and told by its day.
func ago(t, now time.Time) string {
	if now.Sub(t) < 24*time.Hour {
		return relative(t, now)
	}
	return ""
}

// ignoreMissing takes a mail that is gone already for deleted.
func ignoreMissing(err error) error {
	if errors.Is(err, gateway.ErrNotFound) {
		return nil
	}
	return err
}

// count says how many there are of something: "1 mail", "2,000 mails".
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return humanize.Comma(int64(n)) + " " + noun
}
