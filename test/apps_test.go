package e2e_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// admin is a browser in which the admin has signed in to the dashboard.
type admin struct {
	*server
	client *http.Client
}

func (s *server) asAdmin() *admin {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	a := &admin{s, &http.Client{Jar: jar}}
	s.t.Cleanup(a.client.CloseIdleConnections)
	a.submit("/dashboard/sign-in", url.Values{"name": {adminUser}, "password": {adminPassword}})
	return a
}

// submit sends a form, and returns the page to which that leads.
func (a *admin) submit(path string, form url.Values) string {
	a.t.Helper()
	r, err := http.NewRequestWithContext(within(a.t), http.MethodPost, a.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	got, err := do(a.client, r)
	if err == nil {
		err = got.want(http.StatusOK)
	}
	if err != nil {
		a.t.Fatalf("POST %s: %v", path, err)
	}
	return string(got.body)
}

// fieldOf returns what a field of a page shows.
func fieldOf(t testing.TB, page, name string) string {
	t.Helper()
	found := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("the page has no field %s:\n%s", name, page)
	}
	return found[1]
}

// TestSecondApp: an app that is made in the dashboard of one process has, in
// another one, addresses, key, provider, people and preferences of its own, and
// its password is rotated without a restart.
func TestSecondApp(t *testing.T) {
	t.Parallel()
	inbox := newInbox(t, smtpConfig)
	site := newSite(t, onPostgres(t))
	site.settings["POSTRIDER_PUBLIC_URL"] = hereURL
	site.settings["POSTRIDER_SPEED"] = "72000"
	site.settings["POSTRIDER_APP_ID"] = "app123"
	site.settings["POSTRIDER_SMTP_URL"] = inbox.URL("")
	one, two := site.serve(), site.serve()
	browser := one.asAdmin()
	made := browser.submit("/dashboard/apps", url.Values{"id": {"second"}, "region": {"eu"}})
	browser.submit("/dashboard/apps/second/use", nil)
	key := fieldOf(t, browser.submit("/dashboard/keys", url.Values{"name": {"robot"}, "scope": {"fullAccess"}, "app": {"second"}}), "key")

	ofSecond := withKey(key)
	provider := customProvider(hereURL+"/webhook/second", fieldOf(t, made, "webhook-username"), fieldOf(t, made, "webhook-password"))
	// The other process knows of the app within a second.
	eventually(t, func() error { return two.callAPI(http.MethodPost, customPath, provider, ofSecond).want(http.StatusOK) })
	browser.submit("/dashboard/people", url.Values{"uid": {"bob"}, "email": {"bob@" + domain}, "app": {"second"}})

	// The default app calls nobody: what its people miss is not told.
	one.tell(said("susan", "bob", "1", ", of the first"))
	tell := func(s *server, password, text string, want int) {
		t.Helper()
		event := said("susan", "bob", "1", text)
		event["appId"] = "second"
		eventually(t, func() error {
			a, err := s.postEvents(batch(event), func(r *http.Request) {
				r.URL.Path = "/events/second"
				r.SetBasicAuth(fieldOf(t, made, "events-username"), password)
			})
			if err != nil {
				return err
			}
			return a.want(want)
		})
	}
	password := fieldOf(t, made, "events-password")
	tell(two, chatPassword, ", not yet", http.StatusUnauthorized)
	tell(two, password, ", of the second", http.StatusOK)
	subject := "New messages from Susan"
	inbox.awaitSubjects(t, 1)
	inbox.wantEachOnce(t, []string{subject})
	if body := string(one.callAPI(http.MethodGet, customPath, "").body); strings.Contains(body, "/webhook/second") {
		t.Errorf("the default app sees the provider of the second: %s", body)
	}

	// A new password counts in the other process too, beside the one before, until
	// that is ended.
	rotated := browser.submit("/dashboard/logins/events/rotate", url.Values{"keep": {"hour"}, "app": {"second"}})
	fresh := regexp.MustCompile(`id="f-password" value="([^"]*)"`).FindStringSubmatch(rotated)
	if fresh == nil {
		t.Fatalf("no new password:\n%s", rotated)
	}
	tell(two, fresh[1], ", of the second", http.StatusOK)
	tell(two, password, ", of the second", http.StatusOK)
	browser.submit("/dashboard/logins/events/end", url.Values{"app": {"second"}})
	tell(two, password, ", of the second", http.StatusUnauthorized)
	tell(one, fresh[1], ", of the second", http.StatusOK)

	// The commands are about the default app, or the one that is named.
	var contacts []struct{ UID string }
	site.ask(&contacts, "contacts", "list", "--app", "Second")
	if len(contacts) != 1 || contacts[0].UID != "bob" {
		t.Errorf("the contacts of the second app are %+v", contacts)
	}
	if site.ask(&contacts, "contacts", "list"); len(contacts) != 0 {
		t.Errorf("the contacts of the default app are %+v", contacts)
	}
	if sent := site.deliveries("--app", "second", "--lane", "call", "--state", "sent"); len(sent) == 0 {
		t.Error("no call of the second app is listed")
	}
	if sent := site.deliveries("--lane", "call", "--state", "sent"); len(sent) != 0 {
		t.Errorf("calls of the default app are listed: %+v", sent)
	}
	site.command("windows", "list", "--app", "second")
	if r := site.run("contacts", "set", "cid", "cid@"+domain, "--app", "third"); r.code != 1 || !strings.Contains(r.errOut, `--app: there is no app "third", but second, and the default one`) {
		t.Errorf("exit code %d for an app that does not exist: %s", r.code, r.errOut)
	}
	one.stop()
	two.stop()
}
