package mailbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	gateway "github.com/postrider/postrider/internal/provider/gateway/mailbox"
	"github.com/postrider/postrider/internal/web/answer"
)

const (
	livePath = pagesPath + "/live"
	// Arrivals are read from the store, not told by the gateway: it may run in
	// another process.
	liveEvery = 400 * time.Millisecond
	heartbeat = 15 * time.Second
	// liveBurst is how many arrivals are shown at a time. Of more, those that
	// a first page would no longer show are left out.
	liveBurst = pageSize
	// maxStreams bounds the pages of one process that are live at one time.
	maxStreams = 100
)

// live tells a page of the list which mails arrive, as server-sent events: the
// rows of the list, with their arrival as the event's id. A page says where it
// is by ?after=, a browser that comes back by Last-Event-ID.
func (m *mailbox) live(w http.ResponseWriter, r *http.Request) {
	if !m.SameOrigin(r) {
		answer.Message(w, http.StatusForbidden, "Refused: the request comes from another site")
		return
	}
	search := searchOf(r.URL.Query())
	after, err := liveAfter(r)
	if err != nil {
		answer.Message(w, http.StatusBadRequest, err.Error())
		return
	}
	select {
	case m.streams <- struct{}{}:
		defer func() { <-m.streams }()
	default:
		w.Header().Set("Retry-After", "10")
		answer.Message(w, http.StatusServiceUnavailable, "Too many pages are live; reload to see what is new")
		return
	}
	state, err := m.Store.MailboxState(r.Context())
	if err != nil {
		m.apiProblem(w, err)
		return
	}
	if after < 0 {
		after = state.Last
	}
	header := w.Header()
	header.Set("Content-Type", "text/event-stream; charset=utf-8")
	header.Set("X-Accel-Buffering", "no") // a proxy must not collect events
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	s := &stream{mailbox: m, w: w, flush: http.NewResponseController(w).Flush, query: search.query(), after: after}
	s.run(r.Context())
}

// liveAfter returns the arrival after which mails are to be told, -1: from now
// on.
func liveAfter(r *http.Request) (int64, error) {
	given := r.Header.Get("Last-Event-ID")
	if given == "" {
		given = r.URL.Query().Get("after")
	}
	if given == "" {
		return -1, nil
	}
	after, err := strconv.ParseInt(given, 10, 64)
	if err != nil || after < 0 {
		return 0, errors.New("after: must be the number of an event")
	}
	return after, nil
}

// stream is one page that is live.
type stream struct {
	*mailbox
	w     http.ResponseWriter
	flush func() error
	query gateway.Query
	after int64
}

// run tells arrivals until the page is gone, the server stops, or the answer
// has been going on for as long as one may: then the browser comes back.
func (s *stream) run(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, s.LongestAnswer)
	defer cancel()
	if !s.send("retry: 1000\n\n") {
		return
	}
	ticker, beat := time.NewTicker(liveEvery), time.NewTicker(heartbeat)
	defer ticker.Stop()
	defer beat.Stop()
	for {
		if err := s.tell(ctx); err != nil {
			if ctx.Err() == nil {
				s.Logger.Error("mailbox cannot be followed", "error", err)
			}
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-s.Closing:
			return
		case <-beat.C:
			if !s.send(": still here\n\n") {
				return
			}
		case <-ticker.C:
		}
	}
}

// tell sends what has arrived since it last did.
func (s *stream) tell(ctx context.Context) error {
	state, err := s.Store.MailboxState(ctx)
	if err != nil || state.Last <= s.after {
		return err
	}
	query := s.query
	query.After = s.after
	mails, err := s.Store.Mails(ctx, query, liveBurst)
	if err != nil {
		return err
	}
	s.after = state.Last
	for _, mail := range slices.Backward(mails) {
		row, err := s.listPage.Fragment("mail-row", s.row(mail))
		if err != nil {
			return fmt.Errorf("write a row: %w", err)
		}
		s.after = max(s.after, mail.Arrival)
		if !s.send(event(mail.Arrival, row)) {
			return ctx.Err()
		}
	}
	return nil
}

// send reports whether the page is still there.
func (s *stream) send(text string) bool {
	_, err := s.w.Write([]byte(text))
	return err == nil && s.flush() == nil
}

// event is a server-sent event; data may have several lines.
func event(id int64, data string) string {
	return "event: mail\nid: " + strconv.FormatInt(id, 10) + "\ndata: " +
		strings.ReplaceAll(strings.TrimSpace(data), "\n", "\ndata: ") + "\n\n"
}
