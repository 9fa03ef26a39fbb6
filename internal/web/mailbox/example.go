package mailbox

import (
	"encoding/json"

	"github.com/postrider/postrider/notification"
)

// example is a notification to be posted as it stands, for a mailbox that has
// seen none yet.
func example(appID string) string {
	if appID == "" {
		appID = "my-app"
	}
	sender := notification.User{UID: "susan-marie", Name: "Susan Marie"}
	body, err := json.MarshalIndent(notification.Notification{
		Trigger: notification.TriggerEmail,
		Data: notification.Data{
			To:            notification.Recipient{UID: "andrew-joseph", Email: "andrew-joseph@example.com", Name: "Andrew Joseph"},
			Messages:      []notification.Message{{Sender: sender, Text: "Are we meeting this weekend?"}},
			SenderDetails: &sender,
			Subject:       "New messages from Susan Marie",
		},
		AppID: appID, Region: "us", Webhook: notification.WebhookCustom,
	}, "", "  ")
	if err != nil { // strings always marshal
		panic(err)
	}
	return string(body)
}
