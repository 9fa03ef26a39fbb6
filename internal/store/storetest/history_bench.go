package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/chat"
	past "github.com/postrider/postrider/internal/engine/history"
	"github.com/postrider/postrider/internal/outbox"
)

// historySize is how many entries there are in a log that is read.
const historySize = 1_000_000

// historyFilters are one of each kind that the log's API has, each where it is
// hardest: something that is seldom, or that was long ago.
func historyFilters(newest time.Time) []struct {
	name   string
	filter past.Filter
} {
	yes, no := true, false
	old := newest.Add(-13 * 24 * time.Hour)
	return []struct {
		name   string
		filter past.Filter
	}{
		{"all", past.Filter{}},
		{"before long ago", past.Filter{Before: fmt.Sprintf("%08x", old.UnixMilli()>>16)}},
		{"provider often", past.Filter{Provider: "custom"}},
		{"provider seldom", past.Filter{Provider: "sendgrid"}},
		{"category seldom", past.Filter{Category: "custom"}},
		{"category never", past.Filter{Category: "interactive"}},
		{"type seldom", past.Filter{MessageType: "image"}},
		{"type never", past.Filter{MessageType: "audio"}},
		{"sender often", past.Filter{Sender: "user-1"}},
		{"sender seldom", past.Filter{Sender: "seldom"}},
		{"sender never", past.Filter{Sender: "nobody"}},
		{"receiver person", past.Filter{Receiver: "user-77"}},
		{"receiver person never", past.Filter{Receiver: "nobody"}},
		{"receiver person in groups mostly", past.Filter{Receiver: "member-7", ReceiverType: chat.ReceiverUser}},
		{"receiver group", past.Filter{Receiver: "group-7"}},
		{"receiver group seldom", past.Filter{Receiver: "group-seldom"}},
		{"receiver type user", past.Filter{ReceiverType: chat.ReceiverUser}},
		{"receiver type group", past.Filter{ReceiverType: chat.ReceiverGroup}},
		{"member", past.Filter{Member: "member-7"}},
		{"member never", past.Filter{Member: "nobody"}},
		{"triggered", past.Filter{Triggered: &yes}},
		{"not triggered", past.Filter{Triggered: &no}},
		{"success", past.Filter{Success: &yes}},
		{"no success", past.Filter{Success: &no}},
		{"reason often", past.Filter{Reason: chat.ReasonMute}},
		{"reason seldom", past.Filter{Reason: chat.ReasonNotFound}},
		{"reason never", past.Filter{Reason: chat.ReasonQuota}},
		{"status failed", past.Filter{States: []outbox.State{outbox.Failed}}},
		{"status failed or skipped", past.Filter{States: []outbox.State{outbox.Failed, outbox.Skipped}}},
		{"status waiting", past.Filter{States: []outbox.State{outbox.Pending, outbox.InHand}}},
		{"status sent", past.Filter{States: []outbox.State{outbox.Sent}}},
		{"from", past.Filter{SentFrom: newest.Add(-time.Minute)}},
		{"from tomorrow", past.Filter{SentFrom: newest.Add(24 * time.Hour)}},
		{"to long ago", past.Filter{SentUntil: old}},
		{"from and to", past.Filter{SentFrom: old.Add(-time.Hour), SentUntil: old}},
		{"before it began", past.Filter{SentUntil: newest.Add(-30 * 24 * time.Hour)}},
		{"sender and time", past.Filter{Sender: "user-1", SentUntil: old}},
		{"message of two people", past.Filter{MessageID: "m-1000"}},
		{"message of a group", past.Filter{MessageID: "m-7"}},
		{"message that is gone", past.Filter{MessageID: "gone"}},
	}
}

