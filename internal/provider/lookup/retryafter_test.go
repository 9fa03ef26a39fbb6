package lookup_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postrider/postrider/internal/provider/address"
	"github.com/postrider/postrider/internal/provider/lookup"
	"github.com/postrider/postrider/internal/testkit/webhooksink"
)

// TestRetryAfter: a directory that says when to ask again is left alone until
// then, but not for longer than an hour.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	date := func(after time.Duration) string { return now.Add(after).Format(http.TimeFormat) }
	for _, test := range []struct {
		name   string
		status int
		value  string
		want   time.Duration
	}{
		{"seconds", 429, "90", 90 * time.Second},
		{"seconds of 503", 503, " 90 ", 90 * time.Second},
		{"a date", 429, date(90 * time.Second), 90 * time.Second},
		{"a date of 503", 503, date(time.Minute), time.Minute},
		{"an hour", 429, "3600", time.Hour},
		{"a day", 429, "86400", lookup.MaxRetryAfter},
		{"a date of tomorrow", 503, date(24 * time.Hour), lookup.MaxRetryAfter},
		{"more digits than a number has", 429, strings.Repeat("9", 40), lookup.MaxRetryAfter},
		{"a date that is over", 429, date(-time.Second), 0},
		{"0", 503, "0", 0},
		{"below 0", 503, "-5", 0},
		{"no number", 503, "soon", 0},
		{"a part of a number", 503, "1.5", 0},
		{"nothing", 429, "", 0},
		{"another answer", 500, "90", 0},
		{"no fault", 404, "90", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, "email", "")
			h.now.Store(now.Unix())
			h.sink.Always(webhooksink.Status(test.status).With("Retry-After", test.value))
			_, err := h.Email(t.Context(), "mira")
			var fault *address.DirectoryError
			if errors.As(err, &fault) && fault.RetryAfter != test.want || test.want > 0 && fault == nil {
				t.Errorf("got %v: %+v", err, fault)
			}
			for _, at := range []struct {
				after time.Duration
				asked int
			}{{test.want - time.Second, 1}, {test.want, 2}} {
				if at.after < 0 {
					continue
				}
				h.now.Store(now.Add(at.after).Unix())
				_, err = h.Email(t.Context(), "otto")
				if h.asked() != at.asked {
					t.Errorf("%d questions after %v: %v", h.asked(), at.after, err)
				}
				if at.asked > 1 {
					continue
				}
				if !errors.As(err, &fault) || fault.RetryAfter != time.Second || !strings.Contains(err.Error(), "asked for a pause") {
					t.Errorf("a second before it may be asked: %v: %+v", err, fault)
				}
			}
		})
	}
}

// scripted is a directory that answers one question after the other.
type scripted struct {
	mu      sync.Mutex
	answers []*http.Response
	takes   time.Duration
}

func (s *scripted) RoundTrip(*http.Request) (*http.Response, error) {
	s.mu.Lock()
	next := s.answers[0]
	s.answers = s.answers[1:]
	takes := s.takes
	s.takes /= 2 // who asks later is answered first
	s.mu.Unlock()
	time.Sleep(takes) // of the bubble
	return next, nil
}

func said(status int, retryAfter string) *http.Response {
	r := &http.Response{StatusCode: status, Header: make(http.Header), Body: io.NopCloser(strings.NewReader(mira))}
	r.Header.Set("Retry-After", retryAfter)
	return r
}

// After the pause one question goes out, and what it is answered counts: it may
// ask for a shorter pause, or be like any first failure.
func TestProbeAfterRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{answers: []*http.Response{said(503, "60"), said(429, "3"), said(500, ""), said(500, ""), said(200, "")}}
		target, err := lookup.ParseTarget("https://api.example.com/users/{uid}", "", "email", false)
		if err != nil {
			t.Fatal(err)
		}
		d := lookup.New(lookup.Config{Target: target, Transport: s, Clock: time.Now})
		for _, step := range []struct {
			after time.Duration
			left  int // answers
		}{
			{0, 4}, {0, 4}, {59 * time.Second, 4}, {time.Second, 3}, {2 * time.Second, 3}, {time.Second, 2}, {0, 1}, {0, 0},
		} {
			time.Sleep(step.after)
			_, err := d.Email(t.Context(), "mira")
			if len(s.answers) != step.left || (err == nil) != (step.left == 0) {
				t.Fatalf("%d answers are left, want %d: %v", len(s.answers), step.left, err)
			}
		}
	})
}

// What was asked before the pause and is answered well does not end it; what
// asks for a longer one makes it longer.
func TestRetryAfterOutlivesOtherAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{takes: 4 * time.Second, answers: []*http.Response{said(200, ""), said(429, "120"), said(429, "60"), said(200, "")}}
		target, err := lookup.ParseTarget("https://api.example.com/users/{uid}", "", "email", false)
		if err != nil {
			t.Fatal(err)
		}
		d := lookup.New(lookup.Config{Target: target, Transport: s, Clock: time.Now})
		var all sync.WaitGroup
		for _, uid := range []string{"mira", "otto", "yara"} {
			all.Go(func() { _, _ = d.Email(t.Context(), uid) })
			synctest.Wait() // they ask in this order, and are answered in the other
		}
		all.Wait()
		time.Sleep(117 * time.Second) // the second answer came 2 s before
		if _, err := d.Email(t.Context(), "zofia"); err == nil || len(s.answers) != 1 {
			t.Errorf("asked before the longest pause was over: %v", err)
		}
		time.Sleep(time.Second)
		if _, err := d.Email(t.Context(), "zofia"); err != nil || len(s.answers) != 0 {
			t.Errorf("not asked when it was over: %v", err)
		}
	})
}
