package watch_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/postrider/postrider/internal/testkit/watch"
)

// count is something that is watched.
type count struct {
	mu   sync.Mutex
	n    int
	bell watch.Bell
}

func (c *count) add() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	c.bell.Ring()
}

func (c *count) await(ctx context.Context, n int) (int, error) {
	return watch.Await(ctx, &c.mu, &c.bell, func() int { return c.n }, func(now int) bool { return now >= n })
}

func TestAwait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c count
		var waiting sync.WaitGroup
		for want := range 4 {
			waiting.Go(func() {
				if got, err := c.await(t.Context(), want); got < want || err != nil {
					t.Errorf("awaited %d, got %d, %v", want, got, err)
				}
			})
		}
		for range 3 {
			synctest.Wait()
			c.add()
		}
		waiting.Wait()
	})
}

func TestAwaitTellsWhatWasSeen(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := count{n: 7}
	if got, err := c.await(ctx, 8); got != 7 || !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "so far: 7") {
		t.Errorf("got %d, %v", got, err)
	}
}
