package engine_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine"
	"github.com/postrider/postrider/internal/engine/breaker"
	"github.com/postrider/postrider/internal/engine/history"
	"github.com/postrider/postrider/internal/engine/sendgrid"
	"github.com/postrider/postrider/internal/engine/vault"
	"github.com/postrider/postrider/internal/engine/webhook"
	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/store"
	"github.com/postrider/postrider/internal/testkit/webhooksink"
	"github.com/postrider/postrider/notification"
)

// Two processes on one PostgreSQL decide and call at once, while calls fail in
// one way or another: never more than the quota, nothing twice, nothing lost.
func TestTwoEngines(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		refused int // of ten calls
	}{{"some fail", 1}, {"most fail", 8}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			twoEngines(t, test.refused)
		})
	}
}

func twoEngines(t *testing.T, refused int) {
	t.Helper()
	const (
		people, senders, rounds = 10, 40, 2
		aDay                    = 7
		interval                = 60 * time.Second
		speed                   = 600 // an interval is 100 ms
	)
	url := server.URL(t)
	sink := webhooksink.New(t, webhooksink.Config{})
	random := rand.New(rand.NewPCG(1, 2))
	var script []webhooksink.Answer
	for range 4000 {
		switch n := random.IntN(10); {
		case n < refused:
			script = append(script, webhooksink.Status(http.StatusBadRequest))
		case n == 8:
			script = append(script, webhooksink.Status(http.StatusServiceUnavailable))
		case n == 9:
			script = append(script, webhooksink.OK().After(20*time.Millisecond))
		default:
			script = append(script, webhooksink.OK())
		}
	}
	sink.Next(script...)
	transport := &http.Transport{MaxIdleConnsPerHost: 32}
	t.Cleanup(transport.CloseIdleConnections)

	first := newProcess(t, url, speed, transport)
	second := newProcess(t, url, speed, transport)
	if err := first.vault.AddCustom(t.Context(), app, &webhook.Config{IsEnabled: true, WebhookURL: sink.URL("/webhook")}); err != nil {
		t.Fatal(err)
	}
	err := first.vault.ChangeSettings(t.Context(), app, func(s *chat.Settings) (*chat.Settings, error) {
		return chat.PatchSettings(s, fmt.Appendf(nil, `{"preferences":{"email":{"intervalInSeconds":%d,"maxPerDay":%d,"maxPerDayPerConversation":3}}}`,
			int(interval.Seconds()), aDay))
	})
	if err != nil {
		t.Fatal(err)
	}
	// Everybody hears from everybody who writes, several times, through
	// either process. After the first time both find more windows due than one
	// of them decides at once; the second time calls are under way.
	for round := range rounds {
		var writing sync.WaitGroup
		for sender := range senders {
			writing.Go(func() {
				var events []chat.Event
				for n := range people {
					events = append(events, messageEvent(fmt.Sprintf("s%d", sender), fmt.Sprintf("p%02d", n), fmt.Sprintf("%d-%d-%d", n, sender, round)))
				}
				if err := []*process{first, second}[(sender+round)%2].engine.Record(t.Context(), app, events); err != nil {
					t.Error(err)
				}
			})
		}
		writing.Wait()
		if round == 0 {
			pause(t, interval/speed)
			first.run(t)
			second.run(t)
		}
	}
	entries := first.settledEntries(t, people*senders*rounds)

	delivered := make(map[string]int) // by id
	for _, r := range sink.Requests() {
		delivered[r.Header.Get(notification.HeaderID)]++
	}
	told, sent := make(map[string]int), make(map[string]int)
	accounted := make(map[string]int)
	calls := 0
	for _, e := range entries {
		switch e.State {
		case outbox.Sent:
			sent[e.UID]++
			sent[e.UID+string(e.Conversation)]++
			for _, id := range e.MessageIDs {
				told[id]++
			}
			fallthrough
		case outbox.Failed, outbox.Skipped:
			for _, id := range e.MessageIDs {
				accounted[id]++
			}
		default:
			t.Errorf("a delivery to %s is still %s", e.UID, e.State)
		}
		if e.Provider != "" {
			calls++
		}
		if e.Attempts != delivered[e.ID] {
			t.Errorf("%d attempts of %s are known, %d were made", e.Attempts, e.ID, delivered[e.ID])
		}
	}
	for n := range people {
		uid := fmt.Sprintf("p%02d", n)
		if sent[uid] > aDay {
			t.Errorf("%s got %d mails, at most %d", uid, sent[uid], aDay)
		}
		for sender := range senders {
			if n := sent[uid+string(chat.OneOnOne(uid, fmt.Sprintf("s%d", sender)))]; n > 3 {
				t.Errorf("%s got %d mails of one conversation, at most 3", uid, n)
			}
			for round := range rounds {
				id := fmt.Sprintf("%d-%d-%d", n, sender, round)
				if told[id] > 1 || accounted[id] != 1 {
					t.Errorf("message %s was told %d times, and is accounted for %d times", id, told[id], accounted[id])
				}
			}
		}
	}
	checkCounts(t, url, sent)
	if n := first.calls() + second.calls(); n != calls {
		t.Errorf("the two say that they decided on %d calls, there are %d", n, calls)
	}
}

