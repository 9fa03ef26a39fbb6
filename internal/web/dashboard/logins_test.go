package dashboard_test

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/engine/webhook"
	"github.com/postrider/postrider/notification"
)

const webhookLogin = "/dashboard/logins/webhook"

var passwordShown = regexp.MustCompile(`id="f-password" value="([0-9a-f]{32})"`)

// A new password is shown once, and the one before works until it is ended.
func TestRotateLogin(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	mira := s.as(t, "mira")
	app := s.apps.Default()
	before, err := s.logins.Get(t.Context(), &app, access.NameWebhook)
	if err != nil {
		t.Fatal(err)
	}
	page := mira.get(t, webhookLogin)
	page.contains(t, s.URL+"/webhook/app123", before.Username, "curl -i -u &#39;postrider&#39;")
	page.lacks(t, before.Password, "End the previous password")

	mira.want(t, http.StatusUnprocessableEntity, http.MethodPost, webhookLogin+"/rotate", url.Values{"keep": {"ever"}}).contains(t, "Choose how long")
	answer := mira.want(t, http.StatusOK, http.MethodPost, webhookLogin+"/rotate", url.Values{"keep": {"hour"}})
	shown := passwordShown.FindStringSubmatch(answer.body)
	if shown == nil {
		t.Fatalf("no password in\n%s", answer.body)
	}
	answer.lacks(t, before.Password, "uses the new password already")
	pairs, err := s.logins.Pairs(t.Context(), &app, access.NameWebhook)
	if err != nil || len(pairs) != 2 || pairs[0].Password != shown[1] || pairs[1] != before.Pair {
		t.Errorf("%v, %v; want the new one and the one before", pairs, err)
	}
	mira.get(t, webhookLogin).lacks(t, shown[1])
	mira.get(t, webhookLogin).contains(t, "The previous password works too until", "End the previous password")
	mira.get(t, webhookLogin+"/end").contains(t, "refused from now on")
	mira.post(t, webhookLogin+"/end", url.Values{})
	mira.get(t, webhookLogin).lacks(t, "End the previous password")
	if pairs, err := s.logins.Pairs(t.Context(), &app, access.NameWebhook); err != nil || len(pairs) != 1 {
		t.Errorf("%v, %v; want the new one alone", pairs, err)
	}
	mira.get(t, "/dashboard/audit").contains(t, "made a new password for", "ended the previous password of", "/webhook")
	mira.want(t, http.StatusNotFound, http.MethodGet, "/dashboard/logins/admin", nil)
	s.clock.advance(2 * time.Hour)
}

// The provider that calls us by the password that is rotated goes on doing so.
func TestRotationTellsProvider(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	mira := s.as(t, "mira")
	app := s.apps.Default()
	login, err := s.logins.Get(t.Context(), &app, access.NameWebhook)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, url, password string
		told                bool
	}{
		{"here, by the old password", s.URL + "/webhook", login.Password, true},
		{"here, by one of its own", s.URL + "/webhook", "its own", false},
		{"elsewhere", "https://example.com/webhook", "", false},
	} {
		if login, err = s.logins.Get(t.Context(), &app, access.NameWebhook); err != nil {
			t.Fatal(err)
		}
		password := test.password
		if password == "" {
			password = login.Password
		}
		provider := webhook.Config{
			IsEnabled: true, WebhookURL: test.url, UseBasicAuth: true, BasicAuthUsername: login.Username, BasicAuthPassword: password,
		}
		_, err := s.vault.ChangeCustom(t.Context(), app.Key, func(c *webhook.Config) error {
			*c = provider
			return nil
		})
		if err != nil {
			if err = s.vault.AddCustom(t.Context(), app.Key, &provider); err != nil {
				t.Fatal(err)
			}
		}
		answer := mira.want(t, http.StatusOK, http.MethodPost, webhookLogin+"/rotate", url.Values{"keep": {"hour"}})
		now, err := s.vault.Custom(t.Context(), app.Key)
		if err != nil {
			t.Fatal(err)
		}
		want := password
		if test.told {
			want = passwordShown.FindStringSubmatch(answer.body)[1]
			answer.contains(t, "uses the new password already")
		} else {
			answer.lacks(t, "uses the new password already")
		}
		if now.BasicAuthPassword != want {
			t.Errorf("%s: the provider has the password %q, want %q", test.name, now.BasicAuthPassword, want)
		}
	}
}

// What a variable sets is not rotated.
func TestFixedLogin(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{webhookAuth: notification.MethodSignature, logins: map[string]access.Configured{access.NameEvents: {Username: "chat", Password: "a secret of the configuration"}}})
	mira := s.as(t, "mira")
	mira.get(t, webhookLogin).contains(t, "POSTRIDER_WEBHOOK_AUTH is signature")
	page := mira.get(t, "/dashboard/logins/events")
	page.lacks(t, "POSTRIDER_WEBHOOK_AUTH")
	page.contains(t, "POSTRIDER_EVENTS_PASSWORD sets it")
	page.lacks(t, "/rotate", "a secret of the configuration")
	mira.want(t, http.StatusConflict, http.MethodPost, "/dashboard/logins/events/rotate", url.Values{"keep": {"hour"}})
}
