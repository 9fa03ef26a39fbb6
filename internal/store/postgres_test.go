package store_test

import (
	"database/sql"
	"testing"

	"github.com/postrider/postrider/internal/outbox"
)

// A server that is restarted, or a network that fails, ends connections. What
// was acknowledged stays, and the store goes on by itself.
func TestPostgresConnectionsEnd(t *testing.T) {
	t.Parallel()
	url := server.URL(t)
	s := mustOpen(t, url, false)
	admin, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	var stored []string
	for range 5 {
		for range 3 {
			stored = append(stored, put(t, s).ID)
		}
		_, err := admin.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		if err != nil {
			t.Fatal(err)
		}
		// A call on a connection that has just ended may fail, but not many:
		// the pool is small.
		for failures := 0; ; failures++ {
			err := s.Ping(t.Context())
			if err == nil {
				break
			}
			if failures == 20 {
				t.Fatalf("still failing: %v", err)
			}
		}
	}
	deliveries, err := s.List(t.Context(), outbox.Filter{}, 100)
	if err != nil || len(deliveries) != len(stored) {
		t.Errorf("%d deliveries (%v), want the %d that were acknowledged", len(deliveries), err, len(stored))
	}
}
