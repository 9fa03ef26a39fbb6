package render

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// object is a message object (F107), as far as a mail says something of it.
// Fields have more than one name where documents disagree.
type object struct {
	ID              scalar  `json:"id"`
	Category        scalar  `json:"category"`
	Type            scalar  `json:"type"`
	SentAt          scalar  `json:"sentAt"`   // seconds since 1970
	EditedAt        scalar  `json:"editedAt"` // the same
	ParentID        scalar  `json:"parentId"`
	ParentMessageID scalar  `json:"parentMessageId"`
	QuotedMessageID scalar  `json:"quotedMessageId"`
	QuotedMessage   *parent `json:"quotedMessage"`
	ParentMessage   *parent `json:"parentMessage"`
	Data            struct {
		Text          scalar                     `json:"text"`
		Mentions      json.RawMessage            `json:"mentions"`
		Attachments   []attachment               `json:"attachments"`
		QuotedMessage *parent                    `json:"quotedMessage"`
		ParentMessage *parent                    `json:"parentMessage"`
		CustomData    struct{ Options choices }  `json:"customData"`
		Metadata      map[string]json.RawMessage `json:"metadata"`
	} `json:"data"`
}

// parent is a message inside of the object of one that answers it.
type parent struct {
	ID     scalar `json:"id"`
	Sender person `json:"sender"`
	Data   struct {
		Text     scalar          `json:"text"`
		Mentions json.RawMessage `json:"mentions"`
		Entities struct {
			Sender struct {
				Entity person `json:"entity"`
			} `json:"sender"`
		} `json:"entities"`
	} `json:"data"`
	Text scalar `json:"text"`
}

// person is a user's id and name; where there is only an id, it is that.
type person struct{ UID, Name string }

// UnmarshalJSON implements [json.Unmarshaler].
func (p *person) UnmarshalJSON(raw []byte) error {
	var long struct{ UID, Name scalar }
	if raw[0] != '{' {
		var id scalar
		err := id.UnmarshalJSON(raw)
		p.UID = string(id)
		return err
	}
	_ = json.Unmarshal(raw, &long) // as far as it goes
	p.UID, p.Name = string(long.UID), string(long.Name)
	return nil
}

type attachment struct {
	Name scalar `json:"name"`
	Size scalar `json:"size"` // bytes
}

// scalar is a string, number or boolean, written as a string; empty for
// anything else. Ids and sizes are strings in some documents, numbers in
// others.
type scalar string

// UnmarshalJSON implements [json.Unmarshaler].
func (s *scalar) UnmarshalJSON(raw []byte) error {
	switch {
	case raw[0] == '"':
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return err
		}
		*s = scalar(text)
	case raw[0] != '{' && raw[0] != '[' && string(raw) != "null":
		*s = scalar(raw)
	}
	return nil
}

// second returns the time that a number of seconds since 1970 means; zero if
// it is none, or not of this century.
func (s scalar) second() time.Time {
	const century21, century22 = 946684800, 4102444800
	n, err := strconv.ParseFloat(string(s), 64)
	if err != nil || !(n >= century21 && n < century22) {
		return time.Time{}
	}
	return time.Unix(int64(n), 0)
}

// choices are the answers that a poll offers: a list, or an object whose keys
// are their order; of texts, or of objects with a text.
type choices []string

// UnmarshalJSON implements [json.Unmarshaler].
func (c *choices) UnmarshalJSON(raw []byte) error {
	var list []json.RawMessage
	if raw[0] == '{' {
		var byKey map[string]json.RawMessage
		if err := json.Unmarshal(raw, &byKey); err != nil {
			return err
		}
		keys := make([]string, 0, len(byKey))
		for key := range byKey {
			keys = append(keys, key)
		}
		slices.SortFunc(keys, func(a, b string) int {
			if d := len(a) - len(b); d != 0 {
				return d // 2 before 10
			}
			return strings.Compare(a, b)
		})
		for _, key := range keys {
			list = append(list, byKey[key])
		}
	} else {
		_ = json.Unmarshal(raw, &list) // what is of another form offers nothing
	}
	for _, each := range list {
		var text scalar
		if each[0] == '{' {
			var option struct{ Text scalar }
			_ = json.Unmarshal(each, &option)
			text = option.Text
		} else if err := text.UnmarshalJSON(each); err != nil {
			return err
		}
		if said := line(string(text)); !isBlank(said) {
			*c = append(*c, said)
		}
	}
	return nil
}

// readObject reads what it can: a field of a wrong type leaves its place
// empty. A mail with one poorer line is better than none.
func readObject(raw json.RawMessage) *object {
	if len(raw) == 0 {
		return nil
	}
	o := new(object)
	_ = json.Unmarshal(raw, o) // see above
	return o
}

// names returns who is mentioned, by id.
func (o *object) names() map[string]string {
	if o == nil {
		return nil
	}
	return namesOf(o.Data.Mentions)
}

// kind stands for a message that has no text: what it is, and nothing of what
// it says.
func (o *object) kind(digest secrecy) string {
	if o != nil && o.Category == "message" && digest != private {
		switch o.Type {
		case "image":
			return "📷 Has sent an image"
		case "audio":
			return "🔈 Has sent an audio"
		case "video":
			return "🎥 Has sent a video"
		case "file":
			return "📄 Has sent a file"
		}
	}
	return "New message"
}

// answered returns the message that this one answers, and its id: as part of
// the object, or only the id, or neither.
func (o *object) answered() (*parent, string) {
	for _, p := range [...]*parent{o.QuotedMessage, o.Data.QuotedMessage, o.ParentMessage, o.Data.ParentMessage} {
		if p != nil && !isBlank(p.text()) {
			return p, string(p.ID)
		}
	}
	for _, id := range [...]scalar{o.QuotedMessageID, o.ParentID, o.ParentMessageID} {
		if id != "" && id != "0" {
			return nil, string(id)
		}
	}
	return nil, ""
}

func (p *parent) text() string {
	return shown(nameMentions(firstOf(string(p.Data.Text), string(p.Text)), naming(namesOf(p.Data.Mentions))))
}

func (p *parent) sender() string {
	return firstOf(line(p.Data.Entities.Sender.Entity.Name), line(p.Sender.Name))
}

// Bounds of what is listed below a message.
const (
	maxListed = 10
	maxItem   = 200 // characters
)

// files names the attachments. They are not linked and not shown: their
// addresses may need a token (F115), and asking for them would tell who reads.
func (o *object) files() []string {
	var files []string
	for _, a := range o.Data.Attachments {
		name := clip(line(string(a.Name)), maxItem)
		if isBlank(name) {
			continue
		}
		if len(files) == maxListed {
			break
		}
		if size, err := strconv.ParseUint(string(a.Size), 10, 63); err == nil && size > 0 {
			name = isolate(name) + " · " + humanize.Bytes(size)
		}
		files = append(files, name)
	}
	return files
}

// options are the answers that a poll offers.
func (o *object) options() []string {
	offered := o.Data.CustomData.Options
	if len(offered) == 0 {
		// Where the poll extension of the chat puts them.
		var injected struct {
			Extensions struct {
				Polls struct{ Options choices } `json:"polls"`
			} `json:"extensions"`
		}
		_ = json.Unmarshal(o.Data.Metadata["@injected"], &injected)
		offered = injected.Extensions.Polls.Options
	}
	options := make([]string, 0, min(len(offered), maxListed))
	for _, option := range offered[:cap(options)] {
		options = append(options, clip(option, maxItem))
	}
	return options
}
