package api_test

import (
	"bytes"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/postrider/postrider/internal/web/api"
)

const customPath = "/notifications/email/v1/providers/custom"

func TestCustomProvider(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *api.Config) {
		c.Here = func(url string) bool { return url == "http://localhost:8080/webhook" }
	})
	const (
		secret  = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
		created = `{"isEnabled":true,"useStoredEmailID":false,"webhookURL":"https://hooks.example.org/email","useBasicAuth":true,` +
			`"basicAuthUsername":"mailer","basicAuthPassword":"correct-horse","signatureSecret":"` + secret + `"}`
		shown = `{"data":{"isEnabled":true,"useStoredEmailID":false,"webhookURL":"https://hooks.example.org/email","useBasicAuth":true,` +
			`"basicAuthUsername":"mailer","basicAuthPassword":"********","signatureSecret":"********"}}`
	)
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		s.call(t, method, customPath, `{}`).refused(t, http.StatusNotFound, "ERR_PROVIDER_NOT_FOUND")
	}
	for body, fields := range map[string][]string{
		`{}`: {"isEnabled", "useStoredEmailID", "webhookURL", "useBasicAuth", "basicAuthUsername", "basicAuthPassword"},
		strings.Replace(created, "https://hooks.example.org", "http://hooks.example.org", 1): {"webhookURL"},
		strings.Replace(created, "https://hooks.example.org", "https://10.0.0.1", 1):         {"webhookURL"},
		strings.Replace(created, "https://hooks.example.org", "https://2130706433", 1):       {"webhookURL"},
		strings.Replace(created, "https://hooks.example.org", "https://0x7f.1", 1):           {"webhookURL"},
		strings.Replace(created, "https://hooks.example.org", "https://127.1", 1):            {"webhookURL"},
		strings.Replace(created, "mailer", "mail:er", 1):                                     {"basicAuthUsername"},
		strings.Replace(created, "correct-horse", "********", 1):                             {"basicAuthPassword"},
		strings.Replace(created, `"isEnabled":true`, `"isEnabled":"yes"`, 1):                 {"isEnabled"},
		strings.Replace(created, "whsec_", "", 1):                                            {"signatureSecret"},
	} {
		s.call(t, http.MethodPost, customPath, body).refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST", fields...)
	}
	expect := func(r reply, want string) {
		t.Helper()
		if got := strings.TrimSpace(r.body); r.status != http.StatusOK || got != want {
			t.Errorf("answered %d %s, want %s", r.status, got, want)
		}
	}
	expect(s.call(t, http.MethodPost, customPath, created), shown)
	s.call(t, http.MethodPost, customPath, created).refused(t, http.StatusConflict, "ERR_PROVIDER_ALREADY_EXISTS")
	expect(s.call(t, http.MethodGet, customPath, ""), shown)
	secrets := func(password, signature string) {
		t.Helper()
		providers, err := s.vault.Providers(t.Context(), app)
		if err != nil || providers.Custom == nil || providers.Custom.BasicAuthPassword != password || providers.Custom.SignatureSecret != signature {
			t.Errorf("the engine sees %+v, %v; want %q and %q", providers.Custom, err, password, signature)
		}
	}
	secrets("correct-horse", secret)
	// The masks of an answer change nothing.
	expect(s.call(t, http.MethodPut, customPath, `{"basicAuthPassword":"********","signatureSecret":"********"}`), shown)
	secrets("correct-horse", secret)
	expect(s.call(t, http.MethodPut, customPath, `{"isEnabled":false}`), strings.Replace(shown, `"isEnabled":true`, `"isEnabled":false`, 1))
	s.call(t, http.MethodPut, customPath, `{"basicAuthPassword":"","isEnabled":true}`).refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST", "basicAuthPassword")
	secrets("correct-horse", secret)
	s.call(t, http.MethodPut, customPath, `{"useBasicAuth":false,"basicAuthUsername":"","basicAuthPassword":"","signatureSecret":""}`).data(t)
	secrets("", "")
	s.call(t, http.MethodPut, customPath, `{"webhookURL":"http://localhost:8080/webhook","basicAuthPassword":"correct-horse"}`).data(t)
	if other, err := s.vault.Providers(t.Context(), "other"); err != nil || other.Custom != nil {
		t.Errorf("another app's: %+v, %v", other, err)
	}
	// On disk the secret stands nowhere.
	for _, file := range []string{s.db, s.db + "-wal"} {
		if content, err := os.ReadFile(file); err != nil || bytes.Contains(content, []byte("correct-horse")) {
			t.Errorf("%s holds the password (%v)", file, err)
		}
	}
	s.call(t, http.MethodDelete, customPath, "").data(t)
	s.call(t, http.MethodGet, customPath, "").refused(t, http.StatusNotFound, "ERR_PROVIDER_NOT_FOUND")
}

