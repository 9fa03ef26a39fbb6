package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/history"
	"github.com/postrider/postrider/internal/outbox"
)

// logPage is how many entries of the log are in one answer.
const logPage = 20

// The only values that entries about emails have.
const (
	logComponent = "notifications-core"
	logChannel   = "email"
	logTrigger   = "after_message"
)

// The directions of the log's cursor: older entries are appended to a list that
// has the newest first, newer ones go before it.
const (
	affixPrepend = "prepend"
	affixAppend  = "append"
)

// logEntry is an entry of the log (F085 to F087).
type logEntry struct {
	ID           string            `json:"_id"`
	StartedAt    int64             `json:"processingStartedAtMS" doc:"UNIX milliseconds: when it was decided."`
	EndedAt      int64             `json:"processingEndedAtMS,omitempty" doc:"Absent while it will be tried again."`
	Took         *int64            `json:"totalProcessingTimeInMS,omitempty" doc:"Between the two."`
	Component    string            `json:"component"`
	Channel      string            `json:"channel"`
	Provider     string            `json:"provider,omitempty" doc:"Absent if it did not get as far as that."`
	MessageID    messageID         `json:"messageId" doc:"The newest message."`
	MessageIDs   []messageID       `json:"messageIds" doc:"All messages of the digest, oldest first."`
	Category     chat.Category     `json:"messageCategory"`
	MessageType  string            `json:"messageType"`
	Trigger      string            `json:"trigger"`
	SentAt       int64             `json:"messageSentAtMS"`
	Sender       string            `json:"sender"`
	Receiver     string            `json:"receiver"`
	ReceiverType chat.ReceiverType `json:"receiverType" enum:"user,group"`
	Member       string            `json:"member,omitempty" doc:"Who was notified of a group's message."`
	Payload      json.RawMessage   `json:"payload,omitempty" doc:"What the provider is given."`
	Triggered    bool              `json:"notificationTriggered" doc:"A provider was called."`
	Success      *bool             `json:"success,omitempty" doc:"The provider took it. Present if one was called."`
	Reason       chat.Reason       `json:"reason,omitempty"`
}

// messageID is a number where it can be one, as in CometChat's logs, and a text
// else.
type messageID string

// MarshalJSON implements [json.Marshaler].
func (id messageID) MarshalJSON() ([]byte, error) {
	if n, err := strconv.ParseInt(string(id), 10, 64); err == nil && strconv.FormatInt(n, 10) == string(id) {
		return []byte(id), nil
	}
	return json.Marshal(string(id))
}

// Schema implements [huma.SchemaProvider].
func (messageID) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeInteger}, {Type: huma.TypeString}}}
}

// logMeta tells how to go on. Both ids name the same entry: the documentation
// calls them differently in different places (C14).
type logMeta struct {
	Previous *logCursor `json:"previous,omitempty" doc:"Newer entries."`
	Current  logCount   `json:"current"`
	Next     *logCursor `json:"next,omitempty" doc:"Older entries."`
}

type logCursor struct {
	Affix     string    `json:"affix" enum:"prepend,append"`
	LogID     string    `json:"logId" doc:"Send it as it is."`
	MessageID messageID `json:"messageId" doc:"The newest message of the entry at that end of the page."`
}

type logCount struct {
	Limit int `json:"limit"`
	Count int `json:"count"`
}

// place is where to go on, as logId says it. A client that takes all of a cursor
// into its query sends the cursor's messageId where the filter of that name would
// stand. So with affix and logId a messageId is the cursor's and no filter, and the
// filter, if the list has one, is in logId: after the entry's id and a colon.
type place struct {
	entry     string // its id
	messageID string // the filter, or empty
}

func (p place) String() string {
	if p.messageID == "" {
		return p.entry
	}
	return p.entry + ":" + p.messageID
}

// readPlace reads what [place.String] writes. Ids of entries are UUIDs.
func readPlace(text string) (p place, ok bool) {
	entry, message, _ := strings.Cut(text, ":")
	id, err := uuid.Parse(entry)
	if err != nil || len(entry) != len(id.String()) {
		return place{}, false
	}
	return place{id.String(), message}, true
}

