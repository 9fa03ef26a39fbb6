package engine_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/history"
	"github.com/postrider/postrider/internal/engine/webhook"
	"github.com/postrider/postrider/internal/outbox"
)

// What people want counts until they are told, not only when it was decided.
func TestAgain(t *testing.T) {
	t.Parallel()
	play(t, []scenario{
		{"nobody is told at night because a provider was away in the evening", `
			0m         mira wakes 900-1700
			mon14:58   otto to mira: one
			mon16:57   custom is down
			mon16:58   | custom 1 mira: one (503)
			16h58m10s  | custom 1 mira: one (503)
			16h58m40s  | custom 1 mira: one (503)
			17h0m40s   | custom 1 mira: one (503)
			mon17:05   custom is up
			mon20:00   otto to mira: two
			mon22:00   | wait WAITING_FOR_CALL
			tue09:00   | custom 1 mira: one
			tue09:00   | wait WAITING_FOR_CALL
			33h0m2s    | custom 2 mira: two
		`, options{}},
		{"what waits for the hours is asked about once more then", `
			0m         mira wakes 900-1700
			mon14:58   otto to mira: one
			mon14:59   otto to mira: two
			mon16:57   custom answers 503 503 503 503
			mon16:58   | custom 1 mira: one | two (503)
			16h58m10s  | custom 1 mira: one | two (503)
			16h58m40s  | custom 1 mira: one | two (503)
			17h0m40s   | custom 1 mira: one | two (503)
			mon20:00   mira reads one
			tue09:00   | custom 1 mira: two
		`, options{}},
		{"hours that open too late are like none", `
			0m         mira wakes 900-1700
			mon14:58   otto to mira: one
			mon16:57   custom is down
			mon16:58   | custom 1 mira: one (503)
			16h58m10s  | custom 1 mira: one (503)
			16h58m40s  | custom 1 mira: one (503)
			17h0m40s   | custom 1 mira: one (503)
			17h10m40s  | no mail mira: one SCHEDULE_PREFERENCE custom
		`, options{maxAge: 12 * hour}},
		{"outside of the hours it is dropped, if the app wants that", `
			0m         app email.scheduleMode="drop"
			0m         mira wakes 900-1700
			mon14:58   otto to mira: one
			mon16:57   custom is down
			mon16:58   | custom 1 mira: one (503)
			16h58m10s  | custom 1 mira: one (503)
			16h58m40s  | custom 1 mira: one (503)
			17h0m40s   | custom 1 mira: one (503)
			17h10m40s  | no mail mira: one SCHEDULE_PREFERENCE custom
		`, options{}},
		{"do not disturb, and what it would have taken of the quota is free again", `
			0m     app email.maxPerDay=1
			0m     custom answers 503
			0m     otto to mira: one
			2h     | custom 1 mira: one (503)
			2h0m5s mira sets dnd=2
			2h10s  | no mail mira: one DND_PREFERENCE custom
			3h     mira sets dnd=1
			3h     otto to mira: two
			5h     | custom 2 mira: two
			6h     otto to mira: three
			8h     | no mail mira: three QUOTA_PREFERENCE
		`, options{}},
		{"what waited counts once in the quota, and that of the day of its decision", `
			0m         app email.maxPerDay=1
			0m         mira wakes 900-1700
			mon14:58   otto to mira: one
			mon16:57   custom answers 503 503 503 503
			mon16:58   | custom 1 mira: one (503)
			16h58m10s  | custom 1 mira: one (503)
			16h58m40s  | custom 1 mira: one (503)
			17h0m40s   | custom 1 mira: one (503)
			tue09:00   | custom 1 mira: one
			tue10:00   lena to mira: two
			tue12:00   | custom 2 mira: two
			tue13:00   lena to mira: three
			tue15:00   | no mail mira: three QUOTA_PREFERENCE
		`, options{}},
		{"a mute", `
			0m     #team has otto, mira
			0m     custom answers 503 503
			0m     otto to #team: one
			1m     otto to mira: two
			2h     | custom 1 mira: one (503)
			2h0m5s mira mutes #team until 5h
			2h10s  | no mail mira: one MUTE_PREFERENCE custom
			2h1m   | custom 2 mira: two (503)
			2h1m5s mira mutes otto until 5h
			2h1m10s | no mail mira: two MUTE_PREFERENCE custom
		`, options{}},
		{"a mention lifts all of that", `
			0m     app bypassPreferencesForMentions=true
			0m     custom answers 503
			0m     otto to mira: one @mira
			2h     | custom 1 mira: otto mentioned you: one @mira (503)
			2h0m5s mira sets dnd=2
			2h0m5s mira mutes otto until 5h
			2h0m5s mira wakes 900-1700
			2h10s  | custom 1 mira: otto mentioned you: one @mira
		`, options{}},
		{"who has left, was banned, is gone or blocked somebody", `
			0m     #team has otto, mira, lena
			0m     custom answers 503 503 503 503
			0m     otto to #team: one
			1m     otto to kurt: two
			2m     otto to zoe: three
			2h     | custom 1 lena: one (503)
			2h     | custom 2 mira: one (503)
			2h0m5s mira leaves #team
			2h0m5s lena is banned from #team
			2h10s  | no mail lena: one NOT_A_MEMBER custom
			2h10s  | no mail mira: one NOT_A_MEMBER custom
			2h1m   | custom 3 kurt: two (503)
			2h1m5s kurt vanishes
			2h1m10s | no mail kurt: two USER_DEACTIVATED custom
			2h2m   | custom 4 zoe: three (503)
			2h2m5s zoe blocks otto
			2h2m10s | custom 4 zoe: three
		`, options{}},
		{"who left and came back begins anew", `
			0m     #team has otto, mira
			0m     custom answers 503
			0m     otto to #team: one
			2h     | custom 1 mira: one (503)
			2h0m5s mira leaves #team
			2h0m6s mira joins #team
			2h10s  | no mail mira: one NOT_A_MEMBER custom
		`, options{}},
		{"kinds of messages, and the whole of email", `
			0m     custom answers 503
			0m     otto to mira: one
			1m     otto to mira: two (reply)
			2m     otto to lena: three
			2h     | custom 1 mira: one | two (reply) (503)
			2h0m5s mira sets oneOnOne.messages=1
			2h10s  | custom 1 mira: two (reply)
			2h1m   custom answers 503
			2h2m   | custom 2 lena: three (503)
			2h2m5s app email.isEnabled=false
			2h2m10s | no mail lena: three EMAIL_DISABLED custom
		`, options{}},
		{"of two providers the one that was away", `
			0m     sendgrid is on
			0m     mira has mira@example.com
			0m     sendgrid answers 503
			0m     app email.maxPerDay=1
			0m     otto to mira: one
			2h     | custom 1 mira: one
			2h     | sendgrid 2 mira: one (503)
			2h0m5s mira sets dnd=2
			2h10s  | no mail mira: one DND_PREFERENCE sendgrid
			3h     mira sets dnd=1
			3h     otto to mira: two
			5h     | no mail mira: two QUOTA_PREFERENCE
		`, options{}},
		{"what a person orders is told in spite of all that, at any attempt", `
			0m     mira sets dnd=2
			0m     otto to mira: one
			3h     custom answers 503
			3h     replay one for mira
			3h     | custom 1 mira: one (503)
			3h10s  | custom 1 mira: one
		`, options{}},
	})
}

