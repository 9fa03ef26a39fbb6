// Package ceiling sends one ready-made message over a pool of connections as
// fast as they go, by SMTP or as a webhook: no queue, no rendering, nothing
// stored. No program can do better against the same server on the same machine.
package ceiling

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/textproto"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"
)

const (
	from = "postrider@localhost"
	to   = "member-0000000001@example.org"
)

// Run sends the message for the given time over so many connections and
// returns how many were taken. With pipelining the envelope goes out in one
// write (RFC 2920); without it a usual client library waits for each reply.
func Run(ctx context.Context, address string, message []byte, connections int, pipelined bool, d time.Duration) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	loop := plain
	if pipelined {
		loop = pipeline
	}
	var sent atomic.Int64
	var failed error
	var once sync.Once
	var senders sync.WaitGroup
	for range connections {
		senders.Go(func() {
			if err := loop(ctx, address, message, &sent); err != nil {
				once.Do(func() { failed = err })
				cancel()
			}
		})
	}
	senders.Wait()
	return sent.Load(), failed
}

func plain(ctx context.Context, address string, message []byte, sent *atomic.Int64) error {
	c, err := smtp.Dial(address)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer c.Close()
	for ctx.Err() == nil {
		if err := c.SendMail(from, []string{to}, bytes.NewReader(message)); err != nil {
			return fmt.Errorf("send: %w", err)
		}
		sent.Add(1)
	}
	return c.Quit()
}

func pipeline(ctx context.Context, address string, message []byte, sent *atomic.Int64) error {
	nc, err := net.Dial("tcp", address)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	c := textproto.NewConn(nc)
	defer c.Close()
	if _, _, err := c.ReadResponse(220); err != nil {
		return fmt.Errorf("greeting: %w", err)
	}
	if err := c.PrintfLine("EHLO localhost"); err != nil {
		return fmt.Errorf("EHLO: %w", err)
	}
	if _, _, err := c.ReadResponse(250); err != nil {
		return fmt.Errorf("EHLO: %w", err)
	}
	for ctx.Err() == nil {
		if err := c.PrintfLine("MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA", from, to); err != nil {
			return fmt.Errorf("envelope: %w", err)
		}
		for _, code := range [...]int{250, 250, 354} {
			if _, _, err := c.ReadResponse(code); err != nil {
				return fmt.Errorf("envelope: %w", err)
			}
		}
		w := c.DotWriter()
		if _, err := w.Write(message); err != nil {
			return fmt.Errorf("data: %w", err)
		}
		if err := w.Close(); err != nil {
			return fmt.Errorf("data: %w", err)
		}
		if _, _, err := c.ReadResponse(250); err != nil {
			return fmt.Errorf("data: %w", err)
		}
		sent.Add(1)
	}
	return nil
}
