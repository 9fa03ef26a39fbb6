package store

import (
	"database/sql"
	"testing"

	"github.com/postrider/postrider/internal/outbox"
)

// What a 200 promises rests on these settings; they must reach every
// connection.
func TestSQLiteSettings(t *testing.T) {
	t.Parallel()
	s, _ := testEngines()[0].open(t)
	want := map[string]string{"journal_mode": "wal", "synchronous": "2", "busy_timeout": "10000", "wal_autocheckpoint": "0"}
	for name, db := range map[string]*sql.DB{"writer": s.write, "readers": s.read} {
		// All at one time, so that each is another one.
		for i := range db.Stats().MaxOpenConnections {
			conn, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			for setting, value := range want {
				var got string
				if err := conn.QueryRowContext(t.Context(), `PRAGMA `+setting).Scan(&got); err != nil || got != value {
					t.Errorf("%s, connection %d: %s is %q (%v), want %q", name, i, setting, got, err, value)
				}
			}
		}
	}
	if err := s.read.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestWriteAheadLogIsCutBack(t *testing.T) {
	t.Parallel()
	s, _ := testEngines()[0].open(t)
	for n := 0; ; n++ {
		e := testEntry(n, "")
		e.Payload = make([]byte, 8<<20)
		if _, err := s.Put(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if size, err := s.walSize(); err != nil {
			t.Fatal(err)
		} else if size >= restartAbove {
			break
		}
	}
	if err := s.checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	if size, err := s.walSize(); err != nil || size != 0 {
		t.Errorf("the log has %d bytes (%v) after a checkpoint, want none", size, err)
	}
	if _, err := s.List(t.Context(), outbox.Filter{}, 1); err != nil {
		t.Error(err)
	}
}
