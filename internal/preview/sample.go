package preview

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/digest"
	"github.com/postrider/postrider/internal/engine/event"
)

type object = map[string]any

// Sample is a conversation that was made up.
type Sample struct {
	ID, Label string
	group     bool
	messages  []said
}

// said is one message of a sample.
type said struct {
	by             string // the id of one of the sample's people
	category, kind string
	data           object
}

const (
	susan, john, andrew = "susan-marie", "john-paul", "andrew-joseph"
	hikers              = "hiking-group"
)

func written(by, text string) said {
	return said{by, "message", "text", object{"text": text}}
}

// Samples are the conversations that can be previewed, one for each kind of
// text that there is.
func Samples() []Sample {
	mentions := func(uid, name string) object {
		return object{uid: object{"uid": uid, "name": name}}
	}
	file := func(kind, name, mime string) said {
		url := "https://files.example.com/" + name
		return said{susan, "message", kind, object{"url": url, "attachments": []any{
			object{"name": name, "url": url, "mimeType": mime, "extension": name[strings.LastIndexByte(name, '.')+1:], "size": 482133},
		}}}
	}
	return []Sample{
		{"one-on-one", "One-on-one", false, []said{
			written(susan, "Hi Andrew, are you still coming on Saturday?"),
			written(susan, "We meet at 9:30 at the station, all of it is on https://hikes.example.com/lake"),
		}},
		{"group", "Group", true, []said{
			written(susan, "The weather looks good for the lake."),
			written(john, "I can take three in my car."),
			written(susan, "Great! Who brings the maps?"),
		}},
		{"mention", "Mention of the reader", true, []said{
			{susan, "message", "text", object{"text": "<@uid:" + andrew + "> could you bring the maps?", "mentions": mentions(andrew, "Andrew Joseph")}},
		}},
		{"everybody", "Mention of everybody", true, []said{
			{john, "message", "text", object{"text": "<@all:everybody> we leave half an hour earlier."}},
		}},
		{"mention-one-on-one", "Mention, one-on-one", false, []said{
			{susan, "message", "text", object{"text": "<@uid:" + andrew + "> look at this", "mentions": mentions(andrew, "Andrew Joseph")}},
		}},
		{"media", "Pictures and files", false, []said{
			file("image", "lake.jpg", "image/jpeg"), file("audio", "birds.mp3", "audio/mpeg"),
			file("video", "waterfall.mp4", "video/mp4"), file("file", "route.pdf", "application/pdf"),
		}},
		{"poll", "Poll and reminder", true, []said{
			{susan, "custom", "extension_poll", object{"text": "Where do we go next?", "customData": object{"question": "Where do we go next?", "options": object{"1": "The lake", "2": "The ridge"}}}},
			{john, "custom", "extension_reminders", object{"text": "Renew the cards for the trains", "customData": object{"text": "Renew the cards for the trains"}}},
		}},
		{"custom", "Custom message", false, []said{
			{susan, "custom", "location", object{"text": "Shared a place", "customData": object{"latitude": 47.42, "longitude": 9.37}}},
		}},
		{"interactive", "Forms, cards and schedules", false, []said{
			{susan, "interactive", "form", object{"interactiveData": object{"title": "What do you eat?", "text": "So that we can order"}}},
			{susan, "interactive", "card", object{"interactiveData": object{"text": "The cabin above the lake, two nights", "title": "Cabin"}}},
			{susan, "interactive", "scheduler", object{"interactiveData": object{"title": "Find a day", "duration": 60}}},
			{susan, "interactive", "customInteractive", object{"interactiveData": object{"title": "Choose seats"}}},
		}},
		{"long", "Long conversation", true, long()},
		{"right-to-left", "Right to left, emoji", false, []said{
			written(susan, "مرحبا أندرو! هل ستأتي يوم السبت؟"), written(susan, "🏔️🎉 נפגשים בתחנה ב-9:30"),
		}},
	}
}

func long() []said {
	var all []said
	for i := range 40 {
		by := susan
		if i/3%2 == 1 {
			by = john
		}
		all = append(all, written(by, fmt.Sprintf("Stage %d is a little longer than the one before it, and the view from up there is worth all of it.", i+1)))
	}
	return all
}

// facts are what the digest of a sample is made of. pictures is the base of the
// addresses of people's pictures; empty: they have none.
func (s *Sample) facts(pictures string, now time.Time) (*digest.Facts, error) {
	picture := func(id string) string {
		if pictures == "" {
			return ""
		}
		return pictures + id + ".png"
	}
	people := map[string]*chat.User{
		susan:  {UID: susan, Name: "Susan Marie", Avatar: picture(susan)},
		john:   {UID: john, Name: "John Paul", Avatar: picture(john)},
		andrew: {UID: andrew, Name: "Andrew Joseph", Avatar: picture(andrew)},
	}
	f := &digest.Facts{Recipient: *people[andrew], Email: "andrew@example.com", Users: people}
	receiver, kind := andrew, "user"
	to := object{"uid": andrew, "name": people[andrew].Name, "avatar": picture(andrew), "status": "offline", "role": "default"}
	if s.group {
		receiver, kind = hikers, "group"
		f.Group = &chat.Group{GUID: hikers, Name: "Hiking Group", Icon: picture(hikers)}
		to = object{"guid": hikers, "name": f.Group.Name, "icon": f.Group.Icon, "type": "public", "membersCount": 12}
	}
	for i, m := range s.messages {
		sender := people[m.by]
		data := object{"entities": object{
			"sender": object{"entityType": "user", "entity": object{
				"uid": m.by, "name": sender.Name, "avatar": sender.Avatar, "status": "online", "role": "default", "metadata": object{"team": "mountains"},
			}},
			"receiver": object{"entityType": kind, "entity": to},
		}, "metadata": object{"source": "mobile"}, "sendNotification": true}
		for name, value := range m.data {
			data[name] = value
		}
		at := now.Add(time.Duration(i-len(s.messages)) * time.Minute).Unix()
		body, err := json.Marshal(object{"trigger": "message_sent", "data": object{"message": object{
			"id": strconv.Itoa(1000 + i), "sender": m.by, "receiver": receiver, "receiverType": kind, "category": m.category, "type": m.kind,
			"data": data, "sentAt": at, "updatedAt": at,
		}}})
		if err != nil {
			return nil, fmt.Errorf("write sample %s: %w", s.ID, err)
		}
		events, err := event.Decode(body) // as messages come in life
		if err != nil {
			return nil, fmt.Errorf("read sample %s: %w", s.ID, err)
		}
		sent, ok := events[0].Change.(chat.MessageSent)
		if !ok {
			return nil, fmt.Errorf("read sample %s: message %d tells nothing", s.ID, i+1)
		}
		f.Messages = append(f.Messages, sent.Message)
	}
	f.Conversation = f.Messages[0].Conversation
	return f, nil
}
