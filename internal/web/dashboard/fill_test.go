package dashboard_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/postrider/postrider/internal/provider/gateway/mailbox"
)

// Where pages are measured there are so many deliveries, half of them calls, so
// many people, and so many mails in the mailbox.
const (
	largeLog    = 1_000_000
	manyPeople  = 100_000
	manyMails   = 20_000
	waitingMost = 2000 // deliveries
)

// tongue is what the statements that fill a database say in another way on each
// engine.
type tongue struct {
	driver string
	// hex12 writes a number in twelve hexadecimal digits, bytes turns a text into
	// bytes, unit is the character between the parts of a pair.
	hex12, bytes func(string) string
	unit         string
	after        []string
}

func sqliteTongue() tongue {
	return tongue{
		driver: "sqlite", unit: "char(31)",
		hex12: func(x string) string { return "printf('%012x', " + x + ")" },
		bytes: func(x string) string { return "CAST(" + x + " AS BLOB)" },
	}
}

func postgresTongue() tongue {
	return tongue{
		driver: "pgx", unit: "chr(31)",
		hex12: func(x string) string { return "lpad(to_hex(" + x + "), 12, '0')" },
		bytes: func(x string) string { return "convert_to(" + x + ", 'UTF8')" },
		// As its own housekeeping would have done meanwhile.
		after: []string{"VACUUM ANALYZE"},
	}
}

// fillLog writes a log of two weeks beneath a site's store, of which nine in ten
// were sent, the others skipped, failed or waiting; and people.
func (s *site) fillLog(b *testing.B, in tongue, database string) {
	b.Helper()
	if database == "" {
		database = "file:" + filepath.Join(s.dir, "postrider.db") + "?_pragma=busy_timeout(60000)&_pragma=synchronous(OFF)"
	}
	db, err := sql.Open(in.driver, database)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for _, statement := range append(s.fillStatements(in), in.after...) {
		if _, err := db.ExecContext(b.Context(), statement); err != nil {
			b.Fatalf("%v: %s", err, statement)
		}
	}
}

func (s *site) fillStatements(in tongue) []string {
	now := s.clock.Now()
	begin := now.Add(-14 * 24 * time.Hour).UnixMilli()
	step := now.Add(-time.Hour).UnixMilli() - begin
	numbers := func(n int) string {
		return fmt.Sprintf(`WITH RECURSIVE numbers (i) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i < %d)`, n-1)
	}
	made := numbers(largeLog) + fmt.Sprintf(`, rows AS (SELECT i, %d + i * %d / %d AS at, CASE WHEN i %% 2 = 0 THEN 'call' ELSE 'mail' END AS lane, 'user-' || (i %% %d) AS uid,
			CASE WHEN i %% 100 IN (1, 2) THEN 'failed' WHEN i %% 100 IN (3, 4, 6) THEN 'skipped' WHEN i > %d THEN 'pending' ELSE 'sent' END AS state FROM numbers),
		made AS (SELECT i, at, lane, uid, state, substr(%s, 1, 8) || '-' || substr(%s, 9, 4) || '-7000-8000-' || %s AS id,
			CASE state WHEN 'failed' THEN 'REJECTED' WHEN 'skipped' THEN 'MISSING_EMAIL' ELSE '' END AS reason FROM rows)`,
		begin, step, largeLog, manyPeople, largeLog-waitingMost, in.hex12("at"), in.hex12("at"), in.hex12("i"))
	return []string{
		insert(made, `deliveries (id, app, lane, recipient, conversation, origin, provider, state, reason, attempts, created_at, armed_at, next_at, settled_at)`,
			`SELECT id, 'default', lane, uid, 'user:ada', '', CASE lane WHEN 'call' THEN 'custom' ELSE '' END, state, reason, 1, at, at, at, at FROM made`), //nolint:dupword // columns
		insert(made, `payloads (delivery_id, body)`, `SELECT id, `+in.bytes(`'{"data":{"to":{"uid":"' || uid || '"}}}'`)+` FROM made`),
		insert(made, `notices (delivery_id, app, digest, conversation, uid, first, last, message_id, message_type, category, sender, sent_at, refs, day, reserved)`,
			`SELECT id, 'default', id, 'u:ada' || `+in.unit+` || uid, uid, 1, 1, 'm' || i, 'text', 'message', 'ada', at - 3600000, `+in.bytes(`'{"ids":["m' || i || '"],"numbers":[1]}'`)+`, 1, 0 FROM made WHERE lane = 'call'`), //nolint:dupword // columns
		insert(made, `tally_hours (hour, app, lane, state, reason, n)`,
			`SELECT at / 3600000, 'default', lane, state, reason, COUNT(*) FROM made WHERE state <> 'pending' GROUP BY 1, 2, 3, 4, 5`),
		insert(numbers(manyPeople), `users (app, uid, name, avatar, created_at)`, `SELECT 'default', 'user-' || i, 'Name of ' || i, '', 0 FROM numbers`),
		`INSERT INTO contacts (app, uid, email, updated_at) SELECT app, uid, uid || '@example.com', 0 FROM users`,
		`UPDATE deliveries SET recipient = 'seldom' WHERE id = (SELECT MIN(id) FROM deliveries WHERE lane = 'mail')`,
	}
}

// insert puts the common tables of a SELECT where both engines want them.
func insert(with, into, selected string) string {
	return "INSERT INTO " + into + " " + with + " " + selected
}

// fillMailbox keeps mails as a gateway does.
func (s *site) fillMailbox(b *testing.B) {
	b.Helper()
	words := strings.Fields("the trail is closed after rain bring boots and lunch for everybody who comes along tomorrow")
	work := make(chan int)
	failed := make(chan error, 64)
	for range cap(failed) {
		go func() {
			var err error
			for i := range work {
				if err == nil {
					err = s.store.AddMail(b.Context(), keptMail(i, words, s.clock.Now()), manyMails)
				}
			}
			failed <- err
		}()
	}
	for i := range manyMails {
		work <- i
	}
	close(work)
	for range cap(failed) {
		if err := <-failed; err != nil {
			b.Fatal(err)
		}
	}
}

func keptMail(i int, words []string, now time.Time) mailbox.Mail {
	subject := fmt.Sprintf("%d new messages from Name of %d", 1+i%7, i%997)
	text := fmt.Sprintf("%s %s number%d", strings.Join(words, " "), words[i%len(words)], i)
	to := fmt.Sprintf("user-%d@example.com", i%5000)
	return mailbox.Mail{
		ID: fmt.Sprintf("01890000-0000-7000-8000-%012x", i), ReceivedAt: now.Add(time.Duration(i-manyMails) * time.Second), From: "chat@example.com", To: to, Subject: subject,
		Raw:      []byte("From: chat@example.com\r\nTo: " + to + "\r\nSubject: " + subject + "\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text + "\r\n"),
		Searched: mailbox.Searched{From: "Acme Chat <chat@example.com>", To: to, Text: text},
	}
}
