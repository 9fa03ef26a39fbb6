package e2e_test

import (
	"strings"
	"testing"

	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/testkit/webhooksink"
	"github.com/postrider/postrider/notification"
)

// TestDirectory: where notification and contacts know no address a directory
// is asked, and what became of it can be seen.
func TestDirectory(t *testing.T) {
	t.Parallel()
	const token = "directory-token-4410"
	people := webhooksink.New(t, webhooksink.Config{})
	inbox := newInbox(t, smtpConfig)
	site := newSite(t, map[string]string{
		"POSTRIDER_SMTP_URL":              inbox.URL(""),
		"POSTRIDER_DIRECTORY_URL":         people.URL("/people/{uid}/card"),
		"POSTRIDER_DIRECTORY_HEADER":      "Authorization: Bearer " + token,
		"POSTRIDER_DIRECTORY_PATH":        "data.email",
		"POSTRIDER_ALLOW_PRIVATE_TARGETS": "true",
		"POSTRIDER_EMAIL_RETRY_SCHEDULE":  "10ms,1h",
	})
	server := site.serve()
	site.command("contacts", "set", "uid-contact", "contact@"+domain)
	known := webhooksink.Body(200, `{"data":{"email":"looked.up@`+domain+`"}}`)
	post := func(subject string, answers ...webhooksink.Answer) {
		t.Helper()
		people.Next(answers...)
		server.mustPost(payload(t, subject, func(n *notification.Notification) {
			if subject != "own" {
				n.Data.To.Email = ""
			}
		}))
	}
	// shows waits for a delivery's end, and returns what is shown of it.
	shows := func(subject string, state outbox.State) string {
		t.Helper()
		var found []outbox.Delivery
		eventually(t, func() error {
			found = site.deliveries("--recipient", "uid-"+subject, "--state", string(state))
			return different(1, len(found))
		})
		return site.command("deliveries", "show", found[0].ID)
	}
	for _, c := range []struct {
		subject string
		answers []webhooksink.Answer
		state   outbox.State
		shows   []string
	}{
		{"own", nil, outbox.Sent, []string{"from the notification", "own@" + domain}},
		{"contact", nil, outbox.Sent, []string{"address from the contacts", "contact@" + domain}},
		{"näme of/two?", []webhooksink.Answer{known}, outbox.Sent, []string{"address from the directory", "looked.up@" + domain}},
		{"nobody", []webhooksink.Answer{webhooksink.Status(404)}, outbox.Skipped, []string{
			"MISSING_EMAIL", "the notification carries no address, the contacts hold none, the directory answered 404 Not Found",
		}},
		{"without", []webhooksink.Answer{webhooksink.Body(200, `{"data":{}}`)}, outbox.Skipped, []string{
			"MISSING_EMAIL", "the contacts hold none, the directory has nothing at data.email",
		}},
		{"later", []webhooksink.Answer{webhooksink.Status(503), known}, outbox.Sent, []string{
			"attempt 1  temporary", "answered 503 Service Unavailable", people.Addr(), "attempt 2  sent", "address from the directory",
		}},
	} {
		post(c.subject, c.answers...)
		page := shows(c.subject, c.state)
		for _, part := range c.shows {
			if !strings.Contains(page, part) {
				t.Errorf("%s: %q is not shown:\n%s", c.subject, part, page)
			}
		}
	}
	requests := people.Requests()
	if len(requests) != 5 || requests[0].Path != "/people/uid-n%C3%A4me%20of%2Ftwo%3F/card" || requests[0].Header.Get("Authorization") != "Bearer "+token {
		t.Errorf("%d questions, the first %+v", len(requests), requests[0])
	}
	// Known for now, one way or the other.
	server.mustPost(payload(t, "again", func(n *notification.Notification) { n.Data.To = notification.Recipient{UID: "uid-later"} }))
	server.awaitSeries(map[string]float64{
		`postrider_directory_lookups_total{result="found"}`:   2,
		`postrider_directory_lookups_total{result="unknown"}`: 2,
		`postrider_directory_lookups_total{result="failed"}`:  1,
		`postrider_directory_lookups_total{result="cached"}`:  1,
		`postrider_directory_seconds_count`:                   5,
	})
	if strings.Contains(server.log.String(), token) {
		t.Error("the log has the directory's token")
	}
	server.stop()
}
