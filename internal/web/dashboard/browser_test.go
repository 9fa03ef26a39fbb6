package dashboard_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/testkit/axe"
	"github.com/postrider/postrider/internal/testkit/browser"
	"github.com/postrider/postrider/internal/testkit/webhooksink"
	"github.com/postrider/postrider/internal/web/dashboard"
	"github.com/postrider/postrider/notification"
)

// signIn does so as people do.
func (s *site) signIn(tab *browser.Tab, name string) {
	tab.Do(chromedp.Navigate(s.URL+"/dashboard"), chromedp.SendKeys(chromedp.ID("f-name"), name), chromedp.SendKeys(chromedp.ID("f-password"), password))
	tab.Click(".gate .primary")
}

func text(tab *browser.Tab, selector string) string {
	return browser.Value[string](tab, fmt.Sprintf("document.querySelector(%q).innerText", selector))
}

// calm fails the test if the console complained.
func calm(t *testing.T, what string, tab *browser.Tab) {
	t.Helper()
	if problems := tab.Problems(); len(problems) > 0 {
		t.Errorf("%s: the console says:\n%s", what, strings.Join(problems, "\n"))
	}
}

// The six steps of the custom provider's documentation, and a test, until the
// POST arrives.
func TestSixSteps(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	sink := webhooksink.New(t, webhooksink.Config{})
	tab := browser.Open(t)
	tab.Look(browser.Desktop, browser.Light)
	s.signIn(tab, "otto")
	tab.Click(`.places a[href="/dashboard/credentials"]`)

	// 1. Click on the "+ Add Credentials" button.
	if got := text(tab, ".blank .primary"); got != "+ Add Credentials" {
		t.Errorf("the button says %q", got)
	}
	tab.Click(".blank .primary")
	label := func(name string) string { return text(tab, fmt.Sprintf("label[for=f-%s]", name)) }
	tab.Do(
		// 2. Enable the provider.
		chromedp.Click(chromedp.CSS("label[for=f-isEnabled]")),
		// 3. Enter the publicly accessible webhook URL.
		chromedp.SendKeys(chromedp.ID("f-webhookURL"), sink.URL("/email")),
		// 4. Enable Basic Authentication and set username/password.
		chromedp.Click(chromedp.ID("f-useBasicAuth")),
		chromedp.SendKeys(chromedp.ID("f-basicAuthUsername"), "mailer"),
		chromedp.SendKeys(chromedp.ID("f-basicAuthPassword"), "tiger: tiger"),
		// 5. Decide if it is triggered only if the email address is stored.
		chromedp.Click(chromedp.ID("f-useStoredEmailID")),
	)
	if got := label("isEnabled") + ", " + label("useBasicAuth") + ", " + label("useStoredEmailID"); got != "Enable the provider, Basic Authentication, Trigger only if email address is stored" {
		t.Errorf("the switches are called %s", got)
	}
	// 6. Save the credentials.
	tab.Click(".form-end .primary")
	if got := text(tab, "main"); !strings.Contains(got, "Saved.") || !strings.Contains(got, "on, as mailer") {
		t.Errorf("saved: %s", got)
	}
	if got := s.custom(t); !got.IsEnabled || !got.UseStoredEmailID || !got.UseBasicAuth {
		t.Errorf("kept: %+v", got)
	}

	tab.Click(`a[href="/dashboard/credentials/custom/test"]`)
	tab.Do(chromedp.SendKeys(chromedp.ID("f-email"), "andrew-joseph@example.com"))
	tab.Click(".form-end .primary")
	if got := text(tab, "main"); !strings.Contains(got, "Delivered") || !strings.Contains(got, "200 OK") {
		t.Errorf("tested: %s", got)
	}
	requests := sink.Requests()
	if len(requests) != 1 {
		t.Fatalf("%d requests arrived", len(requests))
	}
	r := requests[0]
	if got, want := r.Header.Get("Authorization"), "Basic bWFpbGVyOnRpZ2VyOiB0aWdlcg=="; r.Method != http.MethodPost || r.Path != "/email" || got != want {
		t.Errorf("%s %s with %q, want %q", r.Method, r.Path, got, want)
	}
	var sent notification.Notification
	if err := json.Unmarshal(r.Body, &sent); err != nil || sent.Validate() != nil || sent.Data.To.Email != "andrew-joseph@example.com" {
		t.Errorf("sent %s: %v", r.Body, err)
	}
	calm(t, "six steps", tab)
}

