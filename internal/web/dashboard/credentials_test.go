package dashboard_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/engine/sendgrid"
	"github.com/postrider/postrider/internal/engine/vault"
	"github.com/postrider/postrider/internal/engine/webhook"
	sendgridkit "github.com/postrider/postrider/internal/testkit/sendgrid"
	"github.com/postrider/postrider/internal/testkit/webhooksink"
	"github.com/postrider/postrider/notification"
)

const (
	customPath = "/dashboard/credentials/custom"
	gridPath   = "/dashboard/credentials/sendgrid"
	secret     = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
)

// custom is the form of the custom provider, filled in.
func custom(target string, change ...func(url.Values)) url.Values {
	form := url.Values{
		"isEnabled": {"on"}, "webhookURL": {target}, "useBasicAuth": {"on"}, "basicAuthUsername": {"mailer"}, "basicAuthPassword": {"tiger-tiger"},
		"useStoredEmailID": {"on"}, "signatureSecret": {secret},
	}
	for _, c := range change {
		c(form)
	}
	return form
}

func with(name, value string) func(url.Values) {
	return func(form url.Values) { form.Set(name, value) }
}

func without(names ...string) func(url.Values) {
	return func(form url.Values) {
		for _, name := range names {
			form.Del(name)
		}
	}
}

func (s *site) custom(t *testing.T) *webhook.Config {
	t.Helper()
	c, err := s.vault.Custom(t.Context(), "default")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCustomProvider(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{strict: true})
	otto := s.as(t, "otto")
	otto.get(t, "/dashboard/credentials").contains(t, "+ Add Credentials", "No provider is enabled")
	if to := otto.post(t, customPath, custom("https://hooks.example.com/email?key=1")); to != "/dashboard/credentials?done=saved" {
		t.Errorf("led to %q", to)
	}
	want := &webhook.Config{
		IsEnabled: true, UseStoredEmailID: true, WebhookURL: "https://hooks.example.com/email?key=1", UseBasicAuth: true,
		BasicAuthUsername: "mailer", BasicAuthPassword: "tiger-tiger", SignatureSecret: secret,
	}
	if diff := cmp.Diff(want, s.custom(t)); diff != "" {
		t.Error(diff)
	}
	page := otto.get(t, "/dashboard/credentials?done=saved")
	page.contains(t, "Saved.", "https://hooks.example.com/email?key=1", "on, as mailer", "only if the email address is stored")
	form := otto.get(t, customPath)
	form.contains(t, `value="mailer"`, "One is saved. Leave this empty to keep it.")
	for _, r := range []reply{page, form} {
		r.lacks(t, "tiger-tiger", secret)
	}

	// Secrets that are not typed stay; a switch that is off is not sent.
	otto.post(t, customPath, custom("https://hooks.example.com/other", without("isEnabled", "useStoredEmailID", "basicAuthPassword", "signatureSecret")))
	want.WebhookURL, want.IsEnabled, want.UseStoredEmailID = "https://hooks.example.com/other", false, false
	if diff := cmp.Diff(want, s.custom(t)); diff != "" {
		t.Error(diff)
	}
	otto.post(t, customPath, custom(want.WebhookURL, without("signatureSecret"), with("removeSignatureSecret", "on")))
	if got := s.custom(t).SignatureSecret; got != "" {
		t.Error("the signature secret stays though it was to be removed")
	}

	otto.get(t, customPath+"/delete").contains(t, "Delete the custom provider?", "Keep it")
	otto.post(t, customPath+"/delete", url.Values{})
	otto.post(t, customPath+"/delete", url.Values{}) // somebody else was faster
	if _, err := s.vault.Custom(t.Context(), "default"); !errors.Is(err, vault.ErrNothing) {
		t.Errorf("after it was deleted: %v", err)
	}
	s.as(t, "mira").get(t, "/dashboard/audit").contains(t, "saved the custom provider", "deleted the custom provider")
}

// What is wrong stands at its field, and what was typed stays.
func TestCustomProviderProblems(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{strict: true})
	otto := s.as(t, "otto")
	for name, c := range map[string]struct {
		form url.Values
		want []string
	}{
		"nothing": {url.Values{}, []string{"The webhook URL "}},
		"http":    {custom("http://hooks.example.com/"), []string{`value="http://hooks.example.com/"`, "The webhook URL must"}},
		"private": {custom("https://127.0.0.1/"), []string{`value="https://127.0.0.1/"`, "The webhook URL must"}},
		"basic":   {custom("https://hooks.example.com/", without("basicAuthUsername", "basicAuthPassword")), []string{"The user name must not be empty when Basic Authentication is on.", "The password must not be empty when Basic Authentication is on."}},
		"colon":   {custom("https://hooks.example.com/", with("basicAuthUsername", "a:b<c")), []string{"The user name must not contain a colon.", `value="a:b&lt;c"`, `value="tiger-tiger"`}},
		"secret":  {custom("https://hooks.example.com/", with("signatureSecret", "short")), []string{"The signature secret cannot be used"}},
	} {
		page := otto.want(t, http.StatusUnprocessableEntity, http.MethodPost, customPath, c.form)
		page.contains(t, append(c.want, "Nothing was saved. Please mend what is marked.", `aria-invalid="true"`)...)
		page.lacks(t, "webhookURL must", "basicAuth must", "useBasicAuth is")
		if _, err := s.vault.Custom(t.Context(), "default"); !errors.Is(err, vault.ErrNothing) {
			t.Errorf("%s: something was saved: %v", name, err)
		}
	}
	// Our own may be anything.
	own := s.URL + "/webhook"
	otto.post(t, customPath, custom(own))
	otto.get(t, "/dashboard/credentials").contains(t, own, "Postrider’s own")
}

