package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/postrider/postrider/internal/outbox"
)

// hereURL is how people reach the servers of these tests: nobody answers there,
// so that what arrives did not go over a network.
const hereURL = "https://mail.example.com/chat"

// TestLoop: what is said in a chat goes through both halves, the engine and our
// own custom provider, and arrives as mail.
func TestLoop(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, settings map[string]string) {
		inbox := newInbox(t, smtpConfig)
		site := newSite(t, settings)
		site.settings["POSTRIDER_PUBLIC_URL"] = hereURL
		site.settings["POSTRIDER_SPEED"] = "72000"
		site.settings["POSTRIDER_APP_ID"] = "app123"
		site.settings["POSTRIDER_SMTP_URL"] = inbox.URL("")
		site.settings["POSTRIDER_MAILBOX"] = "true" // copies
		server := site.serve()
		server.setUp(hereURL+"/webhook/app123", hookUser, hookPassword)
		const people = 20
		var contacts strings.Builder
		contacts.WriteString("uid,email\n")
		for n := range people {
			fmt.Fprintf(&contacts, "to-%d,to-%d@%s\n", n, n, domain)
		}
		site.command("contacts", "import", csvFile(t, contacts.String()))

		var events []event
		var subjects []string
		for n := range people {
			from, to := fmt.Sprintf("from-%d", n), fmt.Sprintf("to-%d", n)
			events = append(events, said(from, to, itoa(2*n), ", one"), said(from, to, itoa(2*n+1), ", two"))
			subjects = append(subjects, "New messages from "+nameOf(from))
		}
		events = append(events, said("susan", "nobody", "1000", ", three"), founded("hikers", "susan", "to-7", "nowhere"),
			said("susan", "group:hikers", "1001", ", four"))
		subjects = append(subjects, "New messages in Hikers")
		server.tell(events...)
		inbox.awaitSubjects(t, len(subjects))
		eventually(t, func() error {
			states := make(map[string]int)
			for _, d := range site.deliveries() {
				states[strings.TrimSpace(string(d.Lane)+" "+string(d.State)+" "+d.Reason)]++
			}
			return different(map[string]int{"call sent": people + 3, "mail sent": people + 1, "mail skipped MISSING_EMAIL": 2}, states)
		})
		inbox.wantEachOnce(t, subjects)

		mails := server.awaitKept(len(subjects))
		found := make(map[string]keptMail)
		for _, m := range mails {
			found[m.Subject] = m
		}
		mail := readMail(t, server.get("/mailbox/api/v1/messages/"+found["New messages from From-7"].ID))
		for _, want := range []string{"To-7", "From-7", saying + ", one", saying + ", two"} {
			if !strings.Contains(mail.Text, want) || !strings.Contains(mail.HTML, want) {
				t.Errorf("the mail lacks %q:\n%s", want, mail.Text)
			}
		}
		if !strings.Contains(mail.To, "to-7@"+domain) {
			t.Errorf("the mail is to %s", mail.To)
		}

		// One time line: the mail knows the call that brought it.
		byID := make(map[string]outbox.Delivery)
		for _, d := range site.deliveries() {
			byID[d.ID] = d
		}
		for _, d := range byID {
			if d.Lane != outbox.LaneMail {
				continue
			}
			if call := byID[d.Origin]; call.Lane != outbox.LaneCall || call.Recipient != d.Recipient {
				t.Errorf("the mail %s was brought by %q: %+v", d.ID, d.Origin, call)
			}
		}
		server.stop()
	})
}

// TestHereRefuses: our own provider asks the engine for credentials like
// everybody.
func TestHereRefuses(t *testing.T) {
	t.Parallel()
	site := newSite(t, map[string]string{"POSTRIDER_PUBLIC_URL": hereURL, "POSTRIDER_SPEED": "72000"})
	server := site.serve()
	server.setUp(hereURL+"/webhook", hookUser, "guess")
	server.tell(said("susan", "andrew", "1", ""))
	var failed []outbox.Delivery
	eventually(t, func() error {
		failed = site.deliveries("--state", "failed")
		return different(1, len(failed))
	})
	log := site.show(failed[0].ID).AttemptLog
	if failed[0].Lane != outbox.LaneCall || failed[0].Reason == "" || len(log) != 1 || log[0].Code != http.StatusUnauthorized {
		t.Errorf("it is %+v after %+v", failed[0], log)
	}
	if n := len(site.deliveries()); n != 1 {
		t.Errorf("%d deliveries, want 1", n)
	}
	server.stop()
}
