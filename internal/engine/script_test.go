package engine_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/history"
	"github.com/postrider/postrider/internal/engine/webhook"
	"github.com/postrider/postrider/internal/outbox"
)

// A scenario is a script in virtual time on a real SQLite store. Its lines
// begin with when: so long after the beginning, which is a Monday, 00:00 UTC,
// or a time of day of that week (tue09:00). Then comes what is done:
//
//	otto to mira: hello         a message; its first word is its id
//	otto to #team: hello @mira  to a group; with @all, (reply), (quote)
//	mira reads hello            a receipt; "unreads" takes it back
//	otto edits hello: goodbye   or "deletes hello"
//	mira blocks otto            or "unblocks"
//	#team has otto, mira        or "otto, mira of 500", who are not known
//	mira joins #team            or "leaves"; "is banned from"
//	mira sets dnd=2             her preferences, by path
//	mira wakes 900-1700         every day; "vanishes": is deactivated
//	mira lives in Asia/Tokyo
//	mira mutes otto until 5h    or #team
//	mira has mira@example.com   or "has nothing"
//	app email.maxPerDay=1       the app's preferences, by path
//	custom answers 500 429:30   what it answers next, with its Retry-After;
//	                            "hang" is nothing, 200/1s comes a second later
//	custom is down              or "up", "off", "on", "gone"; sendgrid too
//	restart                     closes the store, opens it; "stop", "start"
//	replay hello for mira       the last delivery about it
//
// or, behind a bar, what is to happen: all of it, and nothing else.
//
//	| custom 1 mira: hello      a call of delivery 1, in the order of their
//	                            first calls; what was answered but 2xx follows
//	| no mail mira: hello READ  a delivery ended without success; the messages
//	                            are named by their ids
//	| wait READ                 a window was put off
type scenario struct {
	name    string
	script  string
	options options
}

func play(t *testing.T, scenarios []scenario) {
	t.Helper()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { playOne(t, &s) })
		})
	}
}

func playOne(t *testing.T, s *scenario) {
	t.Helper()
	// Bubbles begin on a Saturday.
	time.Sleep(48 * time.Hour)
	p := &player{
		world: newWorld(t, s.options), begin: time.Now(),
		where: make(map[string]chat.MessageSent),
	}
	p.customize(func(c *webhook.Config) { c.IsEnabled = true })
	p.settings(`{"templates":{"textMessageTemplateDefault":{"body":"{{message.data.text}}"}}}`)
	var want []string
	var last time.Duration
	for line := range strings.Lines(s.script) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		when, what, _ := strings.Cut(line, " ")
		at, err := p.moment(when)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		last = max(last, at)
		if what = strings.Join(strings.Fields(what), " "); strings.HasPrefix(what, "|") {
			want = append(want, p.stamp(p.begin.Add(at))+strings.TrimPrefix(what, "|"))
			continue
		}
		time.Sleep(at - time.Since(p.begin))
		synctest.Wait()
		if err := p.do(what); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	// What is open comes to its end, or shows that it never does.
	time.Sleep(last + p.rest() - time.Since(p.begin))
	synctest.Wait()
	if diff := gocmp.Diff(want, p.transcript()); diff != "" {
		t.Errorf("what happened (-want +got):\n%s", diff)
	}
}

// player carries out a script.
type player struct {
	*world
	begin time.Time
	where map[string]chat.MessageSent
}

// rest is for how long a world is watched after the last line of its script.
func (p *player) rest() time.Duration {
	if p.speed > 1 {
		return time.Hour
	}
	return 7 * time.Hour
}

// moment reads a time of a script, as a distance from its beginning.
func (p *player) moment(s string) (time.Duration, error) {
	for day, name := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		if clock, ok := strings.CutPrefix(s, name); ok {
			at, err := time.Parse("15:04", clock)
			return time.Duration(24*day+at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute, err
		}
	}
	return time.ParseDuration(s)
}

func (p *player) stamp(at time.Time) string { return at.Sub(p.begin).Round(time.Second).String() }

// do does what one line says.
func (p *player) do(what string) error {
	words := strings.Fields(what)
	who, verb := words[0], ""
	if len(words) > 1 {
		verb = words[1]
	}
	rest := strings.Join(words[min(2, len(words)):], " ")
	switch who {
	case "restart":
		p.close()
		p.open()
		return nil
	case "stop":
		p.halt()
		return nil
	case "start":
		p.start()
		return nil
	case "app":
		patch, err := assign(words[1:])
		p.settings(`{"preferences":` + patch + `}`)
		return err
	case "custom", "sendgrid":
		return p.provider(who, words[1:])
	case "replay":
		return p.replay(verb, words[3])
	}
	if guid, ok := strings.CutPrefix(who, "#"); ok { // "#team has otto, mira"
		changed := chat.GroupChanged{Group: chat.Group{GUID: guid, Name: guid}}
		rest, count, ok := strings.Cut(rest, " of ")
		if ok {
			var err error
			if changed.Group.MembersCount, err = strconv.Atoi(count); err != nil {
				return err
			}
		}
		var people []chat.User
		for uid := range strings.SplitSeq(rest, ", ") {
			changed.Members = append(changed.Members, chat.Member{UID: uid, Scope: chat.ScopeParticipant, State: chat.MemberIn})
			people = append(people, chat.User{UID: uid, Name: uid})
		}
		p.record(chat.Event{Users: people, Change: changed})
		return nil
	}
	return p.person(who, verb, rest, words[2:])
}

