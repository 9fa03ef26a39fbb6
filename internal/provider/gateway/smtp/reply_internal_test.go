package smtp

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/postrider/postrider/internal/provider/gateway"
)

// Replies come from outside: whatever they are, reading them ends, keeps
// little, and gives text that is fit to show.
func FuzzReply(f *testing.F) {
	for _, seed := range []string{
		"250 ok\r\n", "250-a\r\n250 b\r\n", "250-a\r\n251 b\r\n", "250\r\n", "25", "250-\n250 \n", "999 x\r\n", "\r\n", "250 \xff\x00\x1b\r\n",
		"220 " + strings.Repeat("x", 5000) + "\r\n", strings.Repeat("250-x\r\n", 200), "421 4.3.2 bye\r\n250 ok\r\n",
		"550 5.1.1 no\r\n", "550-5.7.8 a\r\n550 5.7.8 b\r\n", "452 4.2.2\r\n", "550 5..1 x\r\n", "550 5.1.1.1 x\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		whole := readAll(t, bufio.NewReaderSize(bytes.NewReader(input), longestReplyLine))
		// How the octets were spread over packets makes no difference.
		single := readAll(t, bufio.NewReaderSize(iotest.OneByteReader(bytes.NewReader(input)), longestReplyLine))
		if whole != single {
			t.Errorf("at once: %q, octet by octet: %q", whole, single)
		}
	})
}

// readAll reads replies up to the first error, and returns an account of them.
func readAll(t *testing.T, in *bufio.Reader) string {
	t.Helper()
	var account strings.Builder
	replies := replyReader{in: in}
	for {
		lines := 0
		code, err := replies.read(func([]byte) { lines++ })
		if lines > mostReplyLines || len(replies.text) > keptReplyOctets+1 {
			t.Errorf("%d lines, %d octets kept", lines, len(replies.text))
		}
		if err != nil {
			return account.String() + err.Error()
		}
		if code < 200 || code > 599 || lines == 0 {
			t.Errorf("code %d after %d lines", code, lines)
		}
		text := printable(replies.text, longestReplyText)
		if len(text) > longestReplyText || !utf8.ValidString(text) || strings.ContainsAny(text, "\r\n\x00\x1b") {
			t.Errorf("text is %q", text)
		}
		// What is made of it holds for any reply.
		for _, step := range []string{stepMAIL, stepRCPT, stepFinal, stepAUTH} {
			r := reply{code, enhancedCode(code, text), text}
			if r.enhanced != "" && (r.enhanced[0] != byte('0'+code/100) || !strings.HasPrefix(text, r.enhanced)) {
				t.Errorf("%q has the status %q", text, r.enhanced)
			}
			failure := asMailFault(&refusal{step: step, reply: r})
			if failure.Fault == gateway.FaultPermanent && code/100 != 5 {
				t.Errorf("%d %s is for good", code, text)
			}
		}
		account.WriteString(text)
	}
}

// The offers come from the EHLO reply, in whatever case and form.
func TestOffers(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]offers{
		"PIPELINING":         {pipelining: true},
		"pipelining":         {pipelining: true},
		"STARTTLS":           {startTLS: true},
		"8BITMIME":           {eightBit: true},
		"CHUNKING":           {chunking: true},
		"SMTPUTF8":           {utf8: true},
		"SIZE":               {size: true},
		"SIZE 0":             {size: true},
		"SIZE 35882577":      {size: true, largest: 35882577},
		"SIZE many":          {size: true},
		"SIZE -1":            {size: true},
		"AUTH PLAIN login":   {auth: []string{"PLAIN", "LOGIN"}},
		"AUTH=PLAIN LOGIN":   {auth: []string{"PLAIN", "LOGIN"}},
		"AUTH":               {},
		"X-PIPELINING":       {},
		"":                   {},
		"PIPELININGX SIZE 1": {},
	} {
		var got offers
		got.add([]byte(line))
		if got.pipelining != want.pipelining || got.startTLS != want.startTLS || got.eightBit != want.eightBit ||
			got.chunking != want.chunking || got.utf8 != want.utf8 ||
			got.size != want.size || got.largest != want.largest || strings.Join(got.auth, " ") != strings.Join(want.auth, " ") {
			t.Errorf("%q: %+v, want %+v", line, got, want)
		}
	}
}
