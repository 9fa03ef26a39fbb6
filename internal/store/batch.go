package store

import (
	"context"
	"errors"
	"sync"
)

// maxBatch bounds one transaction of new deliveries.
const maxBatch = 256

var errClosed = errors.New("store is closed")

// batcher turns concurrent calls into few transactions: while one is being
// written the next calls gather, and share the next one's fsync. Each call
// returns only after its own row is durable.
type batcher[T, R any] struct {
	run func(context.Context, []T) ([]R, error)
	// weight counts a value's rows; nil counts one.
	weight func(T) int
	calls  chan *call[T, R]
	ended  sync.WaitGroup

	mu     sync.RWMutex
	closed bool
}

type call[T, R any] struct {
	value  T
	result R
	err    error
	done   chan struct{}
}

// newBatcher starts as many writers as may run transactions at one time. They
// end with close, not with ctx.
func newBatcher[T, R any](ctx context.Context, writers int, run func(context.Context, []T) ([]R, error)) *batcher[T, R] {
	b := &batcher[T, R]{run: run, calls: make(chan *call[T, R], maxBatch)}
	for range writers {
		b.ended.Go(func() { b.work(ctx) })
	}
	return b
}

// do returns when the value's row is durable, or with why it is not. When ctx
// ends first the row may or may not be stored.
func (b *batcher[T, R]) do(ctx context.Context, value T) (R, error) {
	c := &call[T, R]{value: value, done: make(chan struct{})}
	var zero R
	b.mu.RLock()
	if b.closed {
		b.mu.RUnlock()
		return zero, errClosed
	}
	select {
	case b.calls <- c:
		b.mu.RUnlock()
	case <-ctx.Done():
		b.mu.RUnlock()
		return zero, ctx.Err()
	}
	select {
	case <-c.done:
		return c.result, c.err
	case <-ctx.Done():
		return zero, ctx.Err()
	}
}

func (b *batcher[T, R]) work(ctx context.Context) {
	batch := make([]*call[T, R], 0, maxBatch)
	values := make([]T, 0, maxBatch)
	for first := range b.calls {
		batch, values = append(batch[:0], first), append(values[:0], first.value)
		rows := b.rows(first.value)
	gather:
		for len(batch) < maxBatch && rows < maxBatch {
			select {
			case c, ok := <-b.calls:
				if !ok {
					break gather
				}
				batch, values = append(batch, c), append(values, c.value)
				rows += b.rows(c.value)
			default:
				break gather
			}
		}
		b.write(ctx, batch, values)
		clear(batch) // results are the callers' now
		clear(values)
	}
}

func (b *batcher[T, R]) rows(value T) int {
	if b.weight == nil {
		return 1
	}
	return b.weight(value)
}

// write runs a batch. One that fails is tried again row by row, so that one
// call never fails another.
func (b *batcher[T, R]) write(ctx context.Context, batch []*call[T, R], values []T) {
	results, err := b.run(ctx, values)
	for i, c := range batch {
		switch {
		case err == nil:
			c.result = results[i]
		case len(batch) == 1:
			c.err = err
		default:
			single, err := b.run(ctx, values[i:i+1])
			if c.err = err; err == nil {
				c.result = single[0]
			}
		}
		close(c.done)
	}
}

func (b *batcher[T, R]) close() {
	b.mu.Lock()
	if !b.closed {
		b.closed = true
		close(b.calls)
	}
	b.mu.Unlock()
	b.ended.Wait()
}
