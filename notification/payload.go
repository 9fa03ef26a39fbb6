package notification

import (
	"encoding/json"
)

// Values of the trigger and webhook fields.
const (
	// TriggerEmail is the trigger of every webhook that asks for an email.
	TriggerEmail = "email-notification-payload-generated"
	// TriggerSMS and TriggerPush belong to the sibling channels. An email
	// provider recognises and refuses them.
	TriggerSMS  = "sms-notification-payload-generated"
	TriggerPush = "push-notification-payload-generated"
	// WebhookCustom is the webhook field of every call to a custom provider.
	WebhookCustom = "custom"
)

// Notification is one webhook call: everything one person missed in one
// conversation.
type Notification struct {
	Trigger string `json:"trigger"`
	Data    Data   `json:"data"`
	AppID   string `json:"appId"`
	Region  string `json:"region"`
	Webhook string `json:"webhook"`
}

// Data says who is to be told what. Exactly one of SenderDetails (a one-on-one
// conversation) and GroupDetails is set.
type Data struct {
	To            Recipient `json:"to"`
	Messages      []Message `json:"messages"`
	SenderDetails *User     `json:"senderDetails,omitempty"`
	GroupDetails  *Group    `json:"groupDetails,omitempty"`
	Subject       string    `json:"subject"`
}

// Recipient is the person to be mailed. Email is empty when the caller has
// stored none.
type Recipient struct {
	UID   string `json:"uid"`
	Email string `json:"email,omitempty"`
	Name  string `json:"name"`
}

// User is the author of a message, or the other side of a one-on-one
// conversation.
type User struct {
	UID    string `json:"uid"`
	Avatar string `json:"avatar,omitempty"`
	Name   string `json:"name"`
}

// Group is the conversation of a group notification.
type Group struct {
	GUID string `json:"guid"`
	Name string `json:"name"`
	Icon string `json:"icon,omitempty"`
}

// Message is one missed message. Text is one line that stands for the message
// in any case (media are described in words). Object is the chat's own message
// object as it came, and nil unless the caller was set up to include it.
type Message struct {
	Sender User            `json:"sender"`
	Text   string          `json:"message"`
	Object json.RawMessage `json:"messageObject,omitempty"`
}
