package dashboard_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/provider/render"
	"github.com/postrider/postrider/internal/testkit/browser"
)

const (
	templatesPath = "/dashboard/templates"
	oneOnOne      = "texts.emailSubjectTemplateDefault.subjectOneOnOne"
	pollText      = "texts.pollMessageTemplatePrivacy.body"
)

// What is typed is kept, counts, and stands in the audit log; what is not typed
// stays.
func TestTemplates(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	otto := s.as(t, "otto")
	page := otto.get(t, templatesPath)
	page.contains(t, `name="`+oneOnOne+`" value="New messages from {{senderDetails.name}}"`)
	page.lacks(t, "Built in:", `class="warn"`)
	before := s.settings(t)

	form := formOf(t, page)
	form.Set(oneOnOne, "{{senderDetail.name}} has news")
	form.Set(pollText, "")
	form.Set("brand.color", "#123456")
	form.Set("brand.footer", "Acme\r\n1 Lake Road ")
	otto.want(t, http.StatusSeeOther, http.MethodPost, templatesPath, form)
	page = otto.get(t, templatesPath)
	page.contains(t, `value="{{senderDetail.name}} has news"`, "Do you mean {{senderDetails.name}}?", `Built in: <span class="built-in">New messages from {{senderDetails.name}}</span>`,
		`value="#123456"`, ">Acme\n1 Lake Road</textarea>")
	after := s.settings(t)
	if got := after.Templates.Texts["emailSubjectTemplateDefault"]["subjectOneOnOne"]; got != "{{senderDetail.name}} has news" {
		t.Errorf("the subject is %q", got)
	}
	if !cmp.Equal(after.Preferences, before.Preferences) || after.Templates.Texts["pollMessageTemplatePrivacy"]["body"] != "" ||
		after.Templates.Texts["textMessageTemplateDefault"]["titleGroup"] != before.Templates.Texts["textMessageTemplateDefault"]["titleGroup"] {
		t.Error("more has changed than was typed")
	}
	s.as(t, "mira").get(t, "/dashboard/audit").contains(t, "saved the templates", "emailSubjectTemplateDefault.subjectOneOnOne: “New messages from {{senderDetails.name}}” → “{{senderDetail.name}} has news”",
		"saved the brand", "colour: “” → “#123456”")

	// The same again changes nothing, and is no news.
	otto.want(t, http.StatusSeeOther, http.MethodPost, templatesPath, formOf(t, page))
	if n := strings.Count(s.as(t, "mira").get(t, "/dashboard/audit").body, "saved the"); n != 2 {
		t.Errorf("the audit log tells of %d changes", n)
	}
}

// What cannot be used is said at its field; nothing is kept, and nothing that
// was typed is lost.
func TestTemplatesRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	otto := s.as(t, "otto")
	form := formOf(t, otto.get(t, templatesPath))
	form.Set(oneOnOne, "News")
	form.Set("brand.logo", "http://www.example.com/logo.png")
	page := otto.want(t, http.StatusUnprocessableEntity, http.MethodPost, templatesPath, form)
	page.contains(t, "Nothing was saved.", "This must be a URL such as https://www.example.com/logo.png.", `value="News"`, `value="http://www.example.com/logo.png"`)
	if got := s.settings(t).Templates.Texts["emailSubjectTemplateDefault"]["subjectOneOnOne"]; got == "News" {
		t.Error("it was saved")
	}
}

// What the configuration says of the brand is shown, and cannot be changed.
func TestBrandOfTheConfiguration(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{brand: render.Brand{Name: "Summit", Footer: "1 Lake Road"}})
	otto := s.as(t, "otto")
	page := otto.get(t, templatesPath)
	page.contains(t, `name="brand.name" value="Summit" readonly`, "POSTRIDER_BRAND_NAME sets it.", "POSTRIDER_BRAND_FOOTER sets it.")
	form := formOf(t, page)
	form.Set("brand.name", "Another")
	otto.want(t, http.StatusSeeOther, http.MethodPost, templatesPath, form)
	s.as(t, "mira").get(t, "/dashboard/audit").lacks(t, "saved the brand")
	form.Set("brand.color", "#123456")
	otto.want(t, http.StatusSeeOther, http.MethodPost, templatesPath, form)
	otto.get(t, templatesPath).contains(t, `value="Summit"`, `value="#123456"`)
	mail := otto.get(t, templatesPath+"/preview?brand.name=Another&brand.footer=Elsewhere")
	mail.contains(t, "Summit", "1 Lake Road")
	mail.lacks(t, "Another", "Elsewhere")
}

