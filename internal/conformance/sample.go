package conformance

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/postrider/postrider/notification"
)

// Domain is that of all addresses of a check: no mail to it ever arrives
// (RFC 2606).
const Domain = "postrider-check.invalid"

const (
	// most is how many messages a notification carries at most.
	most = 100
	// longText is how many bytes the text of a message in a long one has.
	longText = 1000
)

// Sample says what a notification is like.
type Sample struct {
	AppID   string
	UID     string    // of the recipient
	Email   string    // empty: left out
	Group   bool      // else it is from a one-on-one conversation
	Objects bool      // carries message objects
	Long    bool      // as many and as long messages as there may be
	Bare    bool      // without pictures, which not everybody has
	SentAt  time.Time // of the messages
}

// Notification makes it.
func (s *Sample) Notification() *notification.Notification {
	susan := notification.User{UID: "postrider-check-susan", Name: "Susan Marie", Avatar: "https://" + Domain + "/susan.png"}
	group := notification.Group{GUID: "postrider-check-hikers", Name: "Hiking Group", Icon: "https://" + Domain + "/hikers.png"}
	if s.Bare {
		susan.Avatar, group.Icon = "", ""
	}
	n := &notification.Notification{
		Trigger: notification.TriggerEmail, AppID: s.AppID, Region: "us", Webhook: notification.WebhookCustom,
		Data: notification.Data{To: notification.Recipient{UID: s.UID, Email: s.Email, Name: "Andrew Joseph"}},
	}
	if s.Group {
		n.Data.GroupDetails, n.Data.Subject = &group, "New messages in "+group.Name
	} else {
		n.Data.SenderDetails, n.Data.Subject = &susan, "New messages from "+susan.Name
	}
	texts := []string{"A test of this webhook: there is nothing to be done.", "📷 Has shared an image"}
	if s.Long {
		texts = nil
		for i := range most {
			texts = append(texts, strings.Repeat(strconv.Itoa(i)+" is a long story. ", longText/20))
		}
	}
	for i, text := range texts {
		m := notification.Message{Sender: susan, Text: text}
		if s.Objects {
			m.Object = s.object(i, text, &susan, &group)
		}
		n.Data.Messages = append(n.Data.Messages, m)
	}
	return n
}

// object is a message as a chat keeps it.
func (s *Sample) object(i int, text string, sender *notification.User, group *notification.Group) json.RawMessage {
	type entity = map[string]any
	at := s.SentAt.Unix()
	receiver, kind := entity{"uid": s.UID, "name": "Andrew Joseph", "status": "offline", "role": "default"}, "user"
	id, conversation := s.UID, s.UID+"_user_"+sender.UID
	if s.Group {
		receiver, kind = entity{"guid": group.GUID, "name": group.Name, "type": "public", "membersCount": most}, "group"
		id, conversation = group.GUID, "group_"+group.GUID
	}
	object, err := json.Marshal(entity{
		"id": fmt.Sprintf("%d%04d", at, i), "conversationId": conversation, "sender": sender.UID, "receiver": id, "receiverType": kind,
		"category": "message", "type": "text", "sentAt": at, "updatedAt": at,
		"data": entity{"text": text, "entities": entity{
			"sender":   entity{"entityType": "user", "entity": entity{"uid": sender.UID, "name": sender.Name, "status": "online", "role": "default"}},
			"receiver": entity{"entityType": kind, "entity": receiver},
		}},
	})
	if err != nil { // texts and numbers always marshal
		panic(err)
	}
	return object
}

// body is the notification as it goes over the wire.
func (s *Sample) body() []byte { return marshal(s.Notification()) }

func marshal(n *notification.Notification) []byte {
	body, err := json.Marshal(n)
	if err != nil { // its objects are ours, and valid
		panic(err)
	}
	return body
}
