package store

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// While both kinds wait, one of the foreground comes after each two of the
// background, each in the order in which it came.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all turns
		var order []string
		var writers sync.WaitGroup
		if err := all.take(t.Context(), newWriter(background, nil)); err != nil {
			t.Fatal(err)
		}
		for _, w := range []struct {
			name string
			kind int
		}{{"b1", background}, {"b2", background}, {"f1", foreground}, {"b3", background}, {"f2", foreground}, {"f3", foreground}, {"f4", foreground}} {
			writers.Go(func() {
				if err := all.take(t.Context(), newWriter(w.kind, nil)); err != nil {
					t.Error(err)
				}
				order = append(order, w.name)
				all.give()
			})
			synctest.Wait()
		}
		all.give()
		writers.Wait()
		if want := []string{"b1", "f1", "b2", "b3", "f2", "f3", "f4"}; !slices.Equal(order, want) {
			t.Errorf("%v, want %v", order, want)
		}
		if err := all.take(t.Context(), newWriter(foreground, nil)); err != nil {
			t.Errorf("after all have had their turn: %v", err)
		}
	})
}

// There is never more than one inside, whoever gives up while waiting takes
// nobody's turn away, and nobody leaves who was taken along.
func TestTurnsOfImpatientWriters(t *testing.T) {
	for range 30 { // the store's properties are checked a few times each; this one takes no time
		rapid.Check(t, func(r *rapid.T) { checkImpatientWriters(t, r) })
	}
}

func checkImpatientWriters(t *testing.T, r *rapid.T) {
	kinds := rapid.SliceOfN(rapid.IntRange(foreground, background), 1, 12).Draw(r, "kinds")
	patience := rapid.SliceOfN(rapid.IntRange(0, 5), len(kinds), len(kinds)).Draw(r, "patience in ms")
	hold := rapid.SliceOfN(rapid.IntRange(0, 3), len(kinds), len(kinds)).Draw(r, "hold in ms")
	works := rapid.SliceOfN(rapid.Bool(), len(kinds), len(kinds)).Draw(r, "can share")
	synctest.Test(t, func(t *testing.T) {
		var all turns
		var writers sync.WaitGroup
		inside := make(chan struct{}, 1)
		var left sync.Map
		for i, kind := range kinds {
			writers.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(patience[i])*time.Millisecond)
				defer cancel()
				w := newWriter(kind, nil)
				err := all.take(ctx, w)
				left.Store(w, true)
				if err != nil || w.along {
					return
				}
				select {
				case inside <- struct{}{}:
				default:
					t.Error("two are inside")
				}
				other := all.companion(w)
				if other != nil && (kind == foreground || other.kind == foreground) {
					t.Error("an answer shares a transaction with the background")
				}
				time.Sleep(time.Duration(hold[i]) * time.Millisecond)
				if other != nil {
					if _, gone := left.Load(other); gone {
						t.Error("one has left whose function runs")
					}
					all.dismiss(other, works[i])
				}
				<-inside
				all.give()
			})
		}
		writers.Wait()
		if all.busy || len(all.waiting[foreground])+len(all.waiting[background]) > 0 {
			t.Errorf("all have gone, and it is %+v", &all)
		}
	})
}

// Two of the background share a transaction, and an answer comes after them.
// What cannot be written keeps nobody else from writing.
func TestWritersShareTransactions(t *testing.T) {
	ours := errors.New("cannot be written")
	for name, wrong := range map[string]map[string]error{
		"both are written": {}, "the first is not": {"b1": ours}, "the second is not": {"b2": ours}, "none is": {"b1": ours, "b2": ours},
	} {
		t.Run(name, func(t *testing.T) {
			s := openTest(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
			if err := s.turns.take(t.Context(), newWriter(background, nil)); err != nil {
				t.Fatal(err)
			}
			var writers sync.WaitGroup
			var together atomic.Bool
			begun := s.written.Load()
			for i, label := range []string{"b1", "b2"} {
				writers.Go(func() {
					err := s.inBackground(t.Context(), func(tx *transaction) error {
						var others int
						if err := tx.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM contacts`).Scan(&others); err != nil {
							return err
						}
						if others == 1 && s.written.Load() == begun {
							together.Store(true)
						}
						_, err := tx.ExecContext(t.Context(), `INSERT INTO contacts (app, uid, email, updated_at) VALUES ('a', $1, '', 0)`, label)
						return errors.Join(err, wrong[label])
					})
					if !errors.Is(err, wrong[label]) {
						t.Errorf("%s: %v", label, err)
					}
				})
				awaitWaiting(t, s, i+1)
			}
			s.turns.give()
			writers.Wait()
			var found []string
			err := query(t.Context(), s.read, `SELECT uid FROM contacts ORDER BY uid`, nil, func(rows *sql.Rows) error {
				var uid string
				if err := rows.Scan(&uid); err != nil {
					return err
				}
				found = append(found, uid)
				return nil
			})
			var want []string
			for _, label := range []string{"b1", "b2"} {
				if wrong[label] == nil {
					want = append(want, label)
				}
			}
			if err != nil || !slices.Equal(found, want) {
				t.Errorf("there are %v (%v), want %v", found, err, want)
			}
			if want := wrong["b1"] == nil; together.Load() != want {
				t.Errorf("in one transaction: %v, want %v", together.Load(), want)
			}
		})
	}
}

func awaitWaiting(t *testing.T, s *Store, n int) {
	t.Helper()
	for {
		s.turns.mu.Lock()
		waiting := len(s.turns.waiting[background])
		s.turns.mu.Unlock()
		if waiting >= n {
			return
		}
		runtime.Gosched()
		if t.Context().Err() != nil {
			t.Fatal(t.Context().Err())
		}
	}
}

// Who takes whom along.
func TestCompanions(t *testing.T) {
	b, f := newWriter(background, nil), newWriter(foreground, nil)
	alone := newWriter(background, nil)
	alone.alone = true
	for name, c := range map[string]struct {
		who     *writer
		waiting []*writer
		passed  int
		want    *writer
	}{
		"the first of the background":      {newWriter(background, nil), []*writer{b, alone}, 1, b},
		"while an answer waits":            {newWriter(background, nil), []*writer{f, b}, 1, b},
		"when it is an answer's turn next": {newWriter(background, nil), []*writer{f, b}, 2, nil},
		"when no answer waits":             {newWriter(background, nil), []*writer{b}, 2, b},
		"an answer takes nobody along":     {newWriter(foreground, nil), []*writer{b}, 0, nil},
		"nobody takes an answer along":     {newWriter(background, nil), []*writer{f}, 1, nil},
		"who could not share goes alone":   {alone, []*writer{b}, 1, nil},
		"and is not taken along once more": {newWriter(background, nil), []*writer{alone, b}, 1, nil},
		"there is nobody":                  {newWriter(background, nil), nil, 1, nil},
	} {
		all := turns{busy: true, passed: c.passed}
		for _, w := range c.waiting {
			all.waiting[w.kind] = append(all.waiting[w.kind], w)
		}
		if got := all.companion(c.who); got != c.want {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}