// log is the operation that reads the log.
func (a *api) log() []operation {
	text := func(name, about string, enum ...string) parameter {
		return parameter{name: name, kind: kindText, about: about, enum: enum}
	}
	var reasons []string
	for _, reason := range logReasons() {
		reasons = append(reasons, string(reason))
	}
	return []operation{{
		id: "listLogs", method: http.MethodGet, path: "/notifications/v1/logs", tag: "Logs",
		summary: "What became of notifications",
		about: "Newest first, 20 a page: an entry for every call to a provider once it was tried, and for every digest that was not told for one " +
			"of the reasons. To go on, repeat the query with all of next or previous of the answer's meta, or with its affix and logId. " +
			"With both, messageId is the cursor's and no filter: a list that is filtered by messageId has the filter in logId.",
		query: []parameter{
			text("messageId", "Digests that hold this message. With affix and logId it is no filter."), text("reactionId", "Emails have none."),
			{name: "from", kind: kindNumber, about: "Newest message sent at or after, in UNIX milliseconds."},
			{name: "to", kind: kindNumber, about: "Newest message sent at or before, in UNIX milliseconds."},
			text("messageCategory", ""), text("messageType", ""), text("trigger", "Emails have only after_message."),
			text("sender", ""), text("receiver", "The person or group that was written to."),
			text("receiverType", "", string(chat.ReceiverUser), string(chat.ReceiverGroup)), text("member", "The notified member of a group."),
			text("reactionSender", "Emails have none."), text("reactionReceiver", "Emails have none."),
			text("channel", "", "push", logChannel, "sms"), text("provider", "", "fcm", "apns", "sendgrid", "twilio", "custom"),
			{name: "notificationTriggered", kind: kindBool, about: "A provider was called."},
			text("reason", "", reasons...),
			{name: "success", kind: kindBool, about: "The provider took it."},
			text("affix", "Which way to go on from logId: append for older entries, prepend for newer ones.", affixPrepend, affixAppend),
			text("logId", "Where to go on: as in the answer's meta, or the _id of an entry."),
		},
		data: []logEntry{}, meta: logMeta{}, do: a.listLogs,
	}}
}

// logReasons are those that the log of all channels knows, and ours.
func logReasons() []chat.Reason {
	return append(history.Reasons(), "MESSAGE_ACTIONS_PREFERENCE", "REACTIONS_PREFERENCE", "GROUP_ACTIONS_PREFERENCE", "CALL_PREFERENCE",
		"MISSING_PHNO", "INVALID_PUSH_PROVIDER_ID", "TWILIO_CREATE_ERROR")
}

func (a *api) listLogs(ctx context.Context, r *request) (any, error) {
	filter, matches, err := r.logFilter()
	if err != nil {
		return nil, err
	}
	// One more than is shown tells whether there are more.
	var entries []history.Entry
	if matches {
		if entries, err = a.History.History(ctx, filter, logPage+1); err != nil {
			return nil, err
		}
	}
	more := len(entries) > logPage
	if more && filter.After != "" {
		entries = entries[len(entries)-logPage:] // those next to the cursor
	} else if more {
		entries = entries[:logPage]
	}
	views := make([]logEntry, 0, len(entries))
	for i := range entries {
		views = append(views, viewEntry(&entries[i]))
	}
	meta := logMeta{Current: logCount{logPage, len(views)}}
	if len(views) > 0 {
		first, last := views[0], views[len(views)-1]
		meta.Previous = &logCursor{affixPrepend, place{first.ID, filter.MessageID}.String(), first.MessageID}
		if more || filter.After != "" {
			meta.Next = &logCursor{affixAppend, place{last.ID, filter.MessageID}.String(), last.MessageID}
		}
	}
	return listing{views, meta}, nil
}

