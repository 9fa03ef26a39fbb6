package e2e_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/postrider/postrider/notification"
)

// change returns a payload in which one value is replaced, or removed when
// value is nil. path is like "data.to.uid".
func change(t *testing.T, path string, value any) []byte {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal(payload(t, "changed"), &document); err != nil {
		t.Fatal(err)
	}
	keys := strings.Split(path, ".")
	object := document
	for _, key := range keys[:len(keys)-1] {
		object = object[key].(map[string]any)
	}
	if last := keys[len(keys)-1]; value == nil {
		delete(object, last)
	} else {
		object[last] = value
	}
	body, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// TestWebhookAnswers: every answer of /webhook, as callers see it.
func TestWebhookAnswers(t *testing.T) {
	t.Parallel()
	const limit = 64 << 10
	site := newSite(t, map[string]string{"POSTRIDER_APP_ID": "app123", "POSTRIDER_MAX_BODY": "64KiB"})
	server := site.serve()
	group := map[string]any{"guid": "hiking", "name": "Hiking Group"}
	tooLarge := bytes.Repeat([]byte(" "), 16<<20)
	const kind = "Invalid trigger or webhook type"

	checkAnswers(t, server.post, []answering{
		{"accepted", payload(t, "accepted"), nil, 200, "Webhook received successfully"},
		{"accepted under the app's address", payload(t, "addressed"), to("/webhook/app123"), 200, "Webhook received successfully"},
		{"with a charset", payload(t, "charset"), contentType("application/json; charset=utf-8"), 200, "Webhook received successfully"},
		{"chunked", payload(t, "chunked"), inChunks, 200, "Webhook received successfully"},
		{"any region", change(t, "region", "us/eu/in"), nil, 200, "Webhook received successfully"},
		{"only what is required", change(t, "data", map[string]any{
			"to": map[string]any{"uid": "bare"}, "messages": []any{map[string]any{}}, "groupDetails": map[string]any{},
		}), nil, 200, "Webhook received successfully"},
		{"null and unknown", change(t, "data", map[string]any{
			"to": map[string]any{"uid": "null", "email": nil, "name": nil, "unknown": 1}, "senderDetails": map[string]any{"avatar": nil}, "groupDetails": nil,
			"messages": []any{map[string]any{"sender": nil, "message": nil, "messageObject": nil, "unknown": []any{}}}, "subject": nil, "unknown": true,
		}), nil, 200, "Webhook received successfully"},
		{"no message", change(t, "data.messages", []any{nil}), nil, 400, "data.messages[0]"},
		{"SMS", change(t, "trigger", notification.TriggerSMS), nil, 400, kind + ": this endpoint sends email; the payload is for SMS"},
		{"push", change(t, "trigger", notification.TriggerPush), nil, 400, kind + ": this endpoint sends email; the payload is for push"},
		{"another trigger", change(t, "trigger", "message_sent"), nil, 400, kind},
		{"another webhook", change(t, "webhook", "sendgrid"), nil, 400, kind},
		{"no object", []byte(`[]`), nil, 400, "body"},
		{"no JSON", []byte(`{"trigger"`), nil, 400, "body"},
		{"empty", nil, nil, 400, "body"},
		{"no uid", change(t, "data.to.uid", nil), nil, 400, "data.to.uid"},
		{"no messages", change(t, "data.messages", nil), nil, 400, "data.messages"},
		{"empty messages", change(t, "data.messages", []any{}), nil, 400, "data.messages"},
		{"neither conversation", change(t, "data.senderDetails", nil), nil, 400, "senderDetails"},
		{"both conversations", change(t, "data.groupDetails", group), nil, 400, "groupDetails"},
		{"a wrong type", change(t, "data.to.name", 7), nil, 400, "data.to.name"},
		{"no credentials", payload(t, "x"), noAuth, 401, "Unauthorized"},
		{"wrong password", payload(t, "x"), signedIn(hookUser, "guess"), 401, "Unauthorized"},
		{"wrong user", payload(t, "x"), signedIn("guess", hookPassword), 401, "Unauthorized"},
		{"the account's credentials", payload(t, "x"), signedIn(adminUser, adminPassword), 401, "Unauthorized"},
		{"another app", change(t, "appId", "app124"), nil, 403, "appId"},
		{"no app", change(t, "appId", nil), nil, 403, "appId"},
		{"GET", nil, method(http.MethodGet), 405, "POST"},
		{"PUT", payload(t, "x"), method(http.MethodPut), 405, "POST"},
		{"too large", tooLarge, nil, 413, "65536"},
		{"too large and chunked", tooLarge, inChunks, 413, "65536"},
		{"a byte too large", append(payload(t, "x"), bytes.Repeat([]byte(" "), limit+1-len(payload(t, "x")))...), nil, 413, "65536"},
		{"just not too large", append(payload(t, "full"), bytes.Repeat([]byte(" "), limit-len(payload(t, "full")))...), nil, 200, "Webhook received successfully"},
		{"a form", payload(t, "x"), contentType("application/x-www-form-urlencoded"), 415, "application/json"},
		{"no type", payload(t, "x"), noType, 415, "application/json"},
	})
	server.stop()
}

// TestAnyAppUntilOneIsSet: without POSTRIDER_APP_ID every app may call.
func TestAnyAppUntilOneIsSet(t *testing.T) {
	t.Parallel()
	server := newSite(t, nil).serve()
	for _, id := range []string{"app123", "another", ""} {
		server.mustPost(payload(t, "app-"+id, func(n *notification.Notification) { n.AppID = id }))
	}
	server.mustPost(payload(t, "addressed"), func(r *http.Request) { r.URL.Path = "/webhook/whatever" })
	server.awaitKept(4)
	server.stop()
}

// TestDuplicates: what is posted again is answered 200 and mailed once; over a
// restart too.
func TestDuplicates(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, settings map[string]string) {
		inbox := newInbox(t, smtpConfig)
		settings["POSTRIDER_SMTP_URL"] = inbox.URL("")
		site := newSite(t, settings)
		withObject := func(editedAt string) func(*notification.Notification) {
			return func(n *notification.Notification) {
				n.Data.Messages[0].Object = json.RawMessage(`{"id":"7","editedAt":` + editedAt + `}`)
			}
		}
		for range 2 {
			server := site.serve()
			for range 2 {
				server.mustPost(payload(t, "content"))
				server.mustPost(payload(t, "id"), withID("call-1"))
				server.mustPost(payload(t, "messages", withObject("1")))
			}
			server.stop()
		}
		server := site.serve()
		// What looks the same but is not: another id, another edit.
		server.mustPost(payload(t, "id"), withID("call-2"))
		server.mustPost(payload(t, "messages", withObject("2")))
		if _, err := inbox.Wait(within(t), 5); err != nil {
			t.Fatal(err)
		}
		if n := len(site.deliveries()); n != 5 {
			t.Errorf("%d deliveries, want 5", n)
		}
		server.stop()
		arrived, err := inbox.taken.arrivals()
		if err != nil || len(arrived["content"]) != 1 || len(arrived["id"]) != 2 || len(arrived["messages"]) != 2 {
			t.Errorf("arrived: %v %v", arrived, err)
		}
	})
}

