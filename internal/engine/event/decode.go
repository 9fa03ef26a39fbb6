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

// envelope is an event with the parts of its data, of which each trigger has
// its own. They are taken apart in one pass, and no further until it is known
// what they are. An event's region and its webhook can be anything.
type envelope struct {
	Trigger string `json:"trigger"`
	AppID   string `json:"appId"`
	Data    *parts `json:"data"`
}

type parts struct {
	// Of events about a message. CometChat calls it resource where moderation
	// failed, and sends less of it. Outcome is that of moderation.
	Message  json.RawMessage `json:"message"`
	Resource json.RawMessage `json:"resource"`
	Outcome  json.RawMessage `json:"outcome"`
	// Of events about groups and people.
	Group   json.RawMessage `json:"group"`
	Members json.RawMessage `json:"members"`
	Users   json.RawMessage `json:"users"`
	By      json.RawMessage `json:"by"`
	// Of receipts. Their sender is who has read; their receiver is the
	// message's sender, or the group.
	Sender        json.RawMessage `json:"sender"`
	Receiver      json.RawMessage `json:"receiver"`
	ReceiverType  json.RawMessage `json:"receiverType"`
	MessageSender json.RawMessage `json:"messageSender"`
	Body          json.RawMessage `json:"body"`
}

// part reads one part, if it is there.
func part(field string, data json.RawMessage, into any) error {
	if data == nil {
		return nil
	}
	return under(field, unmarshal(data, into))
}

// reader tells what an event changes, and notes whom it names. Paths of its
// errors begin below data.
type reader func(p *parts, found *names) ([]chat.Change, error)

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

// Known reports whether a trigger is one that this package knows. That a message
// was delivered is known, and says nothing about whether it was read.
func Known(trigger string) bool {
	return readerOf(trigger) != nil || trigger == "message_delivery_receipt"
}

func appendEvent(events []Decoded, body []byte) ([]Decoded, error) {
	var e envelope
	err := unmarshal(body, &e)
	read := readerOf(e.Trigger)
	if err != nil && read == nil {
		// The data of an unknown trigger can be anything too.
		var unknown struct {
			Trigger string `json:"trigger"`
			AppID   string `json:"appId"`
		}
		err = unmarshal(body, &unknown)
		e.Trigger, e.AppID = unknown.Trigger, unknown.AppID
	}
	switch {
	case err != nil:
		return nil, err
	case e.Trigger == "":
		return nil, missing("trigger")
	}
	event := Decoded{e.AppID, chat.Event{Trigger: line(e.Trigger)}}
	if read == nil {
		return append(events, event), nil
	}
	if e.Data == nil {
		return nil, missing("data")
	}
	var found names
	changes, err := read(e.Data, &found)
	if err != nil {
		return nil, under("data", err)
	}
	event.Users, event.Groups = found.users, found.groups
	if len(changes) == 0 {
		return append(events, event), nil
	}
	for _, change := range changes {
		event.Change = change
		events = append(events, event)
		event.Users, event.Groups = nil, nil
	}
	return events, nil
}

// readerOf returns what reads the data of a trigger; nil if there is nothing
// to be learned from it.
func readerOf(trigger string) reader {
	switch trigger {
	case "message_sent":
		return sent
	case "user_mentioned":
		return mentioned
	case "message_edited":
		return edited
	case "message_deleted":
		return deleted
	case "moderation_engine_approved", "moderation_manual_approved":
		return verdict(chat.StateVisible)
	case "moderation_engine_blocked":
		return verdict(chat.StateDisapproved)
	case "moderation_engine_failed":
		return unjudged
	case "message_read_receipt":
		return read
	case "user_blocked":
		return blocks(true)
	case "user_unblocked":
		return blocks(false)
	case "group_created":
		return group(created)
	case "group_updated":
		return group(updated)
	case "group_deleted":
		return group(gone)
	case "group_owner_transferred":
		return group(transferred)
	case "group_member_added", "group_member_joined":
		return group(membership(chat.MemberIn))
	case "group_member_left", "group_member_kicked":
		return group(membership(chat.MemberOut))
	case "group_member_banned":
		return group(membership(chat.MemberBanned))
	case "group_member_unbanned":
		return group(unbanned)
	case "group_member_scope_changed":
		return group(rescoped)
	default:
		return nil
	}
}