// checkCounts compares the counts of quotas with what was sent.
func checkCounts(t *testing.T, url string, sent map[string]int) {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT uid, conversation, SUM(n) FROM quotas GROUP BY uid, conversation`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var uid, conversation string
		var n int
		if err := rows.Scan(&uid, &conversation, &n); err != nil {
			t.Fatal(err)
		}
		if sent[uid+conversation] != n {
			t.Errorf("%d mails count for %s in %q, %d were sent", n, uid, conversation, sent[uid+conversation])
		}
	}
	var deadlocks int
	err = errors.Join(rows.Err(),
		db.QueryRowContext(t.Context(), `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`).Scan(&deadlocks))
	if err != nil {
		t.Fatal(err)
	}
	if deadlocks > 0 {
		t.Errorf("%d deadlocks", deadlocks)
	}
}

func messageEvent(from, to, id string) chat.Event {
	encoded, _ := json.Marshal(map[string]any{"id": id, "data": map[string]any{"text": id}})
	return chat.Event{
		Users: []chat.User{{UID: from, Name: from}, {UID: to, Name: to}},
		Change: chat.MessageSent{Message: chat.Message{
			ID: id, Conversation: chat.OneOnOne(from, to), Sender: from, Receiver: to, Category: chat.CategoryMessage, Type: "text",
			SentAt: time.Now().Truncate(time.Second), State: chat.StateVisible, Body: encoded,
		}},
	}
}

// process is an engine as the program runs it, in real time.
type process struct {
	*store.Store
	vault  *vault.Vault
	engine *engine.Engine
	worker *outbox.Worker

	mu      sync.Mutex
	decided int
}

func newProcess(t *testing.T, url string, speed float64, transport http.RoundTripper) *process {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	s, err := store.Open(t.Context(), store.Config{URL: url, Exclusive: true, Clock: time.Now, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	sealer, err := access.NewSealer(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Store: s, vault: vault.New(s, sealer)}
	p.engine = engine.New(engine.Config{
		Deciders: 3,
		App:      app, AppID: app, Region: "eu", Store: s, Vault: p.vault,
		Webhook:  webhook.New(transport, "test", time.Now),
		SendGrid: sendgrid.New(sendgrid.ClientConfig{Transport: transport, Clock: time.Now, Version: "test"}),
		Breaker:  breaker.New(breaker.Config{Speed: speed, Clock: time.Now, Logger: logger}),
		Speed:    speed, MaxAge: time.Hour, Retries: retries, Clock: time.Now, Random: rand.Float64, Logger: logger,
		Poll: 20 * time.Millisecond,
		OnDecided: func(d engine.Decided) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.decided += d.Calls
		},
	})
	p.worker = outbox.NewWorker(outbox.WorkerConfig{
		Store: s, Lane: outbox.LaneCall, Handler: p.engine, Clock: time.Now, Logger: logger, Poll: 20 * time.Millisecond, Ahead: 4,
	})
	return p
}

// run runs it until the test ends.
func (p *process) run(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { p.engine.Run(ctx, p.worker) })
	running.Go(func() { p.worker.Run(ctx) })
	t.Cleanup(func() {
		stop()
		running.Wait()
		if p.engine.Alive() || p.worker.Alive() {
			t.Error("it lives on")
		}
	})
}

func (p *process) calls() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.decided
}

// settledEntries returns the log once no window and no call is open, and it
// is about so many messages.
func (p *process) settledEntries(t *testing.T, messages int) []history.Entry {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		entries, err := p.History(t.Context(), history.Filter{App: app}, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		next, err := p.NextWindow(t.Context(), app)
		if err != nil {
			t.Fatal(err)
		}
		open, about := 0, 0
		for i := range entries {
			about += len(entries[i].MessageIDs)
			if s := entries[i].State; s == outbox.Pending || s == outbox.InHand {
				open++
			}
		}
		if open == 0 && next.IsZero() && about >= messages {
			return entries
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d calls are open, the next window is due at %v, and the log is about %d of %d messages", open, next, about, messages)
		}
		pause(t, 20*time.Millisecond)
	}
}

// pause lets what happens in the database go on: nothing tells of it.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
	}
}