func TestPrivateTargets(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *api.Config) { c.AllowPrivateTargets = true })
	s.call(t, http.MethodPost, customPath, `{"isEnabled":true,"useStoredEmailID":true,"webhookURL":"http://127.0.0.1:9000/x","useBasicAuth":false,`+
		`"basicAuthUsername":"","basicAuthPassword":""}`).data(t)
}

func TestSendGridProvider(t *testing.T) {
	t.Parallel()
	s := start(t)
	const (
		path    = "/notifications/email/v1/providers/sendgrid"
		created = `{"sendGridApiKey":"SG.correct-horse","sendGridTemplateID":"d-1","sendGridUnsubscribeGroupID":"17",` +
			`"senderName":"Allotment","senderEmail":"chat@example.org","allowEmailReplies":false}`
		shown = `{"data":{"isEnabled":true,"sendGridApiKey":"********","sendGridTemplateID":"d-1","sendGridUnsubscribeGroupID":17,` +
			`"senderName":"Allotment","senderEmail":"chat@example.org","allowEmailReplies":false}}`
	)
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		s.call(t, method, path, `{}`).refused(t, http.StatusNotFound, "ERR_PROVIDER_NOT_FOUND")
	}
	for body, fields := range map[string][]string{
		`{}`: {"sendGridApiKey", "sendGridTemplateID", "sendGridUnsubscribeGroupID", "senderName", "senderEmail"},
		strings.Replace(created, `"17"`, `"x"`, 1):                       {"sendGridUnsubscribeGroupID"},
		strings.Replace(created, "chat@example.org", "chat", 1):          {"senderEmail"},
		strings.Replace(created, "Replies\":false", "Replies\":true", 1): {"allowEmailReplies"},
		strings.Replace(created, "SG.correct-horse", "********", 1):      {"sendGridApiKey"},
	} {
		s.call(t, http.MethodPost, path, body).refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST", fields...)
	}
	expect := func(r reply, want string) {
		t.Helper()
		if got := strings.TrimSpace(r.body); r.status != http.StatusOK || got != want {
			t.Errorf("answered %d %s, want %s", r.status, got, want)
		}
	}
	expect(s.call(t, http.MethodPost, path, created), shown)
	s.call(t, http.MethodPost, path, created).refused(t, http.StatusConflict, "ERR_PROVIDER_ALREADY_EXISTS")
	expect(s.call(t, http.MethodPut, path, `{"sendGridApiKey":"********"}`), shown)
	s.call(t, http.MethodPut, path, `{"senderEmailForReplies":"a+b@example.org"}`).refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST", "senderEmailForReplies")
	replies := s.call(t, http.MethodPut, path, `{"sendGridUnsubscribeGroupID":18,"senderEmailForReplies":"re@example.org","isEnabled":false}`).data(t)
	if replies["senderEmailForReplies"] != "re@example.org" || replies["sendGridUnsubscribeGroupID"] != 18.0 || replies["isEnabled"] != false {
		t.Errorf("changed: %v", replies)
	}
	providers, err := s.vault.Providers(t.Context(), app)
	if err != nil || providers.SendGrid == nil || providers.SendGrid.APIKey != "SG.correct-horse" || providers.Custom != nil {
		t.Errorf("the engine sees %+v, %v", providers, err)
	}
	if got := s.call(t, http.MethodPut, path, `{"senderEmailForReplies":null}`).data(t); got["senderEmailForReplies"] != nil {
		t.Errorf("removed: %v", got)
	}
	s.call(t, http.MethodDelete, path, "").data(t)
	expect(s.call(t, http.MethodPost, path, created), shown)
}
