package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/history"
	"github.com/postrider/postrider/internal/outbox"
)

// A page of the log is short, and the log is long: it is read in the order of
// its entries along an index of what the filter asks for. Which one, is said here,
// for SQLite knows nothing of how many rows have what value, and
// would read all that an app has.

// logWay is a part of the log: entries along one index, narrowed by conditions.
type logWay struct {
	conditionList
	from string // the tables, the one with the index first
	key  string // the id by which they are in order
}

func (w *logWay) copy() *logWay {
	c := *w
	c.all, c.args = slices.Clone(w.all), slices.Clone(w.args)
	return &c
}

// ids bounds the entries. Both tables are told: PostgreSQL may read them side by
// side, and would read the other one from its end.
func (w *logWay) ids(comparison, id string) {
	w.add("n.delivery_id "+comparison+" ?", text(id))
	w.add("d.id "+comparison+" ?", text(id))
}

func (w *logWay) String() string { return strings.Join(w.all, " AND ") }

// alongNotices begins a way along an index of notices; along the log as a whole
// if index is empty.
func (s *Store) alongNotices(app, index string) *logWay {
	w := &logWay{key: "n.delivery_id", from: "notices n CROSS JOIN deliveries d"}
	column := s.dialect.unindexed("n.app")
	if index != "" {
		w.from, column = "notices n"+s.dialect.by(index)+" CROSS JOIN deliveries d", "n.app"
	}
	w.add(column+" = ? AND d.id = n.delivery_id AND d.lane = 'call'", text(app))
	return w
}

// alongDeliveries begins a way along an index of deliveries.
func (s *Store) alongDeliveries(app, index string) *logWay {
	w := &logWay{key: "d.id", from: "deliveries d" + s.dialect.by(index) + " CROSS JOIN notices n"}
	w.add("d.app = ? AND n.delivery_id = d.id AND d.lane = 'call'", text(app))
	return w
}

// What a conversation is: see [chat.Conversation].
const (
	ofGroup  = "substr(n.conversation, 1, 1) = 'g'"
	ofPerson = "substr(n.conversation, 1, 1) = 'u'"
)

// sentAhead is by how much a message may have been sent after its entry was made, by
// the clock of the chat, for the entry's id to tell when that was.
const sentAhead = time.Hour

// lags are classes of how long after its newest message an entry was made: up to
// the first of them, which is the usual one, up to the second, and so on; what
// is beyond the last, or sent by a clock that is far ahead, is a class of its
// own. Within a class ids bound what is to be read for a time of messages. There
// are as many as it takes for that to be no more than some hours of the log.
func lags() []time.Duration {
	return []time.Duration{3 * time.Hour, 8 * time.Hour, 16 * time.Hour, 26 * time.Hour, 8 * 24 * time.Hour}
}

// apart is the class of an entry that was made at a time about a message that was
// sent at another.
func apart(made, sent time.Time) int {
	all := lags()
	if sent.Sub(made) > sentAhead {
		return len(all)
	}
	for class, lag := range all {
		if made.Sub(sent) <= lag {
			return class
		}
	}
	return len(all)
}

// historyWays returns the ways to what a filter selects; together they have all
// of it, and nothing twice.
func (s *Store) historyWays(ctx context.Context, f *history.Filter) ([]*logWay, error) {
	m, err := s.placeOf(ctx, f)
	if err != nil {
		return nil, err
	}
	ways := s.shortest(f, m)
	if !f.SentFrom.IsZero() || !f.SentUntil.IsZero() {
		for _, way := range ways {
			sentIn(way, f, 0)
		}
		for class := 1; class <= len(lags()); class++ {
			way := s.alongNotices(f.App, "notices_apart")
			way.add("n.apart > 0")
			sentIn(way, f, class)
			ways = append(ways, way)
		}
	}
	for _, way := range ways {
		m.within(way)
		narrow(way, f)
	}
	return ways, nil
}

// sentIn narrows a way to a class of entries, and their ids to where those of a
// filter's times are.
func sentIn(way *logWay, f *history.Filter, class int) {
	way.add("n.apart = ?", class)
	if class == len(lags()) {
		return
	}
	if !f.SentFrom.IsZero() {
		way.ids(">=", firstID(f.SentFrom.Add(-sentAhead)))
	}
	if !f.SentUntil.IsZero() {
		way.ids("<", firstID(f.SentUntil.Add(lags()[class]+time.Millisecond)))
	}
}