func TestSendTest(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	sink := webhooksink.New(t, webhooksink.Config{})
	otto := s.as(t, "otto")
	if to := otto.post(t, customPath+"/test", url.Values{}); to != "/dashboard/credentials" {
		t.Errorf("without a provider: led to %q", to)
	}
	otto.post(t, customPath, custom(sink.URL("/hook")))
	otto.get(t, customPath+"/test").contains(t, sink.URL("/hook"), "andrew-joseph")
	otto.want(t, http.StatusUnprocessableEntity, http.MethodPost, customPath+"/test", url.Values{"uid": {""}, "email": {"nonsense"}}).
		contains(t, "Enter a user id.", "This is no email address.", `value="nonsense"`)
	if n := sink.Counts().Requests; n > 0 {
		t.Error("it was called for a test that cannot be")
	}

	page := otto.want(t, http.StatusOK, http.MethodPost, customPath+"/test", url.Values{"uid": {"ada"}, "name": {"Ada"}, "email": {"ada@example.com"}})
	page.contains(t, "Delivered", "200 OK", "The endpoint has taken it.", "took ", "Authorization: Basic ********", "Webhook-Signature: v1,",
		"POST "+sink.URL("/hook"), "&#34;uid&#34;: &#34;ada&#34;", "ada@example.com")
	page.lacks(t, "tiger-tiger", "bWFpbGVyOnRpZ2VyLXRpZ2Vy")
	request := sink.Requests()[0]
	if user, password, _ := (&http.Request{Header: request.Header}).BasicAuth(); user != "mailer" || password != "tiger-tiger" {
		t.Errorf("called as %q", user)
	}
	var sent notification.Notification
	if err := json.Unmarshal(request.Body, &sent); err != nil || sent.Validate() != nil || sent.AppID != "app123" || sent.Region != "eu" || sent.Data.To.UID != "ada" {
		t.Errorf("sent %s, %v, %v", request.Body, err, sent.Validate())
	}

	for _, c := range []struct {
		answer webhooksink.Answer
		want   []string
	}{
		{webhooksink.Body(401, `{"message":"<Unauthorized>"}`), []string{"Not delivered", "401 Unauthorized", "Compare user name, password", "&lt;Unauthorized&gt;"}},
		{webhooksink.Status(404), []string{"404 Not Found", "Look at the path"}},
		{webhooksink.Redirect("https://example.org/"), []string{"redirects are not followed"}},
		{webhooksink.Status(503), []string{"Real notifications are tried again"}},
		{webhooksink.Body(400, "no"), []string{"refuses the notification"}},
		{webhooksink.HangUp(), []string{"No connection came about"}},
	} {
		sink.Always(c.answer)
		otto.want(t, http.StatusOK, http.MethodPost, customPath+"/test", url.Values{"uid": {"ada"}}).contains(t, c.want...)
	}
	s.as(t, "vera").get(t, "/dashboard/audit").contains(t, "sent a test to the custom provider", "401 Unauthorized")
}

func TestSendTestToPrivateTarget(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{strict: true})
	otto := s.as(t, "otto")
	sink := webhooksink.New(t, webhooksink.Config{})
	err := s.vault.AddCustom(t.Context(), "default", &webhook.Config{WebhookURL: sink.URL("/")})
	if err != nil {
		t.Fatal(err)
	}
	otto.want(t, http.StatusOK, http.MethodPost, customPath+"/test", url.Values{"uid": {"ada"}}).contains(t, "Not delivered", "not on the public internet, or not https")
	if n := sink.Counts().Connections; n > 0 {
		t.Error("a private target was called")
	}
}

