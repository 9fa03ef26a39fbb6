package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine"
)

// Rows that are asked about have numbers, and answers say of which row they are:
// that is cheaper to read than the texts by which they were looked up.
//
// A CROSS JOIN with a list of what is wanted makes SQLite begin with the list:
// left to itself it may read the other table to its end for a list that is not
// short. On PostgreSQL it is a JOIN like any other.

// cases are windows of one app with what is known about them.
type cases struct {
	app  string
	now  time.Time
	all  []*engine.Case
	last map[chat.Conversation]int64 // numbers of last messages, as far as they are known
}

func newCases(app string, now time.Time) *cases {
	return &cases{app: app, now: now, last: make(map[chat.Conversation]int64)}
}

func (cs *cases) conversations() []chat.Conversation {
	all := make(map[chat.Conversation]bool, len(cs.all))
	for _, c := range cs.all {
		all[c.Conversation] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// facts reads everything that is to be known to judge the cases. For a decision
// that is to be written as it is, their conversations are locked.
func (cs *cases) facts(ctx context.Context, tx *transaction, judge engine.Judge) error {
	for _, part := range []struct {
		what string
		read func(context.Context, *transaction) error
	}{
		{"people", cs.people},
		{"messages", cs.messages},
		{"open calls", cs.busy},
		{"blocks", cs.blocks},
		{"names", cs.names},
		{"groups", cs.groups},
	} {
		if err := part.read(ctx, tx); err != nil {
			return fmt.Errorf("read %s: %w", part.what, err)
		}
	}
	if judge.WantsGroupSize() {
		if err := cs.sizes(ctx, tx); err != nil {
			return fmt.Errorf("count members: %w", err)
		}
	}
	return nil
}

// people reads what is kept of the recipients, a row for each case.
func (cs *cases) people(ctx context.Context, tx *transaction) error {
	due := newRelation(len(cs.all), "BIGINT", "TEXT", "TEXT", "TEXT", "TEXT", "TEXT")
	for i, c := range cs.all {
		kind, target := muteKind(c)
		guid, _ := c.Conversation.Group()
		due.add(i, text(c.UID), text(string(c.Conversation)), kind, text(target), text(guid))
	}
	return due.each(tx, []any{text(cs.app)}, func(table string, args []any) error {
		return query(ctx, tx, `WITH due (d_i, d_uid, d_conversation, d_kind, d_target, d_guid) AS (`+table+`)
			SELECT d_i, u.name, u.avatar, u.metadata, u.made, u.deactivated_at, p.choices, p.timezone, c.email, m.until,
				k.sent_at, k.key, g.state, g.since,
				CASE WHEN g.told_at > 0 THEN g.joined_at END
			FROM due
			LEFT JOIN users u ON u.app = $1 AND u.uid = d_uid
			LEFT JOIN preferences p ON p.app = $1 AND p.uid = d_uid
			LEFT JOIN contacts c ON c.app = $1 AND c.uid = d_uid
			LEFT JOIN mutes m ON m.app = $1 AND m.uid = d_uid AND m.kind = d_kind AND m.id = d_target
			LEFT JOIN marks k ON k.app = $1 AND k.uid = d_uid AND k.conversation = d_conversation
			LEFT JOIN members g ON g.app = $1 AND g.guid = d_guid AND g.uid = d_uid AND d_guid <> ''`,
			args, func(rows *sql.Rows) error { return scanPerson(rows, cs.all) })
	})
}

func muteKind(c *engine.Case) (kind, target string) {
	if guid, ok := c.Conversation.Group(); ok {
		return string(chat.ReceiverGroup), guid
	}
	return string(chat.ReceiverUser), c.Conversation.Partner(c.UID)
}

func scanPerson(rows *sql.Rows, all []*engine.Case) error {
	var i int
	var name, avatar, timezone, email, markKey, state sql.NullString
	var metadata, choices []byte
	var made, deactivated, until, markAt, since, joined sql.NullInt64
	err := rows.Scan(&i, &name, &avatar, &metadata, &made, &deactivated, &choices, &timezone, &email, &until,
		&markAt, &markKey, &state, &since, &joined)
	if err != nil {
		return err
	}
	c := all[i]
	if name.Valid {
		c.Person = &chat.User{UID: c.UID, Name: name.String, Avatar: avatar.String, Metadata: metadata, DeactivatedAt: fromMillis(deactivated.Int64), Made: made.Int64 != 0}
	}
	if len(choices) > 0 {
		c.Preferences = new(chat.Preferences)
		if err := json.Unmarshal(choices, c.Preferences); err != nil {
			return fmt.Errorf("preferences of %s: %w", c.UID, err)
		}
	}
	c.Timezone, c.Email = timezone.String, email.String
	c.MutedUntil = fromMillis(until.Int64)
	c.Mark = chat.Mark{SentAt: fromMillis(markAt.Int64), Key: markKey.String}
	c.Member = c.Conversation.Type() == chat.ReceiverUser || state.String == string(chat.MemberIn)
	c.Since, c.Joined = since.Int64, fromMillis(joined.Int64)
	return nil
}

// bodiesRead is of how many of a conversation's last messages the objects are read
// with them: nearly all digests have no more. Those of others are read when it is
// known that they are told, so that what only waits takes little memory.
const bodiesRead = 8

// messages reads the messages above the windows' marks: once for each
// conversation, however many of its people are due. Of the last ones, which
// nearly always are those that are shown, it reads the message objects too.
func (cs *cases) messages(ctx context.Context, tx *transaction) error {
	after := make(map[chat.Conversation]int64)
	for _, c := range cs.all {
		if n, ok := after[c.Conversation]; !ok || c.After < n {
			after[c.Conversation] = c.After
		}
	}
	found := make(map[chat.Conversation][]engine.Missed, len(after))
	conversations := slices.Sorted(maps.Keys(after))
	wanted := newRelation(len(conversations), "BIGINT", "TEXT", "BIGINT", "BIGINT")
	for i, c := range conversations {
		shown := int64(math.MaxInt64)
		if last, ok := cs.last[c]; ok {
			shown = last - bodiesRead
		}
		wanted.add(i, text(string(c)), after[c], shown)
	}
	err := wanted.each(tx, []any{text(cs.app)}, func(table string, args []any) error {
		return query(ctx, tx, `WITH wanted (w_i, w_conversation, w_after, w_shown) AS (`+table+`)
			SELECT w_i, number, id, sender, kind, category, type, state, mentions, sent_at, arrived_at, CASE WHEN number > w_shown THEN body END
			FROM wanted CROSS JOIN messages WHERE app = $1 AND conversation = w_conversation AND number > w_after`, args, func(rows *sql.Rows) error {
			var m engine.Missed
			var i int
			var mentions string
			var sent, arrived int64
			if err := rows.Scan(&i, &m.Number, &m.ID, &m.Sender, &m.Kind, &m.Category, &m.Type, &m.State, &mentions, &sent, &arrived, &m.Body); err != nil {
				return err
			}
			m.Mentions, m.MentionsAll = splitMentions(mentions)
			m.SentAt, m.ArrivedAt = fromMillis(sent), fromMillis(arrived)
			found[conversations[i]] = append(found[conversations[i]], m)
			return nil
		})
	})
	if err != nil {
		return err
	}
	for _, list := range found {
		slices.SortFunc(list, func(a, b engine.Missed) int { return cmp.Compare(a.Number, b.Number) })
	}
	for _, c := range cs.all {
		list := found[c.Conversation]
		first, _ := slices.BinarySearchFunc(list, c.After+1, func(m engine.Missed, n int64) int { return cmp.Compare(m.Number, n) })
		c.Messages = list[first:len(list):len(list)]
	}
	return nil
}

// callPatience is how long a call that is in hand may take before the window
// that waits for it is looked at again.
const callPatience = 2 * time.Second

// busy finds the calls of earlier digests that are not settled.
func (cs *cases) busy(ctx context.Context, tx *transaction) error {
	wanted := newRelation(len(cs.all), "BIGINT", "TEXT", "TEXT")
	for i, c := range cs.all {
		wanted.add(i, text(c.UID), text(c.Conversation.Label(c.UID)))
	}
	return wanted.each(tx, []any{text(cs.app)}, func(table string, args []any) error {
		// A subquery for each row, for PostgreSQL: while it knows nothing of the
		// table yet it takes "app" for selective, and as a join it would
		// compare all calls that wait with all rows.
		return query(ctx, tx, `WITH wanted (w_i, w_uid, w_label) AS (`+table+`),
			open (w_i, next) AS (SELECT w_i, (SELECT MAX(next_at) FROM deliveries WHERE app = $1 AND recipient = w_uid AND conversation = w_label
				AND lane = 'call' AND state IN ('pending', 'in_hand')) FROM wanted)
			SELECT w_i, next FROM open WHERE next IS NOT NULL`, args, func(rows *sql.Rows) error {
			var i int
			var next int64
			if err := rows.Scan(&i, &next); err != nil {
				return err
			}
			until := fromMillis(next)
			if soon := cs.now.Add(callPatience); until.Before(soon) {
				until = soon
			}
			if c := cs.all[i]; until.After(c.BusyUntil) {
				c.BusyUntil = until
			}
			return nil
		})
	})
}

// blocks reads who wants to hear nothing of whom, in either direction.
func (cs *cases) blocks(ctx context.Context, tx *transaction) error {
	people := make(map[string]bool)
	for _, c := range cs.all {
		people[c.UID] = true
		for i := range c.Messages {
			people[c.Messages[i].Sender] = true
		}
	}
	uids := slices.Sorted(maps.Keys(people))
	spans := make(map[[2]string]engine.Span)
	err := eachIn(tx, []any{text(cs.app)}, texts(uids), func(in string, args []any) error {
		return query(ctx, tx, `SELECT uid, blocked, blocked_at, unblocked_at FROM blocks WHERE app = $1 AND uid `+in, args,
			func(rows *sql.Rows) error {
				var pair [2]string
				var begun, ended int64
				if err := rows.Scan(&pair[0], &pair[1], &begun, &ended); err != nil {
					return err
				}
				spans[pair] = engine.Span{From: fromMillis(begun), Until: fromMillis(ended)}
				return nil
			})
	})
	if err != nil || len(spans) == 0 {
		return err
	}
	for _, c := range cs.all {
		for pair, span := range spans {
			var other string
			switch c.UID {
			case pair[0]:
				other = pair[1]
			case pair[1]:
				other = pair[0]
			default:
				continue
			}
			if c.Blocks == nil {
				c.Blocks = make(map[string][]engine.Span)
			}
			c.Blocks[other] = append(c.Blocks[other], span)
		}
	}
	return nil
}

// names reads who wrote, who is mentioned, and whom one-on-one conversations are
// with.
func (cs *cases) names(ctx context.Context, tx *transaction) error {
	wanted := make(map[string]bool)
	for _, c := range cs.all {
		if c.Conversation.Type() == chat.ReceiverUser {
			wanted[c.Conversation.Partner(c.UID)] = true
		}
		for i := range c.Messages {
			m := &c.Messages[i]
			if m.Sender != c.UID { // who is told is known already
				wanted[m.Sender] = true
			}
			for _, uid := range m.Mentions {
				wanted[uid] = true
			}
		}
	}
	uids := slices.Sorted(maps.Keys(wanted))
	users := make(map[string]*chat.User, len(uids))
	err := eachIn(tx, []any{text(cs.app)}, texts(uids), func(in string, args []any) error {
		return query(ctx, tx, `SELECT uid, name, avatar, metadata, made FROM users WHERE app = $1 AND uid `+in, args,
			func(rows *sql.Rows) error {
				u := new(chat.User)
				var metadata []byte
				var made int
				if err := rows.Scan(&u.UID, &u.Name, &u.Avatar, &metadata, &made); err != nil {
					return err
				}
				u.Metadata, u.Made = metadata, made != 0
				users[u.UID] = u
				return nil
			})
	})
	for _, c := range cs.all {
		c.Users = users
	}
	return err
}

func (cs *cases) groups(ctx context.Context, tx *transaction) error {
	guids := cs.guids()
	groups := make(map[string]*chat.Group, len(guids))
	err := eachIn(tx, []any{text(cs.app)}, texts(guids), func(in string, args []any) error {
		return query(ctx, tx, `SELECT guid, name, icon, metadata, told_members FROM chat_groups WHERE app = $1 AND guid `+in, args,
			func(rows *sql.Rows) error {
				g := new(chat.Group)
				var metadata []byte
				if err := rows.Scan(&g.GUID, &g.Name, &g.Icon, &metadata, &g.MembersCount); err != nil {
					return err
				}
				g.Metadata = metadata
				groups[g.GUID] = g
				return nil
			})
	})
	for _, c := range cs.all {
		if guid, ok := c.Conversation.Group(); ok {
			c.Group = groups[guid]
		}
	}
	return err
}

// sizes counts the members of groups (F029): those who are known, who of a group
// that is older than its connection may be few, or as many as the chat says.
func (cs *cases) sizes(ctx context.Context, tx *transaction) error {
	sizes := make(map[string]int)
	for _, guid := range cs.guids() {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM members WHERE app = $1 AND guid = $2 AND state = 'in'`,
			text(cs.app), text(guid)).Scan(&n); err != nil {
			return err
		}
		sizes[guid] = n
	}
	for _, c := range cs.all {
		if guid, ok := c.Conversation.Group(); ok {
			if c.GroupSize = sizes[guid]; c.Group != nil {
				c.GroupSize = max(c.GroupSize, c.Group.MembersCount)
			}
		}
	}
	return nil
}

func (cs *cases) guids() []string {
	guids := make(map[string]bool)
	for _, c := range cs.all {
		if guid, ok := c.Conversation.Group(); ok {
			guids[guid] = true
		}
	}
	return slices.Sorted(maps.Keys(guids))
}

// withoutBody is a message whose object has not been read.
type withoutBody struct {
	conversation chat.Conversation
	*engine.Missed
}

// withoutBodies returns those of a case's messages of these numbers that are to
// be shown and cannot be yet.
func withoutBodies(c *engine.Case, numbers []int64) []withoutBody {
	var without []withoutBody
	for _, m := range c.Shown(numbers) {
		if len(m.Body) == 0 {
			without = append(without, withoutBody{c.Conversation, m})
		}
	}
	return without
}

// bodies reads the objects of messages, each once: cases share them.
func (cs *cases) bodies(ctx context.Context, tx *transaction, without []withoutBody) error {
	seen := make(map[*engine.Missed]bool, len(without))
	without = slices.DeleteFunc(without, func(m withoutBody) bool {
		again := seen[m.Missed]
		seen[m.Missed] = true
		return again
	})
	wanted := newRelation(len(without), "BIGINT", "TEXT", "BIGINT")
	for i, m := range without {
		wanted.add(i, text(string(m.conversation)), m.Number)
	}
	return wanted.each(tx, []any{text(cs.app)}, func(table string, args []any) error {
		return query(ctx, tx, `WITH wanted (w_i, w_conversation, w_number) AS (`+table+`)
			SELECT w_i, (SELECT body FROM messages WHERE app = $1 AND conversation = w_conversation AND number = w_number)
			FROM wanted`, args, func(rows *sql.Rows) error {
			var i int
			var body []byte
			if err := rows.Scan(&i, &body); err != nil {
				return err
			}
			without[i].Body = body
			return nil
		})
	})
}
