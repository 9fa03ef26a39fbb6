package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"

	"github.com/postrider/postrider/notification"
)

func itoa(n int) string { return strconv.Itoa(n) }

// answer is what a server answered.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// message is the message of a JSON answer.
func (a answer) message() string {
	var said struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(a.body, &said) != nil {
		return ""
	}
	return said.Message
}

// want complains if it is another status.
func (a answer) want(status int) error {
	if a.status != status {
		return fmt.Errorf("answered %d, want %d: %s", a.status, status, a.body)
	}
	return nil
}

// do sends a request and reads the whole answer.
func (s *server) do(r *http.Request) (answer, error) { return do(s.client, r) }

func do(client *http.Client, r *http.Request) (answer, error) {
	response, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, body}, errors.Join(err, response.Body.Close())
}

// get asks as the account.
func (s *server) get(path string) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(within(s.t), http.MethodGet, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.SetBasicAuth(adminUser, adminPassword)
	a, err := s.do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// newPost returns a request to the webhook that is all right.
func (s *server) newPost(body io.Reader) *http.Request {
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/webhook", body)
	if err != nil {
		s.t.Error(err)
		return nil
	}
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(hookUser, hookPassword)
	return r
}

// post sends a body to the webhook. The error is the network's.
func (s *server) post(body []byte, change ...func(*http.Request)) (answer, error) {
	r := s.newPost(bytes.NewReader(body))
	for _, f := range change {
		f(r)
	}
	return s.do(r)
}

// mustPost is post for what has to be accepted.
func (s *server) mustPost(body []byte, change ...func(*http.Request)) {
	s.t.Helper()
	a, err := s.post(body, change...)
	if err == nil {
		err = a.want(http.StatusOK)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// withID adds a webhook-id.
func withID(id string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Webhook-Id", id) }
}

// signedIn sets other credentials.
func signedIn(username, password string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(username, password) }
}

// domain is that of all recipients: it must not be seen in a log.
const domain = "recipients.example"

// text is in every message: it must not be seen in a log either.
const text = "Are we meeting on this weekend?"

// newNotification returns a notification with a subject that tells it from all
// others, for a recipient of its own.
func newNotification(subject string) *notification.Notification {
	susan := notification.User{UID: "susan", Name: "Susan Marie"}
	return &notification.Notification{
		Trigger: notification.TriggerEmail,
		Data: notification.Data{
			To:            notification.Recipient{UID: "uid-" + subject, Email: subject + "@" + domain, Name: "Andrew Joseph"},
			Messages:      []notification.Message{{Sender: susan, Text: text}},
			SenderDetails: &susan,
			Subject:       subject,
		},
		AppID: "app123", Region: "us", Webhook: notification.WebhookCustom,
	}
}

// payload returns a notification as it goes over the wire.
func payload(t testing.TB, subject string, change ...func(*notification.Notification)) []byte {
	t.Helper()
	n := newNotification(subject)
	for _, f := range change {
		f(n)
	}
	body, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
