package engine_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/breaker"
	"github.com/postrider/postrider/internal/engine/history"
	"github.com/postrider/postrider/internal/engine/webhook"
	"github.com/postrider/postrider/internal/outbox"
)

// A provider that is down for an hour gets everything when it returns, less
// what was read or deleted meanwhile, under the ids under which it was called
// first. Meanwhile it is not called more often than it takes to see that it is
// down.
func TestOutage(t *testing.T) {
	t.Parallel()
	for _, kind := range []struct {
		name string
		down answer
	}{{"refuses", answer{status: 503}}, {"says nothing", answer{}}} {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { outage(t, kind.down) })
		})
	}
}

func outage(t *testing.T, down answer) {
	t.Helper()
	const people = 9
	w := newWorld(t, options{poll: 10 * time.Minute})
	w.customize(func(c *webhook.Config) { c.IsEnabled = true })
	w.settings(`{"preferences":{"email":{"intervalInSeconds":600}},"templates":{"textMessageTemplateDefault":{"body":"{{message.data.text}}"}}}`)
	w.providers.standing["custom"] = down
	var messages []chat.Message
	for i := range people {
		to := fmt.Sprintf("p%02d", i)
		e := messageEvent("otto", to, fmt.Sprintf("m%02d", i))
		m, _ := e.Change.(chat.MessageSent)
		messages = append(messages, m.Message)
		w.record(e)
	}
	time.Sleep(30 * time.Minute)
	synctest.Wait()
	checkPaused(t, w, breaker.Open, breaker.HalfOpen)
	for i, m := range messages {
		switch i % 3 {
		case 1:
			w.record(chat.Event{Change: chat.Read{Reader: m.Receiver, Conversation: m.Conversation, MessageID: m.ID, At: w.now()}})
		case 2:
			w.record(chat.Event{Change: chat.MessageDeleted{Conversation: m.Conversation, ID: m.ID, At: w.now()}})
		}
	}
	time.Sleep(40 * time.Minute)
	synctest.Wait()
	failed := w.providers.all()
	// Each call has had five attempts at most in that hour, and a paused
	// endpoint is not called by all of them.
	if len(failed) > 5*people {
		t.Errorf("a provider that is down was called %d times for %d notifications", len(failed), people)
	}
	w.providers.mu.Lock()
	w.providers.standing["custom"] = answer{status: 200}
	w.providers.mu.Unlock()
	time.Sleep(7 * time.Hour)
	synctest.Wait()
	checkPaused(t, w, breaker.Closed)

	first := make(map[string]string) // of whom the id was first
	for _, c := range failed {
		if first[c.uid] == "" {
			first[c.uid] = c.id
		}
	}
	var got []string
	for _, c := range w.providers.all()[len(failed):] {
		got = append(got, c.uid)
		if c.status != 200 || first[c.uid] != "" && c.id != first[c.uid] {
			t.Errorf("%s was called about with %d under %s, at first under %q", c.uid, c.status, c.id, first[c.uid])
		}
	}
	var want []string
	for i := range people {
		if i%3 == 0 {
			want = append(want, fmt.Sprintf("p%02d", i))
		}
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("after it returned it was called for\n%v, want\n%v", got, want)
	}
	checkReasons(t, w, people)
}

// checkPaused compares the state of the custom provider's endpoint.
func checkPaused(t *testing.T, w *world, want ...breaker.State) {
	t.Helper()
	status, ok := w.breaker.Snapshot()["https://hooks.example.com"]
	if !ok { // nobody has called it for so long that it is forgotten
		status.State = breaker.Closed
	}
	if !slices.Contains(want, status.State) || status.InFlight != 0 {
		t.Errorf("the endpoint is %s with %d calls in flight, want one of %v and none", status.State, status.InFlight, want)
	}
}

// checkReasons looks at what the log says of each third.
func checkReasons(t *testing.T, w *world, people int) {
	t.Helper()
	entries, err := w.History(t.Context(), history.Filter{App: app}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]int)
	for _, e := range entries {
		got[string(e.State)+" "+string(e.Reason)]++
	}
	for _, outcome := range []string{string(outbox.Sent) + " ", "skipped READ", "skipped DELETED"} {
		if got[outcome] != people/3 {
			t.Errorf("%d are %q, want %d; all: %v", got[outcome], outcome, people/3, got)
		}
	}
}

// The engine tells what it does: that there are calls to make, and what became
// of windows.
func TestHooks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, options{})
		w.customize(func(c *webhook.Config) { c.IsEnabled = true })
		for i := range 5 {
			w.record(messageEvent("otto", fmt.Sprintf("p%d", i), fmt.Sprintf("m%d", i)))
		}
		c := chat.OneOnOne("otto", "p0")
		w.record(chat.Event{Change: chat.Read{Reader: "p0", Conversation: c, MessageID: "m0", At: w.now()}})
		week := chat.Week{Monday: chat.Day{From: 900, To: 1700}}
		if _, err := w.ChangePreferences(t.Context(), app, "p1", func(*chat.Preferences) (*chat.Preferences, error) {
			return &chat.Preferences{Schedule: &week}, nil
		}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		w.mu.Lock()
		before := len(w.decided)
		w.mu.Unlock()
		if !w.engine.Alive() || before != 0 {
			t.Errorf("before anything is due: alive %v, %d decisions", w.engine.Alive(), before)
		}
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		w.halt()
		windows, calls, read, waiting := 0, 0, 0, 0
		for _, d := range w.decided {
			windows += d.Windows
			calls += d.Calls
			read += d.Skipped[chat.ReasonRead]
			waiting += d.Waiting[chat.ReasonWaitingForSchedule]
			if len(d.Problems) > 0 {
				t.Errorf("problems: %v", d.Problems)
			}
		}
		if windows != 5 || calls != 3 || read != 1 || waiting != 1 {
			t.Errorf("told of %d windows, %d calls, %d read, %d waiting; want 5, 3, 1, 1", windows, calls, read, waiting)
		}
		if len(w.settled) != 3 || w.settled[0].outcome.State != outbox.Sent {
			t.Errorf("%d calls settled, the first: %+v", len(w.settled), w.settled)
		}
		if w.engine.Alive() || w.worker.Alive() {
			t.Error("it lives on after its end")
		}
	})
}
