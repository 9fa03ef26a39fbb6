//go:build unix

package e2e_test

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestDatabaseAway cuts a server off from PostgreSQL under load, for shorter
// than its leases. It takes nothing meanwhile, says that it is not ready, goes
// on by itself, and loses and doubles nothing: what was sent while the result
// could not be written is not sent again.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	inbox := newInbox(t, smtpConfig)
	settings := onPostgres(t)
	wire := newWire(t, settings["POSTRIDER_DATABASE_URL"])
	direct := newSite(t, settings)
	throughWire := newSite(t, settings)
	direct.settings["POSTRIDER_SMTP_URL"] = inbox.URL("")
	throughWire.settings["POSTRIDER_SMTP_URL"] = inbox.URL("")
	throughWire.settings["POSTRIDER_DATABASE_URL"] = wire.url
	const lease = 8 * time.Second
	server := startFleetMember(throughWire, lease)
	crowd := newCrowd(t, 8)
	crowd.callAt(server.url)
	for range 3 {
		crowd.awaitAccepted(100)
		wire.cut()
		a, err := server.post(payload(t, "while-away"))
		if err != nil {
			t.Fatal(err)
		}
		if err := a.want(http.StatusServiceUnavailable); err != nil || a.header.Get("Retry-After") == "" {
			t.Errorf("a post meanwhile: %v %v", err, a.header)
		}
		eventually(t, func() error { return server.get("/readyz").want(http.StatusServiceUnavailable) })
		if err := server.get("/healthz").want(http.StatusOK); err != nil {
			t.Error(err)
		}
		wire.mend()
		server.awaitReady()
	}
	accepted := crowd.finish()
	wantNothingLost(t, direct, inbox, accepted, nil)
	server.stop()
}

// wire is a TCP connection to PostgreSQL that can be cut.
type wire struct {
	t                *testing.T
	url              string // of the database, through the wire
	address          string
	network, backend string

	listener net.Listener
	copies   sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{} // nil while it is cut
}

func newWire(t *testing.T, database string) *wire {
	t.Helper()
	cfg, err := pgconn.ParseConfig(database)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{t: t, address: freeAddress(t)}
	w.network, w.backend = pgconn.NetworkAddress(cfg.Host, cfg.Port)
	through := url.URL{
		Scheme: "postgres", User: url.UserPassword(cfg.User, cfg.Password), Host: w.address, Path: "/" + cfg.Database,
		RawQuery: "sslmode=disable",
	}
	w.url = through.String()
	w.mend()
	t.Cleanup(w.cut)
	return w
}

// mend makes the wire whole.
func (w *wire) mend() {
	listener, err := net.Listen("tcp", w.address)
	if err != nil {
		w.t.Fatal(err)
	}
	w.listener = listener
	w.mu.Lock()
	w.conns = make(map[net.Conn]struct{})
	w.mu.Unlock()
	w.copies.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			w.copies.Go(func() { w.join(client) })
		}
	})
}

// join connects a client with the database, until one of them hangs up.
func (w *wire) join(client net.Conn) {
	backend, err := net.Dial(w.network, w.backend)
	if err != nil {
		client.Close()
		return
	}
	w.mu.Lock()
	whole := w.conns != nil
	for _, c := range []net.Conn{client, backend} {
		if whole {
			w.conns[c] = struct{}{}
		} else {
			c.Close()
		}
	}
	w.mu.Unlock()
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{client, backend}, {backend, client}} {
		both.Go(func() {
			_, _ = io.Copy(way[0], way[1])
			client.Close()
			backend.Close()
		})
	}
	both.Wait()
}

// cut ends all connections, and lets nobody connect.
func (w *wire) cut() {
	w.listener.Close()
	w.mu.Lock()
	for c := range w.conns {
		c.Close()
	}
	w.conns = nil
	w.mu.Unlock()
	w.copies.Wait()
}
