package store

import (
	"context"
	"slices"
	"sync"
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
		if err := all.take(t.Context(), background); err != nil {
			t.Fatal(err)
		}
		for _, w := range []struct {
			name string
			kind int
		}{{"b1", background}, {"b2", background}, {"f1", foreground}, {"b3", background}, {"f2", foreground}, {"f3", foreground}, {"f4", foreground}} {
			writers.Go(func() {
				if err := all.take(t.Context(), w.kind); err != nil {
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
		if err := all.take(t.Context(), foreground); err != nil {
			t.Errorf("after all have had their turn: %v", err)
		}
	})
}

// There is never more than one inside, and whoever gives up while waiting
// takes nobody's turn away.
func TestTurnsOfImpatientWriters(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		kinds := rapid.SliceOfN(rapid.IntRange(foreground, background), 1, 12).Draw(r, "kinds")
		patience := rapid.SliceOfN(rapid.IntRange(0, 5), len(kinds), len(kinds)).Draw(r, "patience in ms")
		hold := rapid.SliceOfN(rapid.IntRange(0, 3), len(kinds), len(kinds)).Draw(r, "hold in ms")
		synctest.Test(t, func(t *testing.T) {
			var all turns
			var writers sync.WaitGroup
			inside := make(chan struct{}, 1)
			for i, kind := range kinds {
				writers.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(patience[i])*time.Millisecond)
					defer cancel()
					if all.take(ctx, kind) != nil {
						return
					}
					select {
					case inside <- struct{}{}:
					default:
						t.Error("two are inside")
					}
					time.Sleep(time.Duration(hold[i]) * time.Millisecond)
					<-inside
					all.give()
				})
			}
			writers.Wait()
			if all.busy || len(all.waiting[foreground])+len(all.waiting[background]) > 0 {
				t.Errorf("all have gone, and it is %+v", &all)
			}
		})
	})
}
