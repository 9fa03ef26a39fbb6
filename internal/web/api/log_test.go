package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

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
		id := entryID(row.id)
		at := start + int64(row.message)*1000
		settled := int64(0)
		if row.state != "pending" {
			settled = at + 250
		}
		s.exec(t, `INSERT INTO deliveries (id, app, lane, recipient, conversation, origin, provider, state, reason, attempts, created_at, armed_at, next_at, settled_at)
			VALUES ($1, $2, 'call', $3, '', '', $9, $4, $5, $6, $7, $7, 0, $8)`, id, app, row.uid, row.state, row.reason, row.attempts, at, settled, row.provider)
		s.exec(t, `INSERT INTO payloads (delivery_id, body) VALUES ($1, $2)`, id, []byte(`{"trigger":"x"}`))
		s.exec(t, `INSERT INTO notices (delivery_id, app, digest, conversation, uid, first, last, message_id, message_type, category, sender,
			sent_at, refs, day, reserved, apart) VALUES ($1, $2, $1, $3, $4, 1, 2, $5, 'text', 'message', 'otto-4', $6, $7, 0, 0, 5)`, // ids that tell no time
			id, app, string(row.conversation), row.uid, fmt.Sprint(row.message), at,
			fmt.Appendf(nil, `{"ids":["a-%d","%d"],"numbers":[1,2]}`, row.message, row.message))
	}
}

// idStart is what the ids of all entries begin with. What follows of them is
// what rows have for theirs, with zeros before it.
const idStart = "01939f00-0000-7000-8000-"

func entryID(id string) string { return idStart + strings.Repeat("0", 12-len(id)) + id }

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
		return fmt.Sprintf(`{"_id":"%s","processingStartedAtMS":%d,`, entryID(fmt.Sprint(id)), at) + more
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
		entry(8, ended(8)+about(8, "", inClub+`"lena-2"`)+`"notificationTriggered":false,"reason":"EXPIRED"}`),
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
	if meta := string(got.Meta); meta != `{"previous":{"affix":"prepend","logId":"`+entryID("8")+`","messageId":108},"current":{"limit":20,"count":6}}` {
		t.Errorf("meta: %s", meta)
	}
	for query, want := range map[string]string{
		"messageId=101":                              "01",
		"messageId=x":                                "",
		"reactionId=5":                               "",
		fmt.Sprintf("from=%d", at+103_000):           "08 07 04 03",
		fmt.Sprintf("to=%d", at+102_000):             "02 01",
		"messageCategory=message":                    "08 07 04 03 02 01",
		"messageType=image":                          "",
		"trigger=after_message&member=LENA-2":        "08 07 04",
		"trigger=message_edited":                     "",
		"sender=Otto-4":                              "08 07 04 03 02 01",
		"receiver=mira-17&receiverType=user":         "01",
		"receiver=club":                              "08 07 04 03 02",
		"reactionSender=x":                           "",
		"channel=email&provider=sendgrid":            "03",
		"channel=push":                               "",
		"notificationTriggered=false":                "08 04",
		"reason=EXPIRED":                             "08",
		"reason=TIMED_OUT":                           "02",
		"reason=CALL_PREFERENCE":                     "",
		"success=1":                                  "01",
		"success=false&provider=custom":              "07 02",
		"logId=" + entryID("3"):                      "02 01",
		"affix=append&logId=" + entryID("3"):         "02 01",
		"affix=prepend&logId=" + entryID("3"):        "08 07 04",
		"logId=" + strings.ToUpper(entryID("3")):     "02 01",
		"logId=01939f00-0000-7000-8000-0000000000ff": "08 07 04 03 02 01", // nobody's: between those before and after
		"affix=append&logId=":                        "08 07 04 03 02 01",
		// With affix and logId, messageId is the cursor's.
		"affix=append&messageId=103&logId=" + entryID("3"):          "02 01",
		"affix=append&messageId=nonsense&logId=" + entryID("3"):     "02 01",
		"affix=append&logId=" + entryID("3") + ":101":               "01",
		"messageId=103&affix=append&logId=" + entryID("3") + ":101": "01",
		"affix=append&logId=" + entryID("3") + ":x:y":               "",
		// Else it is a filter.
		"messageId=101&logId=" + entryID("3"): "01",
		"messageId=101&affix=append":          "01",
	} {
		if got := ids(t, s.call(t, http.MethodGet, logsPath+"?"+query, "")); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	for query, field := range map[string]string{
		"from=yesterday": "from", "to=x": "to", "success=maybe": "success", "notificationTriggered=x": "notificationTriggered",
		"receiverType=channel": "receiverType", "reason=READ": "reason", "affix=up": "affix",
		"logId=nonsense": "logId", "affix=append&logId=nonsense": "logId", "affix=prepend&logId=03": "logId",
		"affix=append&logId=%7B" + entryID("3") + "%7D": "logId", "affix=append&logId=:101": "logId",
	} {
		s.call(t, http.MethodGet, logsPath+"?"+query, "").refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST", field)
	}
}

