package sink_test

import (
	"io"
	"net"
	"net/textproto"
	"strings"
	"testing"

	"github.com/postrider/postrider/bench/internal/sink"
)

// dial starts a sink and returns it with a connection that was greeted.
func dial(t *testing.T) (*sink.Server, *textproto.Conn, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := sink.New()
	go s.Serve(l)
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	text := textproto.NewConn(c)
	expect(t, text, 220)
	return s, text, c
}

func expect(t *testing.T, text *textproto.Conn, codes ...int) {
	t.Helper()
	for _, code := range codes {
		if _, _, err := text.ReadResponse(code); err != nil {
			t.Fatalf("want %d: %v", code, err)
		}
	}
}

// However a mail is cut into packets, and whatever follows it in the same
// packet, it ends at its final dot.
func TestMailsEndAtTheirFinalDot(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		mail string
	}{
		{"plain", "Subject: a\r\n\r\nhello\r\n"},
		{"empty", ""},
		{"dots inside", "a\r\n..\r\n.b\r\n\r\n... .\r\n"},
		{"larger than the buffer", strings.Repeat("0123456789abcde\r\n", 20_000)},
		{"ends in many breaks", "a\r\n\r\n\r\n\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, text, c := dial(t)
			all := "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n" + tt.mail + ".\r\nNOOP\r\n"
			go func() {
				// Ends of packets fall on every place of the last bytes.
				cut := max(0, len(all)-20)
				io.WriteString(c, all[:cut])
				for i := cut; i < len(all); i++ {
					io.WriteString(c, all[i:i+1])
				}
			}()
			expect(t, text, 250, 250, 250, 354, 250, 250)
			if got := s.Stats(); got.Mails != 1 || got.Bytes != int64(len(tt.mail)) {
				t.Errorf("counted %d mails and %d bytes, want 1 and %d", got.Mails, got.Bytes, len(tt.mail))
			}
			if got := string(s.Sample()); got != tt.mail {
				t.Errorf("sample is %.60q, want %.60q", got, tt.mail)
			}
		})
	}
}

func TestPauseHoldsTheAnswerBack(t *testing.T) {
	t.Parallel()
	s, text, c := dial(t)
	s.Pause()
	io.WriteString(c, "DATA\r\nmail\r\n.\r\n")
	expect(t, text, 354)
	if got := s.Stats().Mails; got != 0 {
		t.Errorf("counted %d mails while paused, want none", got)
	}
	s.Resume()
	expect(t, text, 250)
	if got := s.Stats().Mails; got != 1 {
		t.Errorf("counted %d mails, want 1", got)
	}
}
