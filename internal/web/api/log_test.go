package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
)

const logsPath = "/notifications/v1/logs"

// logged is a row of the log; see [server.log].
type logged struct {
	id, provider, uid, state, reason string
	conversation                     chat.Conversation
	attempts, message                int
}

// log puts rows into the log. Message numbers are ids, and seconds after the
// start of the tests.
func (s *server) log(t *testing.T, rows ...logged) {
	t.Helper()
	start := s.clock.Now().UnixMilli()
	for _, row := range rows {
		at := start + int64(row.message)*1000
		settled := int64(0)
		if row.state != "pending" {
			settled = at + 250
		}
		s.exec(t, `INSERT INTO deliveries (id, app, lane, recipient, conversation, origin, provider, state, reason, attempts, created_at, armed_at, next_at, settled_at)
			VALUES ($1, $2, 'call', $3, '', '', $9, $4, $5, $6, $7, $7, 0, $8)`, row.id, app, row.uid, row.state, row.reason, row.attempts, at, settled, row.provider)
		s.exec(t, `INSERT INTO payloads (delivery_id, body) VALUES ($1, $2)`, row.id, []byte(`{"trigger":"x"}`))
		s.exec(t, `INSERT INTO notices (delivery_id, app, digest, conversation, uid, first, last, message_id, message_type, category, sender,
			sent_at, refs, day, reserved, apart) VALUES ($1, $2, $1, $3, $4, 1, 2, $5, 'text', 'message', 'otto-4', $6, $7, 0, 0, 5)`, // ids that tell no time
			row.id, app, string(row.conversation), row.uid, fmt.Sprint(row.message), at,
			fmt.Appendf(nil, `{"ids":["a-%d","%d"],"numbers":[1,2]}`, row.message, row.message))
	}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	s := start(t)
	pair, group := chat.OneOnOne("mira-17", "otto-4"), chat.InGroup("club")
	s.log(t,
		logged{"01", "custom", "mira-17", "sent", "", pair, 1, 101},
		logged{"02", "custom", "mira-17", "failed", "TIMED_OUT", group, 7, 102},
		logged{"03", "sendgrid", "mira-17", "failed", "REJECTED", group, 1, 103},
		logged{"04", "", "lena-2", "skipped", "MUTE_PREFERENCE", group, 0, 104},
		logged{"05", "", "lena-2", "skipped", "READ", group, 0, 105},
		logged{"06", "custom", "lena-2", "pending", "", group, 0, 106},
		logged{"07", "custom", "lena-2", "pending", "", group, 2, 107},
		logged{"08", "", "lena-2", "skipped", "EXPIRED", group, 0, 108},
	)
	at := s.clock.Now().UnixMilli()
	var got struct {
		Data []json.RawMessage
		Meta json.RawMessage
	}
	if err := json.Unmarshal([]byte(s.call(t, http.MethodGet, logsPath, "").body), &got); err != nil {
		t.Fatal(err)
	}
	entry := func(id int, more string) string {
		at := at + int64(100+id)*1000
		return fmt.Sprintf(`{"_id":"%02d","processingStartedAtMS":%d,`, id, at) + more
	}
	ended := func(id int) string {
		return fmt.Sprintf(`"processingEndedAtMS":%d,"totalProcessingTimeInMS":250,`, at+int64(100+id)*1000+250)
	}
	about := func(id int, provider, to string) string {
		return fmt.Sprintf(`"component":"notifications-core","channel":"email",%s"messageId":%d,"messageIds":["a-%[2]d",%[2]d],"messageCategory":"message",`+
			`"messageType":"text","trigger":"after_message","messageSentAtMS":%d,"sender":"otto-4",%s,"payload":{"trigger":"x"},`,
			provider, 100+id, at+int64(100+id)*1000, to)
	}
	const (
		custom = `"provider":"custom",`
		inClub = `"receiver":"club","receiverType":"group","member":`
	)
	want := []string{
		entry(7, about(7, custom, inClub+`"lena-2"`)+`"notificationTriggered":true,"success":false}`),
		entry(4, ended(4)+about(4, "", inClub+`"lena-2"`)+`"notificationTriggered":false,"reason":"MUTE_PREFERENCE"}`),
		entry(3, ended(3)+about(3, `"provider":"sendgrid",`, inClub+`"mira-17"`)+`"notificationTriggered":true,"success":false}`),
		entry(2, ended(2)+about(2, custom, inClub+`"mira-17"`)+`"notificationTriggered":true,"success":false,"reason":"TIMED_OUT"}`),
		entry(1, ended(1)+about(1, custom, `"receiver":"mira-17","receiverType":"user"`)+`"notificationTriggered":true,"success":true}`),
	}
	entries := make([]string, 0, len(got.Data))
	for _, e := range got.Data {
		entries = append(entries, string(e))
	}
	if diff := cmp.Diff(want, entries); diff != "" {
		t.Error(diff)
	}
	if meta := string(got.Meta); meta != `{"previous":{"affix":"prepend","logId":"07","messageId":107},"current":{"limit":20,"count":5}}` {
		t.Errorf("meta: %s", meta)
	}
	for query, want := range map[string]string{
		"messageId=101":                       "01",
		"messageId=x":                         "",
		"reactionId=5":                        "",
		fmt.Sprintf("from=%d", at+103_000):    "07 04 03",
		fmt.Sprintf("to=%d", at+102_000):      "02 01",
		"messageCategory=message":             "07 04 03 02 01",
		"messageType=image":                   "",
		"trigger=after_message&member=LENA-2": "07 04",
		"trigger=message_edited":              "",
		"sender=Otto-4":                       "07 04 03 02 01",
		"receiver=mira-17&receiverType=user":  "01",
		"receiver=club":                       "07 04 03 02",
		"reactionSender=x":                    "",
		"channel=email&provider=sendgrid":     "03",
		"channel=push":                        "",
		"notificationTriggered=false":         "04",
		"reason=TIMED_OUT":                    "02",
		"reason=CALL_PREFERENCE":              "",
		"success=1":                           "01",
		"success=false&provider=custom":       "07 02",
		"logId=03":                            "02 01",
		"affix=append&logId=03":               "02 01",
		"affix=prepend&logId=03":              "07 04",
	} {
		if got := ids(t, s.call(t, http.MethodGet, logsPath+"?"+query, "")); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	for query, field := range map[string]string{
		"from=yesterday": "from", "to=x": "to", "success=maybe": "success", "notificationTriggered=x": "notificationTriggered",
		"receiverType=channel": "receiverType", "reason=READ": "reason", "affix=up": "affix",
	} {
		s.call(t, http.MethodGet, logsPath+"?"+query, "").refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST", field)
	}
}

func ids(t *testing.T, r reply) string {
	t.Helper()
	data, ok := r.value["data"].([]any)
	if !ok {
		t.Fatalf("answered %d %s", r.status, r.body)
	}
	var all []string
	for _, entry := range data {
		all = append(all, entry.(map[string]any)["_id"].(string))
	}
	return strings.Join(all, " ")
}

// Following the cursors shows every entry once, also those that come
// meanwhile.
func TestLogsArePaged(t *testing.T) {
	t.Parallel()
	s := start(t)
	row := func(n int) logged {
		return logged{fmt.Sprintf("%03d", n), "custom", "mira-17", "sent", "", chat.InGroup("club"), 1, n}
	}
	for n := range 45 {
		s.log(t, row(n))
	}
	follow := func(r reply, way string) string {
		t.Helper()
		to, ok := r.value["meta"].(map[string]any)[way].(map[string]any)
		if !ok {
			return ""
		}
		return fmt.Sprintf("%s?affix=%s&logId=%s", logsPath, to["affix"], to["logId"])
	}
	first := s.call(t, http.MethodGet, logsPath, "")
	var seen []string
	for page := first; ; {
		seen = append(seen, strings.Fields(ids(t, page))...)
		next := follow(page, "next")
		if next == "" {
			break
		}
		page = s.call(t, http.MethodGet, next, "")
	}
	if len(seen) != 45 || seen[0] != "044" || seen[44] != "000" {
		t.Errorf("%d entries: %v", len(seen), seen)
	}
	for n := 45; n < 70; n++ {
		s.log(t, row(n))
	}
	newer := s.call(t, http.MethodGet, follow(first, "previous"), "")
	newest := s.call(t, http.MethodGet, follow(newer, "previous"), "")
	if got := strings.Fields(ids(t, newer)); len(got) != 20 || got[0] != "064" || got[19] != "045" {
		t.Errorf("newer: %v", got)
	}
	if got := strings.Fields(ids(t, newest)); len(got) != 5 || got[0] != "069" || got[4] != "065" {
		t.Errorf("newest: %v", got)
	}
}