// person does what a person does.
func (p *player) person(who, verb, rest string, words []string) error {
	ctx := p.t.Context()
	one := func(change chat.Change) error {
		p.record(chat.Event{Change: change})
		return nil
	}
	switch verb {
	case "to":
		receiver, text, _ := strings.Cut(rest, ": ")
		m := p.message(who, receiver, text)
		p.where[m.Message.ID] = m
		return one(m)
	case "reads":
		m := p.where[rest].Message
		return one(chat.Read{Reader: who, Conversation: m.Conversation, MessageID: rest, At: p.now()})
	case "unreads":
		return one(chat.Unread{Reader: who, Conversation: p.where[rest].Message.Conversation, MessageID: rest})
	case "edits":
		id, text, _ := strings.Cut(rest, ": ")
		m := p.where[id].Message
		m.Body, m.EditedAt = body(id, text), p.now()
		return one(chat.MessageEdited{Message: m})
	case "deletes":
		return one(chat.MessageDeleted{Conversation: p.where[rest].Message.Conversation, ID: rest, At: p.now()})
	case "blocks", "unblocks":
		return one(chat.Blocked{By: who, UIDs: []string{rest}, Blocked: verb == "blocks"})
	case "joins", "leaves", "is":
		state := map[string]chat.Membership{"joins": chat.MemberIn, "leaves": chat.MemberOut, "is": chat.MemberBanned}[verb]
		guid := strings.TrimPrefix(words[len(words)-1], "#")
		p.record(chat.Event{
			Users:  []chat.User{{UID: who, Name: who}},
			Change: chat.MembersChanged{GUID: guid, Members: []chat.Member{{UID: who, State: state}}, At: p.now()},
		})
		return nil
	case "wakes":
		from, to, _ := strings.Cut(rest, "-")
		day := chat.Day{From: clock(from), To: clock(to)}
		return p.prefer(who, func(c *chat.Preferences) error {
			c.Schedule = &chat.Week{Monday: day, Tuesday: day, Wednesday: day, Thursday: day, Friday: day, Saturday: day, Sunday: day}
			return nil
		})
	case "sets":
		set, err := assign(words)
		if err != nil {
			return err
		}
		return p.prefer(who, func(c *chat.Preferences) error { return json.Unmarshal([]byte(set), c) })
	case "vanishes":
		return p.execute(`UPDATE users SET deactivated_at = 1 WHERE uid = $1`, who)
	case "lives":
		return p.SetTimezone(ctx, app, who, words[1])
	case "mutes":
		until, err := p.moment(words[2])
		if err != nil {
			return err
		}
		mute := chat.Mute{Type: chat.ReceiverUser, ID: words[0], Until: p.begin.Add(until)}
		if guid, ok := strings.CutPrefix(words[0], "#"); ok {
			mute.Type, mute.ID = chat.ReceiverGroup, guid
		}
		return p.Mute(ctx, app, who, []chat.Mute{mute})
	case "has":
		if rest == "nothing" {
			return p.DeleteContact(ctx, app, who)
		}
		_, err := p.ChangeContact(ctx, app, who, &rest, nil)
		return err
	default:
		return fmt.Errorf("nobody knows how somebody %s", verb)
	}
}

// prefer changes what somebody has set.
func (p *player) prefer(who string, change func(*chat.Preferences) error) error {
	_, err := p.ChangePreferences(p.t.Context(), app, who, func(old *chat.Preferences) (*chat.Preferences, error) {
		if old == nil {
			old = &chat.Preferences{}
		}
		return old, change(old)
	})
	return err
}

// clock reads a time of day as a schedule has it.
func clock(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}

// message is one that is sent now. Both people are known.
func (p *player) message(from, to, text string) chat.MessageSent {
	id, _, _ := strings.Cut(text, " ")
	m := chat.Message{
		ID: id, Sender: from, Receiver: to, Category: chat.CategoryMessage, Type: "text",
		SentAt: p.now().Truncate(time.Second), State: chat.StateVisible,
	}
	people := []chat.User{{UID: from, Name: from}}
	if guid, ok := strings.CutPrefix(to, "#"); ok {
		m.Receiver, m.Conversation = guid, chat.InGroup(guid)
	} else {
		m.Conversation = chat.OneOnOne(from, to)
		people = append(people, chat.User{UID: to, Name: to})
	}
	for word := range strings.FieldsSeq(text) {
		switch {
		case word == "(reply)":
			m.ParentID = "parent"
		case word == "(quote)":
			m.QuotedID = "quoted"
		case word == "@all":
			m.MentionsAll = true
		case word[0] == '@':
			m.Mentions = append(m.Mentions, word[1:])
		}
	}
	m.Body = body(id, text)
	p.record(chat.Event{Users: people})
	return chat.MessageSent{Message: m}
}

