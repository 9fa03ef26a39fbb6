package store_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"modernc.org/sqlite"

	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/store"
)

// open opens a database, for this process alone if exclusive.
func open(ctx context.Context, url string, exclusive bool) (*store.Store, error) {
	return store.Open(ctx, store.Config{URL: url, Exclusive: exclusive, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)})
}

func mustOpen(t *testing.T, url string, exclusive bool) *store.Store {
	t.Helper()
	s, err := open(t.Context(), url, exclusive)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func put(t *testing.T, s *store.Store) outbox.Entry {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	e := outbox.Entry{ID: id.String(), App: "app", Lane: outbox.LaneMail, CreatedAt: time.Now(), NextAt: time.Now()}
	if _, err := s.Put(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestSQLiteFileIsServedByOneProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "postrider.db")
	url := "sqlite:" + path
	serving := mustOpen(t, url, true)
	_, err := open(t.Context(), url, true)
	if !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), path) {
		t.Errorf("a second server: %v; want ErrLocked with the path", err)
	}
	beside := mustOpen(t, url, false)
	e := put(t, serving)
	if err := beside.Cancel(t.Context(), e.ID); err != nil {
		t.Errorf("a command beside the server: %v", err)
	}
	if d, _, err := serving.Get(t.Context(), e.ID); err != nil || d.State != outbox.Cancelled {
		t.Errorf("the server sees it %s (%v), want cancelled", d.State, err)
	}
	if err := serving.Close(); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, url, true)
}

func TestSQLiteServerGivesBackWhatWasInHand(t *testing.T) {
	t.Parallel()
	url := "sqlite:" + filepath.Join(t.TempDir(), "postrider.db")
	first := mustOpen(t, url, true)
	e := put(t, first)
	if claimed, err := first.Claim(t.Context(), outbox.LaneMail, 1, time.Hour); err != nil || len(claimed) != 1 {
		t.Fatalf("claimed %d, %v", len(claimed), err)
	}
	beside := mustOpen(t, url, false)
	if d, _, err := beside.Get(t.Context(), e.ID); err != nil || d.State != outbox.InHand {
		t.Errorf("a command beside the server found it %s (%v), want in hand", d.State, err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	next := mustOpen(t, url, true)
	if claimed, err := next.Claim(t.Context(), outbox.LaneMail, 1, time.Hour); err != nil || len(claimed) != 1 || claimed[0].Claim != 2 {
		t.Errorf("the next server claimed %+v, %v; want the delivery's second claim", claimed, err)
	}
}

// A server and commands that start on an empty directory at one time.
func TestSQLiteStartsTogether(t *testing.T) {
	t.Parallel()
	url := "sqlite:" + filepath.Join(t.TempDir(), "data", "postrider.db")
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			s, err := open(t.Context(), url, i == 0)
			if i == 0 && errors.Is(err, store.ErrLocked) {
				return // a command migrates
			}
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			if err := errors.Join(s.Ping(t.Context()), s.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

func TestSQLiteFilesArePrivate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	put(t, mustOpen(t, "sqlite:"+filepath.Join(dir, "postrider.db"), true))
	want := map[string]os.FileMode{
		"":                  os.ModeDir | 0o700,
		"postrider.db":      0o600,
		"postrider.db-wal":  0o600,
		"postrider.db-shm":  0o600,
		"postrider.db.lock": 0o600,
	}
	for name, mode := range want {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		} else if info.Mode() != mode {
			t.Errorf("%q has mode %v, want %v", name, info.Mode(), mode)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(want)-1 {
		t.Errorf("%d files (%v), want %d", len(entries), err, len(want)-1)
	}
}

func TestSQLitePathsAreTakenLiterally(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b.db", "a%20b.db", "a?mode=ro.db", "a#b.db", "ä&;.db", ":memory:"} {
		path := filepath.Join(t.TempDir(), name)
		put(t, mustOpen(t, "sqlite:"+path, true))
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%q: %v, want a database under that name", name, err)
		}
	}
}

func TestUnusableDatabases(t *testing.T) {
	t.Parallel()
	notADirectory := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(notADirectory, []byte("this is no database, but long enough to look at"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{
		"", "mysql://localhost/x", "sqlite:", "sqlite:" + notADirectory, "sqlite:" + notADirectory + "/postrider.db",
		"postgres://localhost:1/nothing-listens-here",
	} {
		if s, err := open(t.Context(), url, true); err == nil {
			t.Errorf("%q was opened", url)
			_ = s.Close()
		}
	}
}

// A commit waits for what SQLite waits for wherever C compiles it, and not for
// more.
func TestSQLiteSyncsDataOnly(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere it may not be known")
	}
	mustOpen(t, "sqlite:"+filepath.Join(t.TempDir(), "postrider.db"), false)
	if !sqlite.FdatasyncEnabled() {
		t.Error("commits wait for timestamps as well")
	}
}
