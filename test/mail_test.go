package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-message/mail"

	"github.com/postrider/postrider/internal/testkit/smtpserver"
	"github.com/postrider/postrider/notification"
)

// TestMail reads a mail that came over the wire as its recipient's program
// does.
func TestMail(t *testing.T) {
	t.Parallel()
	arrived := make(chan smtpserver.Mail, 1)
	inbox := newInbox(t, smtpserver.Config{OnMail: func(m smtpserver.Mail) { arrived <- m }})
	site := newSite(t, map[string]string{
		"POSTRIDER_SMTP_URL": inbox.URL(""), "POSTRIDER_FROM": "Grüne Wiese Chat <chat@example.org>",
	})
	server := site.serve()
	john := notification.User{UID: "john", Name: "John Paul"}
	before := time.Now().Add(-2 * time.Second)
	server.mustPost(payload(t, "mailed", func(n *notification.Notification) {
		n.Data.To = notification.Recipient{UID: "andrew", Email: "andrew@bücher.example", Name: "Andrew Joseph Müller"}
		n.Data.SenderDetails, n.Data.GroupDetails = nil, &notification.Group{GUID: "hiking", Name: "Hiking & Biking"}
		n.Data.Messages = []notification.Message{{Sender: john, Text: "Hello all! What's <up>?"}, {Sender: n.Data.Messages[0].Sender, Text: "📷 Has shared an image\r\n.\r\nBcc: x@example.com"}}
		n.Data.Subject = "New messages in Hiking & Biking 🥾"
	}))
	var m smtpserver.Mail
	select {
	case m = <-arrived:
	case <-within(t).Done():
		t.Fatal("no mail")
	}
	if m.From != "chat@example.org" || len(m.To) != 1 || m.To[0] != "andrew@xn--bcher-kva.example" {
		t.Errorf("envelope: from %s to %v", m.From, m.To)
	}
	r, err := mail.CreateReader(bytes.NewReader(m.Data))
	if err != nil {
		t.Fatal(err)
	}
	if err := different("New messages in Hiking & Biking 🥾", decoded(t, r.Header.Get("Subject"))); err != nil {
		t.Errorf("Subject %v", err)
	}
	for field, want := range map[string]mail.Address{
		"From": {Name: "Grüne Wiese Chat", Address: "chat@example.org"},
		"To":   {Name: "Andrew Joseph Müller", Address: "andrew@xn--bcher-kva.example"},
	} {
		if list, err := r.Header.AddressList(field); err != nil || len(list) != 1 || *list[0] != want {
			t.Errorf("%s is %v, want %v (%v)", field, list, want, err)
		}
	}
	if date, err := r.Header.Date(); err != nil || date.Before(before) || date.After(time.Now().Add(time.Second)) {
		t.Errorf("Date is %v %v", date, err)
	}
	id := site.deliveries()[0].ID
	for field, want := range map[string]string{"Message-Id": "<" + id + "@example.org>", "Auto-Submitted": "auto-generated", "Bcc": ""} {
		if got := r.Header.Get(field); got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
	parts := make(map[string]string)
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(part.Body)
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		parts[kind] = string(body)
	}
	for kind, texts := range map[string][]string{
		"text/plain": {"Andrew Joseph Müller", "Hiking & Biking", "John Paul", "Hello all! What's <up>?", "Susan Marie", "📷 Has shared an image"},
		"text/html":  {"Andrew Joseph Müller", "Hiking &amp; Biking", "John Paul", "&lt;up&gt;?", "Susan Marie", "📷 Has shared an image"},
	} {
		for _, want := range texts {
			if !strings.Contains(parts[kind], want) {
				t.Errorf("the %s part lacks %q:\n%s", kind, want, parts[kind])
			}
		}
	}
	server.stop()
}

func decoded(t *testing.T, field string) string {
	t.Helper()
	s, err := new(mime.WordDecoder).DecodeHeader(field)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestMailboxAPI: what tests of other programs use.
func TestMailboxAPI(t *testing.T) {
	t.Parallel()
	server := newSite(t, nil).serve()
	server.postMany("kept", 3)
	mails := server.awaitKept(3)
	const path = "/mailbox/api/v1/messages"
	one := readMail(t, server.get(path+"/"+mails[1].ID))
	if one.Subject != mails[1].Subject || one.To != one.Subject+"@"+domain || !strings.Contains(one.Text, text) || !strings.Contains(one.HTML, text) {
		t.Errorf("the mail: %+v", one)
	}
	var found struct{ Messages []keptMail }
	if err := json.Unmarshal(server.get(path+"?to="+one.To).body, &found); err != nil || len(found.Messages) != 1 || found.Messages[0].ID != one.ID {
		t.Errorf("mails to %s: %+v %v", one.To, found, err)
	}
	if source := server.get(path + "/" + one.ID + "/source.eml"); !bytes.Contains(source.body, []byte("\r\nAuto-Submitted: auto-generated\r\n")) {
		t.Errorf("the source: %s", source.body)
	}
	remove := func(path string, username string) answer {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, server.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(username, adminPassword)
		a, err := server.do(r)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	for _, c := range []struct {
		path, username string
		status, left   int
	}{
		{path + "/" + one.ID, "stranger", 401, 3},
		{path + "/" + one.ID, adminUser, 204, 2},
		{path + "/" + one.ID, adminUser, 404, 2},
		{path, adminUser, 204, 0},
	} {
		if err := remove(c.path, c.username).want(c.status); err != nil {
			t.Errorf("delete %s as %s: %v", c.path, c.username, err)
		}
		if mails, err := server.kept(); err != nil || len(mails) != c.left {
			t.Errorf("%d mails are left, want %d (%v)", len(mails), c.left, err)
		}
	}
	server.stop()
}

// TestLook: brand and links of the mails are settings.
func TestLook(t *testing.T) {
	t.Parallel()
	site := newSite(t, map[string]string{
		"POSTRIDER_BRAND_NAME": "Acme Gardens", "POSTRIDER_BRAND_LOGO": "https://www.example.com/logo.png", "POSTRIDER_BRAND_COLOR": "#b4530a",
		"POSTRIDER_BRAND_FOOTER": "1 Linden Street, Springfield",
		"POSTRIDER_DEEP_LINK":    "https://chat.example.com/open?user={senderUid}", "POSTRIDER_PREFERENCES_LINK": "https://chat.example.com/people/{uid}/email",
	})
	server := site.serve()
	server.mustPost(payload(t, "look", func(n *notification.Notification) {
		n.Data.To.UID, n.Data.SenderDetails = "an/drew", &notification.User{UID: "su&san", Name: "Susan Marie"}
	}))
	m := readMail(t, server.get("/mailbox/api/v1/messages/"+server.awaitKept(1)[0].ID))
	for _, want := range []string{
		`src="https://www.example.com/logo.png"`, `alt="Acme Gardens"`, "#b4530a", "1 Linden Street, Springfield",
		`href="https://chat.example.com/open?user=su%26san"`, `href="https://chat.example.com/people/an%2Fdrew/email"`,
	} {
		if !strings.Contains(m.HTML, want) {
			t.Errorf("the HTML part lacks %s:\n%s", want, m.HTML)
		}
	}
	for _, want := range []string{"Acme Gardens", "1 Linden Street, Springfield", "https://chat.example.com/open?user=su%26san", "https://chat.example.com/people/an%2Fdrew/email"} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("the plain part lacks %s:\n%s", want, m.Text)
		}
	}
	server.stop()
}
