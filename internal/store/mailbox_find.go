package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strings"

	"github.com/postrider/postrider/internal/provider/gateway/mailbox"
)

// Mails implements [mailbox.Store].
func (s *Store) Mails(ctx context.Context, q mailbox.Query, limit int) ([]mailbox.Mail, error) {
	mails, err := s.findMails(ctx, q, limit)
	if err != nil {
		return nil, fmt.Errorf("list mails: %w", err)
	}
	return mails, nil
}

// findMails asks the index for words. Where the index does not come in the
// order of arrivals, the newest mails are walked through first: what is common
// is found there, and of what is not there are few to be sorted. A database
// that had to guess which is the case would now and then read all mails.
func (s *Store) findMails(ctx context.Context, q mailbox.Query, limit int) ([]mailbox.Mail, error) {
	wanted := wantedMails{Query: q, before: math.MaxInt64}
	if q.Before != "" {
		err := s.read.QueryRowContext(ctx, `SELECT COALESCE((SELECT arrival FROM mailbox_messages WHERE id = $1),
			(SELECT arrival + 1 FROM mailbox_messages WHERE id < $1 ORDER BY id DESC LIMIT 1), 0)`, text(q.Before)).Scan(&wanted.before)
		if err != nil {
			return nil, err
		}
	}
	index := s.dialect.mails
	walk := index.walk
	if walk == 0 || index.expression(&wanted) == "" {
		return s.selectMails(ctx, &wanted, limit)
	}
	var newest, oldest int64
	err := s.read.QueryRowContext(ctx, `SELECT COALESCE(MAX(arrival), 0), COALESCE(MIN(arrival), 0) FROM mailbox_messages`).Scan(&newest, &oldest)
	if err != nil {
		return nil, err
	}
	near := wanted
	near.walks = true
	near.After = max(wanted.After, min(newest+1, wanted.before)-walk)
	mails, err := s.selectMails(ctx, &near, limit)
	if err != nil || len(mails) >= limit || near.After < max(oldest, wanted.After+1) {
		return mails, err
	}
	return s.selectMails(ctx, &wanted, limit)
}

// wantedMails is a query with its bounds in numbers.
type wantedMails struct {
	mailbox.Query
	before int64
	walks  bool // words are compared mail by mail
}

// words returns the terms that mails must have.
func (q *wantedMails) words() []mailbox.Term {
	terms := make([]mailbox.Term, 0, len(q.Terms)+1)
	for _, term := range q.Terms {
		if !term.Not {
			terms = append(terms, term)
		}
	}
	if words := mailbox.Words(q.To); len(words) > 0 {
		terms = append(terms, mailbox.Term{Field: mailbox.FieldTo, Words: words})
	}
	return terms
}

// without returns the terms that mails must not have.
func (q *wantedMails) without() []mailbox.Term {
	var terms []mailbox.Term
	for _, term := range q.Terms {
		if term.Not {
			terms = append(terms, term)
		}
	}
	return terms
}

// expression returns what the index is asked; empty: nothing that it can find.
func (x *mailIndex) expression(q *wantedMails) (expression string) {
	words, without := q.words(), q.without()
	if len(words) > 0 {
		expression = x.all(words)
	}
	if len(without) > 0 && (x.negates || expression != "") {
		expression = x.but(expression, x.any(without))
	}
	return expression
}

func (s *Store) selectMails(ctx context.Context, q *wantedMails, limit int) ([]mailbox.Mail, error) {
	index, c := s.dialect.mails, new(filter)
	from, arrival := "mailbox_messages AS m", "m.arrival"
	with, expression := "", index.expression(q)
	switch {
	case expression != "" && index.walk > 0 && !q.walks:
		with = `WITH found AS MATERIALIZED (SELECT arrival FROM mailbox_index WHERE ` + index.matches(c.bind(expression)) + `) `
		arrival = "found.arrival"
		from = "found JOIN mailbox_messages AS m ON m.arrival = found.arrival"
	case expression != "":
		arrival = "mailbox_index." + index.key
		from = "mailbox_index JOIN mailbox_messages AS m ON m.arrival = " + arrival
		c.and(index.matches(c.bind(expression)))
	case len(q.without()) > 0:
		c.and(arrival + ` NOT IN (SELECT ` + index.key + ` FROM mailbox_index WHERE ` + index.matches(c.bind(index.any(q.without()))) + `)`)
	}
	if q.To != "" {
		// It also asks without a change of case: SQLite lowers only ASCII.
		c.and(`(LOWER(m.recipients) = ` + c.bind(strings.ToLower(text(q.To))) + ` OR m.recipients = ` + c.bind(text(q.To)) + `)`)
	}
	c.and(arrival + ` > ` + c.bind(q.After))
	c.and(arrival + ` < ` + c.bind(q.before))
	mails := make([]mailbox.Mail, 0, min(limit, 1000))
	statement := with + `SELECT m.id, m.received_at, m.sender, m.recipients, m.subject, m.size, m.arrival FROM ` + from +
		` WHERE ` + c.String() + ` ORDER BY ` + arrival + ` DESC LIMIT ` + c.bind(limit)
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
	return mails, err
}