func TestSendGrid(t *testing.T) {
	t.Parallel()
	const key = "SG.abcdefghijklmnopqrstuv.0123456789abcdefghijklmnopqrstuvwxyz0123456"
	server := sendgridkit.New(t, sendgridkit.Config{APIKey: key, Senders: []string{"chat@example.com"}})
	s := newSite(t, options{sendGridURL: server.URL()})
	otto := s.as(t, "otto")
	form := url.Values{
		"isEnabled": {"on"}, "sendGridApiKey": {key}, "sendGridTemplateID": {"d-0123456789abcdef0123456789abcdef"},
		"sendGridUnsubscribeGroupID": {"42"}, "senderName": {"Acme Chat"}, "senderEmail": {"chat@example.com"},
	}
	wrong := url.Values{"sendGridUnsubscribeGroupID": {"many"}, "senderEmail": {"no address"}, "senderName": {"Acme Chat"}}
	otto.want(t, http.StatusUnprocessableEntity, http.MethodPost, gridPath, wrong).contains(t,
		"The API key must not be empty.", "The template ID must not be empty.", "The unsubscribe group ID must be the number", "The sender email must be an email address.",
		`value="many"`, `value="no address"`, `value="Acme Chat"`)
	otto.post(t, gridPath, form)
	form.Set("sendGridApiKey", "")
	form.Set("senderName", "Acme")
	otto.post(t, gridPath, form)
	got, err := s.vault.SendGrid(t.Context(), "default")
	if diff := cmp.Diff(&sendgrid.Config{
		IsEnabled: true, APIKey: key, TemplateID: "d-0123456789abcdef0123456789abcdef", UnsubscribeGroupID: 42, SenderName: "Acme", SenderEmail: "chat@example.com",
	}, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, path := range []string{"/dashboard/credentials", gridPath, gridPath + "/test"} {
		otto.get(t, path).lacks(t, key)
	}
	otto.want(t, http.StatusUnprocessableEntity, http.MethodPost, gridPath+"/test", url.Values{"uid": {"ada"}}).contains(t, "Enter the address that gets the test mail.")
	page := otto.want(t, http.StatusOK, http.MethodPost, gridPath+"/test", url.Values{"uid": {"ada"}, "email": {"ada@example.com"}})
	page.contains(t, "Delivered", "SendGrid has taken it.", "Authorization: Bearer ********")
	page.lacks(t, key)
	if mails := server.Mails(); len(mails) != 1 || mails[0].Personalizations[0].To[0].Email != "ada@example.com" {
		t.Errorf("mails %+v", mails)
	}
	form.Set("sendGridApiKey", strings.Replace(key, "abc", "xyz", 1))
	otto.post(t, gridPath, form)
	otto.want(t, http.StatusOK, http.MethodPost, gridPath+"/test", url.Values{"uid": {"ada"}, "email": {"ada@example.com"}}).contains(t, "Not delivered", "SendGrid does not know the API key.")
	otto.get(t, gridPath+"/delete").contains(t, "Delete the SendGrid credentials?")
	otto.post(t, gridPath+"/delete", url.Values{})
	if _, err := s.vault.SendGrid(t.Context(), "default"); !errors.Is(err, vault.ErrNothing) {
		t.Errorf("after it was deleted: %v", err)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	mira := s.as(t, "mira")
	mira.get(t, "/dashboard/keys").contains(t, "Nobody can call the API.", "app123")
	mira.want(t, http.StatusUnprocessableEntity, http.MethodPost, "/dashboard/keys", url.Values{"name": {" "}}).contains(t, "Enter a name.")
	page := mira.want(t, http.StatusOK, http.MethodPost, "/dashboard/keys", url.Values{"name": {"Back end"}, "scope": {"fullAccess"}})
	_, value, _ := strings.Cut(page.body, `name="key" value="`)
	value, _, _ = strings.Cut(value, `"`)
	if len(value) != 40 {
		t.Fatalf("the key is %q", value)
	}
	mira.want(t, http.StatusUnprocessableEntity, http.MethodPost, "/dashboard/keys", url.Values{"name": {"Back end"}}).contains(t, "Another key has that name.")
	mira.want(t, http.StatusOK, http.MethodPost, "/dashboard/keys", url.Values{"name": {"Sign-up"}, "scope": {"authOnly"}})
	list := mira.get(t, "/dashboard/keys")
	list.contains(t, "Back end", "Sign-up", "authOnly", value[:5]+"****")
	list.lacks(t, value)
	for _, path := range []string{"Back end", "Sign-up"} {
		before, _, _ := strings.Cut(list.body, `" aria-label="Delete the key `+path)
		link := before[strings.LastIndex(before, `href="`)+len(`href="`):]
		mira.get(t, link).contains(t, "Delete the key “"+path+"”?")
		want := http.StatusSeeOther
		if path == "Back end" {
			want = http.StatusConflict // the last with full access
		}
		mira.want(t, want, http.MethodPost, link, url.Values{})
	}
	mira.get(t, "/dashboard/audit").contains(t, "made the API key <strong>Back end</strong>", "deleted the API key <strong>Sign-up</strong>")
}
