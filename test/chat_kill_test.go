//go:build unix

package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/testkit/webhooksink"
)

// slowly answers so late that calls are in hand at any moment.
func slowly() webhooksink.Answer { return webhooksink.OK().After(20 * time.Millisecond) }

// newTalk returns a site that calls a slow provider, which is set up by its
// first server.
func newTalk(t *testing.T, settings map[string]string) (*site, *webhooksink.Sink) {
	t.Helper()
	sink := webhooksink.New(t, webhooksink.Config{})
	sink.Always(slowly())
	site := newSite(t, fast(settings))
	server := site.serve()
	server.setUp(sink.URL("/"), providerUser, providerPassword)
	server.stop()
	return site, sink
}

// TestKillInTalk kills the server at random moments while messages come in,
// windows are decided and the provider is called, also while it starts. Every
// message that was answered 200 is told once; only the calls that were in hand
// when the server died may come again, under the same webhook-id.
func TestKillInTalk(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		kills := 10
		if soak {
			kills = 50
		}
		killInTalk(t, nil, kills, (*site).start)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		kills := 4
		if soak {
			kills = 20
		}
		killInTalk(t, onPostgres(t), kills, func(s *site, _ ...string) *process { return forkFleetMember(s, 2*time.Second) })
	})
}

func killInTalk(t *testing.T, settings map[string]string, kills int, start func(*site, ...string) *process) {
	dice := newDice(t)
	site, sink := newTalk(t, settings)
	crowd := newChatter(t, 6)
	pardoned := make(pardons)
	inHand := 0
	for kill := range kills {
		p := start(site)
		if kill%4 == 3 { // at its start
			<-time.After(upTo(dice, 100*time.Millisecond))
		} else {
			before := sink.Counts().Requests
			crowd.callAt(attach(p).url)
			crowd.awaitAccepted(1)
			eventually(t, func() error {
				if n := sink.Counts().Requests; n == before {
					return fmt.Errorf("the provider is not called")
				}
				return nil
			})
			<-time.After(upTo(dice, 400*time.Millisecond))
		}
		p.kill()
		inHand += pardoned.grant(site)
	}
	server := attach(start(site))
	crowd.callAt(server.url)
	accepted := crowd.finish()
	repeated := wantAllTold(t, site, sink, accepted, pardoned)
	t.Logf("%d kills: %d messages accepted, %d posts without an answer; %d times a call was in hand, %d calls came again",
		kills, len(accepted), crowd.failures, inHand, repeated)
	server.stop()
}

// TestStopInTalk stops the server in good order while messages come in and the
// provider is called: nothing is lost, and nothing is told twice.
func TestStopInTalk(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, settings map[string]string) {
		dice := newDice(t)
		site, sink := newTalk(t, settings)
		crowd := newChatter(t, 6)
		for range 3 {
			server := site.serve()
			crowd.callAt(server.url)
			crowd.awaitAccepted(20)
			<-time.After(upTo(dice, 300*time.Millisecond))
			server.stop()
		}
		server := site.serve()
		crowd.callAt(server.url)
		if repeated := wantAllTold(t, site, sink, crowd.finish(), nil); repeated > 0 {
			t.Errorf("%d calls came again", repeated)
		}
		server.stop()
	})
}

// TestOpenWindows: windows that are open when the server stops, or dies, are
// decided by the next one.
func TestOpenWindows(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, settings map[string]string) {
		site, sink := newTalk(t, settings)
		// The window of two hours takes six seconds.
		site.settings["POSTRIDER_SPEED"] = "1200"
		const each = 25
		var all []string
		for i, end := range []func(*process){(*process).stop, (*process).kill} {
			server := site.serve()
			var events []event
			for n := i * each; n < (i+1)*each; n++ {
				subject := fmt.Sprintf("crowd-%06d", n*inOneChat+1)
				all = append(all, subject)
				events = append(events, chatterEvents(n*inOneChat+1, subject)...)
			}
			server.tell(events...)
			end(server.process)
			if n := sink.Counts().Requests; n > 0 {
				t.Fatalf("%d calls already: the windows were not open any more", n)
			}
		}
		server := site.serve()
		if repeated := wantAllTold(t, site, sink, all, nil); repeated > 0 {
			t.Errorf("%d calls came again", repeated)
		}
		server.stop()
	})
}