// shortest returns the ways along the index of which a filter is likely to leave
// the least. m is the message that the digest is to hold, if any.
func (s *Store) shortest(f *history.Filter, m *place) []*logWay {
	group := func(guid string) *logWay {
		w := s.alongNotices(f.App, "notices_groups")
		w.add("n.conversation = ? AND "+ofGroup, text(string(chat.InGroup(guid))))
		return w
	}
	person := func(uid, kind string) *logWay {
		w := s.alongNotices(f.App, "notices_people")
		w.add("n.uid = ? AND "+kind, text(uid))
		return w
	}
	var way *logWay
	switch {
	case m.known():
		return s.waysOfMessage(f.App, m)
	case f.MessageID != "":
		way = s.alongNotices(f.App, "")
	case f.Receiver != "" && f.ReceiverType == chat.ReceiverGroup:
		way = group(f.Receiver)
	case f.Receiver != "" && f.ReceiverType == chat.ReceiverUser:
		way = person(f.Receiver, ofPerson)
	case f.Receiver != "":
		return []*logWay{group(f.Receiver), person(f.Receiver, ofPerson)}
	case f.Member != "":
		way = person(f.Member, ofGroup)
	case f.Sender != "":
		way = s.alongNotices(f.App, "notices_senders")
	case f.Reason != "":
		way = s.alongDeliveries(f.App, "deliveries_reasons")
		way.add("d.reason <> ''")
	case len(f.States) > 0 && !slices.Contains(f.States, outbox.Sent):
		return s.waysOfStates(f)
	case f.Success != nil && !*f.Success:
		way = s.alongDeliveries(f.App, "deliveries_troubled")
		way.add("d.state <> 'sent' AND (d.attempts > 0 OR d.state = 'failed')")
	case f.Triggered != nil && !*f.Triggered && f.Documented:
		way = s.alongDeliveries(f.App, "deliveries_refused")
		way.add("d.state = 'skipped' AND d.attempts = 0 AND d.reason <> 'READ'")
	case f.Provider == "sendgrid":
		way = s.alongDeliveries(f.App, "deliveries_sendgrid")
		way.add("d.provider = 'sendgrid'")
	case f.MessageType != "" && f.MessageType != "text":
		way = s.alongNotices(f.App, "notices_types")
		way.add("n.message_type <> 'text'")
	case f.Category != "" && f.Category != string(chat.CategoryMessage):
		way = s.alongNotices(f.App, "notices_categories")
		way.add("n.category <> 'message'")
	case f.ReceiverType != "":
		way = s.alongNotices(f.App, "notices_kinds")
	default:
		way = s.alongNotices(f.App, "")
	}
	return []*logWay{way}
}

// waysOfStates returns the ways to entries in states, none of which is sent. What
// is open is not in order: it is sorted, which is little unless much waits.
func (s *Store) waysOfStates(f *history.Filter) []*logWay {
	var ways []*logWay
	if slices.Contains(f.States, outbox.Pending) || slices.Contains(f.States, outbox.InHand) {
		way := s.alongDeliveries(f.App, "deliveries_calls")
		way.add("d.state IN ('pending', 'in_hand')")
		ways = append(ways, way)
	}
	for _, state := range f.States {
		if !isSentOrOpen(state) {
			way := s.alongDeliveries(f.App, "deliveries_unsent")
			way.add("d.state = ? AND d."+unsent, string(state))
			ways = append(ways, way)
		}
	}
	return ways
}

// called is the condition of a delivery that a provider was called for.
const called = "(d.attempts > 0 OR d.state IN ('sent', 'failed'))"

