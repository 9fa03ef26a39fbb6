package api_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestContactDetails(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.people(t, "mira-17", "-gone-1")
	const path = "/notifications/v1/contact-details"
	call := func(method, body string) reply {
		t.Helper()
		return s.call(t, method, path, body, "onBehalfOf", "Mira-17")
	}
	expect := func(r reply, want string) {
		t.Helper()
		if got := strings.TrimSpace(r.body); r.status != http.StatusOK || got != `{"data":`+want+`}` {
			t.Errorf("answered %d %s, want %s", r.status, got, want)
		}
	}
	expect(call(http.MethodGet, ""), `{}`)
	expect(call(http.MethodPatch, `{"email":"mira@example.org","phno":"+4915100000000"}`), `{"email":"mira@example.org","phno":"+4915100000000"}`)
	expect(call(http.MethodPatch, `{"phno":"+351210000000"}`), `{"email":"mira@example.org","phno":"+351210000000"}`)
	for body, fields := range map[string][]string{
		`{"email":"nobody","phno":"+351210000001"}`: {"email"},
		`{"email":""}`: {"email"},
		`{"email":"a@b.example, c@d.example","phno":"0151"}`: {"email", "phno"},
		`{"phno":"+0151000"}`:                                {"phno"},
		`{"phno":"+1234567890123456"}`:                       {"phno"},
		`{"phno":4915100000000}`:                             {"phno"},
	} {
		call(http.MethodPatch, body).refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST", fields...)
	}
	expect(call(http.MethodPatch, `[]`), `{"email":"mira@example.org","phno":"+351210000000"}`)
	expect(call(http.MethodPatch, `{"email":null}`), `{"phno":"+351210000000"}`)
	expect(call(http.MethodGet, ""), `{"phno":"+351210000000"}`)
	expect(call(http.MethodPatch, `{"phno":null}`), `{}`)
	expect(call(http.MethodPatch, `{"email":"mira@example.org"}`), `{"email":"mira@example.org"}`)
	expect(call(http.MethodDelete, ""), `{"success":true}`)
	expect(call(http.MethodDelete, ""), `{"success":true}`)
	expect(call(http.MethodGet, ""), `{}`)

	for _, uid := range []string{"nobody", "gone-1"} {
		s.call(t, http.MethodPatch, path, `{"email":"x@example.org"}`, "onBehalfOf", uid).refused(t, http.StatusNotFound, "ERR_UID_NOT_FOUND")
	}
	s.call(t, http.MethodGet, path, "").refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST", "onBehalfOf")
	s.call(t, http.MethodGet, path+"?uid=otto-4", "", "onBehalfOf", "mira-17").refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST", "onBehalfOf")
	s.call(t, http.MethodGet, path+"?uid=MIRA-17", "", "onBehalfOf", "mira-17").data(t)
	s.call(t, http.MethodGet, path+"?uid=mira-17", "").data(t)
	s.call(t, http.MethodGet, "/notifications/v1/preferences", "").refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST", "uid")
	s.call(t, http.MethodGet, "/notifications/v1/preferences", "", "onBehalfOf", "mira-17").data(t)
}
