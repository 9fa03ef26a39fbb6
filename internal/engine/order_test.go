package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/webhook"
)

// The same events, once more and in whatever order, give the same mails.
func TestOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		events := rapid.Custom(drawBurst).Draw(rt, "events")
		twice := append(slices.Clone(events), events...)
		order := rapid.Permutation(indexes(len(twice))).Draw(rt, "order")
		at := rapid.SliceOfN(rapid.IntRange(1, 7), 1, 5).Draw(rt, "batches")
		var shuffled [][]chat.Event
		for n := 0; len(order) > 0; n++ {
			size := min(at[n%len(at)], len(order))
			batch := make([]chat.Event, size)
			for i, index := range order[:size] {
				batch[i] = twice[index]
			}
			shuffled, order = append(shuffled, batch), order[size:]
		}
		var straight [][]chat.Event
		for _, e := range events {
			straight = append(straight, []chat.Event{e})
		}
		o := options{poll: time.Hour}
		if diff := gocmp.Diff(mailsOf(t, o, straight), mailsOf(t, o, shuffled)); diff != "" {
			rt.Errorf("mails (-in order, once +in whatever order, twice):\n%s", diff)
		}
	})
}

// The same on PostgreSQL, which takes longer: one history, told backwards.
func TestOrderOnPostgres(t *testing.T) {
	t.Parallel()
	for seed := range 2 {
		var straight, backwards [][]chat.Event
		for _, e := range rapid.Custom(drawBurst).Example(seed) {
			straight = append(straight, []chat.Event{e})
			backwards = append(backwards, []chat.Event{e, e})
		}
		slices.Reverse(backwards)
		want := mailsOf(t, options{poll: time.Hour}, straight)
		if diff := gocmp.Diff(want, mailsOf(t, options{poll: time.Hour, url: server.URL(t)}, backwards)); diff != "" {
			t.Errorf("mails of history %d (-in order +backwards, twice):\n%s", seed, diff)
		}
	}
}

func indexes(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// beginning is when the bubbles' worlds begin.
func beginning() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

// drawBurst draws events of messages in the order in which they happened, one
// in each second before the beginning.
func drawBurst(t *rapid.T) []chat.Event {
	const most = 25
	n := rapid.IntRange(1, most).Draw(t, "how many")
	var sent []chat.Message
	var events []chat.Event
	joined, left := false, false
	add := func(change chat.Change) { events = append(events, chat.Event{Change: change}) }
	for i := range n {
		now := beginning().Add(time.Duration(i-most) * time.Second)
		do := rapid.SampledFrom([]string{"write", "write", "edit", "delete", "read", "join", "leave"}).Draw(t, "do")
		switch {
		case do == "join" && !joined:
			joined = true
			add(chat.MembersChanged{GUID: "team", Members: []chat.Member{{UID: "dan", State: chat.MemberIn}}, At: now})
			continue
		case do == "leave" && !left:
			// Who has come can leave, or who was there from the beginning.
			who := rapid.SampledFrom(map[bool][]string{true: {"cid", "dan"}, false: {"cid"}}[joined]).Draw(t, "who leaves")
			left = true
			add(chat.MembersChanged{GUID: "team", Members: []chat.Member{{UID: who, State: chat.MemberOut}}, At: now})
			continue
		}
		if len(sent) == 0 || do == "write" || do == "join" || do == "leave" {
			m := drawMessage(t, len(sent)+1, now)
			sent = append(sent, m)
			add(chat.MessageSent{Message: m})
			continue
		}
		index := rapid.IntRange(0, len(sent)-1).Draw(t, "which")
		switch m := sent[index]; do {
		case "edit":
			m.EditedAt = now
			m.Body = body(m.ID, fmt.Sprintf("%s of %d", m.ID, i))
			sent[index] = m
			add(chat.MessageEdited{Message: m})
		case "delete":
			add(chat.MessageDeleted{Conversation: m.Conversation, ID: m.ID, At: now})
		case "read":
			// Whoever reads has read what was there.
			var newest chat.Message
			for _, other := range sent {
				if other.Conversation == m.Conversation {
					newest = other
				}
			}
			reader := rapid.SampledFrom(uids()).Draw(t, "reader")
			add(chat.Read{Reader: reader, Conversation: m.Conversation, MessageID: newest.ID, At: now})
		}
	}
	return events
}

func drawMessage(t *rapid.T, n int, now time.Time) chat.Message {
	from := rapid.SampledFrom([]string{"ann", "bob"}).Draw(t, "from")
	m := chat.Message{
		ID: fmt.Sprint(n), Sender: from, Receiver: "cid", Category: chat.CategoryMessage, Type: "text", SentAt: now, State: chat.StateVisible,
		Body: body(fmt.Sprint(n), fmt.Sprint(n)),
	}
	m.Conversation = chat.OneOnOne(from, "cid")
	if rapid.Bool().Draw(t, "to the group") {
		m.Receiver, m.Conversation = "team", chat.InGroup("team")
	}
	return m
}

// mailsOf records batches at one time in a world of its own, and returns whom
// was told what.
func mailsOf(t *testing.T, o options, batches [][]chat.Event) (mails []string) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, o)
		w.customize(func(c *webhook.Config) { c.IsEnabled = true })
		w.settings(`{"templates":{"textMessageTemplateDefault":{"body":"{{message.data.text}}"}}}`)
		var users []chat.User
		for _, uid := range uids() {
			users = append(users, chat.User{UID: uid})
		}
		w.record(chat.Event{Users: users})
		for guid, uids := range groups() {
			changed := chat.GroupChanged{Group: chat.Group{GUID: guid, Name: guid}}
			for _, uid := range uids {
				changed.Members = append(changed.Members, chat.Member{UID: uid, State: chat.MemberIn})
			}
			w.record(chat.Event{Change: changed})
		}
		for _, batch := range batches {
			w.record(batch...)
		}
		time.Sleep(4 * time.Hour)
		synctest.Wait()
		for _, c := range w.providers.all() {
			// The order in a digest is that in which messages came.
			slices.Sort(c.texts)
			mails = append(mails, c.uid+": "+strings.Join(c.texts, ", "))
		}
	})
	slices.Sort(mails)
	return mails
}
