//go:build unix

package e2e_test

import (
	"net/http"
	"testing"
	"time"
)

// TestTalkToFleet tells three processes on one database what is said, and kills
// one of them: everything is told once, but for the calls that were in hand.
func TestTalkToFleet(t *testing.T) {
	t.Parallel()
	dice := newDice(t)
	site, sink := newTalk(t, onPostgres(t))
	start := func() *server { return startFleetMember(site, 5*time.Second) }
	killed, second, third := start(), start(), start()
	crowd := newChatter(t, 8)
	crowd.callAt(killed.url, second.url, third.url)
	crowd.awaitAccepted(200)
	<-time.After(upTo(dice, 300*time.Millisecond))
	crowd.callAt(second.url, third.url)
	killed.kill()
	pardoned := make(pardons)
	inHand := pardoned.grant(site)
	crowd.awaitAccepted(100)
	fourth := start()
	crowd.callAt(second.url, third.url, fourth.url)
	crowd.awaitAccepted(200)
	second.stop()
	crowd.callAt(third.url, fourth.url)
	accepted := crowd.finish()
	repeated := wantAllTold(t, site, sink, accepted, pardoned)
	t.Logf("%d messages accepted; %d times a call was in hand when a process was lost, %d came again", len(accepted), inHand, repeated)
	third.stop()
	fourth.stop()
}

// TestDatabaseAwayFromTalk cuts a server off from PostgreSQL while messages come
// in and the provider is called. Events are answered 503 meanwhile; it goes on
// by itself, and loses and doubles nothing.
func TestDatabaseAwayFromTalk(t *testing.T) {
	t.Parallel()
	settings := onPostgres(t)
	wire := newWire(t, settings["POSTRIDER_DATABASE_URL"])
	direct, sink := newTalk(t, settings)
	throughWire := newSite(t, fast(settings))
	throughWire.settings["POSTRIDER_DATABASE_URL"] = wire.url
	server := startFleetMember(throughWire, 8*time.Second)
	crowd := newChatter(t, 6)
	crowd.callAt(server.url)
	for range 2 {
		crowd.awaitAccepted(100)
		wire.cut()
		a, err := server.postEvents(batch(said("susan", "andrew", "1000001", "")))
		if err != nil {
			t.Fatal(err)
		}
		if err := a.want(http.StatusServiceUnavailable); err != nil || a.header.Get("Retry-After") == "" {
			t.Errorf("events meanwhile: %v %v", err, a.header)
		}
		eventually(t, func() error { return server.get("/readyz").want(http.StatusServiceUnavailable) })
		wire.mend()
		server.awaitReady()
	}
	if repeated := wantAllTold(t, direct, sink, crowd.finish(), nil); repeated > 0 {
		t.Errorf("%d calls came again", repeated)
	}
	server.stop()
}
