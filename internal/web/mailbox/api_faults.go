package mailbox

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	gateway "github.com/postrider/postrider/internal/provider/gateway/mailbox"
	"github.com/postrider/postrider/internal/web/answer"
)

const noFaults = "Faults are played by the built-in mailbox alone, and mails go to an SMTP server here"

// apiFaults is what the mailbox is set to play: percentages, and a time.
type apiFaults struct {
	Temporary int   `json:"temporary"`
	Permanent int   `json:"permanent"`
	Slow      int   `json:"slow"`
	DelayMs   int64 `json:"delayMs"`
}

func (m *mailbox) apiGetFaults(w http.ResponseWriter, r *http.Request) {
	f, err := m.Store.Faults(r.Context())
	if err != nil {
		m.apiProblem(w, err)
		return
	}
	if !m.PlaysFaults {
		f = gateway.Faults{}
	}
	answer.JSON(w, http.StatusOK, apiFaults{f.Temporary, f.Permanent, f.Slow, f.Delay.Milliseconds()})
}

func (m *mailbox) apiSetFaults(w http.ResponseWriter, r *http.Request) {
	if !m.PlaysFaults {
		answer.Message(w, http.StatusConflict, noFaults)
		return
	}
	var given apiFaults
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxForm))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&given); err != nil {
		answer.Message(w, http.StatusBadRequest, "The body must be a JSON object of temporary, permanent, slow and delayMs, all whole numbers")
		return
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		answer.Message(w, http.StatusBadRequest, "The body must be one JSON object")
		return
	}
	f := gateway.Faults{Temporary: given.Temporary, Permanent: given.Permanent, Slow: given.Slow, Delay: -1}
	if given.DelayMs >= 0 && given.DelayMs <= gateway.MaxDelay.Milliseconds() {
		f.Delay = time.Duration(given.DelayMs) * time.Millisecond
	}
	if err := f.Check(); err != nil {
		var wrong *gateway.FaultsError
		if errors.As(err, &wrong) && wrong.Field == "delay" {
			err = errors.New("delayMs: " + wrong.Reason)
		}
		answer.Message(w, http.StatusBadRequest, err.Error())
		return
	}
	if err := m.Store.SetFaults(r.Context(), f); err != nil {
		m.apiProblem(w, err)
		return
	}
	answer.JSON(w, http.StatusOK, given)
}

func (m *mailbox) apiClearFaults(w http.ResponseWriter, r *http.Request) {
	if err := m.Store.SetFaults(r.Context(), gateway.Faults{}); err != nil {
		m.apiProblem(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
