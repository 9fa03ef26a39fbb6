package dashboard_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/outbox"
)

// largeLog is how many deliveries there are where pages are measured: half of
// them calls.
const largeLog = 1_000_000

// fillLog writes a log of two weeks beneath a site's store: nine in ten were
// sent, the others skipped, failed or waiting.
func (s *site) fillLog(b *testing.B) {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.dir, "postrider.db")+"?_pragma=busy_timeout(60000)&_pragma=synchronous(OFF)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	now := s.clock.Now()
	begin := now.Add(-14 * 24 * time.Hour).UnixMilli()
	step := now.Add(-time.Hour).UnixMilli() - begin
	numbers := fmt.Sprintf(`WITH RECURSIVE numbers (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i < %d),
		rows AS (SELECT i, %d + i * %d / %d AS at, CASE WHEN i %% 2 = 0 THEN 'call' ELSE 'mail' END AS lane, 'user-' || (i %% 50000) AS uid,
			CASE i %% 100 WHEN 1 THEN 'failed' WHEN 2 THEN 'failed' WHEN 3 THEN 'skipped' WHEN 4 THEN 'skipped' WHEN 6 THEN 'skipped'
				ELSE iif(i > %d, 'pending', 'sent') END AS state FROM numbers),
		made AS (SELECT *, substr(printf('%%012x', at), 1, 8) || '-' || substr(printf('%%012x', at), 9, 4) || '-7000-8000-' || printf('%%012x', i) AS id,
			CASE state WHEN 'failed' THEN 'REJECTED' WHEN 'skipped' THEN 'MISSING_EMAIL' ELSE '' END AS reason FROM rows)`,
		largeLog-1, begin, step, largeLog, largeLog-2000)
	for _, statement := range []string{
		numbers + ` INSERT INTO deliveries (id, app, lane, recipient, conversation, origin, provider, state, reason, attempts, created_at, armed_at, next_at, settled_at)
			SELECT id, 'default', lane, uid, 'user:ada', '', CASE lane WHEN 'call' THEN 'custom' ELSE '' END, state, reason, 1, at, at AS armed, at AS next, at AS settled FROM made`,
		numbers + ` INSERT INTO payloads (delivery_id, body) SELECT id, CAST('{"data":{"to":{"uid":"' || uid || '"}}}' AS BLOB) FROM made`,
		numbers + ` INSERT INTO notices (delivery_id, app, digest, conversation, uid, first, last, message_id, message_type, category, sender, sent_at, refs, day, reserved)
			SELECT id, 'default', id, 'u:ada' || char(31) || uid AS pair, uid, 1 AS first, 1 AS last, 'm' || i, 'text', 'message', 'ada', at - 3600000, CAST('{"ids":["m' || i || '"],"numbers":[1]}' AS BLOB), 1, 0
			FROM made WHERE lane = 'call'`,
		numbers + ` INSERT INTO tally_hours (hour, app, lane, state, reason, n) SELECT at / 3600000, 'default', lane, state, reason, COUNT(*) FROM made WHERE state <> 'pending' GROUP BY 1, 2, 3, 4, 5`,
		`WITH RECURSIVE numbers (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i < 49999)
			INSERT INTO users (app, uid, name, avatar, created_at) SELECT 'default', 'user-' || i, 'Name of ' || i, '', 0 FROM numbers`,
		`INSERT INTO contacts (app, uid, email, updated_at) SELECT app, uid, uid || '@example.com', 0 FROM users`,
		`UPDATE deliveries SET recipient = 'seldom' WHERE id = (SELECT MIN(id) FROM deliveries WHERE lane = 'mail')`,
	} {
		if _, err := db.ExecContext(b.Context(), statement); err != nil {
			b.Fatalf("%v: %s", err, statement)
		}
	}
}

// BenchmarkPages measures pages over a log of a million deliveries: each is to
// take less than 50 ms.
func BenchmarkPages(b *testing.B) {
	s := newSite(b, options{})
	s.fillLog(b)
	mira := s.as(b, "mira")
	call := s.first(b, outbox.Filter{Lane: outbox.LaneCall, States: []outbox.State{outbox.Failed}})
	old := s.clock.Now().Add(-13 * 24 * time.Hour).Format("2006-01-02T15:04")
	for name, path := range map[string]string{
		"overview hours": "/dashboard", "overview days": "/dashboard?by=day", "log": logPath, "entry": logPath + "/" + call.ID,
		"log failed": logPath + "?status=failed", "log skipped": logPath + "?status=skipped", "log waiting": logPath + "?status=waiting", "log sent": logPath + "?status=sent",
		"log reason": logPath + "?reason=MISSING_EMAIL", "log reason never": logPath + "?reason=MUTE_PREFERENCE", "log sender": logPath + "?sender=ada", "log sender never": logPath + "?sender=nobody",
		"log receiver": logPath + "?receiver=user-46", "log groups": logPath + "?receiverType=group", "log event": logPath + "?event=custom", "log until": logPath + "?until=" + old,
		"mails": logPath + "?channel=mail", "mails failed": logPath + "?channel=mail&status=failed", "mails waiting": logPath + "?channel=mail&status=waiting",
		"mails receiver": logPath + "?channel=mail&receiver=user-47", "mails receiver seldom": logPath + "?channel=mail&receiver=seldom", "mails reason": logPath + "?channel=mail&reason=REJECTED",
		"mails until": logPath + "?channel=mail&until=" + old,
		"people":      peoplePath, "people search": peoplePath + "?search=example.com", "people never": peoplePath + "?search=nobody", "person": peoplePath + "/user-46",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				mira.want(b, http.StatusOK, http.MethodGet, path, nil)
			}
		})
	}
}
