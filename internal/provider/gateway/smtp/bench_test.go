package smtp_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/provider/gateway/smtp"
)

// sink is the cheapest server there can be, so that what is measured is the
// gateway. It offers what it is told to, and every reply to a wait of the
// client's is late by turn, as it is over a network.
func sink(b *testing.B, offers []string, turn time.Duration) *net.TCPAddr {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				swallow(c, offers, turn)
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr)
}

func swallow(c net.Conn, offers []string, turn time.Duration) {
	in, out := bufio.NewReaderSize(c, 64<<10), bufio.NewWriter(c)
	say := func(reply string) {
		_, _ = out.WriteString(reply)
		if in.Buffered() == 0 {
			time.Sleep(turn)
			_ = out.Flush()
		}
	}
	say("220 sink\r\n")
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		switch string(line[:4]) {
		case "EHLO":
			say("250-sink\r\n250-" + strings.Join(offers, "\r\n250-") + "\r\n250 SIZE\r\n")
		case "DATA":
			say("354 go\r\n")
			for string(line) != ".\r\n" {
				if line, err = in.ReadSlice('\n'); err != nil {
					return
				}
			}
			say("250 taken\r\n")
		case "BDAT":
			var n int64
			_, _ = fmt.Sscanf(string(line), "BDAT %d LAST", &n)
			if _, err := io.CopyN(io.Discard, in, n); err != nil {
				return
			}
			say("250 taken\r\n")
		default:
			say("250 ok\r\n")
		}
	}
}

// Mails of 10 KB over pooled connections, at most 100 a connection, sink in
// the same process: with the fewest turns, and with more of them.
func BenchmarkSend(b *testing.B) {
	for _, turn := range []time.Duration{0, 10 * time.Millisecond} {
		for _, offers := range [][]string{
			{"8BITMIME"}, {"CHUNKING"}, {"PIPELINING"}, {"PIPELINING", "CHUNKING"},
		} {
			b.Run(fmt.Sprintf("turn=%s/%s", turn, strings.Join(offers, "+")), func(b *testing.B) { benchmarkSend(b, offers, turn) })
		}
	}
}

func benchmarkSend(b *testing.B, offers []string, turn time.Duration) {
	addr := sink(b, offers, turn)
	g := smtp.New(smtp.Config{Host: "127.0.0.1", Port: addr.Port, Security: smtp.None})
	defer g.Close()
	m := mail(strings.Repeat(strings.Repeat("x", 76)+"\r\n", 10_000/78))
	b.SetBytes(int64(len(m.Data)))
	b.ReportAllocs()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := g.Send(ctx, m); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
}