// Every digest that was skipped has an entry and a filter by its reason, but for
// the reasons that are nobody's business but ours.
func TestLogsTellReasons(t *testing.T) {
	t.Parallel()
	s := start(t)
	shown := []chat.Reason{
		chat.ReasonMessages, chat.ReasonReplies, chat.ReasonQuotedReplies, chat.ReasonDND, chat.ReasonMute, chat.ReasonSchedule, chat.ReasonQuota,
		chat.ReasonMissingEmail, chat.ReasonDeleted, chat.ReasonBlocked, chat.ReasonNotMember, chat.ReasonNoUser, chat.ReasonExpired,
	}
	hidden := []chat.Reason{chat.ReasonRead, chat.ReasonGroupSize, chat.ReasonOff, chat.ReasonNoProvider}
	at := func(i int) string { return fmt.Sprintf("%02d", i) }
	var want []string
	for i, reason := range append(slices.Clone(shown), hidden...) {
		s.log(t, logged{at(i), "", "mira-17", "skipped", string(reason), chat.InGroup("club"), 0, 100 + i})
		if i < len(shown) {
			want = append([]string{at(i)}, want...)
		}
	}
	for _, query := range []string{"", "?notificationTriggered=false", "?member=mira-17", "?sender=otto-4&receiverType=group"} {
		if got := ids(t, s.call(t, http.MethodGet, logsPath+query, "")); got != strings.Join(want, " ") {
			t.Errorf("%q: %s, want %s", query, got, want)
		}
	}
	// Calls that were made have an entry whatever came of them.
	expired, read := at(len(shown)+len(hidden)), at(len(shown)+len(hidden)+1)
	s.log(t, logged{expired, "custom", "mira-17", "skipped", string(chat.ReasonExpired), chat.InGroup("club"), 2, 200},
		logged{read, "custom", "mira-17", "skipped", string(chat.ReasonRead), chat.InGroup("club"), 2, 201})
	for i, reason := range shown {
		want := at(i)
		if reason == chat.ReasonExpired {
			want = expired + " " + want
		}
		r := s.call(t, http.MethodGet, logsPath+"?reason="+string(reason), "")
		if got := ids(t, r); got != want {
			t.Errorf("%s: %q, want %q", reason, got, want)
		}
		if !strings.Contains(r.body, `"reason":"`+string(reason)+`"`) {
			t.Errorf("%s is not in %s", reason, r.body)
		}
	}
	for _, reason := range hidden {
		s.call(t, http.MethodGet, logsPath+"?reason="+string(reason), "").refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST", "reason")
	}
	r := s.call(t, http.MethodGet, logsPath+"?notificationTriggered=true", "")
	if got := ids(t, r); got != read+" "+expired || strings.Contains(r.body, `"reason":"READ"`) {
		t.Errorf("triggered: %s", r.body)
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
		all = append(all, strings.TrimPrefix(entry.(map[string]any)["_id"].(string), idStart+"0000000000"))
	}
	return strings.Join(all, " ")
}

