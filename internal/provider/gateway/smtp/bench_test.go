package smtp_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/postrider/postrider/internal/provider/gateway/smtp"
)

// sink is the cheapest server there can be, so that what is measured is the
// gateway: it looks for the end of the envelope and of the content, nothing
// else.
func sink(b *testing.B) *net.TCPAddr {
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
				swallow(c)
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr)
}

func swallow(c net.Conn) {
	buf := make([]byte, 64<<10)
	n := 0
	turn := func(reply, end string) bool { // says, then reads up to end
		if _, err := io.WriteString(c, reply); err != nil {
			return false
		}
		for n = 0; !bytes.HasSuffix(buf[:n], []byte(end)); {
			got, err := c.Read(buf[n:])
			if err != nil {
				return false
			}
			n += got
		}
		return true
	}
	if !turn("220 sink\r\n", "\r\n") {
		return
	}
	reply := "250-sink\r\n250-SIZE\r\n250-8BITMIME\r\n250 PIPELINING\r\n"
	for turn(reply, "\r\n") {
		if bytes.HasPrefix(buf[:n], []byte("QUIT")) {
			_, _ = io.WriteString(c, "221 bye\r\n")
			return
		}
		if !turn("250 ok\r\n250 ok\r\n354 go\r\n", "\r\n.\r\n") {
			return
		}
		reply = "250 taken\r\n"
	}
}

// BenchmarkSend: mails of 10 KB over pooled connections, pipelined, at most
// 100 a connection, as many at one time as there are processors, sink in the
// same process.
func BenchmarkSend(b *testing.B) {
	addr := sink(b)
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
