package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postrider/postrider/internal/chat"
	past "github.com/postrider/postrider/internal/engine/history"
	"github.com/postrider/postrider/internal/outbox"
)

var historyTests = []test{
	{"is filtered", historyFiltered},
	{"is told whole", historyWhole},
	{"leaves out what the logs under /v3 are silent about", historyDocumented},
	{"is paged both ways", historyPaged},
	{"finds the digests that hold a message", historyOfMessage},
	{"is found by when messages were sent, however much later they were told", historyLags},
}

// notice puts a delivery of the lane "call" with its notice. The messages of
// its digest are m<first> to m<last>.
func (f *fixture) notice(t testing.TB, e past.Entry, first, last int64) past.Entry {
	t.Helper()
	e.CreatedAt = f.clock.Now()
	e.ID = f.id(e.CreatedAt)
	if e.SentAt.IsZero() {
		e.SentAt = e.CreatedAt
	}
	refs := `{"numbers":[`
	ids := ""
	for n := first; n <= last; n++ {
		id := fmt.Sprintf("m%d", n)
		e.MessageIDs = append(e.MessageIDs, id)
		comma := ","
		if n == last {
			comma = ""
		}
		refs += fmt.Sprint(n) + comma
		ids += `"` + id + `"` + comma
	}
	e.MessageID = fmt.Sprintf("m%d", last)
	refs += `],"ids":[` + ids + `]}`
	if e.State != outbox.Pending {
		e.SettledAt = e.CreatedAt.Add(time.Second)
	}
	e.Payload = []byte(poison)
	db := f.raw(t)
	settled := int64(0)
	if !e.SettledAt.IsZero() {
		settled = e.SettledAt.UnixMilli()
	}
	for _, statement := range []struct {
		text string
		args []any
	}{
		{
			`INSERT INTO deliveries (id, app, lane, recipient, conversation, origin, provider, state, reason, attempts, created_at, armed_at, next_at, settled_at)
			VALUES ($1, 'app', 'call', $2, 'x', '', $8, $3, $4, $5, $6, $6, 0, $7)`,
			[]any{e.ID, e.UID, string(e.State), string(e.Reason), e.Attempts, e.CreatedAt.UnixMilli(), settled, e.Provider},
		},
		{`INSERT INTO payloads (delivery_id, body) VALUES ($1, $2)`, []any{e.ID, e.Payload}},
		{
			`INSERT INTO notices (delivery_id, app, digest, conversation, uid, first, last, message_id, message_type, category, sender,
			sent_at, refs, day, reserved) VALUES ($1, 'app', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0)`,
			[]any{
				e.ID, string(e.Conversation), e.UID, first, last, e.MessageID, e.MessageType, string(e.Category), e.Sender,
				e.SentAt.UnixMilli(), []byte(refs),
			},
		},
	} {
		if _, err := db.ExecContext(t.Context(), statement.text, statement.args...); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

func (f *fixture) history(t testing.TB, filter past.Filter, limit int) []past.Entry {
	t.Helper()
	filter.App = "app"
	entries, err := f.History(t.Context(), filter, limit)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func historyIDs(entries []past.Entry) []string {
	ids := make([]string, 0, len(entries))
	for i := range entries {
		ids = append(ids, entries[i].ID)
	}
	return ids
}

func call(uid string, conversation chat.Conversation, state outbox.State, reason chat.Reason) past.Entry {
	return past.Entry{
		Provider: "custom", Conversation: conversation, UID: uid, Sender: "otto-4", MessageType: "text", Category: chat.CategoryMessage,
		State: state, Reason: reason,
	}
}

func historyWhole(t *testing.T, f *fixture) {
	want := call("mira-17", chat.OneOnOne("mira-17", "otto-4"), outbox.Failed, chat.ReasonTimedOut)
	want.Attempts = 3
	want = f.notice(t, want, 4, 7)
	if diff := cmp.Diff([]past.Entry{want}, f.history(t, past.Filter{}, 10)); diff != "" {
		t.Error(diff)
	}
	if got, err := f.History(t.Context(), past.Filter{App: "other"}, 10); err != nil || len(got) != 0 {
		t.Errorf("another app's: %v, %v", got, err)
	}
	f.put(t) // a mail is none of it
	if got := f.history(t, past.Filter{}, 10); len(got) != 1 {
		t.Errorf("%d entries beside a mail, want 1", len(got))
	}
}

func historyFiltered(t *testing.T, f *fixture) {
	pair, group := chat.OneOnOne("mira-17", "otto-4"), chat.InGroup("club")
	sent := f.notice(t, call("mira-17", pair, outbox.Sent, ""), 1, 1)
	f.clock.Advance(time.Minute)
	failed := f.notice(t, call("mira-17", group, outbox.Failed, chat.ReasonRejected), 1, 1)
	muted := call("lena-2", group, outbox.Skipped, chat.ReasonMute)
	muted.Provider, muted.Sender, muted.MessageType, muted.Category = "", "mira-17", "extension_poll", chat.CategoryCustom
	muted = f.notice(t, muted, 1, 1)
	read := f.notice(t, call("mira-17", pair, outbox.Skipped, chat.ReasonRead), 2, 2)
	waiting := f.notice(t, call("mira-17", pair, outbox.Pending, ""), 3, 3)
	trying := call("mira-17", pair, outbox.Pending, "")
	trying.Attempts, trying.Provider = 2, "sendgrid"
	trying = f.notice(t, trying, 4, 4)
	late := call("mira-17", pair, outbox.Skipped, chat.ReasonExpired)
	late.Attempts = 1
	late = f.notice(t, late, 5, 5)
	yes, no := true, false
	for name, c := range map[string]struct {
		filter past.Filter
		want   []past.Entry
	}{
		"all":                      {past.Filter{}, []past.Entry{late, trying, waiting, read, muted, failed, sent}},
		"documented":               {past.Filter{Documented: true}, []past.Entry{late, trying, muted, failed, sent}},
		"triggered":                {past.Filter{Triggered: &yes}, []past.Entry{late, trying, failed, sent}},
		"not triggered":            {past.Filter{Triggered: &no}, []past.Entry{waiting, read, muted}},
		"success":                  {past.Filter{Success: &yes}, []past.Entry{sent}},
		"no success":               {past.Filter{Success: &no}, []past.Entry{late, trying, failed}},
		"reason":                   {past.Filter{Reason: chat.ReasonMute}, []past.Entry{muted}},
		"sender":                   {past.Filter{Sender: "mira-17"}, []past.Entry{muted}},
		"a person":                 {past.Filter{Receiver: "mira-17"}, []past.Entry{late, trying, waiting, read, sent}},
		"a group":                  {past.Filter{Receiver: "club"}, []past.Entry{muted, failed}},
		"no such person":           {past.Filter{Receiver: "club", ReceiverType: chat.ReceiverUser}, nil},
		"groups":                   {past.Filter{ReceiverType: chat.ReceiverGroup}, []past.Entry{muted, failed}},
		"a status":                 {past.Filter{States: []outbox.State{outbox.Failed}}, []past.Entry{failed}},
		"a member":                 {past.Filter{Member: "mira-17"}, []past.Entry{failed}},
		"a provider":               {past.Filter{Provider: "sendgrid"}, []past.Entry{trying}},
		"a type":                   {past.Filter{MessageType: "extension_poll"}, []past.Entry{muted}},
		"a category":               {past.Filter{Category: "custom"}, []past.Entry{muted}},
		"from":                     {past.Filter{SentFrom: failed.SentAt, Success: &no, Provider: "custom"}, []past.Entry{late, failed}},
		"to":                       {past.Filter{SentUntil: sent.SentAt}, []past.Entry{sent}},
		"person or group, by time": {past.Filter{Receiver: "mira-17", SentUntil: sent.SentAt}, []past.Entry{sent}},
		"poison":                   {past.Filter{Sender: poison, Receiver: poison, MessageID: poison}, nil},
	} {
		if diff := cmp.Diff(historyIDs(c.want), historyIDs(f.history(t, c.filter, 100))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func historyDocumented(t *testing.T, f *fixture) {
	no := false
	of := make(map[chat.Reason]past.Entry)
	var told, all []past.Entry
	for _, c := range []struct {
		reason chat.Reason
		told   bool
	}{
		{chat.ReasonQuota, true},
		{chat.ReasonRead, false},
		{chat.ReasonExpired, true},
		{chat.ReasonBlocked, true},
		{chat.ReasonGroupSize, false},
		{chat.ReasonOff, false},
		{chat.ReasonDeleted, true},
		{chat.ReasonNotMember, true},
		{chat.ReasonNoProvider, false},
		{chat.ReasonNoUser, true},
	} {
		f.clock.Advance(time.Second)
		e := call("mira-17", chat.InGroup("club"), outbox.Skipped, c.reason)
		e.Provider = ""
		e = f.notice(t, e, 1, 1)
		of[c.reason], all = e, append([]past.Entry{e}, all...)
		if c.told {
			told = append([]past.Entry{e}, told...)
		}
	}
	for name, c := range map[string]struct {
		filter past.Filter
		want   []past.Entry
	}{
		"all of ours":            {past.Filter{}, all},
		"documented":             {past.Filter{Documented: true}, told},
		"not triggered":          {past.Filter{Documented: true, Triggered: &no}, told},
		"of a member":            {past.Filter{Documented: true, Member: "mira-17"}, told},
		"skipped":                {past.Filter{Documented: true, States: []outbox.State{outbox.Skipped}}, told},
		"by reason":              {past.Filter{Documented: true, Reason: chat.ReasonExpired}, []past.Entry{of[chat.ReasonExpired]}},
		"by reason, and skipped": {past.Filter{Documented: true, Reason: chat.ReasonBlocked, Triggered: &no}, []past.Entry{of[chat.ReasonBlocked]}},
		"by one that is hidden":  {past.Filter{Documented: true, Reason: chat.ReasonGroupSize}, nil},
	} {
		if diff := cmp.Diff(historyIDs(c.want), historyIDs(f.history(t, c.filter, 100))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func historyPaged(t *testing.T, f *fixture) {
	var all []string
	for range 7 {
		all = append([]string{f.notice(t, call("u", chat.InGroup("g"), outbox.Sent, ""), 1, 1).ID}, all...)
		f.clock.Advance(time.Second)
	}
	for name, c := range map[string]struct {
		filter past.Filter
		want   []string
	}{
		"first":         {past.Filter{}, all[:3]},
		"older":         {past.Filter{Before: all[2]}, all[3:6]},
		"oldest":        {past.Filter{Before: all[5]}, all[6:]},
		"newer, nearby": {past.Filter{After: all[5]}, all[2:5]},
		"newest":        {past.Filter{After: all[1]}, all[:1]},
		"none newer":    {past.Filter{After: all[0]}, []string{}},
		"between":       {past.Filter{After: all[4], Before: all[1]}, all[2:4]},
	} {
		if diff := cmp.Diff(c.want, historyIDs(f.history(t, c.filter, 3))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func historyOfMessage(t *testing.T, f *fixture) {
	group := chat.InGroup("g")
	_, err := f.raw(t).Exec(`INSERT INTO messages (app, id, conversation, number, sender, category, type, kind, mentions, state, sent_at, arrived_at, body)
		VALUES ('app', 'm5', $1, 5, '', '', '', '', '', '', 0, 0, $2)`, string(group), []byte{})
	if err != nil {
		t.Fatal(err)
	}
	holds := f.notice(t, call("u", group, outbox.Sent, ""), 4, 6)
	f.notice(t, call("u", group, outbox.Sent, ""), 6, 7)
	f.notice(t, call("u", chat.InGroup("h"), outbox.Sent, ""), 4, 6)
	ends := f.notice(t, call("v", group, outbox.Sent, ""), 1, 5)
	// Around the message, but without it: it was told of on its own.
	gap := f.notice(t, call("w", group, outbox.Sent, ""), 1, 4)
	if _, err := f.raw(t).Exec(`UPDATE notices SET last = 9 WHERE delivery_id = $1`, gap.ID); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{ends.ID, holds.ID}, historyIDs(f.history(t, past.Filter{MessageID: "m5"}, 10))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{ends.ID}, historyIDs(f.history(t, past.Filter{MessageID: "m5"}, 1))); diff != "" {
		t.Error(diff)
	}
	// Not kept any more: what it was the newest of.
	if got := historyIDs(f.history(t, past.Filter{MessageID: "m4"}, 10)); len(got) != 1 || got[0] != gap.ID {
		t.Errorf("a forgotten message: %v", got)
	}
}

// historyLags has messages told at one time that were sent at very different
// ones, and asks for all times between them.
func historyLags(t *testing.T, f *fixture) {
	s := newScene(f)
	now := s.clock.Now().Truncate(time.Second)
	var sent []time.Time
	for i, lag := range []time.Duration{
		-26 * time.Hour, -2 * time.Hour, -time.Hour, 0, 2 * time.Hour, 3 * time.Hour, 5 * time.Hour, 8 * time.Hour, 12 * time.Hour, 20 * time.Hour, 25 * time.Hour,
		30 * time.Hour, 8 * 24 * time.Hour, 9 * 24 * time.Hour, 40 * 24 * time.Hour,
	} {
		at := now.Add(-lag)
		sent = append(sent, at)
		s.record(t, s.message("ann", chat.OneOnOne("ann", fmt.Sprintf("bob-%02d", i)), func(m *chat.Message) { m.SentAt = at }))
	}
	s.due()
	s.decide(t, &told{})
	all := s.history(t, past.Filter{}, 100)
	// What is replayed is made much later.
	for i, e := range all {
		if i%3 != 0 {
			continue
		}
		if _, err := f.raw(t).Exec(`UPDATE deliveries SET state = 'sent' WHERE id = $1`, e.ID); err != nil {
			t.Fatal(err)
		}
		s.clock.Advance(20 * 24 * time.Hour)
		if _, err := s.Replay(t.Context(), e.ID); err != nil {
			t.Fatal(err)
		}
		s.clock.Advance(-20 * 24 * time.Hour)
	}
	all = s.history(t, past.Filter{}, 100)
	if len(all) != len(sent)+len(sent)/3 {
		t.Fatalf("the log has %d entries", len(all))
	}
	moments := append([]time.Time{{}}, sent...)
	for _, at := range sent {
		moments = append(moments, at.Add(time.Second))
	}
	for i, from := range moments {
		for j, until := range moments {
			if i > 0 && j > 0 && (i+j)%4 != 0 {
				continue // each with some of the others is enough
			}
			var want []string
			for i := range all {
				if at := all[i].SentAt; !at.Before(from) && (until.IsZero() || !at.After(until)) {
					want = append(want, all[i].ID)
				}
			}
			filter := past.Filter{SentFrom: from, SentUntil: until}
			if diff := cmp.Diff(want, historyIDs(s.history(t, filter, 100)), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("from %v to %v: %s", from, until, diff)
			}
			filter.Sender = "ann"
			if got := historyIDs(s.history(t, filter, 3)); !slices.Equal(got, want[:min(3, len(want))]) {
				t.Errorf("the first from %v to %v: %v, want %v", from, until, got, want)
			}
		}
	}
}
