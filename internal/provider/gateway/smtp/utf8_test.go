package smtp_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/provider/gateway"
	"github.com/postrider/postrider/internal/testkit/smtpserver"
)

// An address in another script goes out as it is to a server that says it can
// have it, and with its domain in ASCII to any.
func TestAddressesInOtherScripts(t *testing.T) {
	t.Parallel()
	type taken struct{ From, To, Params string }
	for name, test := range map[string]struct {
		server   smtpserver.Config
		from, to string
		data     string
		want     taken
		fails    string // at this step
	}{
		"domain": {
			smtpserver.Config{NoSize: true},
			"from@bücher.example", "to@例え.テスト", content,
			taken{"from@xn--bcher-kva.example", "to@xn--r8jz45g.xn--zckzah", ""},
			"",
		},
		"recipient": {
			smtpserver.Config{NoSize: true, UTF8: true},
			"from@example.com", "größe@bücher.example", content,
			taken{"from@example.com", "größe@xn--bcher-kva.example", "SMTPUTF8"},
			"",
		},
		"recipient, in one go": {
			smtpserver.Config{NoSize: true, UTF8: true, Chunking: true},
			"from@example.com", "用户@example.com", content,
			taken{"from@example.com", "用户@example.com", "SMTPUTF8"},
			"",
		},
		"sender": {
			smtpserver.Config{NoSize: true, UTF8: true},
			"größe@example.com", "to@example.com", content,
			taken{"größe@example.com", "to@example.com", "SMTPUTF8"},
			"",
		},
		"header": {
			smtpserver.Config{NoSize: true, UTF8: true},
			"from@example.com", "to@example.com", "Subject: größer\r\n\r\nx\r\n",
			taken{"from@example.com", "to@example.com", "BODY=8BITMIME SMTPUTF8"},
			"",
		},
		"body": {
			smtpserver.Config{NoSize: true, UTF8: true},
			"from@example.com", "to@example.com", "Subject: x\r\n\r\ngrößer\r\n",
			taken{"from@example.com", "to@example.com", "BODY=8BITMIME"},
			"",
		},
		"recipient, not offered":                {smtpserver.Config{}, "from@example.com", "größe@example.com", content, taken{}, "RCPT TO"},
		"sender, not offered":                   {smtpserver.Config{}, "größe@example.com", "to@example.com", content, taken{}, "MAIL FROM"},
		"recipient, offered without 8BITMIME":   {smtpserver.Config{UTF8: true, No8BitMIME: true}, "from@example.com", "größe@example.com", content, taken{}, "RCPT TO"},
		"recipient, to a server without EHLO":   {smtpserver.Config{UTF8: true, NoEHLO: true}, "from@example.com", "größe@example.com", content, taken{}, "RCPT TO"},
		"recipient, not offered, with CHUNKING": {smtpserver.Config{Chunking: true}, "from@example.com", "größe@example.com", content, taken{}, "RCPT TO"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := smtpserver.New(t, test.server)
			g := newGateway(t, srv, "pool=1")
			m := gateway.Mail{ID: "d1", From: test.from, To: test.to, Data: []byte(test.data)}
			if test.fails != "" {
				failure := wantFault(t, g, m, gateway.FaultPermanent, test.fails, 0)
				if failure.Kind != gateway.KindUnsupported || !strings.Contains(failure.Error(), "does not offer SMTPUTF8") {
					t.Errorf("%v, of the kind %q", failure, failure.Kind)
				}
				if strings.Contains(failure.Brief(), "größe") {
					t.Errorf("what a log may hold tells the address: %s", failure.Brief())
				}
				wantCounts(t, srv, 1, 0, map[smtpserver.Step]int{smtpserver.MAIL: 0})
				mustSend(t, g, mail(content)) // over the same connection
				wantCounts(t, srv, 1, 1, nil)
				return
			}
			mustSend(t, g, m)
			got := srv.Mails()[0]
			if diff := cmp.Diff(test.want, taken{got.From, got.To[0], got.Params}); diff != "" {
				t.Error(diff)
			}
		})
	}
}
