package mailbox

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	gateway "github.com/postrider/postrider/internal/provider/gateway/mailbox"
	"github.com/postrider/postrider/internal/web/answer"
)

// The API is described in docs/mailbox.md. Tests of other programs rely on
// it: fields are added, never renamed or removed.

// Bounds of ?limit=.
const (
	defaultLimit = 50
	maxLimit     = 200
)

// apiMessages is one page of the list.
type apiMessages struct {
	Messages []apiMessage `json:"messages"`
	Next     string       `json:"next,omitempty"` // the value of ?before= for the next page
}

// apiMessage is a mail in the list. From and To are the envelope's.
type apiMessage struct {
	ID         string    `json:"id"`
	ReceivedAt time.Time `json:"receivedAt"`
	From       string    `json:"from"`
	To         string    `json:"to"`
	Subject    string    `json:"subject"`
	Size       int       `json:"size"` // of the source, in bytes
}

// apiFullMessage is all of a mail.
type apiFullMessage struct {
	apiMessage
	Headers map[string][]string `json:"headers"`
	Text    string              `json:"text"`
	HTML    string              `json:"html"`
	Source  string              `json:"source"`
	Problem string              `json:"problem,omitempty"` // what could not be read
}

func summary(m *gateway.Mail) apiMessage {
	return apiMessage{ID: m.ID, ReceivedAt: m.ReceivedAt.UTC(), From: m.From, To: m.To, Subject: m.Subject, Size: m.Size}
}

func fullMessage(mail *gateway.Mail) apiFullMessage {
	c := gateway.ReadContent(mail.Raw)
	headers := make(map[string][]string, len(c.Headers))
	for _, f := range c.Headers {
		headers[f.Canonical] = append(headers[f.Canonical], f.Value)
	}
	return apiFullMessage{
		apiMessage: summary(mail), Headers: headers, Text: c.Text, HTML: c.HTML,
		Source: strings.ToValidUTF8(string(mail.Raw), "\uFFFD"), Problem: c.Problem,
	}
}

func (m *mailbox) apiList(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	limit := defaultLimit
	if given := query.Get("limit"); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil || n < 1 || n > maxLimit {
			answer.Message(w, http.StatusBadRequest, "limit: must be a number from 1 to "+strconv.Itoa(maxLimit))
			return
		}
		limit = n
	}
	wanted := searchOf(query).query()
	wanted.Before = query.Get("before")
	mails, next, err := m.find(r.Context(), wanted, limit)
	if err != nil {
		m.apiProblem(w, err)
		return
	}
	list := apiMessages{Messages: make([]apiMessage, len(mails)), Next: next}
	for i := range mails {
		list.Messages[i] = summary(&mails[i])
	}
	answer.JSON(w, http.StatusOK, list)
}

func (m *mailbox) apiGet(w http.ResponseWriter, r *http.Request) {
	mail, err := m.Store.Mail(r.Context(), r.PathValue("id"))
	if err != nil {
		m.apiProblem(w, err)
		return
	}
	answer.JSON(w, http.StatusOK, fullMessage(&mail))
}

func (m *mailbox) apiDelete(w http.ResponseWriter, r *http.Request) {
	if err := m.Store.DeleteMail(r.Context(), r.PathValue("id")); err != nil {
		m.apiProblem(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (m *mailbox) apiDeleteAll(w http.ResponseWriter, r *http.Request) {
	if err := m.Store.DeleteMails(r.Context()); err != nil {
		m.apiProblem(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
