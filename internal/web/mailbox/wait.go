package mailbox

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	gateway "github.com/postrider/postrider/internal/provider/gateway/mailbox"
	"github.com/postrider/postrider/internal/web/answer"
)

// Bounds of ?timeout=.
const (
	defaultWait = 10 * time.Second
	maxWait     = 60 * time.Second
	waitEvery   = 100 * time.Millisecond
)

// apiWait answers with the newest mail that is looked for, as soon as there is
// one.
func (m *mailbox) apiWait(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	patience, err := parseWait(query.Get("timeout"))
	if err != nil {
		answer.Message(w, http.StatusBadRequest, err.Error())
		return
	}
	wanted := searchOf(query).query()
	if after := query.Get("after"); after != "" {
		mail, err := m.Store.Mail(r.Context(), after)
		if errors.Is(err, gateway.ErrNotFound) {
			answer.Message(w, http.StatusBadRequest, "after: must be the id of a mail in the mailbox")
			return
		}
		if err != nil {
			m.apiProblem(w, err)
			return
		}
		wanted.After = mail.Arrival
	}
	timer, ticker := time.NewTimer(patience), time.NewTicker(waitEvery)
	defer timer.Stop()
	defer ticker.Stop()
	seen := int64(-1)
	for {
		mail, found, err := m.look(r, wanted, &seen)
		switch {
		case err != nil:
			m.apiProblem(w, err)
			return
		case found:
			answer.JSON(w, http.StatusOK, fullMessage(&mail))
			return
		}
		select {
		case <-ticker.C:
		case <-timer.C:
			answer.Message(w, http.StatusNotFound, "No such mail within "+patience.String())
			return
		case <-m.Closing:
			w.Header().Set("Retry-After", "5")
			answer.Message(w, http.StatusServiceUnavailable, "The server is stopping; ask again")
			return
		case <-r.Context().Done():
			return
		}
	}
}

// look searches again if a mail has arrived since it last did, which seen
// remembers.
func (m *mailbox) look(r *http.Request, wanted gateway.Query, seen *int64) (mail gateway.Mail, found bool, err error) {
	state, err := m.Store.MailboxState(r.Context())
	if err != nil || state.Last == *seen {
		return mail, false, err
	}
	*seen = state.Last
	mails, err := m.Store.Mails(r.Context(), wanted, 1)
	if err != nil || len(mails) == 0 {
		return mail, false, err
	}
	mail, err = m.Store.Mail(r.Context(), mails[0].ID)
	if errors.Is(err, gateway.ErrNotFound) {
		return mail, false, nil // somebody has just deleted it
	}
	return mail, err == nil, err
}

// parseWait reads how long to wait: a duration such as 30s, or seconds.
func parseWait(given string) (time.Duration, error) {
	if given == "" {
		return defaultWait, nil
	}
	patience, err := time.ParseDuration(given)
	if seconds, plain := strconv.Atoi(given); plain == nil && seconds <= int(maxWait.Seconds()) {
		patience, err = time.Duration(seconds)*time.Second, nil
	}
	if err != nil || patience < 0 || patience > maxWait {
		return 0, errors.New("timeout: must be a duration from 0s to " + maxWait.String())
	}
	return patience, nil
}
