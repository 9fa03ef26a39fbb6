//go:build unix

package e2e_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/postrider/postrider/internal/daemon"
	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/testkit/smtpserver"
)

// leaseVariable makes this test binary be a server whose claims end after that
// time, which is no setting of the shipped program.
const leaseVariable = "E2E_FLEET_LEASE"

// serveFleetMember is a server, if that is what this process is to be.
func serveFleetMember() bool {
	given := os.Getenv(leaseVariable)
	if given == "" {
		return false
	}
	if err := runFleetMember(given); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}

func runFleetMember(lease string) error {
	ended, err := time.ParseDuration(lease)
	if err != nil {
		return err
	}
	var settings daemon.Settings
	parser, err := kong.New(&settings)
	if err != nil {
		return err
	}
	if _, err := parser.Parse(nil); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	d, err := daemon.New(ctx, settings, daemon.Options{
		Clock: time.Now, Random: rand.Float64, Logger: slog.New(slog.NewJSONHandler(os.Stderr, nil)), Lease: ended,
	})
	if err != nil {
		return err
	}
	return d.Run(ctx)
}

// startFleetMember starts a server with short leases.
func startFleetMember(s *site, lease time.Duration) *server {
	s.t.Helper()
	return attach(forkFleetMember(s, lease))
}

// forkFleetMember is startFleetMember that does not wait until it serves.
func forkFleetMember(s *site, lease time.Duration) *process {
	s.t.Helper()
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	return startProcess(s.t, append(s.environment(), leaseVariable+"="+lease.String()), nil, self)
}

// TestFleet runs three processes on one database under load. One is killed; one
// is stopped for longer than its leases and then goes on, with results that
// come too late. Nothing is lost, nothing late counts, and no more mails arrive
// again than were in hand.
//
// The processes have short leases, so that it takes seconds; with
// POSTRIDER_TEST_SOAK=1 they are the shipped program with its 30 s.
func TestFleet(t *testing.T) {
	t.Parallel()
	lease := 5 * time.Second
	if soak {
		lease = 30 * time.Second
	}
	dice := newDice(t)
	const connections = 4
	brake := new(brake)
	inbox := newInbox(t, smtpserver.Config{OnMail: brake.pass})
	settings := onPostgres(t)
	settings["POSTRIDER_SMTP_URL"] = inbox.URL("pool=" + itoa(connections))
	site := newSite(t, settings)
	start := func() *server {
		if soak {
			return site.serve()
		}
		return startFleetMember(site, lease)
	}

	killed, frozen, healthy := start(), start(), start()
	crowd := newCrowd(t, 12)
	crowd.callAt(killed.url, frozen.url, healthy.url)
	crowd.awaitAccepted(200)
	pardoned := make(pardons)

	<-time.After(upTo(dice, 300*time.Millisecond))
	crowd.callAt(frozen.url, healthy.url)
	killed.kill()
	// All that is in hand is counted; the dead process had no more than that.
	inHand := pardoned.grant(site)

	<-time.After(upTo(dice, 300*time.Millisecond))
	brake.pull()
	eventually(t, func() error {
		if n := brake.held(); n < 2*connections {
			return fmt.Errorf("%d mails are at their final dot, want %d", n, 2*connections)
		}
		return nil
	})
	crowd.callAt(healthy.url)
	frozen.signal(syscall.SIGSTOP)
	inHand += pardoned.grant(site)
	brake.release() // the replies now wait for the one that sleeps
	asleep := time.Now()
	// Callers who get no answer turn to the other one. What the sleeper had
	// begun to store keeps nobody from storing.
	<-time.After(callerPatience + time.Second)
	crowd.awaitAccepted(500)
	crowd.callAt()
	<-time.After(time.Until(asleep.Add(2 * lease)))
	// The other has taken back what the dead one and the sleeper had.
	eventually(t, func() error { return different(0, len(site.deliveries("--state", "in_hand"))) })
	sent := site.deliveries("--state", "sent")
	frozen.signal(syscall.SIGCONT)
	frozen.awaitLog("a result came too late")
	now := make(map[string]outbox.Delivery)
	for _, d := range site.deliveries() {
		now[d.ID] = d
	}
	for _, d := range sent {
		if diff := cmp.Diff(d, now[d.ID]); diff != "" {
			t.Errorf("a late result changed what was sent (-before +after):\n%s", diff)
		}
	}
	crowd.callAt(frozen.url, healthy.url)
	crowd.awaitAccepted(200)

	accepted := crowd.finish()
	repeated := wantNothingLost(t, site, inbox, accepted, pardoned)
	if repeated < connections {
		t.Errorf("%d mails arrived again, want %d at the least: those at their final dot", repeated, connections)
	}
	wantOneAttemptEach(t, settings["POSTRIDER_DATABASE_URL"])
	t.Logf("%d notifications accepted; %d times a mail was in hand when a process was lost, %d arrived again", len(accepted), inHand, repeated)
	frozen.stop()
	healthy.stop()
}

// inHand returns which deliveries are in hand. On PostgreSQL it asks the
// database itself: until a program had started, others would have begun to take
// back what those of a dead process were.
func (s *site) inHand() (ids []string) {
	s.t.Helper()
	url := s.settings["POSTRIDER_DATABASE_URL"]
	if url == "" {
		for _, d := range s.deliveries("--state", "in_hand") {
			ids = append(ids, d.ID)
		}
		return ids
	}
	connection, err := pgx.Connect(within(s.t), url)
	if err != nil {
		s.t.Fatal(err)
	}
	defer connection.Close(context.Background())
	rows, err := connection.Query(within(s.t), "SELECT id FROM deliveries WHERE state = 'in_hand'")
	if err == nil {
		ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return ids
}

// wantOneAttemptEach looks into the database: where the gateway took every
// mail the first time, each delivery has one attempt, however many processes
// had it in hand.
func wantOneAttemptEach(t *testing.T, url string) {
	t.Helper()
	connection, err := pgx.Connect(within(t), url)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close(context.Background())
	var odd int
	err = connection.QueryRow(within(t), `SELECT COUNT(*) FROM deliveries WHERE attempts <> 1 OR tries <> 1
		OR 1 <> (SELECT COUNT(*) FROM attempts WHERE delivery_id = id AND number = 1 AND result = 'sent')`).Scan(&odd)
	if err != nil || odd != 0 {
		t.Errorf("%d deliveries have more or fewer than one attempt (%v)", odd, err)
	}
}

// brake holds mails back between their final dot and the reply.
type brake struct {
	mu      sync.Mutex
	gate    chan struct{} // nil: mails pass
	waiting int
}

func (b *brake) pull() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gate, b.waiting = make(chan struct{}), 0
}

func (b *brake) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.gate)
	b.gate = nil
}

func (b *brake) held() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.waiting
}

func (b *brake) pass(smtpserver.Mail) {
	b.mu.Lock()
	gate := b.gate
	b.waiting++
	b.mu.Unlock()
	if gate != nil {
		<-gate
	}
}
