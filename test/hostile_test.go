package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/testkit/smtpserver"
)

// TestHostilePayloads: payloads with NUL and broken UTF-8 wherever a text can
// stand are posted among good ones, so that they share transactions. The good
// ones all arrive; the others arrive or are refused by name; nobody is told to
// try again for something that is not better the next time.
func TestHostilePayloads(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, settings map[string]string) {
		inbox := newInbox(t, smtpserver.Config{OnMail: func(m smtpserver.Mail) {
			read, err := mail.ReadMessage(bytes.NewReader(m.Data))
			if err != nil || len(m.To) != 1 || read.Header.Get("Bcc") != "" {
				t.Errorf("a mail with recipients or headers of a stranger's making: %v %v\n%s", m.To, err, m.Data)
			}
		}})
		settings["POSTRIDER_SMTP_URL"] = inbox.URL("")
		site := newSite(t, settings)
		server := site.serve()

		const good, rounds = 200, 4
		var posts sync.WaitGroup
		subjects := make([]string, good)
		for i := range subjects {
			subjects[i] = fmt.Sprintf("good-%03d", i)
			body := payload(t, subjects[i])
			posts.Go(func() {
				if a, err := server.post(body); err != nil || a.status != http.StatusOK {
					t.Errorf("%s: %d %s %v", subjects[i], a.status, a.body, err)
				}
			})
		}
		var mu sync.Mutex
		accepted, refused := 0, 0
		for round := range rounds {
			for name, body := range hostile(t, round) {
				posts.Go(func() {
					a, err := server.post(body, withID(name+"-\xff"))
					mu.Lock()
					defer mu.Unlock()
					switch {
					case err != nil:
						t.Errorf("%s: %v", name, err)
					case a.status == http.StatusOK:
						accepted++
					case a.status == http.StatusBadRequest && a.message() != "":
						refused++
					default:
						t.Errorf("%s: answered %d %s", name, a.status, a.body)
					}
				})
			}
		}
		posts.Wait()
		if accepted == 0 || refused == 0 {
			t.Errorf("%d accepted and %d refused: the payloads are not what the test needs", accepted, refused)
		}

		// Everything comes to an end, and can be looked at.
		var settled []outbox.Delivery
		eventually(t, func() error {
			settled = site.deliveries("--state", "sent,failed,skipped")
			if len(settled) != good+accepted {
				return fmt.Errorf("%d of %d deliveries are settled", len(settled), good+accepted)
			}
			return nil
		})
		arrived, err := inbox.taken.arrivals()
		if err != nil {
			t.Error(err)
		}
		for _, subject := range subjects {
			if len(arrived[subject]) != 1 {
				t.Errorf("%s arrived %d times", subject, len(arrived[subject]))
			}
		}
		for _, d := range settled {
			if d.State == outbox.Failed {
				t.Errorf("%s failed: %s %s", d.ID, d.Reason, d.Detail)
			}
			if !strings.HasSuffix(d.Origin, "in data.messages 0-\uFFFD") && !strings.HasSuffix(d.Origin, "in data.to.name 0-\uFFFD") {
				continue // one command for each of them takes too long
			}
			if shown := site.show(d.ID); len(shown.Payload) == 0 {
				t.Errorf("%s cannot be looked at", d.ID)
			}
			if page := site.command("deliveries", "show", d.ID); strings.ContainsAny(page, "\x00\x1b") {
				t.Errorf("%s steers the terminal:\n%q", d.ID, page)
			}
		}
		site.command("deliveries", "list", "--limit", "1000")
		server.awaitReady()
		server.stop()
	})
}

// hostile returns payloads by what is in them.
func hostile(t *testing.T, round int) map[string][]byte {
	t.Helper()
	all := make(map[string][]byte)
	places := []string{
		"data.to.uid", "data.to.name", "data.to.email", "data.subject", "data.messages", "data.senderDetails.uid",
		"data.senderDetails.name", "appId", "region",
	}
	octets := map[string]string{
		"escaped NUL":    `\u0000`,
		"NUL":            "\x00",
		"bad UTF-8":      "\xff\xfe",
		"half a rune":    "\xe2\x82",
		"overlong":       "\xc0\x80",
		"surrogate":      "\xed\xa0\x80",
		"lone surrogate": `\ud800`,
		"line breaks":    `\r\nBcc: everybody@example.com\r\n\r\n`,
		"escape":         `\u001b[2J\u202e`,
	}
	for what, octet := range octets {
		for _, place := range places {
			name := fmt.Sprintf("%s in %s %d", what, place, round)
			marker := fmt.Sprintf("hostile %s MARK", name)
			var value any = marker
			if place == "data.messages" {
				value = []any{map[string]any{"sender": map[string]any{"uid": marker, "name": marker}, "message": marker, "messageObject": map[string]any{"id": marker, marker: 1}}}
			}
			body := bytes.ReplaceAll(change(t, place, value), []byte("MARK"), []byte(octet))
			all[name] = body
		}
	}
	all[fmt.Sprintf("another encoding %d", round)] = append([]byte("\xff\xfe"), payload(t, "utf16")...)
	all[fmt.Sprintf("a byte order mark %d", round)] = append([]byte("\xef\xbb\xbf"), payload(t, "bom")...)
	all[fmt.Sprintf("deep %d", round)] = bytes.Repeat([]byte("["), 200_000)
	if !json.Valid(payload(t, "x")) {
		t.Fatal("the good payload is not good")
	}
	return all
}
