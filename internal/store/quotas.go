package store

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"slices"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine"
)

// quotaKey is one count of one person's day: of a conversation, or of all.
type quotaKey struct {
	uid          string
	day          int64
	conversation chat.Conversation // "": all of the day
}

func (r *ruling) quotaKeys() (today, here quotaKey) {
	return quotaKey{r.UID, r.day, ""}, quotaKey{r.UID, r.day, r.Conversation}
}

type quotaCounts map[quotaKey]int

// tell writes the counts into a case.
func (q quotaCounts) tell(r *ruling) {
	today, here := r.quotaKeys()
	r.SentToday, r.SentTodayHere = q[today], q[here]
}

func (q quotaCounts) add(r *ruling, n int) {
	today, here := r.quotaKeys()
	q[today] += n
	q[here] += n
}

func (s *Store) quotas(ctx context.Context, tx *transaction, app string, rulings []*ruling) (quotaCounts, error) {
	counts := make(quotaCounts)
	wanted := newRelation(len(rulings), "BIGINT", "TEXT", "BIGINT", "TEXT")
	for i, r := range rulings {
		wanted.add(i, text(r.UID), r.day, text(string(r.Conversation)))
	}
	return counts, wanted.each(tx, []any{text(app)}, func(table string, args []any) error {
		return query(ctx, tx, `WITH wanted (w_i, w_uid, w_day, w_conversation) AS (`+table+`)
			SELECT w_i, conversation = '', n FROM wanted CROSS JOIN quotas WHERE app = $1 AND uid = w_uid AND day = w_day
			AND conversation IN ('', CAST(w_conversation AS TEXT))`, args, func(rows *sql.Rows) error {
			var i, n int
			var whole bool
			if err := rows.Scan(&i, &whole, &n); err != nil {
				return err
			}
			key, here := rulings[i].quotaKeys()
			if !whole {
				key = here
			}
			counts[key] = n
			return nil
		})
	})
}

// reserve counts the digests that are to be sent. Another process may have
// been faster since the counts were read: what does not fit is judged again
// with the count as it is.
func (s *Store) reserve(ctx context.Context, tx *transaction, app string, rulings []*ruling, judge engine.Judge) error {
	taken := takenBy(rulings)
	after, err := s.addAndRead(ctx, tx, app, taken)
	if err != nil {
		return err
	}
	// From here on counts are exact: nobody else can change them.
	counts := make(quotaCounts, len(after))
	for key, n := range after {
		counts[key] = n - taken[key]
	}
	back := make(quotaCounts)
	for _, r := range rulings {
		if len(r.verdict.Send) == 0 {
			continue
		}
		counts.tell(r)
		if r.SentToday < r.verdict.MaxPerDay && r.SentTodayHere < r.verdict.MaxHere {
			counts.add(r, 1)
			continue
		}
		r.verdict = judge.Judge(r.Case)
		if len(r.verdict.Send) > 0 { // it does not mind
			counts.add(r, 1)
			continue
		}
		r.calls = nil
		back.add(r, -1)
	}
	return s.addQuotas(ctx, tx, app, back)
}

// takenBy counts what is to be sent.
func takenBy(rulings []*ruling) quotaCounts {
	taken := make(quotaCounts)
	for _, r := range rulings {
		if len(r.verdict.Send) > 0 {
			taken.add(r, 1)
		}
	}
	return taken
}

// rows are the counts as rows of the table quotas, in the order of their keys:
// two that change the same ones wait for each other instead of deadlocking.
func (q quotaCounts) rows(app string) *relation {
	keys := slices.SortedFunc(maps.Keys(q), func(a, b quotaKey) int {
		return cmp.Or(cmp.Compare(a.uid, b.uid), cmp.Compare(a.day, b.day), cmp.Compare(a.conversation, b.conversation))
	})
	rows := newRelation(len(keys), "TEXT", "TEXT", "BIGINT", "TEXT", "BIGINT")
	for _, key := range keys {
		rows.add(text(app), text(key.uid), key.day, text(string(key.conversation)), q[key])
	}
	return rows
}

const (
	intoQuotas = `INSERT INTO quotas (app, uid, day, conversation, n) `
	addToThem  = ` ON CONFLICT (app, uid, day, conversation) DO UPDATE SET n = quotas.n + excluded.n`
)

// addQuotas changes counts.
func (s *Store) addQuotas(ctx context.Context, tx *transaction, app string, add quotaCounts) error {
	return add.rows(app).each(tx, nil, func(table string, args []any) error {
		_, err := tx.ExecContext(ctx, intoQuotas+table+addToThem, args...)
		return err
	})
}

// addAndRead changes counts, and returns what they are then.
func (s *Store) addAndRead(ctx context.Context, tx *transaction, app string, add quotaCounts) (quotaCounts, error) {
	counts := make(quotaCounts, len(add))
	return counts, add.rows(app).each(tx, nil, func(table string, args []any) error {
		return query(ctx, tx, intoQuotas+table+addToThem+` RETURNING uid, day, conversation, n`, args, func(rows *sql.Rows) error {
			var key quotaKey
			var n int
			if err := rows.Scan(&key.uid, &key.day, &key.conversation, &n); err != nil {
				return err
			}
			counts[key] = n
			return nil
		})
	})
}