// Following the cursors shows every entry once, also those that come
// meanwhile. Clients take a cursor whole into the query they began with, or only
// the part of it that the documentation names.
func TestLogsArePaged(t *testing.T) {
	t.Parallel()
	s := start(t)
	// Every third digest ends with one of two messages, the others with some of
	// their own.
	row := func(n int) logged {
		message := 1000 + n
		if n%3 == 0 {
			message = 500 + n%2
		}
		return logged{fmt.Sprintf("%03x", n), "custom", "mira-17", "sent", "", chat.InGroup("club"), 1, message}
	}
	const before, after = 150, 240
	for n := range before {
		s.log(t, row(n))
	}
	lists := []struct {
		name   string
		query  url.Values
		has    func(n int) bool
		take   []string // of a cursor; nil: all of it
		pages  int
		first  reply
		forget bool // the query is forgotten: the cursor is all that is sent
	}{
		{name: "all", has: func(int) bool { return true }, pages: 8},
		{name: "all, by affix and logId", has: func(int) bool { return true }, take: []string{"affix", "logId"}, pages: 8},
		{name: "of a message", query: url.Values{"messageId": {"500"}}, has: func(n int) bool { return n%6 == 0 }, pages: 2},
		{name: "of a message, by affix and logId", query: url.Values{"messageId": {"501"}}, has: func(n int) bool { return n%6 == 3 }, take: []string{"affix", "logId"}, pages: 2},
		{name: "of a message, by nothing but the cursor", query: url.Values{"messageId": {"500"}}, has: func(n int) bool { return n%6 == 0 }, pages: 2, forget: true},
		{name: "of a member and a message", query: url.Values{"messageId": {"501"}, "member": {"mira-17"}}, has: func(n int) bool { return n%6 == 3 }, pages: 2},
		{name: "of a message of its own", query: url.Values{"messageId": {"1001"}}, has: func(n int) bool { return n == 1 }, pages: 1},
	}
	follow := func(i int, from reply, way string) (reply, bool) {
		t.Helper()
		cursor, ok := from.value["meta"].(map[string]any)[way].(map[string]any)
		if !ok {
			return reply{}, false
		}
		query := url.Values{}
		if !lists[i].forget {
			query = maps.Clone(lists[i].query)
		}
		if query == nil {
			query = url.Values{}
		}
		for name, value := range cursor {
			if lists[i].take == nil || slices.Contains(lists[i].take, name) {
				query.Set(name, fmt.Sprint(value))
			}
		}
		return s.call(t, http.MethodGet, logsPath+"?"+query.Encode(), ""), true
	}
	// want is what a list has of the entries from and until two numbers, newest
	// first.
	want := func(i, from, until int) []string {
		var all []string
		for n := until - 1; n >= from; n-- {
			if lists[i].has(n) {
				all = append(all, entryID(fmt.Sprintf("%03x", n)))
			}
		}
		return all
	}
	of := func(r reply) []string {
		all := strings.Fields(ids(t, r))
		for i, id := range all {
			all[i] = entryID(id)
		}
		return all
	}
	for i := range lists {
		list := &lists[i]
		list.first = s.call(t, http.MethodGet, logsPath+"?"+list.query.Encode(), "")
		pages := []reply{list.first}
		seen := of(list.first)
		for len(pages) <= list.pages {
			next, ok := follow(i, pages[len(pages)-1], "next")
			if !ok {
				break
			}
			pages = append(pages, next)
			seen = append(seen, of(next)...)
		}
		if len(pages) != list.pages {
			t.Errorf("%s: %d pages, want %d", list.name, len(pages), list.pages)
		}
		if diff := cmp.Diff(want(i, 0, before), seen); diff != "" {
			t.Errorf("%s, forwards: %s", list.name, diff)
		}
		// Back from the last page to the first.
		last := pages[len(pages)-1]
		back := of(last)
		for range list.pages {
			previous, ok := follow(i, last, "previous")
			if !ok {
				break
			}
			last = previous
			back = append(of(last), back...)
		}
		if diff := cmp.Diff(want(i, 0, before), back); diff != "" {
			t.Errorf("%s, back: %s", list.name, diff)
		}
	}
	for n := before; n < after; n++ {
		s.log(t, row(n))
	}
	for i := range lists {
		var newer []string
		for page := lists[i].first; ; {
			var ok bool
			if page, ok = follow(i, page, "previous"); !ok {
				break
			}
			newer = append(of(page), newer...)
		}
		if diff := cmp.Diff(want(i, before, after), newer, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s, newer: %s", lists[i].name, diff)
		}
	}
}
