package dashboard_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine"
	"github.com/postrider/postrider/internal/engine/rule"
	"github.com/postrider/postrider/internal/outbox"
)

const logPath = "/dashboard/log"

// ruler decides as the real rules do, about people who have set nothing.
type ruler struct {
	clerk *rule.Clerk
	skip  map[string]chat.Reason // by user id
}

func (ruler) WantsGroupSize() bool   { return false }
func (ruler) Day(*engine.Case) int64 { return 1 }

func (j ruler) Judge(c *engine.Case) engine.Verdict {
	settings := chat.DefaultSettings()
	facts := rule.Facts{
		Now: c.Now, Settings: settings, Effective: settings.Merge(nil), Conversation: c.Conversation, Recipient: c.UID, Member: c.Member,
		Location: time.UTC, Providers: []rule.Provider{{Name: "custom", NeedsAddress: j.skip[c.UID] == chat.ReasonMissingEmail}}, MaxAge: 72 * time.Hour,
	}
	for i := range c.Messages {
		m := &c.Messages[i]
		facts.Messages = append(facts.Messages, rule.Message{
			Number: m.Number, ID: m.ID, Sender: m.Sender, Kind: m.Kind, State: m.State, SentAt: m.SentAt, ArrivedAt: m.ArrivedAt,
		})
	}
	decision := rule.Decide(&facts)
	v := engine.Verdict{
		To: decision.To, MaxPerDay: 30, MaxHere: 30,
		Evidence: j.clerk.Encode(&rule.Evidence{OpenedAt: c.OpenedAt, DueAt: c.DueAt, Steps: decision.Trace}),
	}
	for _, i := range decision.Send {
		v.Send = append(v.Send, c.Messages[i].Number)
	}
	for _, skip := range decision.Skipped {
		numbers := make([]int64, 0, len(skip.Messages))
		for _, i := range skip.Messages {
			numbers = append(numbers, c.Messages[i].Number)
		}
		v.Skipped = append(v.Skipped, engine.Skip{Reason: skip.Reason, Detail: skip.Detail, Messages: numbers, Provider: skip.Provider})
	}
	return v
}

func (ruler) Compose(c *engine.Case, v *engine.Verdict) ([]engine.Call, error) {
	return []engine.Call{{Provider: "custom", Payload: fmt.Appendf(nil, `{"data":{"to":{"uid":%q},"messages":%d}}`, c.UID, len(v.Send))}}, nil
}

// converse plays a chat in which vic is told, wes has no address, and a mail
// for vic fails; it moves the clock by two hours.
func (s *site) converse(t *testing.T) {
	t.Helper()
	s.say(t, "ada", "vic", "wes", "xia")
	s.clock.advance(2 * time.Hour)
	s.decide(t)
	s.settle(t, outbox.LaneCall, "vic", outbox.Sent, "", 200, `{"message":"Webhook received successfully"}`)
	call := s.first(t, outbox.Filter{Lane: outbox.LaneCall, Recipient: "vic"})
	s.clock.advance(time.Second)
	s.mail(t, "vic", call.ID)
	s.settle(t, outbox.LaneMail, "vic", outbox.Failed, string(chat.ReasonRejected), 550, "550 5.1.1 no such user")
}

func (s *site) say(t *testing.T, from string, to ...string) {
	t.Helper()
	now := s.clock.Now()
	var events []chat.Event
	for i, uid := range to {
		events = append(events, chat.Event{
			Users: []chat.User{{UID: from, Name: "Ada"}, {UID: uid, Name: "Name of " + uid}},
			Change: chat.MessageSent{Message: chat.Message{
				ID: fmt.Sprintf("%d%d", now.Unix()%100000, i), Conversation: chat.OneOnOne(from, uid), Sender: from, Receiver: uid, Category: chat.CategoryMessage,
				Type: "text", SentAt: now.Add(-time.Second), State: chat.StateVisible, Body: []byte("{}"),
			}},
		})
	}
	if err := s.store.Record(t.Context(), engine.Recording{App: "default", Events: events, At: now, Wait: time.Hour}); err != nil {
		t.Fatal(err)
	}
}

