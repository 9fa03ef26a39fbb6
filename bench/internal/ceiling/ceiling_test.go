package ceiling_test

import (
	"net"
	"testing"
	"time"

	"github.com/postrider/postrider/bench/internal/ceiling"
	"github.com/postrider/postrider/bench/internal/sink"
)

// Both loops send whole mails: the server counts what they count.
func TestLoopsSendWhatTheyCount(t *testing.T) {
	t.Parallel()
	const message = "Subject: a\r\n\r\n.dots\r\n"
	for _, pipelined := range []bool{false, true} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		s := sink.New()
		go s.Serve(l)
		sent, err := ceiling.Run(t.Context(), l.Addr().String(), []byte(message), 2, pipelined, 50*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		got := s.Stats()
		// A dot at the beginning of a line travels twice.
		if sent == 0 || got.Mails != sent || got.Bytes != sent*int64(len(message)+1) || got.Connections != 2 {
			t.Errorf("pipelined %v: sent %d, the server saw %+v", pipelined, sent, got)
		}
	}
}
