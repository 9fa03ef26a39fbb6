package e2e_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// deliveryOf returns the delivery from whose id a Message-ID was made.
func deliveryOf(messageID string) string {
	id, _, _ := strings.Cut(strings.TrimPrefix(messageID, "<"), "@")
	return id
}

// newDice returns randomness that can be repeated: with POSTRIDER_TEST_SEED.
func newDice(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if given := os.Getenv("POSTRIDER_TEST_SEED"); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("POSTRIDER_TEST_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// upTo is a random time.
func upTo(dice *rand.Rand, most time.Duration) time.Duration {
	return time.Duration(dice.Int64N(int64(most)))
}

// TestKill kills the server at random moments under load, also while it
// starts. Every notification that was answered 200 ends as a mail; only what
// was in hand when the server died may arrive again, as the same mail.
func TestKill(t *testing.T) {
	t.Parallel()
	kills := 10
	if soak {
		kills = 50
	}
	dice := newDice(t)
	inbox := newInbox(t, smtpConfig)
	site := newSite(t, map[string]string{"POSTRIDER_SMTP_URL": inbox.URL("")})
	crowd := newCrowd(t, 16)
	pardoned := make(pardons)
	inHand := 0
	for kill := range kills {
		p := site.start()
		if kill%4 == 3 { // at its start
			<-time.After(upTo(dice, 100*time.Millisecond))
		} else {
			crowd.callAt(attach(p).url)
			crowd.awaitAccepted(1)
			<-time.After(upTo(dice, 400*time.Millisecond))
		}
		p.kill()
		inHand += pardoned.grant(site)
	}
	server := site.serve()
	crowd.callAt(server.url)
	accepted := crowd.finish()
	repeated := wantNothingLost(t, site, inbox, accepted, pardoned)
	t.Logf("%d kills: %d notifications accepted, %d calls without an answer; %d times a mail was in hand, %d arrived again",
		kills, len(accepted), crowd.failures, inHand, repeated)
	server.stop()
}

// TestRestarts stops the server in good order under load: nothing is lost, and
// nothing arrives twice.
func TestRestarts(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, settings map[string]string) {
		dice := newDice(t)
		inbox := newInbox(t, smtpConfig)
		settings["POSTRIDER_SMTP_URL"] = inbox.URL("")
		site := newSite(t, settings)
		crowd := newCrowd(t, 8)
		for range 4 {
			server := site.serve()
			crowd.callAt(server.url)
			crowd.awaitAccepted(1)
			<-time.After(upTo(dice, 300*time.Millisecond))
			server.stop()
		}
		server := site.serve()
		crowd.callAt(server.url)
		wantNothingLost(t, site, inbox, crowd.finish(), nil)
		server.stop()
	})
}
