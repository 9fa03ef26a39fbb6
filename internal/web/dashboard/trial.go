package dashboard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/answer"
	"github.com/postrider/postrider/internal/engine/sendgrid"
	"github.com/postrider/postrider/internal/engine/webhook"
	"github.com/postrider/postrider/internal/outbound"
	"github.com/postrider/postrider/internal/web/gate"
	"github.com/postrider/postrider/notification"
)

// testView sends one notification to a provider and shows what came of it.
type testView struct {
	common
	Title   string
	Action  string
	Target  string
	UID     field
	Name    field
	Email   field
	Outcome *outcome
}

// outcome is one call and its answer.
type outcome struct {
	Good    bool
	Status  string // of the answer, or why there is none
	Took    string
	Advice  string
	Request string // line and header fields, secrets masked
	Sent    string // body
	Said    string // body of the answer
}

// trial is whom a test is for.
type trial struct{ uid, name, email string }

func readTrial(r *http.Request) trial {
	value := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	return trial{value("uid"), value("name"), value("email")}
}

// check says what is wrong with what was typed.
func (t *trial) check(needsEmail bool) problems {
	wrong := make(problems)
	switch n := utf8.RuneCountInString(t.uid); {
	case n == 0:
		wrong["uid"] = "Enter a user id."
	case n > chat.MaxUIDLength:
		wrong["uid"] = "The user id must not be longer than " + strconv.Itoa(chat.MaxUIDLength) + " characters."
	}
	if t.email == "" {
		if needsEmail {
			wrong["email"] = "Enter the address that gets the test mail."
		}
		return wrong
	}
	if parsed, err := mail.ParseAddress(t.email); err != nil || parsed.Address != t.email {
		wrong["email"] = "This is no email address."
	}
	return wrong
}

// notification is what is sent: two messages that say that they are a test.
func (t *trial) notification(appID, region string) *notification.Notification {
	sender := notification.User{UID: "postrider-test", Name: "Postrider"}
	return &notification.Notification{
		Trigger: notification.TriggerEmail, AppID: appID, Region: region, Webhook: notification.WebhookCustom,
		Data: notification.Data{
			To:            notification.Recipient{UID: t.uid, Name: t.name, Email: t.email},
			SenderDetails: &sender, Subject: "New messages from " + sender.Name,
			Messages: []notification.Message{
				{Sender: sender, Text: "This is a test from the dashboard. There is nothing to be done."},
				{Sender: sender, Text: "📷 Has shared an image"},
			},
		},
	}
}

func newTest(r *http.Request, v *gate.Visitor, t trial, wrong problems) testView {
	return testView{
		common: newCommon(r, v),
		UID:    field{Name: "uid", Label: "Recipient’s user id", Value: t.uid, Problem: wrong["uid"], Autocomplete: "off"},
		Name:   field{Name: "name", Label: "Recipient’s name", Value: t.name, Optional: true, Autocomplete: "off"},
		Email:  field{Name: "email", Label: "Recipient’s email address", Type: "email", Value: t.email, Problem: wrong["email"], Autocomplete: "off"},
	}
}

// someone is whom a test is for until somebody else is typed.
func someone() trial { return trial{uid: "andrew-joseph", name: "Andrew Joseph"} }

// newID returns the id of a delivery that is in no queue.
func newID() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("make the id of a test: %w", err)
	}
	return id.String(), nil
}

func (d *dashboard) customTest(r *http.Request, v *gate.Visitor, c *webhook.Config, t trial, wrong problems) testView {
	view := newTest(r, v, t, wrong)
	view.Title, view.Action, view.Target = "Send a test to the custom provider", customPath+"/test", c.WebhookURL
	view.Email.Optional = true
	view.Email.Hint = "Leave it empty to see what the endpoint does without an address."
	return view
}

func (d *dashboard) customTestForm(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	c, err := d.customThere(r)
	switch {
	case err != nil:
		d.fail(w, r, err)
	case c == nil:
		then(w, r, credentialsPath, "")
	default:
		d.show(w, http.StatusOK, "test", d.customTest(r, v, c, someone(), nil))
	}
}

func (d *dashboard) testCustom(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	c, err := d.customThere(r)
	switch {
	case err != nil:
		d.fail(w, r, err)
		return
	case c == nil:
		then(w, r, credentialsPath, "")
		return
	}
	t := readTrial(r)
	if wrong := t.check(false); len(wrong) > 0 {
		d.show(w, http.StatusUnprocessableEntity, "test", d.customTest(r, v, c, t, wrong))
		return
	}
	body, err := json.Marshal(t.notification(d.Engine.AppID, d.Engine.Region))
	if err != nil {
		d.fail(w, r, fmt.Errorf("write notification: %w", err))
		return
	}
	id, err := newID()
	if err != nil {
		d.fail(w, r, err)
		return
	}
	listener := &listener{next: d.Engine.Transport}
	a := webhook.New(listener, d.Engine.Version, d.Clock).Call(r.Context(), c, id, body)
	d.record(r, v, actionTestedCustom, c.WebhookURL, a.Brief())
	view := d.customTest(r, v, c, t, nil)
	view.Outcome = newOutcome(&a, listener, body, adviseCustom(&a, c))
	d.show(w, http.StatusOK, "test", view)
}

