package notification

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxUIDLength is the most characters a user id or group id may have (F106).
const MaxUIDLength = 100

// FieldError says which field of a payload cannot be accepted, and why.
// Field is a path such as "data.messages[2].sender.uid", or "body" for the
// whole.
type FieldError struct {
	Field   string
	Problem string
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }

// KindError refuses a payload that was meant for another channel or another
// kind of webhook.
type KindError struct{ Detail string }

func (e *KindError) Error() string {
	const refused = "Invalid trigger or webhook type"
	if e.Detail == "" {
		return refused
	}
	return refused + ": " + e.Detail
}

// Decode reads one webhook body and validates it. The error is a [*KindError]
// when the payload is for somebody else, otherwise a [*FieldError].
//
// Unknown fields are ignored; broken UTF-8 inside strings becomes U+FFFD.
func Decode(body []byte) (*Notification, error) {
	var n Notification
	if err := json.Unmarshal(body, &n); err != nil {
		return nil, explain(body, err)
	}
	for i := range n.Data.Messages {
		m := &n.Data.Messages[i]
		if string(m.Object) == "null" {
			m.Object = nil
		}
		if m.Object != nil && m.Object[0] != '{' {
			return nil, &FieldError{"data.messages[" + strconv.Itoa(i) + "].messageObject", "must be an object"}
		}
		// encoding/json makes an empty message of a null: look again.
		if m.Object == nil && m.Text == "" && m.Sender == (User{}) {
			if err := explain(body, nil); err != nil {
				return nil, err
			}
			break
		}
	}
	if err := n.Validate(); err != nil {
		return nil, err
	}
	return &n, nil
}

// Validate checks what the types alone cannot: trigger and webhook, a
// recipient, at least one message, and exactly one kind of conversation.
func (n *Notification) Validate() error {
	if err := checkKind(n.Trigger, n.Webhook); err != nil {
		return err
	}
	if err := checkUID(n.Data.To.UID); err != nil {
		return err
	}
	if len(n.Data.Messages) == 0 {
		return &FieldError{"data.messages", "must hold at least one message"}
	}
	switch one, group := n.Data.SenderDetails != nil, n.Data.GroupDetails != nil; {
	case one && group:
		return &FieldError{"data", "has both senderDetails and groupDetails; exactly one is allowed"}
	case !one && !group:
		return &FieldError{"data", "has neither senderDetails nor groupDetails; exactly one is required"}
	}
	return nil
}

func checkUID(uid string) error {
	const field = "data.to.uid"
	switch {
	case uid == "":
		return &FieldError{field, "is required"}
	case utf8.RuneCountInString(uid) > MaxUIDLength:
		return &FieldError{field, "is longer than " + strconv.Itoa(MaxUIDLength) + " characters"}
	case strings.ContainsFunc(uid, unicode.IsControl):
		return &FieldError{field, "contains a control character"}
	}
	return nil
}

func checkKind(trigger, webhook string) error {
	switch {
	case trigger == TriggerSMS:
		return &KindError{"this endpoint sends email; the payload is for SMS"}
	case trigger == TriggerPush:
		return &KindError{"this endpoint sends email; the payload is for push notifications"}
	case trigger != TriggerEmail:
		return &KindError{fmt.Sprintf("trigger must be %q", TriggerEmail)}
	case webhook != WebhookCustom:
		return &KindError{fmt.Sprintf("webhook must be %q", WebhookCustom)}
	}
	return nil
}

// maxExplained is up to which size, in bytes, a body is taken apart to say
// exactly what is wrong with it: that takes many times its size in memory.
const maxExplained = 256 << 10

// explain names the first thing that is wrong with a body encoding/json did
// not take, or nil. It is slow, and runs for refused bodies only.
func explain(body []byte, cause error) error {
	if len(body) > maxExplained {
		return explainLarge(body, cause)
	}
	var document any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&document); err != nil {
		return &FieldError{"body", "is not valid JSON: " + err.Error()}
	}
	root, ok := document.(map[string]any)
	if !ok {
		return &FieldError{"body", "must be a JSON object"}
	}
	// What is meant for another channel has other fields too: say so first.
	trigger, _ := root["trigger"].(string)
	webhook, _ := root["webhook"].(string)
	if err := checkKind(trigger, webhook); err != nil {
		return err
	}
	if err := payloadShape().check("", root); err != nil {
		return err
	}
	if cause == nil {
		return nil
	}
	return &FieldError{"body", "is not valid JSON: " + cause.Error()}
}

// explainLarge is explain for what is too large to be taken apart. Its paths
// lack the indexes of lists.
func explainLarge(body []byte, cause error) error {
	var envelope struct {
		Trigger, Webhook json.RawMessage
	}
	var wrong *json.UnmarshalTypeError
	switch {
	case cause == nil:
		return nil
	case !errors.As(cause, &wrong):
		return &FieldError{"body", "is not valid JSON: " + cause.Error()}
	case wrong.Field == "" || json.Unmarshal(body, &envelope) != nil:
		return &FieldError{"body", "must be a JSON object"}
	}
	var trigger, webhook string
	// What is no string is of no known kind.
	_ = json.Unmarshal(envelope.Trigger, &trigger)
	_ = json.Unmarshal(envelope.Webhook, &webhook)
	if err := checkKind(trigger, webhook); err != nil {
		return err
	}
	return &FieldError{wrong.Field, "must not be a JSON " + wrong.Value}
}

// shape is what JSON type a value must have. The zero shape is a string.
type shape struct {
	fields   []field
	list     *shape
	open     bool // an object whose content is not ours to judge
	required bool // null is refused
}

type field struct {
	name string
	shape
}

// payloadShape returns the JSON types of a payload.
func payloadShape() *shape {
	user := []field{{"uid", shape{}}, {"avatar", shape{}}, {"name", shape{}}}
	return &shape{fields: []field{
		{"trigger", shape{}},
		{"data", shape{fields: []field{
			{"to", shape{fields: []field{{"uid", shape{}}, {"email", shape{}}, {"name", shape{}}}}},
			{"messages", shape{list: &shape{required: true, fields: []field{
				{"sender", shape{fields: user}},
				{"message", shape{}},
				{"messageObject", shape{open: true}},
			}}}},
			{"senderDetails", shape{fields: user}},
			{"groupDetails", shape{fields: []field{{"guid", shape{}}, {"name", shape{}}, {"icon", shape{}}}}},
			{"subject", shape{}},
		}}},
		{"appId", shape{}},
		{"region", shape{}},
		{"webhook", shape{}},
	}}
}

func (s *shape) check(path string, value any) error {
	if value == nil && !s.required {
		return nil
	}
	switch {
	case s.list != nil:
		items, ok := value.([]any)
		if !ok {
			return &FieldError{path, "must be an array"}
		}
		for i, item := range items {
			if err := s.list.check(path+"["+strconv.Itoa(i)+"]", item); err != nil {
				return err
			}
		}
	case s.fields != nil || s.open:
		object, ok := value.(map[string]any)
		if !ok {
			return &FieldError{path, "must be an object"}
		}
		for i := range s.fields {
			f := &s.fields[i]
			if err := f.check(strings.TrimPrefix(path+"."+f.name, "."), object[f.name]); err != nil {
				return err
			}
		}
	default:
		if _, ok := value.(string); !ok {
			return &FieldError{path, "must be a string"}
		}
	}
	return nil
}