// The pages can be used with a keyboard alone.
func TestKeyboard(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	tab := browser.Open(t)
	s.signIn(tab, "mira")
	focused := func() string {
		return browser.Value[string](tab, `(e => (e.id || e.textContent.trim()))(document.activeElement)`)
	}
	tab.Do(chromedp.KeyEvent("\t"))
	if got := focused(); got != "Skip to the content" {
		t.Errorf("the first stop is %q", got)
	}
	tab.Do(chromedp.KeyEvent("\r"))
	if got := focused(); got != "main" {
		t.Errorf("skipping leads to %q", got)
	}
	// The menu of a phone opens, and closes again.
	tab.Look(browser.Phone, browser.Light)
	tab.Do(chromedp.Navigate(s.URL + "/dashboard"))
	shown := func() bool {
		return browser.Value[bool](tab, `document.getElementById("navigation").checkVisibility()`)
	}
	if shown() {
		t.Error("the navigation covers the page of a phone")
	}
	tab.Do(chromedp.Focus(chromedp.CSS(".menu")), chromedp.KeyEvent("\r"))
	if !shown() {
		t.Error("the menu does not open")
	}
	tab.Do(chromedp.KeyEvent("\u001b"))
	if shown() {
		t.Error("the menu does not close")
	}
	calm(t, "keyboard", tab)
}

// Times are told in the reader's zone, with the exact UTC.
func TestTimes(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	tab := browser.Open(t)
	s.signIn(tab, "mira")
	tab.Do(chromedp.Navigate(s.URL + "/dashboard/audit"))
	want := browser.Value[string](tab, `new Intl.DateTimeFormat(undefined, {dateStyle: "medium", timeStyle: "short"}).format(new Date("2026-11-23T12:00:00Z"))`)
	if got := text(tab, "td time"); got != want {
		t.Errorf("the time is %q, want %q", got, want)
	}
	if got := browser.Value[string](tab, `document.querySelector("td time").title`); got != "2026-11-23 12:00:00.000 UTC" {
		t.Errorf("its title is %q", got)
	}
}

// The log goes on by itself where its end comes into sight, up to its end.
func TestLogGoesOn(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	var all []string
	for i := range 130 {
		all = append(all, fmt.Sprintf("person-%03d", i))
	}
	s.say(t, "ada", all...)
	s.clock.advance(2 * time.Hour)
	s.decide(t)
	tab := browser.Open(t)
	tab.Look(browser.Desktop, browser.Light)
	s.signIn(tab, "vera")
	tab.Do(chromedp.Navigate(s.URL + "/dashboard/log"))
	rows := func() int { return browser.Value[int](tab, `document.querySelectorAll("#more-rows tr").length`) }
	for shown := rows(); shown < len(all); shown = rows() {
		browser.Value[string](tab, `scrollTo(0, document.body.scrollHeight), ""`)
		tab.Do(chromedp.Poll[chromedp.Void](fmt.Sprintf(`document.querySelectorAll("#more-rows tr").length > %d`, shown)))
	}
	if got := rows(); got != len(all) {
		t.Errorf("%d rows, want %d", got, len(all))
	}
	if browser.Value[bool](tab, `!!document.getElementById("more-next")`) {
		t.Error("there is still a link to more")
	}
	if got := browser.Value[int](tab, `[...document.querySelectorAll("#more-rows time")].filter(time => time.textContent.includes("UTC")).length`); got != 0 {
		t.Errorf("%d times are not told in the reader's zone", got)
	}
	calm(t, "the log goes on", tab)
}

// eye looks at pages in both schemes and widths: nothing is wider than the
// window, and axe finds nothing, on a phone in the dark and on a desk in the
// light. The pictures are for people to look at.
type eye struct {
	*site
	t     *testing.T
	tab   *browser.Tab
	rules *axe.Axe
}

func (e *eye) look(name, path string, then ...func()) {
	e.t.Helper()
	e.tab.Look(browser.Phone, browser.Light)
	e.tab.Do(chromedp.Navigate(e.URL + path))
	for _, step := range then {
		step()
	}
	e.tab.Everywhere(name, func(what string, width int64, scheme browser.Scheme) {
		// Dark on the phone and light on the desktop; one of both unless there
		// is time.
		if (width == browser.Phone) == (scheme == browser.Dark) && (soak || (width == browser.Phone) == (len(name)%2 == 0)) {
			e.rules.Check(e.t, e.tab, what)
		}
	})
}

// submit types into a field, and sends the form.
func (e *eye) submit(id, value string) func() {
	return func() {
		browser.Value[string](e.tab, fmt.Sprintf("document.getElementById(%q).value = %q", id, value))
		e.tab.Click(".form-end .primary")
	}
}

