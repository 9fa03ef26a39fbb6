package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/postrider/postrider/internal/provider/gateway/mailbox"
)

// Mails implements [mailbox.Store].
func (s *Store) Mails(ctx context.Context, q mailbox.Query, limit int) ([]mailbox.Mail, error) {
	from, arrival, c := s.wantedMails(&q)
	mails := make([]mailbox.Mail, 0, min(limit, 1000))
	statement := `SELECT m.id, m.received_at, m.sender, m.recipients, m.subject, m.size, m.arrival FROM ` + from
	if len(c.where) > 0 {
		statement += ` WHERE ` + c.String()
	}
	statement += ` ORDER BY ` + arrival + ` DESC LIMIT ` + c.bind(limit)
	err := query(ctx, s.read, statement, c.args, func(rows *sql.Rows) error {
		var m mailbox.Mail
		var received int64
		if err := rows.Scan(&m.ID, &received, &m.From, &m.To, &m.Subject, &m.Size, &m.Arrival); err != nil {
			return err
		}
		m.ReceivedAt = fromMillis(received)
		mails = append(mails, m)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list mails: %w", err)
	}
	return mails, nil
}

// wantedMails returns the tables to read, their column that holds the arrival,
// and the conditions. Words are asked of the index, which comes in the order of
// arrivals by itself, so that the newest mails are found without all others.
func (s *Store) wantedMails(q *mailbox.Query) (from, arrival string, c *filter) {
	index := s.dialect.mails
	from, arrival, c = "mailbox_messages AS m", "m.arrival", new(filter)
	var wanted, unwanted []mailbox.Term
	for _, term := range q.Terms {
		if term.Not {
			unwanted = append(unwanted, term)
		} else {
			wanted = append(wanted, term)
		}
	}
	if q.To != "" {
		if words := mailbox.Words(q.To); len(words) > 0 {
			wanted = append(wanted, mailbox.Term{Field: mailbox.FieldTo, Words: words})
		}
		// It also asks without a change of case: SQLite lowers only ASCII.
		c.and(`(LOWER(m.recipients) = ` + c.bind(strings.ToLower(text(q.To))) + ` OR m.recipients = ` + c.bind(text(q.To)) + `)`)
	}
	if len(wanted) > 0 {
		arrival = "mailbox_index." + index.key
		from = "mailbox_index JOIN mailbox_messages AS m ON m.arrival = " + arrival
		c.and(index.matches(c.bind(index.all(wanted))))
	}
	if len(unwanted) > 0 {
		c.and(arrival + ` NOT IN (SELECT ` + index.key + ` FROM mailbox_index WHERE ` + index.matches(c.bind(index.any(unwanted))) + `)`)
	}
	if q.After > 0 {
		c.and(arrival + ` > ` + c.bind(q.After))
	}
	if q.Before != "" {
		id := c.bind(text(q.Before))
		c.and(arrival + ` < COALESCE((SELECT arrival FROM mailbox_messages WHERE id = ` + id + `),
			(SELECT arrival + 1 FROM mailbox_messages WHERE id < ` + id + ` ORDER BY id DESC LIMIT 1), 0)`)
	}
	return from, arrival, c
}
