package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/history"
)

var _ history.Store = (*Store)(nil)

const historyColumns = `d.id, d.provider, n.conversation, n.uid, n.message_id, n.message_type, n.category, n.sender, n.sent_at,
	n.refs, d.state, d.reason, d.attempts, d.created_at, d.settled_at, p.body`

// History implements [history.Store].
func (s *Store) History(ctx context.Context, filter history.Filter, limit int) ([]history.Entry, error) {
	// What the database cannot look into is looked at here: see messageRange.
	const page = 200
	found := make([]history.Entry, 0, min(limit, page))
	conditions, args, err := s.historyConditions(ctx, &filter)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	order, bound, last := "DESC", "<", filter.Before
	if filter.After != "" {
		order, bound, last = "ASC", ">", filter.After
		if filter.Before != "" {
			args = append(args, text(filter.Before))
			conditions += " AND n.delivery_id < $" + strconv.Itoa(len(args))
		}
	}
	for {
		where, bounded := conditions, slices.Clone(args)
		if last != "" {
			bounded = append(bounded, text(last))
			where += " AND n.delivery_id " + bound + " $" + strconv.Itoa(len(bounded))
		}
		read := min(limit, page)
		bounded = append(bounded, read)
		rows := 0
		err := query(ctx, s.read, `SELECT `+historyColumns+` FROM notices n
			JOIN deliveries d ON d.id = n.delivery_id LEFT JOIN payloads p ON p.delivery_id = n.delivery_id
			WHERE `+where+` ORDER BY n.delivery_id `+order+` LIMIT $`+strconv.Itoa(len(bounded)), bounded, func(rs *sql.Rows) error {
			entry, err := scanHistory(rs)
			if err != nil {
				return err
			}
			rows++
			last = entry.ID
			if filter.MessageID == "" || slices.Contains(entry.MessageIDs, filter.MessageID) || entry.MessageID == filter.MessageID {
				found = append(found, entry)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read history: %w", err)
		}
		if rows < read || len(found) >= limit {
			break
		}
	}
	found = found[:min(len(found), limit)]
	if filter.After != "" {
		slices.Reverse(found)
	}
	return found, nil
}

func scanHistory(rows *sql.Rows) (history.Entry, error) {
	var e history.Entry
	var sent, created, settled int64
	var refs []byte
	err := rows.Scan(&e.ID, &e.Provider, &e.Conversation, &e.UID, &e.MessageID, &e.MessageType, &e.Category, &e.Sender, &sent,
		&refs, &e.State, &e.Reason, &e.Attempts, &created, &settled, &e.Payload)
	if err != nil {
		return e, err
	}
	e.SentAt, e.CreatedAt, e.SettledAt = fromMillis(sent), fromMillis(created), fromMillis(settled)
	var digest struct {
		IDs []string `json:"ids"`
	}
	if err := json.Unmarshal(refs, &digest); err != nil {
		return e, fmt.Errorf("read the messages of %s: %w", e.ID, err)
	}
	e.MessageIDs = digest.IDs
	return e, nil
}

// called is the condition of a delivery that a provider was called for.
const called = "(d.attempts > 0 OR d.state IN ('sent', 'failed'))"

func (s *Store) historyConditions(ctx context.Context, f *history.Filter) (where string, args []any, err error) {
	c := conditionList{all: []string{"d.lane = 'call'"}}
	c.add("n.app = ?", text(f.App))
	if f.MessageID != "" {
		if err := s.messageRange(ctx, f, &c); err != nil {
			return "", nil, err
		}
	}
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
	const group, person = "n.conversation LIKE 'g:%'", "n.conversation LIKE 'u:%'"
	switch f.ReceiverType {
	case chat.ReceiverGroup:
		c.all = append(c.all, group)
	case chat.ReceiverUser:
		c.all = append(c.all, person)
	}
	if f.Receiver != "" {
		c.add("(n.conversation = ? OR n.uid = ? AND "+person+")", text(string(chat.InGroup(f.Receiver))), text(f.Receiver))
	}
	if f.Member != "" {
		c.add("n.uid = ? AND "+group, text(f.Member))
	}
	if f.Triggered != nil {
		c.all = append(c.all, not(!*f.Triggered)+called)
	}
	if f.Success != nil {
		c.all = append(c.all, called, not(!*f.Success)+"(d.state = 'sent')")
	}
	if f.Documented {
		reasons := history.Reasons()
		all := make([]any, len(reasons))
		for i, reason := range reasons {
			all[i] = string(reason)
		}
		c.add("("+called+" OR d.state = 'skipped' AND d.reason IN ("+strings.Repeat("?,", len(all)-1)+"?))", all...)
	}
	return strings.Join(c.all, " AND "), c.args, nil
}

func not(negated bool) string {
	if negated {
		return "NOT "
	}
	return ""
}

// messageRange selects digests that reach over a message: those that hold it
// are among them. Of a message that is not kept any more only the digests are
// found that end with it.
func (s *Store) messageRange(ctx context.Context, f *history.Filter, c *conditionList) error {
	var conversation string
	var number int64
	err := s.read.QueryRowContext(ctx, `SELECT conversation, number FROM messages WHERE app = $1 AND id = $2`, text(f.App), text(f.MessageID)).
		Scan(&conversation, &number)
	switch {
	case errors.Is(err, sql.ErrNoRows) || err == nil && number == 0:
		c.add("n.message_id = ?", text(f.MessageID))
	case err != nil:
		return fmt.Errorf("look up message: %w", err)
	default:
		c.add("n.conversation = ? AND n.first <= ? AND n.last >= ?", conversation, number, number)
	}
	return nil
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
