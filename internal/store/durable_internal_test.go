package store

import (
	"database/sql"
	"os"
	"testing"
	"time"
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

// walSize returns the size of the write-ahead log.
func walSize(t *testing.T, s *Store) int64 {
	t.Helper()
	var seq int
	var name, file string
	if err := s.read.QueryRowContext(t.Context(), `PRAGMA database_list`).Scan(&seq, &name, &file); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestWriteAheadLogStaysSmall(t *testing.T) {
	t.Parallel()
	s, _ := testEngines()[0].open(t)
	const size = 8 << 20
	put := func(n int) {
		e := testEntry(n, "")
		e.Payload = make([]byte, size)
		if _, err := s.Put(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if err := s.checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 8 {
		put(n)
	}
	// It begins again after two, and may have to wait for a checkpoint that is
	// made at the same moment.
	if got := walSize(t, s); got > 5*size {
		t.Errorf("the log has %d bytes after %d were written piece by piece", got, 8*size)
	}

	// Somebody reads from it: it is left alone, nobody waits for them, and the
	// writer still waits for the locks of other processes.
	reader, err := s.read.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := reader.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM deliveries`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for n := range 3 {
		put(8 + n)
	}
	if took := time.Since(began); took > busyTimeout/2 {
		t.Errorf("three writes and checkpoints took %v beside a reader", took)
	}
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	var timeout int64
	if err := s.write.QueryRowContext(t.Context(), `PRAGMA busy_timeout`).Scan(&timeout); err != nil || timeout != busyTimeout.Milliseconds() {
		t.Errorf("the writer waits %d ms for locks (%v)", timeout, err)
	}
}
