// Package digest makes the webhooks of the benchmarks: one group digest, of
// which every copy differs in who it is for and in its text, so that no
// receiver may take two for the same.
package digest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"

	"github.com/postrider/postrider/notification"
)

// Messages is how many messages a digest has unless told otherwise. It makes
// mails of 8 to 12 KB.
const Messages = 8

// mark stands in a template where the number of the copy goes. It is as long
// as every number, so that a copy is as long as its template.
const (
	mark       = "##########"
	maxCounter = math.MaxUint32
)

// Template is a webhook body with places for a number.
type Template struct {
	text  []byte
	marks []int
}

// New returns the template of a digest of so many messages.
func New(messages int) (*Template, error) {
	n := notification.Notification{
		Trigger: notification.TriggerEmail,
		AppID:   "bench", Region: "eu", Webhook: notification.WebhookCustom,
		Data: notification.Data{
			To:           notification.Recipient{UID: "member-" + mark, Email: "member-" + mark + "@example.org", Name: "Mira Oduya"},
			GroupDetails: &notification.Group{GUID: "allotment-club", Name: "Allotment Club", Icon: "https://images.example.org/groups/allotment-club.webp"},
			Subject:      "New messages in Allotment Club",
		},
	}
	for i := range messages {
		s := script[i%len(script)]
		text := s.text
		if i == 0 {
			text += " (parcel " + mark + ")"
		}
		n.Data.Messages = append(n.Data.Messages, notification.Message{
			Sender: notification.User{UID: s.uid, Name: s.name, Avatar: "https://images.example.org/avatars/" + s.uid + ".webp"},
			Text:   text,
		})
	}
	text, err := json.Marshal(n)
	if err != nil {
		return nil, fmt.Errorf("write digest: %w", err)
	}
	t := &Template{text: text}
	for from := 0; ; {
		i := bytes.Index(text[from:], []byte(mark))
		if i < 0 {
			return t, nil
		}
		t.marks = append(t.marks, from+i)
		from += i + len(mark)
	}
}

// Len is the length of every copy, in bytes.
func (t *Template) Len() int { return len(t.text) }

// Copy returns a copy to be numbered by [Template.Number].
func (t *Template) Copy() []byte { return bytes.Clone(t.text) }

// Number writes a number into a copy, or into any buffer that holds one from
// its beginning. Numbers are below 2^32.
func (t *Template) Number(body []byte, number uint64) {
	var digits [len(mark)]byte
	number = min(number, maxCounter)
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = byte('0' + number%10)
		number /= 10
	}
	for _, at := range t.marks {
		copy(body[at:], digits[:])
	}
}

// script is what the club talks about, at the length people write.
var script = [...]struct{ uid, name, text string }{
	{"otto-brandt", "Otto Brandt", "Morning all. The water is back on, but the tap by the shed still drips, so please close it by hand."},
	{"yara-el-amin", "Yara El-Amin", "I have about forty tomato seedlings too many. Whoever wants some: they stand in the green crates, help yourselves 🍅"},
	{"jonas-lindqvist", "Jonas Lindqvist", "Thanks! Six for me, please."},
	{"priya-raman", "Priya Raman", "Who has the key of the gate? I am standing outside with a wheelbarrow full of compost & no way in."},
	{"otto-brandt", "Otto Brandt", "It hangs behind the notice board, second hook from the left."},
	{"zofia-krol", "Zofia Król", "Reminder: the meeting is on Thursday at 18:30, in the café across the road this time because the hall is taken. On the list: the fence, the bees, and who cuts the hedge."},
	{"priya-raman", "Priya Raman", "Found it, thank you ❤️"},
	{"yara-el-amin", "Yara El-Amin", "📷 Has shared an image"},
	{"tom-osei", "Tom Osei", "I can bring the long ladder on Saturday, and two more people if there is cake."},
	{"zofia-krol", "Zofia Król", "There will be cake."},
}
