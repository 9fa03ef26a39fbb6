package smtp

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// errClosed is what a mail gets that comes after [Gateway.Close].
var errClosed = errors.New("the gateway is closed")

// Stats is a moment's account of the connections.
type Stats struct {
	Limit   int // connections that may be open
	Open    int // ready to use or in use
	Idle    int // of them: unused
	InUse   int // of them: with a mail, or being reset or closed
	Waiting int // mails that wait for a connection

	Dialled uint64 // connections begun since the start, also those that came to nothing
	Mails   uint64 // mails taken by the server since the start
}

// pool holds the connections. Whoever holds a slot may own one connection:
// an idle one or, only if there is none, a new one. So there are never more
// connections than slots.
//
// Its goroutines reset or close connections after their mail has its answer.
// They belong to the pool, hold a slot, and are limited by Timeouts.Parting.
type pool struct {
	cfg     *Config
	lessons lessons
	slots   chan struct{}

	mu      sync.Mutex
	closed  bool
	idle    []*conn // the one put back last is at the end, and taken first
	sweeper *time.Timer
	sweepAt time.Time // when sweeper fires; zero: it is not set
	stats   Stats     // but for Limit, Idle and InUse
	tasks   sync.WaitGroup
}

func newPool(cfg *Config) *pool {
	return &pool{cfg: cfg, slots: make(chan struct{}, cfg.Pool)}
}

// take waits for a slot and returns an idle connection, or nil: the caller
// then has to [pool.open] one. Either way the slot is the caller's, until it
// calls put or drop.
func (p *pool) take(ctx context.Context) (*conn, error) {
	if err := p.wait(ctx); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		<-p.slots
		return nil, errClosed
	}
	for len(p.idle) > 0 {
		c := p.pop(len(p.idle) - 1)
		if c.reusable(now()) {
			return c, nil
		}
		p.stats.Open--
		c.close() // the sweeper was about to; a goodbye would keep the mail waiting
	}
	return nil, nil
}

func (p *pool) wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case p.slots <- struct{}{}:
		return nil
	default:
	}
	p.count(func(s *Stats) { s.Waiting++ })
	defer p.count(func(s *Stats) { s.Waiting-- })
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// open makes a new connection for the holder of a slot.
func (p *pool) open(ctx context.Context) (*conn, error) {
	p.count(func(s *Stats) { s.Dialled++ })
	c, err := open(ctx, p.cfg, &p.lessons)
	if err == nil {
		p.count(func(s *Stats) { s.Open++ })
	}
	return c, err
}

// drop gives the slot back, and ends the connection if there is one.
func (p *pool) drop(c *conn) {
	if c != nil {
		p.end(c)
	}
	<-p.slots
}

// end closes a connection; its owner keeps the slot.
func (p *pool) end(c *conn) {
	c.close()
	p.count(func(s *Stats) { s.Open-- })
}

// put gives connection and slot back. What has to be said to the server first
// is said in the background.
func (p *pool) put(c *conn) {
	switch {
	case c.broken:
		p.drop(c)
	case c.dirty:
		p.background(c, func() {
			if c.reset() != nil {
				p.drop(c)
				return
			}
			p.rest(c)
		})
	default:
		p.rest(c)
	}
}

// rest keeps the connection for the next mail, if it may have one.
func (p *pool) rest(c *conn) {
	c.rested = now()
	if !c.reusable(c.rested) {
		p.background(c, func() { p.retire(c) })
		return
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		p.drop(c)
		return
	}
	p.idle = append(p.idle, c)
	p.sweepBy(c.expires())
	p.mu.Unlock()
	<-p.slots
}

// retire ends a connection politely.
func (p *pool) retire(c *conn) {
	c.quit()
	p.drop(c)
}

// background runs task in a goroutine that close waits for. A pool that is
// closed already takes no more tasks; the connection just ends.
func (p *pool) background(c *conn, task func()) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		p.drop(c)
		return
	}
	p.tasks.Go(task)
	p.mu.Unlock()
}

// sweepBy makes sure that the sweeper comes by then. p.mu is held.
func (p *pool) sweepBy(then time.Time) {
	if !p.sweepAt.IsZero() && !then.Before(p.sweepAt) {
		return
	}
	p.sweepAt = then
	if p.sweeper == nil {
		p.sweeper = time.AfterFunc(then.Sub(now()), p.sweep)
		return
	}
	p.sweeper.Reset(then.Sub(now()))
}

// sweep retires the idle connections whose time is over.
func (p *pool) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sweepAt = time.Time{}
	if p.closed {
		return
	}
	at := now()
	for i := 0; i < len(p.idle); {
		c := p.idle[i]
		if at.Before(c.expires()) {
			p.sweepBy(c.expires())
			i++
			continue
		}
		select {
		case p.slots <- struct{}{}:
			p.pop(i)
			p.tasks.Go(func() { p.retire(c) })
		default:
			// Every slot is taken: most likely by a mail on its way to these
			// connections, which will see for itself.
			p.sweepBy(at.Add(time.Second))
			return
		}
	}
}

// pop removes one idle connection. p.mu is held.
func (p *pool) pop(i int) *conn {
	c := p.idle[i]
	p.idle = slices.Delete(p.idle, i, i+1)
	return c
}

// close ends all idle connections and waits until they are gone. Those in use
// end when they are put back.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	if p.sweeper != nil {
		p.sweeper.Stop()
	}
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()

	for _, c := range idle {
		p.tasks.Go(func() {
			c.quit()
			p.end(c)
		})
	}
	p.tasks.Wait()
}

func (p *pool) count(change func(*Stats)) {
	p.mu.Lock()
	change(&p.stats)
	p.mu.Unlock()
}

func (p *pool) snapshot() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.Limit, s.Idle = p.cfg.Pool, len(p.idle)
	s.InUse = s.Open - s.Idle
	return s
}
