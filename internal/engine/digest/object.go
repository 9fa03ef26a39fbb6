package digest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/postrider/postrider/internal/chat"
)

// object is a message's object, as far as it was read: the fields that nearly
// every digest needs at once, all others when a template asks for one.
type object struct {
	raw json.RawMessage
	// Data is nil if the object has none.
	Data struct {
		Text     *string         `json:"text"`
		Mentions json.RawMessage `json:"mentions"`
		Entities struct {
			Sender   entity `json:"sender"`
			Receiver entity `json:"receiver"`
		} `json:"entities"`
	} `json:"data"`

	names  map[string]string // by uid, of data.mentions
	tree   any
	parsed bool
}

// entity is a user or a group inside of a message's object.
type entity struct {
	Entity struct {
		Name   string `json:"name"`
		Avatar string `json:"avatar"`
		Icon   string `json:"icon"`
	} `json:"entity"`
}

// parse reads what it can: a field of a wrong type, or a whole object that is
// none, leaves its place empty. A digest with one poorer line is better than
// none.
func parse(raw json.RawMessage) *object {
	o := &object{raw: raw}
	if len(raw) > 0 {
		_ = json.Unmarshal(raw, o) // see above
	}
	return o
}

// mentioned returns how data.mentions calls somebody.
func (o *object) mentioned(uid string) string {
	if o.names == nil {
		o.names = namesOf(o.Data.Mentions)
	}
	return o.names[uid]
}

// find returns a value of the object. Numbers and booleans are printed as they
// stand; objects, arrays and null have no plain form. An array's length is its
// .length, its elements are .0, .1 and so on.
func (o *object) find(path []string) (string, bool) {
	if !o.parsed {
		o.parsed = true
		decoder := json.NewDecoder(bytes.NewReader(o.raw))
		decoder.UseNumber()
		if decoder.Decode(&o.tree) != nil {
			o.tree = nil
		}
	}
	value := o.tree
	for _, name := range path {
		switch node := value.(type) {
		case map[string]any:
			value = node[name]
		case []any:
			if name == "length" {
				value = json.Number(strconv.Itoa(len(node)))
				continue
			}
			value = nil
			if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(node) {
				value = node[i]
			}
		default:
			return "", false
		}
	}
	switch value := value.(type) {
	case string:
		return value, true
	case json.Number:
		return value.String(), true
	case bool:
		return strconv.FormatBool(value), true
	default:
		return "", false
	}
}

// cut says what is left out of a JSON object: itself, or what is under it by
// the name of the field; "*" is any field.
type cut struct {
	self  bool
	under map[string]*cut
}

// cutsFor returns what the settings leave out of message objects (F038 to
// F040). Who is mentioned is a receiver of the message like others.
func cutsFor(s *chat.EmailSettings) cut {
	metadata := func(included bool) map[string]*cut {
		if included {
			return nil
		}
		return map[string]*cut{"metadata": {self: true}}
	}
	data := metadata(s.IncludeMessageMetadata)
	if data == nil {
		data = make(map[string]*cut)
	}
	data["entities"] = &cut{under: map[string]*cut{
		"sender":   {under: map[string]*cut{"entity": {under: metadata(s.IncludeSenderMetadata)}}},
		"receiver": {under: map[string]*cut{"entity": {under: metadata(s.IncludeReceiverMeta)}}},
	}}
	data["mentions"] = &cut{under: map[string]*cut{"*": {under: metadata(s.IncludeReceiverMeta)}}}
	return cut{under: map[string]*cut{"data": {under: data}}}
}

// included returns a message's object for the payload, in valid UTF-8; nil if
// it is no object.
func included(raw json.RawMessage, c cut) (json.RawMessage, error) {
	if len(raw) == 0 || raw[0] != '{' {
		return nil, nil
	}
	if !utf8.Valid(raw) {
		raw = bytes.ToValidUTF8(raw, []byte("\uFFFD"))
	}
	return c.apply(raw)
}

// apply leaves out what is to be left out; the rest stays as it is, in its
// order.
func (c cut) apply(raw json.RawMessage) (json.RawMessage, error) {
	k := keeper{raw: raw, decoder: json.NewDecoder(bytes.NewReader(raw)), kept: make([]byte, 0, len(raw))}
	if err := k.object(c); err != nil {
		return nil, fmt.Errorf("read message object: %w", err)
	}
	return k.kept, nil
}

// keeper copies what is kept of a JSON object, in one pass.
type keeper struct {
	raw     []byte
	decoder *json.Decoder
	kept    []byte
}

// skipped is a value that is not looked into.
type skipped struct{}

// UnmarshalJSON implements [json.Unmarshaler].
func (*skipped) UnmarshalJSON([]byte) error { return nil }

// object copies the object that comes next.
func (k *keeper) object(c cut) error {
	if _, err := k.decoder.Token(); err != nil {
		return err
	}
	k.kept = append(k.kept, '{')
	empty := true
	for k.decoder.More() {
		start := k.next()
		token, err := k.decoder.Token()
		if err != nil {
			return err
		}
		key, _ := token.(string) // an object's keys are strings
		below := c.of(key)
		if below.self {
			if err := k.decoder.Decode(&skipped{}); err != nil {
				return err
			}
			continue
		}
		if !empty {
			k.kept = append(k.kept, ',')
		}
		empty = false
		value := k.next()
		if len(below.under) > 0 && k.raw[value] == '{' {
			k.kept = append(k.kept, k.raw[start:value]...)
			if err := k.object(below); err != nil {
				return err
			}
			continue
		}
		if err := k.decoder.Decode(&skipped{}); err != nil {
			return err
		}
		k.kept = append(k.kept, k.raw[start:k.decoder.InputOffset()]...)
	}
	k.kept = append(k.kept, '}')
	_, err := k.decoder.Token()
	return err
}

// next returns where the next key or value begins.
func (k *keeper) next() int {
	at := int(k.decoder.InputOffset())
	for at < len(k.raw)-1 && strings.IndexByte(" \t\r\n,:", k.raw[at]) >= 0 {
		at++
	}
	return at
}

// of returns what is left out of a field.
func (c cut) of(key string) cut {
	if below := c.under[key]; below != nil {
		return *below
	}
	if below := c.under["*"]; below != nil {
		return *below
	}
	return cut{}
}
