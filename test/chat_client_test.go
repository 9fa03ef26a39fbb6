package e2e_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/testkit/webhooksink"
	"github.com/postrider/postrider/notification"
)

// saying begins every text that is told through /events: it must not be seen in
// a log.
const saying = "Bring the blue umbrella"

// What providers are called with.
const (
	providerUser, providerPassword = "provider", "provider-password-3c8a"
	providerSecret                 = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
)

// event is what a chat tells to /events.
type event map[string]any

// batch returns events as they go over the wire: one alone, else an array.
func batch(events ...event) []byte {
	var body any = events
	if len(events) == 1 {
		body = events[0]
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(err) // of the test's own making
	}
	return encoded
}

func newEvent(trigger string, data map[string]any) event {
	return event{"trigger": trigger, "data": data, "appId": "app123", "region": "us", "webhook": "chat-1"}
}

// nameOf is the name of a person or a group.
func nameOf(id string) string { return strings.ToUpper(id[:1]) + id[1:] }

func person(uid string) map[string]any {
	return map[string]any{"uid": uid, "name": nameOf(uid), "avatar": "https://img.example.org/" + uid + ".png", "role": "default", "status": "offline"}
}

func groupEntity(guid string) map[string]any {
	return map[string]any{
		"guid": guid, "name": nameOf(guid), "icon": "https://img.example.org/" + guid + ".png", "type": "public", "createdAt": 1700000000,
	}
}

// said is that somebody writes to somebody, or to a group if to begins with
// "group:". The text is the saying and what is given.
func said(from, to, id, text string, change ...func(message map[string]any)) event {
	guid, inGroup := strings.CutPrefix(to, "group:")
	kind, receiver := "user", map[string]any{"entityType": "user", "entity": person(guid)}
	if inGroup {
		kind, receiver = "group", map[string]any{"entityType": "group", "entity": groupEntity(guid)}
	}
	message := map[string]any{
		"id": id, "sender": from, "receiver": guid, "receiverType": kind, "category": "message", "type": "text", "sentAt": time.Now().Unix(),
		"data": map[string]any{
			"text":     saying + text,
			"entities": map[string]any{"sender": map[string]any{"entityType": "user", "entity": person(from)}, "receiver": receiver},
		},
	}
	for _, f := range change {
		f(message)
	}
	return newEvent("message_sent", map[string]any{"message": message})
}

// hasRead is that somebody has read a message of somebody else, and what came
// before it.
func hasRead(reader, author, id string) event {
	return newEvent("message_read_receipt", map[string]any{
		"sender": reader, "receiver": author, "receiverType": "user", "messageSender": author, "type": "receipts",
		"body": map[string]any{"action": "read", "messageId": id, "user": person(reader), "timestamp": time.Now().Unix()},
	})
}

// founded is that a group was made.
func founded(guid string, members ...string) event {
	all := make(map[string]any)
	for _, uid := range members {
		all[uid] = person(uid)
	}
	return newEvent("group_created", map[string]any{"group": groupEntity(guid), "members": all})
}

// newEvents returns a request to /events that is all right.
func (s *server) newEvents(body []byte) *http.Request {
	r := s.newPost(bytes.NewReader(body))
	r.URL.Path = "/events"
	r.SetBasicAuth(chatUser, chatPassword)
	return r
}

// postEvents sends a body to /events. The error is the network's.
func (s *server) postEvents(body []byte, change ...func(*http.Request)) (answer, error) {
	r := s.newEvents(body)
	for _, f := range change {
		f(r)
	}
	return s.do(r)
}

// mustPostEvents is postEvents for what has to be accepted.
func (s *server) mustPostEvents(body []byte, change ...func(*http.Request)) {
	s.t.Helper()
	a, err := s.postEvents(body, change...)
	if err == nil {
		err = a.want(http.StatusOK)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// tell tells events that have to be accepted.
func (s *server) tell(events ...event) {
	s.t.Helper()
	s.mustPostEvents(batch(events...))
}

// callAPI calls the REST API.
func (s *server) callAPI(method, path, body string, change ...func(*http.Request)) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(within(s.t), method, s.url+"/v3"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Apikey", apiKey)
	for _, f := range change {
		f(r)
	}
	a, err := s.do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// withKey calls the API with another key.
func withKey(key string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Apikey", key) }
}

const (
	customPath   = "/notifications/email/v1/providers/custom"
	settingsPath = "/notifications/v1/settings"
)

// customProvider is the body that makes a custom provider.
func customProvider(url, username, password string) string {
	body, err := json.Marshal(map[string]any{
		"isEnabled": true, "useStoredEmailID": false, "webhookURL": url,
		"useBasicAuth": true, "basicAuthUsername": username, "basicAuthPassword": password, "signatureSecret": providerSecret,
	})
	if err != nil {
		panic(err) // of the test's own making
	}
	return string(body)
}

// setUp makes a custom provider, and lets people have as many mails a day as
// can be.
func (s *server) setUp(url, username, password string) {
	s.t.Helper()
	for _, call := range [][3]string{
		{http.MethodPost, customPath, customProvider(url, username, password)},
		{http.MethodPatch, settingsPath, `{"preferences":{"email":{"maxPerDay":30,"maxPerDayPerConversation":30}}}`},
	} {
		if err := s.callAPI(call[0], call[1], call[2]).want(http.StatusOK); err != nil {
			s.t.Fatal(err)
		}
	}
}

// fast are settings of a site whose engine hardly waits, and may call this
// machine: the interval of two hours takes a tenth of a second.
func fast(settings map[string]string) map[string]string {
	if settings == nil {
		settings = make(map[string]string)
	}
	settings["POSTRIDER_APP_ID"] = "app123"
	settings["POSTRIDER_ALLOW_PRIVATE_TARGETS"] = "true"
	settings["POSTRIDER_SPEED"] = "72000"
	return settings
}

// calls is what a provider was told.
type calls struct {
	seen int                 // requests that were read
	byID map[string]int      // how often each call came, by its webhook-id
	told map[string][]string // ids of the calls that told something, by what they told
}

// toldTo is the key of something that was told to somebody.
func toldTo(uid, text string) string { return uid + " " + text }

// readCalls reads what came to a sink.
func readCalls(t testing.TB, sink *webhooksink.Sink) calls {
	t.Helper()
	all := calls{byID: make(map[string]int), told: make(map[string][]string)}
	all.read(t, sink)
	return all
}

// read reads what came to a sink since it was read.
func (all *calls) read(t testing.TB, sink *webhooksink.Sink) {
	t.Helper()
	if sink.Counts().Requests == all.seen {
		return
	}
	requests := sink.Requests()
	news := requests[all.seen:]
	all.seen = len(requests)
	for _, r := range news {
		id := r.Header.Get("Webhook-Id")
		var n notification.Notification
		if err := json.Unmarshal(r.Body, &n); err != nil || id == "" {
			t.Fatalf("a call with the id %q: %v\n%s", id, err, r.Body)
		}
		all.byID[id]++
		for _, m := range n.Data.Messages {
			key := toldTo(n.Data.To.UID, strings.TrimPrefix(m.Text, saying))
			if !slices.Contains(all.told[key], id) {
				all.told[key] = append(all.told[key], id)
			}
		}
	}
}
