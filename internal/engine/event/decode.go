package event

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/postrider/postrider/internal/chat"
)

// MaxBatch is the most events a batch may hold.
const MaxBatch = 10_000

// Decoded is an event and the app that it names; AppID is empty if it names
// none.
type Decoded struct {
	AppID string
	chat.Event
}

// envelope is what is common to all events. Its region and its webhook can be
// anything.
type envelope struct {
	Trigger string          `json:"trigger"`
	AppID   string          `json:"appId"`
	Data    json.RawMessage `json:"data"`
}

// Decode reads one event, or a batch: a JSON array of events. It is all or
// nothing: the first fault is returned, as a [*chat.FieldError] whose path
// begins with the event's index in a batch ("[3].data.message.sender").
//
// An event of an unknown trigger has no Change, and so has one that changes
// nothing here. One that changes several things comes as several. Unknown
// fields are ignored; broken UTF-8 inside strings becomes U+FFFD.
func Decode(body []byte) ([]Decoded, error) {
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	if len(trimmed) == 0 || trimmed[0] != '[' {
		events, err := appendEvent(nil, body)
		return events, under("", err)
	}
	var items []json.RawMessage
	if err := unmarshal(body, &items); err != nil {
		return nil, under("", err)
	}
	if len(items) > MaxBatch {
		return nil, refusal("body", "holds more than "+strconv.Itoa(MaxBatch)+" events")
	}
	events := make([]Decoded, 0, len(items))
	for i, item := range items {
		var err error
		if events, err = appendEvent(events, item); err != nil {
			return nil, under("["+strconv.Itoa(i)+"]", err)
		}
	}
	return events, nil
}

func appendEvent(events []Decoded, body []byte) ([]Decoded, error) {
	var e envelope
	if err := unmarshal(body, &e); err != nil {
		return nil, err
	}
	if e.Trigger == "" {
		return nil, missing("trigger")
	}
	found := names{}
	changes, err := changesOf(&e, &found)
	if err != nil {
		return nil, under("data", err)
	}
	event := Decoded{e.AppID, chat.Event{Trigger: line(e.Trigger), Users: found.users, Groups: found.groups}}
	if len(changes) == 0 {
		return append(events, event), nil
	}
	for i, change := range changes {
		event.Change = change
		if i > 0 {
			event.Users, event.Groups = nil, nil
		}
		events = append(events, event)
	}
	return events, nil
}

// changesOf tells what an event changes, and notes whom it names. Paths of
// errors begin below data.
func changesOf(e *envelope, found *names) ([]chat.Change, error) {
	switch e.Trigger {
	case "message_sent":
		return sent(e.Data, found)
	case "user_mentioned":
		return mentioned(e.Data, found)
	case "message_edited":
		return edited(e.Data, found)
	case "message_deleted":
		return deleted(e.Data, found)
	case "moderation_engine_approved", "moderation_manual_approved":
		return moderated(e.Data, found, func(*messageEvent, *message) chat.MessageState { return chat.StateVisible })
	case "moderation_engine_blocked":
		return moderated(e.Data, found, func(*messageEvent, *message) chat.MessageState { return chat.StateDisapproved })
	case "moderation_engine_failed":
		return moderated(e.Data, found, outcome)
	case "message_read_receipt":
		return read(e.Data, found)
	case "user_blocked", "user_unblocked":
		return blocked(e.Data, e.Trigger == "user_blocked", found)
	}
	if change := groupChange(e.Trigger); change != nil {
		return change(e.Data, found)
	}
	return nil, nil
}
