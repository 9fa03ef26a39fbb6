package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/testkit/webhooksink"
)

// TestProviderAway: a provider is down for an hour of the engine's waits, in
// every way in which one can be. When it returns it gets everything, less what
// was read meanwhile, whose log says so; nothing is told twice.
func TestProviderAway(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		away func(*webhooksink.Sink)
	}{
		{"refuses connections", (*webhooksink.Sink).Close},
		{"hangs up", func(sink *webhooksink.Sink) { sink.Always(webhooksink.HangUp()) }},
		{"says nothing", func(sink *webhooksink.Sink) { sink.Always(webhooksink.Hang()) }},
		{"fails without an end", func(sink *webhooksink.Sink) { sink.Always(webhooksink.HangInBody(http.StatusBadGateway, "{")) }},
		{"answers 500", func(sink *webhooksink.Sink) { sink.Always(webhooksink.Status(http.StatusInternalServerError)) }},
		{"answers 503", func(sink *webhooksink.Sink) {
			sink.Always(webhooksink.Status(http.StatusServiceUnavailable).With("Retry-After", "1"))
		}},
		{"answers 429", func(sink *webhooksink.Sink) {
			sink.Always(webhooksink.Status(http.StatusTooManyRequests).With("Retry-After", "1"))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			const people = 30
			site := newSite(t, fast(nil))
			// An hour takes six seconds; there are enough retries for it.
			site.settings["POSTRIDER_SPEED"] = "600"
			site.settings["POSTRIDER_PROVIDER_RETRY_SCHEDULE"] = "10m" + strings.Repeat(",20m", 30)
			sink := webhooksink.New(t, webhooksink.Config{})
			server := site.serve()
			server.setUp(sink.URL("/"), providerUser, providerPassword)
			server.callAPI(http.MethodPatch, settingsPath, `{"preferences":{"email":{"intervalInSeconds":60}}}`)
			c.away(sink)
			var events []event
			for n := range people {
				events = append(events, said("susan", fmt.Sprintf("to-%d", n), itoa(n), fmt.Sprintf(" %d", n)))
			}
			server.tell(events...)
			down := time.Now()
			eventually(t, func() error { return different(people, len(site.deliveries())) })
			for n := range people / 2 {
				server.tell(hasRead(fmt.Sprintf("to-%d", n), "susan", itoa(n)))
			}
			<-time.After(time.Until(down.Add(6 * time.Second)))
			if sent := site.deliveries("--state", "sent"); len(sent) > 0 {
				t.Errorf("%d calls are marked as sent to a provider that is away", len(sent))
			}

			// What came while it was away it did not take.
			before := readCalls(t, sink)
			if c.name == "refuses connections" {
				sink = webhooksink.New(t, webhooksink.Config{Addr: sink.Addr()})
				before = calls{}
			} else {
				sink.Always(webhooksink.OK())
			}
			returned := sink.Counts().Requests
			eventually(t, func() error { return different(0, len(site.deliveries("--state", "pending,in_hand"))) })
			states := make(map[string]int)
			sent := make(map[string]bool)
			for _, d := range site.deliveries() {
				states[strings.TrimSpace(string(d.State)+" "+d.Reason)]++
				sent[d.ID] = d.State == outbox.Sent
			}
			if err := different(map[string]int{"sent": people / 2, "skipped READ": people / 2}, states); err != nil {
				t.Errorf("when it is back %v", err)
			}
			for id := range before.byID {
				if _, ok := sent[id]; !ok {
					t.Errorf("the call %s is of no delivery", id)
				}
			}
			after := make(map[string]int)
			for _, r := range sink.Requests()[returned:] {
				after[r.Header.Get("Webhook-Id")]++
			}
			for id, n := range after {
				if !sent[id] || n != 1 {
					t.Errorf("the call %s came %d times to a provider that takes it; marked as sent: %v", id, n, sent[id])
				}
			}
			if len(after) != people/2 {
				t.Errorf("%d calls after the return, want %d", len(after), people/2)
			}
			server.stop()
		})
	}
}

// TestProviderRefuses: what is refused for good is not tried again, and the log
// says why. Redirects are not followed.
func TestProviderRefuses(t *testing.T) {
	t.Parallel()
	elsewhere := webhooksink.New(t, webhooksink.Config{})
	for _, c := range []struct {
		answer webhooksink.Answer
		code   int
	}{
		{webhooksink.Body(http.StatusBadRequest, `{"message":"no such person"}`), http.StatusBadRequest},
		{webhooksink.Status(http.StatusUnauthorized), http.StatusUnauthorized},
		{webhooksink.Status(http.StatusGone), http.StatusGone},
		{webhooksink.Redirect(elsewhere.URL("/")), http.StatusTemporaryRedirect},
	} {
		t.Run(itoa(c.code), func(t *testing.T) {
			t.Parallel()
			site, sink := newTalk(t, nil)
			sink.Always(c.answer)
			server := site.serve()
			server.tell(said("susan", "andrew", "1", ""))
			var failed []outbox.Delivery
			eventually(t, func() error {
				failed = site.deliveries("--state", "failed")
				return different(1, len(failed))
			})
			log := site.show(failed[0].ID).AttemptLog
			if failed[0].Reason == "" || len(log) != 1 || log[0].Code != c.code || sink.Counts().Requests != 1 {
				t.Errorf("%d calls; it is %+v after %+v", sink.Counts().Requests, failed[0], log)
			}
			if c.code == http.StatusBadRequest && !strings.Contains(log[0].Reply, "no such person") {
				t.Errorf("the answer is kept as %q", log[0].Reply)
			}
			// The next message is told all the same, and so is this one on
			// request, under its id.
			sink.Always(webhooksink.OK())
			site.command("deliveries", "replay", failed[0].ID)
			eventually(t, func() error { return different(1, len(site.deliveries("--state", "sent"))) })
			if err := different(map[string]int{failed[0].ID: 2}, readCalls(t, sink).byID); err != nil {
				t.Errorf("calls %v", err)
			}
			server.stop()
		})
	}
	if n := elsewhere.Counts().Requests; n > 0 {
		t.Errorf("a redirect was followed %d times", n)
	}
}