// What a call left out because somebody did not want to hear of it any more is
// told with it.
func TestLeftOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, options{})
		w.customize(func(c *webhook.Config) { c.IsEnabled = true })
		w.providers.next["custom"] = []answer{{status: 503}}
		reply := messageEvent("otto", "mira", "2")
		sent, _ := reply.Change.(chat.MessageSent)
		sent.Message.ParentID = "0"
		reply.Change = sent
		w.record(messageEvent("otto", "mira", "1"), reply)
		time.Sleep(2*time.Hour + 5*time.Second)
		synctest.Wait()
		_, err := w.ChangePreferences(t.Context(), app, "mira", func(*chat.Preferences) (*chat.Preferences, error) {
			return &chat.Preferences{OneOnOne: map[string]int{"messages": chat.NotifyNever}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		all, err := w.List(t.Context(), outbox.Filter{App: app}, 10)
		if err != nil {
			t.Fatal(err)
		}
		if len(all) != 1 || all[0].State != outbox.Sent || all[0].Detail != "MESSAGES_PREFERENCE: no messages" {
			t.Errorf("the log says %+v", all)
		}
	})
}

// A call that could not be made at once is asked about again, and how long that
// is goes by the engine's speed.
func TestFresh(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		speed float64
		told  bool // those who had to wait for a second
	}{{"five seconds", 1, true}, {"a twelfth of a second", 60, false}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const people = 64
				w := newWorld(t, options{speed: c.speed, poll: 10 * time.Second})
				w.customize(func(c *webhook.Config) { c.IsEnabled = true })
				w.providers.standing["custom"] = answer{status: 200, after: time.Second}
				for i := range people {
					w.record(messageEvent("otto", fmt.Sprintf("p%02d", i), fmt.Sprintf("m%02d", i)))
				}
				time.Sleep(time.Duration(float64(2*time.Hour)/c.speed) + time.Second/2)
				synctest.Wait()
				begun := len(w.providers.all())
				if begun == 0 || begun == people {
					t.Fatalf("%d of %d calls are under way, want some", begun, people)
				}
				for i := range people {
					to := fmt.Sprintf("p%02d", i)
					w.record(chat.Event{Change: chat.Read{Reader: to, Conversation: chat.OneOnOne("otto", to), MessageID: fmt.Sprintf("m%02d", i), At: w.now()}})
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				want := begun
				if c.told {
					want = people
				}
				if got := len(w.providers.all()); got < want || !c.told && got > want {
					t.Errorf("%d were called about, want %d", got, want)
				}
				if entries, err := w.History(t.Context(), history.Filter{App: app}, people+1); err != nil || len(entries) != people {
					t.Errorf("the log has %d entries, %v; want %d", len(entries), err, people)
				}
			})
		})
	}
}