// logFilter reads the query. Without matches it asks for what emails never
// have.
func (r *request) logFilter() (f history.Filter, matches bool, err error) {
	f = history.Filter{
		App: r.app, Documented: true, MessageID: r.query("messageId"), Category: r.query("messageCategory"),
		MessageType: r.query("messageType"), Sender: chat.NormalizeUID(r.query("sender")), Receiver: chat.NormalizeUID(r.query("receiver")),
		ReceiverType: chat.ReceiverType(r.query("receiverType")), Member: chat.NormalizeUID(r.query("member")),
		Provider: r.query("provider"), Reason: chat.Reason(r.query("reason")),
	}
	query := &fields{path: "", details: make(map[string][]string)}
	moment := func(name string) time.Time {
		value, set, err := r.queryInt(name)
		if err != nil {
			query.fail(name, "The %s must be an integer.")
		}
		if !set {
			return time.Time{}
		}
		return time.UnixMilli(value)
	}
	flag := func(name string) *bool {
		value, set, err := r.queryBool(name)
		if err != nil {
			query.fail(name, "The %s field must be true or false.")
		}
		if !set {
			return nil
		}
		return &value
	}
	f.SentFrom, f.SentUntil = moment("from"), moment("to")
	f.Triggered, f.Success = flag("notificationTriggered"), flag("success")
	if t := f.ReceiverType; t != "" && t != chat.ReceiverUser && t != chat.ReceiverGroup {
		query.fail("receiverType", "The selected %s is invalid.")
	}
	if f.Reason != "" && !slices.Contains(logReasons(), f.Reason) {
		query.fail("reason", "The selected %s is invalid.")
	}
	r.logCursor(&f, query)
	matches = true
	for name, only := range map[string]string{
		"channel": logChannel, "trigger": logTrigger, "reactionId": "", "reactionSender": "", "reactionReceiver": "",
	} {
		if value := r.query(name); value != "" && value != only {
			matches = false
		}
	}
	if slices.Contains([]string{"fcm", "apns", "twilio"}, f.Provider) { // those of other channels
		matches = false
	}
	return f, matches, query.err()
}

// logCursor reads where to go on; see [place].
func (r *request) logCursor(f *history.Filter, query *fields) {
	affix, id := r.query("affix"), r.query("logId")
	if affix != affixPrepend && affix != affixAppend && affix != "" {
		query.fail("affix", "The selected %s is invalid.")
	}
	if id == "" {
		return
	}
	from, ok := readPlace(id)
	if !ok {
		query.fail("logId", "The selected %s is invalid.")
		return
	}
	if affix != "" || from.messageID != "" {
		f.MessageID = from.messageID
	}
	if affix == affixPrepend {
		f.After = from.entry
	} else {
		f.Before = from.entry
	}
}

func viewEntry(e *history.Entry) logEntry {
	view := logEntry{
		ID: e.ID, StartedAt: e.CreatedAt.UnixMilli(), Component: logComponent, Channel: logChannel, Provider: e.Provider,
		MessageID: messageID(e.MessageID), MessageIDs: make([]messageID, 0, len(e.MessageIDs)), Category: e.Category,
		MessageType: e.MessageType, Trigger: logTrigger, SentAt: e.SentAt.UnixMilli(), Sender: e.Sender, Receiver: e.UID,
		ReceiverType: e.Conversation.Type(), Triggered: e.Triggered(),
	}
	for _, id := range e.MessageIDs {
		view.MessageIDs = append(view.MessageIDs, messageID(id))
	}
	if guid, ok := e.Conversation.Group(); ok {
		view.Receiver, view.Member = guid, e.UID
	}
	if !e.SettledAt.IsZero() {
		view.EndedAt = e.SettledAt.UnixMilli()
		took := max(view.EndedAt-view.StartedAt, 0)
		view.Took = &took
	}
	if view.Triggered {
		took := e.State == outbox.Sent
		view.Success = &took
	}
	if slices.Contains(history.Reasons(), e.Reason) && e.State != outbox.Sent {
		view.Reason = e.Reason
	}
	if len(e.Payload) > 2 && json.Valid(e.Payload) {
		view.Payload = e.Payload
	}
	return view
}