// BenchmarkHistory measures how long a page of the log takes, of a million
// entries.
func BenchmarkHistory(b *testing.B, e Engine) {
	f := newFixture(b, e)
	newest := f.fillHistory(b)
	for _, c := range historyFilters(newest) {
		c.filter.App, c.filter.Documented = "app", true
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := f.History(b.Context(), c.filter, 21); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// fillHistory stores entries of the last fourteen days: most are sent or were
// read in time, three in ten are about groups, and some things are seldom.
// It returns when the newest message was sent.
func (f *fixture) fillHistory(t testing.TB) time.Time {
	t.Helper()
	db := f.raw(t)
	begin := f.clock.Now().Add(-14 * 24 * time.Hour).UnixMilli()
	step := 14 * 24 * time.Hour.Milliseconds() / historySize
	series := `SELECT i, ` + fmt.Sprint(begin) + ` + i * ` + fmt.Sprint(step) + ` AS ms FROM generate_series(CAST(0 AS BIGINT), %d) AS s (i)`
	id := `lpad(to_hex(ms >> 16), 8, '0') || '-' || lpad(to_hex(ms & 65535), 4, '0') || '-7000-8000-' || lpad(to_hex(i), 12, '0')`
	blob := `convert_to(%s, 'UTF8')`
	if e := f.engine.Driver; e == "sqlite" {
		series = `SELECT i, ` + fmt.Sprint(begin) + ` + i * ` + fmt.Sprint(step) + ` AS ms FROM
			(WITH RECURSIVE k (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM k WHERE i < %d) SELECT i FROM k)`
		id = `printf('%08x-%04x-7000-8000-%012x', ms >> 16, ms & 65535, i)`
		blob = `CAST(%s AS BLOB)`
	}
	from := ` FROM (` + fmt.Sprintf(series, historySize-1) + `) AS all_of_them`
	group, person := `i % 10 < 3`, `'user-' || (i * 7919 % 50021)`
	sender := `CASE WHEN i = 500 THEN 'seldom' WHEN i % 20 = 0 THEN 'user-1' ELSE 'user-' || (i * 31 % 50021) END`
	uid := `CASE WHEN ` + group + ` THEN 'member-' || (i % 3000) ELSE ` + person + ` END`
	conversation := `CASE WHEN i = 510 THEN 'g:group-seldom' WHEN ` + group + ` THEN 'g:group-' || (i / 100 % 500)
		ELSE 'u:' || ` + person + ` || ` + map[bool]string{true: "char(31)", false: "chr(31)"}[f.engine.Driver == "sqlite"] + ` || ` + sender + ` END`
	state := `CASE WHEN i % 100 < 50 THEN 'sent' WHEN i % 1000 = 999 THEN 'failed' WHEN i % 10000 = 998 THEN 'pending' ELSE 'skipped' END`
	reason := `CASE WHEN i % 100 < 50 THEN '' WHEN i = 700999 THEN 'NOT_FOUND' WHEN i % 1000 = 999 THEN 'REJECTED' WHEN i % 10000 = 998 THEN 'TIMED_OUT'
		WHEN i % 100 < 95 THEN 'READ' WHEN i % 100 < 97 THEN 'MUTE_PREFERENCE' ELSE 'DND_PREFERENCE' END`
	attempts := `CASE WHEN i % 100 < 50 OR i % 1000 = 999 OR i % 10000 = 998 THEN 1 ELSE 0 END`
	for _, statement := range []string{
		`INSERT INTO deliveries (id, app, lane, recipient, conversation, origin, provider, state, reason, created_at, attempts, armed_at, next_at, settled_at)
			SELECT ` + id + `, 'app', 'call', ` + uid + `, 'x', '', CASE WHEN i % 100000 = 5 THEN 'sendgrid' ELSE 'custom' END, ` + state + `, ` + reason + `,
			ms, ` + attempts + `, ms, 0, ms` + from,
		`INSERT INTO payloads (delivery_id, body) SELECT ` + id + `, ` + fmt.Sprintf(blob, "'"+strings.Repeat("x", 100)+"'") + from,
		`INSERT INTO notices (delivery_id, app, digest, conversation, uid, first, last, message_id, message_type, category, sender, sent_at, refs, day, reserved)
			SELECT ` + id + `, 'app', ` + id + `, ` + conversation + `, ` + uid + `, i / 100, i / 100 + 2, 'm-' || i,
			CASE WHEN i % 300000 = 1 THEN 'image' ELSE 'text' END, CASE WHEN i % 300000 = 2 THEN 'custom' ELSE 'message' END, ` + sender + `,
			ms - 7200000, ` + fmt.Sprintf(blob, `'{"ids":["m-1"],"numbers":[1]}'`) + `, 0, 0` + from,
		`INSERT INTO messages (app, id, conversation, number, sender, category, type, kind, mentions, state, sent_at, arrived_at, body)
			SELECT 'app', 'm-' || i, ` + conversation + `, i / 100 + 1, 'x', 'message', 'text', 'messages', '', 'visible', ms - 7200000, ms - 7200000, ` +
			fmt.Sprintf(blob, "''") + from + ` WHERE i IN (7, 1000)`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%v\n%s", err, statement)
		}
	}
	if f.engine.Driver != "sqlite" {
		if _, err := db.ExecContext(t.Context(), `ANALYZE`); err != nil {
			t.Fatal(err)
		}
	}
	return time.UnixMilli(begin + step*(historySize-1) - 7_200_000)
}
