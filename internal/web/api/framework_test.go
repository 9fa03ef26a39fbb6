package api_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/web/api"
)

func TestUnknownEndpoints(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, c := range [][2]string{
		{http.MethodGet, "/nothing"},
		{http.MethodPost, "/notifications/v1/settings"},
		{http.MethodOptions, "/notifications/v1/settings"},
		{http.MethodGet, "/notifications/v1/settings/"},
		{http.MethodGet, "/notifications//v1/settings"},
		{http.MethodGet, "/notifications/v1/../v1/settings"},
		{http.MethodGet, ""},
	} {
		got := s.call(t, c[0], c[1], "")
		got.refused(t, http.StatusNotFound, "ERR_API_NOT_FOUND")
		if got.header.Get("X-Rate-Limit") != "" {
			t.Errorf("%s %s: has limits", c[0], c[1])
		}
	}
}

func TestErrorsAreWhole(t *testing.T) {
	t.Parallel()
	s := start(t)
	got := s.call(t, http.MethodGet, "/notifications/v1/preferences", "")
	want := `{"error":{"code":"ERR_BAD_REQUEST","message":"Failed to validate the data sent with the request.",` +
		`"devMessage":"Failed to validate the data sent with the request.","details":{"uid":["The uid field is required."]},"source":"notifications"}}`
	if strings.TrimSpace(got.body) != want {
		t.Errorf("answered %s, want %s", got.body, want)
	}
	s.call(t, http.MethodPost, "/apikeys", `{"name":`).refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST")
	s.call(t, http.MethodPost, "/apikeys", `[1]`).refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST")
	s.call(t, http.MethodPost, "/apikeys", `null`).refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST")
	for _, empty := range []string{"", "[]", " [ ] ", "{}"} {
		s.call(t, http.MethodPost, "/apikeys", empty).refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST", "name")
	}
	s.call(t, http.MethodPost, "/apikeys", `{"name":"`+strings.Repeat("x", 10<<10)+`"}`).
		refused(t, http.StatusRequestEntityTooLarge, "ERR_BAD_REQUEST")
}

func TestFaultsSayNothing(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *api.Config) { c.People = failing{} })
	got := s.call(t, http.MethodGet, "/notifications/v1/preferences?uid=mira-17", "")
	got.refused(t, http.StatusInternalServerError, "ERR_EXCEPTION")
	if strings.Contains(got.body, "secret") {
		t.Errorf("answered %s", got.body)
	}
	if logged := s.logs.String(); strings.Count(logged, "on fire") != 1 || !strings.Contains(logged, "getPreferences") {
		t.Errorf("logged %q, want the cause once", logged)
	}
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *api.Config) { c.Limits = api.Limits{Core: 1, Standard: 2} })
	s.clock.Advance(20 * time.Second)
	const path = "/notifications/v1/settings"
	for left := 1; left >= 0; left-- {
		got := s.call(t, http.MethodGet, path, "")
		for name, want := range map[string]string{
			"X-Rate-Limit": "2", "X-RateLimit-Limit": "2", "X-Rate-Limit-Remaining": strconv.Itoa(left), "X-RateLimit-Remaining": strconv.Itoa(left),
			"Retry-After": "", "X-Rate-Limit-Reset": "",
		} {
			if got.status != http.StatusOK || got.header.Get(name) != want {
				t.Errorf("%d: %s is %q, want %q", got.status, name, got.header.Get(name), want)
			}
		}
	}
	got := s.call(t, http.MethodGet, path, "")
	got.refused(t, http.StatusTooManyRequests, "ERR_TOO_MANY_REQUESTS")
	reset := s.clock.Now().Add(40 * time.Second)
	if h := got.header; h.Get("Retry-After") != "40" || h.Get("X-Rate-Limit-Reset") != strconv.FormatInt(reset.Unix(), 10) || h.Get("X-Rate-Limit-Remaining") != "0" {
		t.Errorf("refused with %v", h)
	}
	// Others do not use up an app's share, and are told of no other than that.
	if got := s.call(t, http.MethodGet, path, "", "apikey", ""); got.status != http.StatusUnauthorized || got.header.Get("X-Rate-Limit-Remaining") != "2" {
		t.Errorf("without a key: %d with %v", got.status, got.header)
	}
	s.clock.Advance(40 * time.Second)
	s.call(t, http.MethodGet, path, "").data(t)
}
