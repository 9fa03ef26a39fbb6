package engine

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/digest"
	"github.com/postrider/postrider/notification"
)

// maxPayload is up to how many bytes a payload has as many messages as it may: a
// larger one keeps only the newer of them. Endpoints bound what they take, ours too,
// and one of a hundred long messages would be refused as a whole.
const maxPayload = 4 << 20

// Compose implements [Judge]: it makes the payload of a digest, once for every
// provider.
func (j *judge) Compose(c *Case, v *Verdict) ([]Call, error) {
	f := j.digestOf(c, v.Send)
	for {
		calls, largest, err := callsOf(f, c, v.To)
		if err != nil || largest <= maxPayload || len(f.Messages) < 2 {
			return calls, err
		}
		f.Messages = f.Messages[(len(f.Messages)+1)/2:]
	}
}

// callsOf makes the calls of a digest, and says how many bytes the largest has.
func callsOf(f *digest.Facts, c *Case, providers []string) (calls []Call, largest int, err error) {
	n, err := digest.Build(f)
	if err != nil {
		return nil, 0, fmt.Errorf("make digest: %w", err)
	}
	for _, provider := range providers {
		payload := any(n)
		if provider == ProviderSendGrid {
			payload = withAvatar(n, c.Person)
		}
		encoded, err := encode(payload)
		if err != nil {
			return nil, 0, err
		}
		calls, largest = append(calls, Call{provider, encoded}), max(largest, len(encoded))
	}
	return calls, largest, nil
}

// digestOf are the facts of a digest of the messages of these numbers.
func (j *judge) digestOf(c *Case, numbers []int64) *digest.Facts {
	shown := c.Shown(numbers)
	f := &digest.Facts{
		AppID: j.cfg.AppID, Region: j.cfg.Region,
		Recipient: chat.User{UID: c.UID}, Email: c.Email,
		Conversation: c.Conversation, Group: c.Group, Users: c.Users,
		Privacy: j.settings.Merge(c.Preferences).Privacy, Settings: j.settings, Templates: j.templates,
		Messages: make([]chat.Message, 0, len(shown)),
	}
	if c.Person != nil {
		f.Recipient = *c.Person
	}
	for _, m := range shown {
		f.Messages = append(f.Messages, chat.Message{
			ID: m.ID, Conversation: c.Conversation, Sender: m.Sender, Category: m.Category, Type: m.Type,
			Mentions: m.Mentions, MentionsAll: m.MentionsAll, SentAt: m.SentAt, State: m.State, Number: m.Number, Body: m.Body,
		})
	}
	return f
}

// templateData is what SendGrid's dynamic templates get: the data of the
// notification, and the recipient's avatar besides (F009).
type templateData struct {
	*notification.Notification
	Data dataWithAvatar `json:"data"`
}

type dataWithAvatar struct {
	To recipientWithAvatar `json:"to"`
	notification.Data
}

type recipientWithAvatar struct {
	notification.Recipient
	Avatar string `json:"avatar,omitempty"`
}

func withAvatar(n *notification.Notification, person *chat.User) *templateData {
	to := recipientWithAvatar{Recipient: n.Data.To}
	if person != nil {
		to.Avatar = person.Avatar
	}
	return &templateData{n, dataWithAvatar{to, n.Data}}
}

// encode writes JSON that stays readable: it is no page, so that < and & can
// stay as they are.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, fmt.Errorf("encode payload: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
