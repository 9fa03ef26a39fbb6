// Package demo plays what a chat would do, so that a stranger sees Postrider
// at work: it posts notifications to a running server, over HTTP like anybody
// else.
//
// It knows the server by its address and credentials only.
package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/postrider/postrider/notification"
)

// Target is the server to be shown.
type Target struct {
	URL      string // base, without a slash at the end
	Username string // Basic Auth of /webhook
	Password string
	Client   *http.Client
}

// Notifications returns one notification of a one-on-one conversation and one
// of a group, with pictures that the server itself serves.
func Notifications(base string) []*notification.Notification {
	user := func(uid, name, picture string) notification.User {
		return notification.User{UID: uid, Name: name, Avatar: base + "/assets/avatars/" + picture + ".png"}
	}
	susan, john := user("cometchat-uid-4", "Susan Marie", "susan-marie"), user("cometchat-uid-5", "John Paul", "john-paul")
	andrew := notification.Recipient{UID: "cometchat-uid-1", Email: "andrew-joseph@example.com", Name: "Andrew Joseph"}
	envelope := func(data notification.Data) *notification.Notification {
		return &notification.Notification{
			Trigger: notification.TriggerEmail, Data: data, AppID: "app123", Region: "us", Webhook: notification.WebhookCustom,
		}
	}
	return []*notification.Notification{
		envelope(notification.Data{
			To: andrew,
			Messages: []notification.Message{
				{Sender: susan, Text: "Are we meeting on this weekend?"},
				{Sender: susan, Text: "📷 Has shared an image"},
			},
			SenderDetails: &susan,
			Subject:       "New messages from Susan Marie",
		}),
		envelope(notification.Data{
			To: andrew,
			Messages: []notification.Message{
				{Sender: john, Text: "Hello all! What's up?"},
				{Sender: susan, Text: "This is the place I was thinking about"},
			},
			GroupDetails: &notification.Group{
				GUID: "cometchat-guid-1", Name: "Hiking Group", Icon: base + "/assets/avatars/hiking-group.png",
			},
			Subject: "New messages in Hiking Group",
		}),
	}
}

// Post sends one notification to the server's webhook, as a notification
// engine does.
func (t *Target) Post(ctx context.Context, n *notification.Notification) (err error) {
	body, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("encode notification: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL+"/webhook", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("post notification: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(t.Username, t.Password)
	answer, err := t.Client.Do(r)
	if err != nil {
		return fmt.Errorf("post notification: %w", err)
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	said, err := io.ReadAll(io.LimitReader(answer.Body, 4096))
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("post notification: answered %s: %s", answer.Status, said)
	}
	return nil
}