func (s *site) decide(t *testing.T) {
	t.Helper()
	judge := ruler{rule.NewClerk(), map[string]chat.Reason{"wes": chat.ReasonMissingEmail}}
	for {
		decided, err := s.store.Decide(t.Context(), "default", judge, 50, outbox.Hand{})
		if err != nil {
			t.Fatal(err)
		}
		if decided.Windows == 0 {
			return
		}
	}
}

func (s *site) mail(t *testing.T, uid, origin string) string {
	t.Helper()
	now := s.clock.Now()
	id := fmt.Sprintf("%08x-%04x-7000-8000-%012x", now.UnixMilli()>>16, now.UnixMilli()&0xffff, len(uid)+int(now.UnixNano()%1000))
	_, err := s.store.Put(t.Context(), outbox.Entry{
		ID: id, App: "default", Lane: outbox.LaneMail, Recipient: uid, Conversation: "user:ada", Origin: origin, Payload: []byte(`{"data":{}}`), CreatedAt: now, NextAt: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// settle ends what waits for somebody in a lane.
func (s *site) settle(t *testing.T, lane outbox.Lane, uid string, state outbox.State, reason string, code int, reply string) {
	t.Helper()
	claimed, err := s.store.Claim(t.Context(), lane, 100, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	now := s.clock.Now()
	var settlements []outbox.Settlement
	for _, c := range claimed {
		one := outbox.Settlement{Ref: outbox.Ref{ID: c.ID, Claim: c.Claim}, State: outbox.Pending, NextAt: now.Add(time.Minute), At: now}
		if c.Recipient == uid {
			result := outbox.ResultRefused
			if state == outbox.Sent {
				result = outbox.ResultSent
			}
			one.State, one.Reason = state, reason
			one.Attempt = &outbox.Attempt{Number: c.Attempts + 1, At: now, Duration: 42 * time.Millisecond, Gateway: "custom", Target: "https://hooks.example.com", Result: result, Code: code, Reply: reply}
		}
		settlements = append(settlements, one)
	}
	if _, err := s.store.Settle(t.Context(), settlements); err != nil {
		t.Fatal(err)
	}
}

func (s *site) first(t testing.TB, filter outbox.Filter) outbox.Delivery {
	t.Helper()
	found, err := s.store.List(t.Context(), filter, 1)
	if err != nil || len(found) == 0 {
		t.Fatalf("nothing for %+v: %v", filter, err)
	}
	return found[0]
}

func TestLog(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	vera := s.as(t, "vera")
	vera.get(t, logPath).contains(t, "No notification yet")
	vera.get(t, logPath+"?channel=mail").contains(t, "No mail yet")
	s.converse(t)
	vera.get(t, logPath).contains(t, ">vic</th>", ">wes</th>", ">xia</th>", "from ada", "No address is known", `<span class="chip here">waiting</span>`)
	for query, want := range map[string][]string{
		"?status=sent":                         {"vic"},
		"?status=waiting":                      {"xia"},
		"?status=skipped":                      {"wes"},
		"?status=failed":                       nil,
		"?reason=MISSING_EMAIL":                {"wes"},
		"?receiver=VIC":                        {"vic"},
		"?sender=ada&receiverType=user":        {"vic", "wes", "xia"},
		"?receiverType=group":                  nil,
		"?event=custom":                        nil,
		"?from=2026-11-23T11:00":               {"vic", "wes", "xia"},
		"?until=2026-11-23T11:00":              nil,
		"?channel=mail":                        {"vic"},
		"?channel=mail&status=failed":          {"vic"},
		"?channel=mail&reason=REJECTED":        {"vic"},
		"?channel=mail&receiver=wes":           nil,
		"?channel=mail&from=2026-11-23T14:00":  {"vic"},
		"?channel=mail&until=2026-11-23T14:00": nil,
		"?member=vic":                          nil,
	} {
		page := vera.get(t, logPath+query)
		for _, uid := range []string{"vic", "wes", "xia"} {
			if got, wanted := strings.Contains(page.body, ">"+uid+"</th>"), strings.Contains(strings.Join(want, " "), uid); got != wanted {
				t.Errorf("%s: %s is there: %t, want %t", query, uid, got, wanted)
			}
		}
	}
	vera.want(t, http.StatusUnprocessableEntity, http.MethodGet, logPath+"?from=yesterday", nil).contains(t, "Enter a date and a time", `value="yesterday"`)
	vera.want(t, http.StatusUnprocessableEntity, http.MethodGet, logPath+"?status=lost", nil).contains(t, "There is no such status.")
	vera.get(t, logPath).lacks(t, "Replay these", "Cancel these")
}

// A page has so many entries, and a link to the next one until the last.
func TestLogIsPaged(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	var all []string
	for i := range 120 {
		all = append(all, fmt.Sprintf("person-%03d", i))
	}
	s.say(t, "ada", all...)
	s.clock.advance(2 * time.Hour)
	s.decide(t)
	for _, uid := range all {
		s.mail(t, uid, "")
		s.clock.advance(time.Second)
	}
	vera := s.as(t, "vera")
	for _, channel := range []string{"call", "mail"} {
		seen := make(map[string]bool)
		path, pages := logPath+"?channel="+channel, 0
		for path != "" {
			pages++
			page := vera.get(t, path)
			for _, uid := range all {
				if strings.Contains(page.body, ">"+uid+"</th>") {
					if seen[uid] {
						t.Errorf("%s: %s twice", channel, uid)
					}
					seen[uid] = true
				}
			}
			_, rest, found := strings.Cut(page.body, `Newest</a>`)
			if !found {
				rest = page.body
			}
			path = ""
			if _, link, more := strings.Cut(rest, `<a class="button slim" href="`); more {
				link, _, _ = strings.Cut(link, `"`)
				path = strings.ReplaceAll(link, "&amp;", "&")
			}
		}
		if pages != 3 || len(seen) != len(all) {
			t.Errorf("%s: %d entries on %d pages, want %d on 3", channel, len(seen), pages, len(all))
		}
	}
}

func TestLogEntry(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	s.converse(t)
	vera, otto := s.as(t, "vera"), s.as(t, "otto")
	call := s.first(t, outbox.Filter{Lane: outbox.LaneCall, Recipient: "vic"})
	mail := s.first(t, outbox.Filter{Lane: outbox.LaneMail})
	for _, id := range []string{call.ID, mail.ID} {
		vera.get(t, logPath+"/"+id).contains(t,
			"A message of ada arrived", "The window opened", "The window was due", "Decided", "18 rules, and what they saw", "1 of 1 messages are unread",
			"people can switch all notifications off", "Attempt 1: taken", "Webhook received successfully", "Accepted for delivery", "Attempt 1: refused for good", "550 5.1.1 no such user",
			"On the other side of the wire", "Refused for good")
	}
	skipped := s.first(t, outbox.Filter{Recipient: "wes"})
	vera.get(t, logPath+"/"+skipped.ID).contains(t, "Decided not to tell", "No address is known: no address is stored", "not told")
	vera.want(t, http.StatusNotFound, http.MethodGet, logPath+"/nothing", nil).contains(t, "no such entry")

	// Of one.
	s.clock.advance(time.Minute)
	vera.get(t, logPath+"/"+mail.ID).lacks(t, "Replay…")
	otto.get(t, logPath+"/"+mail.ID).contains(t, "/replay\">Replay…")
	otto.get(t, logPath+"/"+mail.ID+"/replay").contains(t, "Replay this mail?", "under the same id")
	if to := otto.post(t, logPath+"/"+mail.ID+"/replay", url.Values{}); to != logPath+"/"+mail.ID+"?done=replayed" {
		t.Errorf("led to %q", to)
	}
	otto.get(t, logPath+"/"+mail.ID+"?done=replayed").contains(t, "It is handed over again.", "Replayed by a person", "/cancel\">Cancel…")
	otto.want(t, http.StatusConflict, http.MethodPost, logPath+"/"+mail.ID+"/replay", url.Values{}).contains(t, "It is waiting by now")
	otto.get(t, logPath+"/"+mail.ID+"/cancel").contains(t, "Cancel this mail?")
	otto.post(t, logPath+"/"+mail.ID+"/cancel", url.Values{})
	if got := s.first(t, outbox.Filter{Lane: outbox.LaneMail}).State; got != outbox.Cancelled {
		t.Errorf("the mail is %s", got)
	}
	otto.get(t, logPath+"/"+call.ID+"/replay").contains(t, "vic gets it twice")
	to := otto.post(t, logPath+"/"+call.ID+"/replay", url.Values{})
	otto.get(t, to).contains(t, "Replayed by a person", "Replays</dt>")
	otto.want(t, http.StatusNotFound, http.MethodPost, logPath+"/nothing/replay", url.Values{})
	s.as(t, "mira").get(t, "/dashboard/audit").contains(t, "replayed the delivery", "cancelled the delivery", mail.ID)
}

// follow asks for the page of a job until it has ended.
func (v *visitor) follow(t *testing.T, path string) reply {
	t.Helper()
	for {
		page := v.get(t, path)
		if !strings.Contains(page.body, ">running</span>") {
			return page
		}
		if page.header.Get("Refresh") == "" {
			t.Fatal("the page of a job that runs is not asked for again")
		}
		select {
		case <-t.Context().Done():
			t.Fatal("the job has not ended")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func TestChangesByFilter(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	s.converse(t)
	otto := s.as(t, "otto")
	otto.get(t, logPath).contains(t, "Replay these…", "Cancel these…")
	otto.get(t, logPath+"/replay").contains(t, "Nothing to replay") // the only call that could be was decided against
	otto.get(t, logPath+"/replay?reason=MISSING_EMAIL").contains(t, "Replay 1 entry?")
	job := otto.post(t, logPath+"/replay?reason=MISSING_EMAIL", url.Values{})
	otto.follow(t, job).contains(t, "Replay calls, reason “No address is known”", ">done</span>", "<dt>Done</dt><dd>1</dd>")
	if got := s.first(t, outbox.Filter{Recipient: "wes"}).State; got != outbox.Pending {
		t.Errorf("what had no address is %s", got)
	}
	otto.get(t, logPath+"/cancel").contains(t, "Cancel 2 entries?")
	otto.follow(t, otto.post(t, logPath+"/cancel", url.Values{})).contains(t, "<dt>Done</dt><dd>2</dd>")
	for _, uid := range []string{"wes", "xia"} {
		if got := s.first(t, outbox.Filter{Recipient: uid}).State; got != outbox.Cancelled {
			t.Errorf("what was for %s is %s", uid, got)
		}
	}
	otto.follow(t, otto.post(t, logPath+"/replay?channel=mail", url.Values{})).contains(t, "<dt>Done</dt><dd>1</dd>")
	if got := s.first(t, outbox.Filter{Lane: outbox.LaneMail}).State; got != outbox.Pending {
		t.Errorf("the mail is %s", got)
	}
	otto.get(t, "/dashboard/jobs").contains(t, "Cancel calls", "Replay mails", "otto")
	otto.get(t, "/dashboard").contains(t, "Long work")
	otto.want(t, http.StatusNotFound, http.MethodGet, "/dashboard/jobs/nothing", nil)
	otto.want(t, http.StatusUnprocessableEntity, http.MethodPost, logPath+"/replay?from=x", url.Values{})
}