// TestRotatingCredentials: while the password changes, the old and the new one
// are good; then only the new one.
func TestRotatingCredentials(t *testing.T) {
	t.Parallel()
	site := newSite(t, map[string]string{
		"POSTRIDER_WEBHOOK_USERNAME": "new", "POSTRIDER_WEBHOOK_PASSWORD": "new-password",
		"POSTRIDER_WEBHOOK_PREVIOUS_USERNAME": hookUser, "POSTRIDER_WEBHOOK_PREVIOUS_PASSWORD": hookPassword,
	})
	answers := func(asked *server, status int, username, password string) {
		t.Helper()
		a, err := asked.post(payload(t, "by-"+username), signedIn(username, password))
		if err == nil {
			err = a.want(status)
		}
		if err != nil {
			t.Errorf("%s: %v", username, err)
		}
	}
	server := site.serve()
	answers(server, 200, "new", "new-password")
	answers(server, 200, hookUser, hookPassword)
	answers(server, 401, hookUser, "new-password")
	answers(server, 401, "new", hookPassword)
	server.stop()

	delete(site.settings, "POSTRIDER_WEBHOOK_PREVIOUS_USERNAME")
	server = site.serve()
	answers(server, 200, "new", hookPassword) // the previous one for the same user
	answers(server, 401, hookUser, hookPassword)
	server.stop()

	delete(site.settings, "POSTRIDER_WEBHOOK_PREVIOUS_PASSWORD")
	server = site.serve()
	answers(server, 200, "new", "new-password")
	answers(server, 401, "new", hookPassword)
	server.stop()
}
