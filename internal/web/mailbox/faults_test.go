package mailbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	gateway "github.com/postrider/postrider/internal/provider/gateway/mailbox"
)

const faultsAPI = "/mailbox/api/v1/faults"

func (s *site) send(t *testing.T, status int, method, path, contentType, body string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	answer := s.do(t, r)
	if answer.status != status {
		t.Fatalf("%s %s %s: status %d, want %d\n%s", method, path, body, answer.status, status, answer.body)
	}
	return answer
}

func (s *site) faults(t *testing.T) gateway.Faults {
	t.Helper()
	f, err := s.store.Faults(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAPIFaults(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	const none = `{"temporary":0,"permanent":0,"slow":0,"delayMs":0}` + "\n"
	if got := s.want(t, http.StatusOK, "GET", faultsAPI).body; got != none {
		t.Errorf("at first: %s", got)
	}
	const some = `{"temporary":20,"permanent":10,"slow":50,"delayMs":1500}` + "\n"
	if got := s.send(t, http.StatusOK, "PUT", faultsAPI, "application/json", some).body; got != some {
		t.Errorf("set: %s", got)
	}
	want := gateway.Faults{Temporary: 20, Permanent: 10, Slow: 50, Delay: 1500 * time.Millisecond}
	if got := s.faults(t); got != want || s.want(t, http.StatusOK, "GET", faultsAPI).body != some {
		t.Errorf("kept: %+v", got)
	}
	for body, says := range map[string]string{
		`{"temporary":101}`:               "temporary: ",
		`{"permanent":-1}`:                "permanent: ",
		`{"temporary":60,"permanent":60}`: "permanent: ",
		`{"slow":10}`:                     "delayMs: ",
		`{"slow":10,"delayMs":60001}`:     "delayMs: ",
		`{"delayMs":9223372036854775807}`: "delayMs: ",
		`{"temporary":"many"}`:            "JSON",
		`{"temporary":1.5}`:               "JSON",
		`{"brief":1}`:                     "JSON",
		`{} {}`:                           "JSON",
		`[]`:                              "JSON",
		``:                                "JSON",
		strings.Repeat(" ", 5000) + `{}`:  "JSON",
	} {
		if got := s.send(t, http.StatusBadRequest, "PUT", faultsAPI, "application/json", body).body; !strings.Contains(got, says) {
			t.Errorf("%.40s: %s, want %q", body, got, says)
		}
	}
	if got := s.faults(t); got != want {
		t.Errorf("a refused change left %+v", got)
	}
	s.want(t, http.StatusNoContent, "DELETE", faultsAPI)
	s.send(t, http.StatusOK, "PUT", faultsAPI, "application/json", `{"permanent":100}`)
	s.send(t, http.StatusOK, "PUT", faultsAPI, "application/json", `{}`)
	if got := s.faults(t); got.On() {
		t.Errorf("after all: %+v", got)
	}
}

func TestFaultsForm(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	post := func(status int, values url.Values) reply {
		t.Helper()
		return s.send(t, status, "POST", "/mailbox/faults", "application/x-www-form-urlencoded", values.Encode())
	}
	post(http.StatusSeeOther, url.Values{"temporary": {" 30 "}, "permanent": {""}, "slow": {"5"}, "delay": {"200"}})
	if got, want := s.faults(t), (gateway.Faults{Temporary: 30, Slow: 5, Delay: 200 * time.Millisecond}); got != want {
		t.Errorf("set %+v, want %+v", got, want)
	}
	page := s.want(t, http.StatusOK, "GET", "/mailbox").body
	if !strings.Contains(page, "Faults are on.") || !strings.Contains(page, "30% are refused for now (4xx), 5% are answered after 200ms") {
		t.Error("the list does not say that faults are on")
	}
	// What was typed stays, with what is wrong at its field.
	for field, values := range map[string]url.Values{
		"temporary": {"temporary": {"<many>"}, "permanent": {"7"}},
		"permanent": {"temporary": {"60"}, "permanent": {"61"}},
		"slow":      {"slow": {"1000"}},
		"delay":     {"slow": {"10"}, "delay": {"99999999999999"}},
	} {
		body := post(http.StatusBadRequest, values).body
		if strings.Count(body, "aria-invalid") != 1 || !strings.Contains(body, `aria-describedby="`+field+`-help" aria-invalid="true"`) {
			t.Errorf("%s: not marked:\n%s", field, body)
		}
		if typed := values.Get("permanent"); typed != "" && !strings.Contains(body, `name="permanent" value="`+typed+`"`) {
			t.Errorf("%s: what was typed is gone", field)
		}
	}
	if got := s.faults(t).Temporary; got != 30 {
		t.Errorf("a refused form left %d", got)
	}
	s.send(t, http.StatusBadRequest, "POST", "/mailbox/faults", "application/x-www-form-urlencoded", "temporary="+strings.Repeat("1", 5000))
	s.want(t, http.StatusSeeOther, "POST", "/mailbox/faults/off")
	if got := s.faults(t); got.On() || strings.Contains(s.want(t, http.StatusOK, "GET", "/mailbox").body, "Faults are on.") {
		t.Errorf("switched off: %+v", got)
	}
}

// Beside an SMTP server there is nothing to set.
func TestNoFaultsForRealMail(t *testing.T) {
	t.Parallel()
	s := newSite(t, "", func(s *site) { s.leaves = true })
	if err := s.store.SetFaults(t.Context(), gateway.Faults{Permanent: 100}); err != nil { // of before
		t.Fatal(err)
	}
	if body := s.want(t, http.StatusOK, "GET", "/mailbox/faults").body; strings.Contains(body, "<input") || !strings.Contains(body, "POSTRIDER_SMTP_URL") {
		t.Errorf("the page:\n%s", body)
	}
	if strings.Contains(s.want(t, http.StatusOK, "GET", "/mailbox").body, "Faults are on.") {
		t.Error("the list says that faults are on")
	}
	if body := s.want(t, http.StatusOK, "GET", faultsAPI).body; !strings.Contains(body, `"permanent":0`) {
		t.Errorf("the API: %s", body)
	}
	s.send(t, http.StatusConflict, "PUT", faultsAPI, "application/json", `{"temporary":1}`)
	s.send(t, http.StatusConflict, "POST", "/mailbox/faults", "application/x-www-form-urlencoded", "temporary=1")
}