func (d *dashboard) sendGridTest(r *http.Request, v *gate.Visitor, c *sendgrid.Config, t trial, wrong problems) testView {
	view := newTest(r, v, t, wrong)
	view.Title, view.Action, view.Target = "Send a test by SendGrid", sendGridPath+"/test", "template "+c.TemplateID
	view.Email.Hint = "It gets a real mail."
	return view
}

func (d *dashboard) sendGridTestForm(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	c, err := d.sendGridThere(r)
	switch {
	case err != nil:
		d.fail(w, r, err)
	case c == nil:
		then(w, r, credentialsPath, "")
	default:
		d.show(w, http.StatusOK, "test", d.sendGridTest(r, v, c, someone(), nil))
	}
}

func (d *dashboard) testSendGrid(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	c, err := d.sendGridThere(r)
	switch {
	case err != nil:
		d.fail(w, r, err)
		return
	case c == nil:
		then(w, r, credentialsPath, "")
		return
	}
	t := readTrial(r)
	if wrong := t.check(true); len(wrong) > 0 {
		d.show(w, http.StatusUnprocessableEntity, "test", d.sendGridTest(r, v, c, t, wrong))
		return
	}
	data, err := json.Marshal(t.notification(d.Engine.AppID, d.Engine.Region).Data)
	if err != nil {
		d.fail(w, r, fmt.Errorf("write notification: %w", err))
		return
	}
	id, err := newID()
	if err != nil {
		d.fail(w, r, err)
		return
	}
	client := d.Engine.SendGrid
	listener := &listener{next: client.Transport}
	client.Transport = listener
	a := sendgrid.New(client).Send(r.Context(), c, sendgrid.Recipient{Email: t.email, Name: t.name}, data, id)
	d.record(r, v, actionTestedSendGrid, c.SenderEmail, a.Brief())
	view := d.sendGridTest(r, v, c, t, nil)
	view.Outcome = newOutcome(&a, listener, listener.body, adviseSendGrid(&a))
	d.show(w, http.StatusOK, "test", view)
}

// listener notes the request that goes out.
type listener struct {
	next http.RoundTripper
	line string
	head http.Header
	body []byte
}

// RoundTrip implements [http.RoundTripper].
func (l *listener) RoundTrip(r *http.Request) (*http.Response, error) {
	l.line, l.head = r.Method+" "+r.URL.String(), r.Header.Clone()
	if r.GetBody != nil {
		if body, err := r.GetBody(); err == nil {
			var all bytes.Buffer
			if _, err := all.ReadFrom(body); err == nil {
				l.body = all.Bytes()
			}
			_ = body.Close() // it is in memory
		}
	}
	return l.next.RoundTrip(r)
}

func newOutcome(a *answer.Answer, l *listener, body []byte, advice string) *outcome {
	request := l.line + "\n"
	for _, name := range slices.Sorted(maps.Keys(l.head)) {
		for _, value := range l.head[name] {
			if name == "Authorization" {
				kind, _, _ := strings.Cut(value, " ")
				value = kind + " ********"
			}
			request += name + ": " + value + "\n"
		}
	}
	var sent bytes.Buffer
	if json.Indent(&sent, body, "", "  ") != nil {
		sent.Write(body)
	}
	return &outcome{
		Good: a.Verdict == answer.Delivered, Status: a.Brief(), Took: a.Duration.Round(100 * time.Microsecond).String(), Advice: advice,
		Request: request, Sent: sent.String(), Said: a.Body,
	}
}

// adviseCustom says what an answer means, and what to do about it.
func adviseCustom(a *answer.Answer, c *webhook.Config) string {
	switch {
	case a.Verdict == answer.Delivered && c.IsEnabled:
		return "The endpoint has taken it."
	case a.Verdict == answer.Delivered:
		return "The endpoint has taken it. The provider is off: enable it, so that people are told by it."
	case outbound.IsRefused(a.Err):
		return "The address is not on the public internet, or not https, and is not called. POSTRIDER_ALLOW_PRIVATE_TARGETS allows it."
	case a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden:
		return "The endpoint does not accept who calls. Compare user name, password and signature secret with what it expects."
	case a.Status == http.StatusNotFound || a.Status == http.StatusGone:
		return "There is nothing at that address. Look at the path of the webhook URL."
	case a.Status >= 300 && a.Status < 400:
		return "The endpoint redirects, and redirects are not followed. Enter the address that it redirects to."
	case a.Status == http.StatusMethodNotAllowed:
		return "The endpoint does not take POST."
	case a.Reason == chat.ReasonTimedOut:
		return "The endpoint has to answer within 2 seconds. Let it answer at once, and do the work afterwards."
	case a.Status >= 500 || a.Status == http.StatusTooManyRequests:
		return "The endpoint cannot take it now. Real notifications are tried again."
	case a.Status == 0:
		return "No connection came about. Look at the host and its certificate, and whether the endpoint runs."
	}
	return "The endpoint refuses the notification; what it says is below. It is not tried again."
}

func adviseSendGrid(a *answer.Answer) string {
	switch {
	case a.Verdict == answer.Delivered:
		return "SendGrid has taken it. What became of it, its Activity page tells."
	case a.Status == http.StatusUnauthorized:
		return "SendGrid does not know the API key."
	case a.Status == http.StatusForbidden:
		return "The API key may not send mail, or the sender’s address is not verified at SendGrid."
	case a.Verdict == answer.Temporary:
		return "SendGrid cannot take it now. Real notifications are tried again."
	case a.Message != "":
		return "SendGrid says: " + a.Message
	}
	return "SendGrid refuses it; what it says is below."
}