func body(id, text string) json.RawMessage {
	encoded, err := json.Marshal(map[string]any{"id": id, "data": map[string]any{"text": text}})
	if err != nil { // strings always marshal
		panic(err)
	}
	return encoded
}

// assign makes a JSON object of words such as email.maxPerDay=1.
func assign(words []string) (string, error) {
	tree := make(map[string]any)
	for _, word := range words {
		path, value, ok := strings.Cut(word, "=")
		if !ok {
			return "", fmt.Errorf("%s sets nothing", word)
		}
		names := strings.Split(path, ".")
		node := tree
		for _, name := range names[:len(names)-1] {
			if node[name] == nil {
				node[name] = make(map[string]any)
			}
			node, _ = node[name].(map[string]any)
		}
		node[names[len(names)-1]] = json.RawMessage(value)
	}
	encoded, err := json.Marshal(tree)
	return string(encoded), err
}

// provider says what becomes of a provider.
func (p *player) provider(name string, words []string) error {
	f := p.providers
	enable := func(on bool) {
		if name == "sendgrid" {
			p.sendGrid(on)
		} else {
			p.customize(func(c *webhook.Config) { c.IsEnabled = on })
		}
	}
	f.mu.Lock()
	standing := f.standing[name]
	f.mu.Unlock()
	switch last := words[len(words)-1]; {
	case words[0] == "answers":
		var next []answer
		for _, word := range words[1:] {
			var a answer
			word, slow, _ := strings.Cut(word, "/")
			if slow != "" {
				var err error
				if a.after, err = time.ParseDuration(slow); err != nil {
					return err
				}
			}
			status, retry, _ := strings.Cut(word, ":")
			if a.retryAfter = retry; status != "hang" {
				if _, err := fmt.Sscan(status, &a.status); err != nil {
					return err
				}
			}
			next = append(next, a)
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.next[name] = append(f.next[name], next...)
		return nil
	case last == "stored":
		p.customize(func(c *webhook.Config) { c.UseStoredEmailID = true })
		return nil
	case last == "on", last == "off":
		enable(last == "on")
		return nil
	case last == "gone":
		return p.vault.DeleteCustom(p.t.Context(), app)
	case last == "down":
		standing.status = 503
	case last == "up":
		standing.status = 200
	default:
		return fmt.Errorf("a provider cannot be %s", last)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.standing[name] = standing
	return nil
}

// replay has the last delivery about a message to somebody handed over again.
func (p *player) replay(id, uid string) error {
	entries, err := p.History(p.t.Context(), history.Filter{App: app}, 1000)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.UID == uid && slices.Contains(e.MessageIDs, id) {
			_, err := p.Replay(p.t.Context(), e.ID)
			p.worker.Wake() // it would look by itself, at its next poll
			return err
		}
	}
	return fmt.Errorf("no delivery to %s is about %s", uid, id)
}

// transcript is everything that happened, in its order.
func (p *player) transcript() []string {
	type moment struct {
		at   time.Time
		what string
	}
	var all []moment
	numbers := make(map[string]int)
	calls := p.providers.all()
	slices.SortStableFunc(calls, func(a, b call) int { // what is called at one time has no order
		return cmp.Or(a.at.Round(time.Second).Compare(b.at.Round(time.Second)), strings.Compare(a.provider, b.provider), strings.Compare(a.uid, b.uid))
	})
	for _, c := range calls {
		if numbers[c.id] == 0 {
			numbers[c.id] = len(numbers) + 1
		}
		line := fmt.Sprintf("%s %d %s: %s", c.provider, numbers[c.id], c.uid, strings.Join(c.texts, " | "))
		switch {
		case c.status == 0:
			line += " (no answer)"
		case c.status >= 300:
			line += fmt.Sprintf(" (%d)", c.status)
		}
		all = append(all, moment{c.at, line})
	}
	entries, err := p.History(p.t.Context(), history.Filter{App: app}, 1000)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, e := range entries {
		if e.State != outbox.Skipped && e.State != outbox.Failed {
			continue
		}
		line := fmt.Sprintf("no mail %s: %s %s", e.UID, strings.Join(e.MessageIDs, " "), e.Reason)
		if e.Provider != "" {
			line += " " + e.Provider
		}
		all = append(all, moment{e.SettledAt, line})
	}
	p.mu.Lock()
	for _, d := range p.decided {
		for reason, n := range d.Waiting {
			for range n {
				all = append(all, moment{d.at, "wait " + string(reason)})
			}
		}
	}
	p.mu.Unlock()
	// To the second: what follows from one thing takes a few milliseconds.
	slices.SortStableFunc(all, func(a, b moment) int {
		return cmp.Or(a.at.Round(time.Second).Compare(b.at.Round(time.Second)), strings.Compare(a.what, b.what))
	})
	var lines []string
	for _, m := range all {
		lines = append(lines, p.stamp(m.at)+" "+m.what)
	}
	return lines
}
