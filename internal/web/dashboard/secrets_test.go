package dashboard_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/engine/sendgrid"
	"github.com/postrider/postrider/internal/engine/webhook"
)

// Secrets go in and never out: none stands on any page that an admin can come to,
// in no form, no export and no entry of a log.
func TestSecretsNeverShow(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	s.fill(t)
	mira := s.as(t, "mira")
	secrets := map[string]string{
		"the password of the custom provider": "planted-provider-password",
		"its signature secret":                "whsec_cGxhbnRlZC1zaWduYXR1cmUtc2VjcmV0LW9mLW91cnM=",
		"SendGrid's key":                      "SG.planted-sendgrid-key",
		"everybody's password":                password,
		"the visitor's session":               mira.cookie.Value,
	}
	custom := webhook.Config{
		IsEnabled: true, WebhookURL: "https://hooks.example.com/in", UseBasicAuth: true, BasicAuthUsername: "mailer",
		BasicAuthPassword: secrets["the password of the custom provider"], SignatureSecret: secrets["its signature secret"],
	}
	_ = s.vault.DeleteCustom(t.Context(), "default") // there may be none
	if err := s.vault.AddCustom(t.Context(), "default", &custom); err != nil {
		t.Fatal(err)
	}
	account := sendgrid.Default()
	account.IsEnabled, account.APIKey, account.TemplateID, account.SenderEmail, account.SenderName = true, secrets["SendGrid's key"], "d-1", "chat@example.com", "Chat"
	_ = s.vault.DeleteSendGrid(t.Context(), "default")
	if err := s.vault.AddSendGrid(t.Context(), "default", &account); err != nil {
		t.Fatal(err)
	}
	app := s.apps.Default()
	for _, name := range []string{access.NameWebhook, access.NameEvents} {
		login, err := s.logins.Rotate(t.Context(), access.Actor{Account: "mira"}, &app, name, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		secrets["the password of /"+name], secrets["the previous password of /"+name] = login.Password, login.Previous.Password
	}
	made := mira.want(t, http.StatusOK, http.MethodPost, "/dashboard/keys", url.Values{"name": {"robot"}, "scope": {"fullAccess"}})
	invited := mira.want(t, http.StatusOK, http.MethodPost, "/dashboard/invite", url.Values{"name": {"lin"}, "role": {"viewer"}})
	for what, shown := range map[string]struct {
		page  reply
		begin string
	}{
		"an API key":    {made, `name="key" value="`},
		"an invitation": {invited, s.URL + "/dashboard/invitation/"},
	} {
		_, rest, _ := strings.Cut(shown.page.body, shown.begin)
		secret, _, ok := strings.Cut(rest, `"`)
		if !ok || secret == "" {
			t.Fatalf("%s is not shown when it is made:\n%s", what, shown.page.body)
		}
		secrets[what] = secret
	}

	pages := 0
	check := func(path string, page reply) {
		pages++
		for what, secret := range secrets {
			if strings.Contains(page.body, secret) || strings.Contains(page.body, html.EscapeString(secret)) || strings.Contains(page.body, url.QueryEscape(secret)) {
				t.Errorf("%s shows %s", path, what)
			}
		}
	}
	mira.crawl(t, func(path string, page reply, _ *html.Node) { check(path, page) })
	// A form that is refused keeps what was typed, and tells nothing of what there is.
	check("a form that is refused", mira.want(t, http.StatusUnprocessableEntity, http.MethodPost, customPath, url.Values{
		"webhookURL": {"ftp://hooks.example.com"}, "useBasicAuth": {"on"}, "basicAuthUsername": {"mailer"},
	}))
	if pages < 40 {
		t.Errorf("only %d pages", pages)
	}
}