// narrow adds what a filter asks for of every entry.
func narrow(c *logWay, f *history.Filter) {
	if !f.SentFrom.IsZero() {
		c.add("n.sent_at >= ?", millis(f.SentFrom))
	}
	if !f.SentUntil.IsZero() {
		c.add("n.sent_at <= ?", millis(f.SentUntil))
	}
	for _, equal := range [...]struct{ column, value string }{
		{"n.category", f.Category},
		{"n.message_type", f.MessageType},
		{"n.sender", f.Sender},
		{"d.provider", f.Provider},
		{"d.reason", string(f.Reason)},
	} {
		if equal.value != "" {
			c.add(equal.column+" = ?", text(equal.value))
		}
	}
	if len(f.States) > 0 {
		states := make([]any, len(f.States))
		for i, state := range f.States {
			states[i] = string(state)
		}
		condition := "d.state IN (?" + strings.Repeat(",?", len(states)-1) + ")"
		if f.Reason != "" {
			// A reason goes with a state. PostgreSQL would take the two for
			// independent, expect next to nothing, and read all to sort it.
			condition = "CASE WHEN " + condition + " THEN TRUE ELSE FALSE END"
		}
		c.add(condition, states...)
	}
	switch f.ReceiverType {
	case chat.ReceiverGroup:
		c.add(ofGroup)
	case chat.ReceiverUser:
		c.add(ofPerson)
	}
	if f.Receiver != "" {
		c.add("(n.conversation = ? OR n.uid = ? AND "+ofPerson+")", text(string(chat.InGroup(f.Receiver))), text(f.Receiver))
	}
	if f.Member != "" {
		c.add("n.uid = ? AND "+ofGroup, text(f.Member))
	}
	if f.Triggered != nil {
		c.add(not(!*f.Triggered) + called)
	}
	if f.Success != nil {
		c.add(called + " AND " + not(!*f.Success) + "(d.state = 'sent')")
	}
	if f.Documented {
		reasons := history.Reasons()
		all := make([]any, len(reasons))
		for i, reason := range reasons {
			all[i] = string(reason)
		}
		c.add("("+called+" OR d.state = 'skipped' AND d.reason IN ("+strings.Repeat("?,", len(all)-1)+"?))", all...)
	}
}

func not(negated bool) string {
	if negated {
		return "NOT "
	}
	return ""
}

// waysOfMessage returns the ways to the digests of a message's conversation.
func (s *Store) waysOfMessage(app string, m *place) []*logWay {
	var ways []*logWay
	if _, ok := m.conversation.Group(); ok {
		way := s.alongNotices(app, "notices_groups")
		way.add(ofGroup)
		ways = append(ways, way)
	} else {
		one := m.conversation.Partner("")
		for _, uid := range slices.Compact([]string{one, m.conversation.Partner(one)}) {
			way := s.alongNotices(app, "notices_people")
			way.add("n.uid = ? AND "+ofPerson, uid)
			ways = append(ways, way)
		}
	}
	for _, way := range ways {
		// Nobody was told of it before it came.
		way.ids(">=", firstID(m.arrived.Add(-idSlack)))
	}
	return ways
}

// place is where the message of a filter stands; nil if the filter asks for none.
type place struct {
	id           string
	conversation chat.Conversation // empty: it is not kept any more
	number       int64
	arrived      time.Time
}

func (p *place) known() bool { return p != nil && p.conversation != "" }

// within narrows a way to digests that reach over the message: those that hold it
// are among them. Of one that is not kept any more only those are found that end
// with it.
func (p *place) within(way *logWay) {
	switch {
	case p == nil:
	case p.known():
		way.add("n.conversation = ? AND n.first <= ? AND n.last >= ?", string(p.conversation), p.number, p.number)
	default:
		way.add("n.message_id = ?", text(p.id))
	}
}

// placeOf looks up the message of a filter. One that is not kept any more was
// sent before all that are: to that the filter is narrowed.
func (s *Store) placeOf(ctx context.Context, f *history.Filter) (*place, error) {
	if f.MessageID == "" {
		return nil, nil
	}
	p := &place{id: f.MessageID}
	var arrived int64
	err := s.read.QueryRowContext(ctx, `SELECT conversation, number, arrived_at FROM messages WHERE app = $1 AND id = $2 AND number > 0`,
		text(f.App), text(f.MessageID)).Scan(&p.conversation, &p.number, &arrived)
	switch {
	case err == nil:
		p.arrived = fromMillis(arrived)
		return p, nil
	case !errors.Is(err, sql.ErrNoRows):
		return nil, fmt.Errorf("look up message: %w", err)
	}
	err = s.read.QueryRowContext(ctx, `SELECT COALESCE(MIN(arrived_at), 0) FROM messages`).Scan(&arrived)
	if err != nil {
		return nil, fmt.Errorf("look up the oldest message: %w", err)
	}
	if oldest := fromMillis(arrived).Add(sentAhead); arrived > 0 && (f.SentUntil.IsZero() || oldest.Before(f.SentUntil)) {
		f.SentUntil = oldest
	}
	return p, nil
}

// conditionList collects conditions and their arguments.
type conditionList struct {
	all  []string
	args []any
}

// add adds a condition; each ? in it stands for one argument.
func (c *conditionList) add(condition string, args ...any) {
	for _, arg := range args {
		c.args = append(c.args, arg)
		condition = strings.Replace(condition, "?", "$"+strconv.Itoa(len(c.args)), 1)
	}
	c.all = append(c.all, condition)
}
