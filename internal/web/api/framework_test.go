package api_test

import (
	"fmt"
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

// Bodies have 10 KB at most, but for settings and members.
func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	s := settle(t, "mira-17")
	s.call(t, http.MethodPost, "/groups", `{"guid":"club","name":"Club","type":"public"}`, "onBehalfOf", "mira-17").data(t)
	const preferences = "/notifications/v1/preferences"
	until := s.server.clock.Now().Add(time.Hour).UnixMilli()
	muted := fmt.Sprintf(`"conversations":[{"id":"club","type":"group","until":%d}]`, until)
	for _, c := range []struct {
		method, path, fields string
		most                 int
	}{
		{http.MethodPatch, preferences + "?uid=mira-17", `"usePrivacyTemplate":true`, 10 << 10},
		{http.MethodPatch, preferences + "/timezone?uid=mira-17", `"timezone":"Europe/Berlin"`, 10 << 10},
		{http.MethodPut, preferences + "/mute?uid=mira-17", muted, 10 << 10},
		{http.MethodDelete, preferences + "/mute?uid=mira-17", muted, 10 << 10},
		{http.MethodPut, "/users/mira-17", `"name":"Mira"`, 10 << 10},
		{http.MethodPatch, "/notifications/v1/settings", `"preferences":{"email":{"maxPerDay":5}}`, 256 << 10},
		{http.MethodPost, "/groups/club/members", `"participants":["mira-17"]`, 256 << 10},
	} {
		body := func(length int) string {
			start, end := "{"+c.fields+`,"more":"`, `"}`
			return start + strings.Repeat("x", length-len(start)-len(end)) + end
		}
		if got := s.call(t, c.method, c.path, body(c.most)); got.status != http.StatusOK {
			t.Errorf("%s %s: %d bytes are answered %d %s", c.method, c.path, c.most, got.status, got.body)
		}
		s.call(t, c.method, c.path, body(c.most+1)).refused(t, http.StatusRequestEntityTooLarge, "ERR_BAD_REQUEST")
	}
}
