package storetest

import (
	"strings"
	"testing"

	"github.com/postrider/postrider/internal/store"
)

var schemaTests = []test{
	{"is made once, however many start together", schemaTogether},
	{"of a newer release is refused", schemaNewer},
	{"survives a second start", schemaAgain},
}

func schemaTogether(t *testing.T, f *fixture) {
	const processes = 4
	config := f.config()
	config.URL = f.engine.Empty(t)
	empty := &fixture{engine: f.engine, url: config.URL, clock: f.clock}
	// On SQLite one process serves, and only it.
	config.Exclusive = true
	starters := processes
	if !f.engine.OwnClock {
		starters = 1
	}
	together(starters, func(int) {
		s, err := store.Open(t.Context(), config)
		if err != nil {
			t.Errorf("open: %v", err)
			return
		}
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("ping: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	var versions, rows int
	if err := empty.raw(t).QueryRow(`SELECT COUNT(DISTINCT version_id), COUNT(*) FROM goose_db_version`).Scan(&versions, &rows); err != nil {
		t.Fatal(err)
	}
	if versions != rows || versions < 2 {
		t.Errorf("%d migrations were recorded as %d, want each once", versions, rows)
	}
}

func schemaNewer(t *testing.T, f *fixture) {
	if err := f.Store.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.raw(t).Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)`); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), f.config())
	if err == nil {
		t.Error("a newer schema was opened")
		_ = s.Close()
	} else if !strings.Contains(err.Error(), "newer release") || !strings.Contains(err.Error(), "9999") {
		t.Errorf("refused with %q, want it to say that schema 9999 is a newer release's", err)
	}
}

func schemaAgain(t *testing.T, f *fixture) {
	e := f.put(t)
	if err := f.Store.Close(); err != nil {
		t.Fatal(err)
	}
	s := f.open(t)
	if d, _, err := s.Get(t.Context(), e.ID); err != nil || d.ID != e.ID {
		t.Errorf("after a restart: %+v, %v", d, err)
	}
}
