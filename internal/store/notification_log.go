package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/postrider/postrider/internal/engine/history"
)

var _ history.Store = (*Store)(nil)

const historyColumns = `d.id, d.provider, n.conversation, n.uid, n.message_id, n.message_type, n.category, n.sender, n.sent_at,
	n.refs, d.state, d.reason, d.attempts, d.created_at, d.settled_at, p.body`

// History implements [history.Store].
func (s *Store) History(ctx context.Context, filter history.Filter, limit int) ([]history.Entry, error) {
	ways, err := s.historyWays(ctx, &filter)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	var found []history.Entry
	for _, way := range ways {
		some, err := s.along(ctx, way, &filter, limit)
		if err != nil {
			return nil, fmt.Errorf("read history: %w", err)
		}
		found = append(found, some...)
	}
	if len(ways) > 1 {
		slices.SortFunc(found, func(a, b history.Entry) int {
			if filter.After != "" {
				return strings.Compare(a.ID, b.ID)
			}
			return strings.Compare(b.ID, a.ID)
		})
	}
	found = found[:min(len(found), limit)]
	if filter.After != "" {
		slices.Reverse(found)
	}
	return found, nil
}

// along reads up to limit entries along a way, page by page.
func (s *Store) along(ctx context.Context, way *logWay, filter *history.Filter, limit int) ([]history.Entry, error) {
	// What the database cannot look into is looked at here: see messageRange.
	const page = 200
	found := make([]history.Entry, 0, min(limit, page))
	order, bound, last := "DESC", "<", filter.Before
	if filter.After != "" {
		order, bound, last = "ASC", ">", filter.After
		if filter.Before != "" {
			way.ids("<", filter.Before)
		}
	}
	for {
		next := way.copy()
		if last != "" {
			next.ids(bound, last)
		}
		read := min(limit, page)
		rows := 0
		where := next.String()
		err := query(ctx, s.read, `SELECT `+historyColumns+` FROM `+way.from+` LEFT JOIN payloads p ON p.delivery_id = n.delivery_id
			WHERE `+where+` ORDER BY `+way.key+` `+order+` LIMIT $`+strconv.Itoa(len(next.args)+1), append(next.args, read), func(rs *sql.Rows) error {
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
			return nil, err
		}
		if rows < read || len(found) >= limit {
			return found, nil
		}
	}
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