// The preview is what is typed, in a document that can do nothing.
func TestPreview(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	vera := s.as(t, "vera")
	show := func(query url.Values) reply { return vera.get(t, templatesPath+"/preview?"+query.Encode()) }

	mail := show(url.Values{oneOnOne: {"News of {{senderDetails.nam}} <b>"}, "width": {"375"}})
	mail.contains(t, "One-on-one: Nothing is called {{senderDetails.nam}} here. Do you mean {{senderDetails.name}}?", // so the built-in one is sent
		`<dd class="subject">New messages from Susan Marie</dd>`, `width="375"`, "srcdoc=\"&lt;!doctype html&gt;", `sandbox="allow-popups allow-popups-to-escape-sandbox"`)
	const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data: %s/assets/ https:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
	if got, want := mail.header.Get("Content-Security-Policy"), strings.Replace(policy, "%s", s.URL, 1); got != want {
		t.Errorf("the policy is\n%s, want\n%s", got, want)
	}
	show(url.Values{oneOnOne: {"News <b>of</b> {{senderDetails.name}}"}, "part": {"text"}, "scheme": {"dark"}}).contains(t, "News &lt;b&gt;of&lt;/b&gt; Susan Marie", "<pre>", `class="dark"`)
	show(url.Values{"sample": {"poll"}, "private": {"on"}, pollText: {"Vote"}, "part": {"text"}}).contains(t, "Vote")
	vera.want(t, http.StatusNotFound, http.MethodGet, templatesPath+"/preview?sample=call:none", nil).contains(t, "Its messages are not kept any more.")
	if got := s.settings(t).Templates.Texts["pollMessageTemplatePrivacy"]["body"]; got != "New message" {
		t.Errorf("a preview was saved: %q", got)
	}

	s.fill(t)
	s.converse(t)
	call := s.first(t, outbox.Filter{Lane: outbox.LaneCall, Recipient: "vic", States: []outbox.State{outbox.Sent}})
	vera.get(t, templatesPath+"?call="+call.ID).contains(t, `<option value="call:`+call.ID+`" selected>To vic`, `preview?width=375&amp;sample=call:`+call.ID)
	found := show(url.Values{"sample": {"call:" + call.ID}, "brand.logo": {"https://cdn.example.com/logo.png"}})
	found.contains(t, "What was really written")
	if got := found.header.Get("Content-Security-Policy"); !strings.Contains(got, "img-src data: "+s.URL+"/assets/ https://cdn.example.com;") {
		t.Errorf("a real mail may load %s", got)
	}
}

// Somebody types a subject in the browser: the placeholder is completed, the
// preview follows, and it is saved.
func TestTemplatesInTheBrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	tab := browser.Open(t)
	tab.Look(browser.Desktop, browser.Light)
	s.signIn(tab, "otto")
	tab.Do(chromedp.Navigate(s.URL + templatesPath))
	field := chromedp.CSS(`[name="` + oneOnOne + `"]`)
	browser.Value[string](tab, `document.querySelector('[name="`+oneOnOne+`"]').value = ""`)
	tab.Do(
		chromedp.SendKeys(field, "News of {{sender"),
		chromedp.WaitVisible(chromedp.CSS(`#completions [aria-selected="true"]`)),
	)
	if got := browser.Value[string](tab, `document.activeElement.getAttribute("aria-activedescendant") + document.activeElement.getAttribute("aria-expanded")`); got != "completion-0true" {
		t.Errorf("a screen reader hears of %q", got)
	}
	tab.Do(chromedp.SendKeys(field, kb.ArrowDown+kb.ArrowUp+kb.Enter))
	if got := browser.Value[string](tab, `document.activeElement.value`); got != "News of {{senderDetails.name}}" {
		t.Errorf("completed: %q", got)
	}
	frame := tab.Frame(s.URL + templatesPath + "/preview?" + url.QueryEscape(oneOnOne) + "=" + url.QueryEscape("News of {{senderDetails.name}}"))
	if got := text(frame, ".subject"); got != "News of Susan Marie" {
		t.Errorf("the preview has the subject %q", got)
	}
	tab.Click(".form-end .primary")
	if got := text(tab, "main"); !strings.Contains(got, "Saved.") {
		t.Errorf("after saving: %.200s", got)
	}
	if got := s.settings(t).Templates.Texts["emailSubjectTemplateDefault"]["subjectOneOnOne"]; got != "News of {{senderDetails.name}}" {
		t.Errorf("saved: %q", got)
	}
	calm(t, "templates", tab)
}