func TestLooks(t *testing.T) {
	t.Parallel()
	rules := axe.Install(t)
	for name, look := range map[string]func(*eye){
		"outside": func(e *eye) {
			token, _, err := e.accounts.Invite(e.t.Context(), e.actor(), "lin", "viewer")
			if err != nil {
				e.t.Fatal(err)
			}
			e.look("signin", "/dashboard/sign-in")
			e.look("invitation", "/dashboard/invitation/"+url.PathEscape(token))
		},
		"empty": func(e *eye) {
			e.signIn(e.tab, "mira")
			e.look("overview-empty", "/dashboard")
			e.look("credentials-empty", "/dashboard/credentials")
			e.look("mailbox-empty", "/mailbox")
			e.look("keys-empty", "/dashboard/keys")
		},
		"credentials": func(e *eye) {
			e.fill(e.t)
			sink := webhooksink.New(e.t, webhooksink.Config{})
			e.as(e.t, "mira").post(e.t, customPath, custom(sink.URL("/hook")))
			e.signIn(e.tab, "mira")
			e.look("overview", "/dashboard")
			e.look("credentials", "/dashboard/credentials?done=saved")
			e.look("custom", customPath)
			e.look("custom-test", customPath+"/test", func() { e.tab.Click(".form-end .primary") })
			e.look("custom-delete", customPath+"/delete")
			e.look("sendgrid", gridPath)
		},
		"refused": func(e *eye) {
			e.signIn(e.tab, "mira")
			e.look("menu", "/dashboard/credentials", func() {
				browser.Value[string](e.tab, `document.querySelector(".menu").checkVisibility() && document.querySelector(".menu").click(), ""`)
			})
			calm(e.t, "before the forms that are refused", e.tab)
			e.look("preferences", "/dashboard/preferences")
			e.look("templates", "/dashboard/templates")
			e.look("templates-completing", "/dashboard/templates", func() {
				e.tab.Do(chromedp.SendKeys(chromedp.CSS(`[name="texts.textMessageTemplateDefault.body"]`), " {{me"), chromedp.WaitVisible(chromedp.ID("completions")))
			})
			e.look("preferences-week", "/dashboard/preferences", e.workdays)
			e.look("preferences-wrong", "/dashboard/preferences", func() {
				browser.Value[string](e.tab, `document.getElementById("f-preferences.email.maxPerDay").value = "31"`)
				e.tab.Click(".form-end .primary")
			})
			e.look("custom-wrong", customPath, e.submit("f-webhookURL", "ftp://hooks.example.com"))
			e.look("missing", "/dashboard/nothing")
			e.tab.Problems() // the console mentions 422 and 404
		},
		"users": func(e *eye) {
			e.signIn(e.tab, "mira")
			e.look("people-empty", "/dashboard/people")
			e.community(e.t)
			e.look("people", "/dashboard/people")
			e.look("person", "/dashboard/people/andrew-joseph")
			e.look("personal", "/dashboard/people/andrew-joseph/preferences")
			e.look("import", "/dashboard/people-import")
		},
		"people": func(e *eye) {
			e.fill(e.t)
			e.signIn(e.tab, "mira")
			e.look("accounts", "/dashboard/accounts")
			e.look("account", "/dashboard/accounts/otto")
			e.look("invite", "/dashboard/invite")
			e.look("link", "/dashboard/invite", e.submit("f-name", "grace@example.com"))
		},
		"numbers": func(e *eye) {
			e.fill(e.t)
			for range 30 {
				e.converse(e.t)
			}
			e.signIn(e.tab, "mira")
			e.look("overview-hours", "/dashboard")
			e.look("overview-days", "/dashboard?by=day")
			e.look("overview-numbers", "/dashboard", func() {
				browser.Value[string](e.tab, `document.querySelector(".numbers").open = true, document.querySelector(".numbers").scrollIntoView(), ""`)
			})
			e.look("log", "/dashboard/log")
			e.look("log-narrowed", "/dashboard/log?status=skipped")
			e.look("log-mails", "/dashboard/log?channel=mail")
			call := e.first(e.t, outbox.Filter{Lane: outbox.LaneCall, Recipient: "vic", States: []outbox.State{outbox.Sent}})
			e.look("entry", "/dashboard/log/"+call.ID)
			e.look("entry-rules", "/dashboard/log/"+call.ID, func() {
				browser.Value[string](e.tab, `document.querySelector(".rules").open = true, document.querySelector(".rules").scrollIntoView(), ""`)
			})
			otto := e.as(e.t, "otto")
			job := otto.post(e.t, "/dashboard/log/replay?status=skipped", url.Values{})
			otto.follow(e.t, job)
			e.look("job", job)
			e.look("jobs", "/dashboard/jobs")
		},
		"apps": func(e *eye) {
			if _, err := e.apps.Create(e.t.Context(), "second", "in"); err != nil {
				e.t.Fatal(err)
			}
			e.signIn(e.tab, "mira")
			e.look("apps", "/dashboard/apps")
			e.look("app", "/dashboard/apps/second")
			e.look("app-made", "/dashboard/apps", e.submit("f-id", "third"))
			e.look("login", "/dashboard/logins/webhook")
			e.look("login-made", "/dashboard/logins/events", e.submit("f-keep-day", "day"))
		},
		"logs": func(e *eye) {
			e.fill(e.t)
			e.signIn(e.tab, "mira")
			e.look("own", "/dashboard/account")
			e.look("audit", "/dashboard/audit")
			key := e.submit("f-name", "Chat back end")
			e.tab.Do(chromedp.Navigate(e.URL + "/dashboard/keys"))
			key()
			e.look("keys", "/dashboard/keys")
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := &eye{newSite(t, options{health: []dashboard.Health{
				{Name: "https://hooks.example.com", Kind: dashboard.HealthProvider, Paused: true, Failures: 7, Since: noon.Add(-time.Hour), ProbeAt: noon.Add(70 * time.Hour)},
				{Name: "smtp.example.com:587", Kind: dashboard.HealthGateway},
			}}), t, browser.Open(t), rules}
			look(e)
			calm(t, "pages", e.tab)
		})
	}
}
