package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/testkit/smtpserver"
	"github.com/postrider/postrider/notification"
)

// different complains about a difference.
func different[T any](want, got T) error {
	if diff := cmp.Diff(want, got); diff != "" {
		return fmt.Errorf("(-want +got):\n%s", diff)
	}
	return nil
}

// subjectsOf returns what deliveries are about, by their recipients.
func subjectsOf(deliveries []outbox.Delivery) []string {
	subjects := []string{}
	for _, d := range deliveries {
		subjects = append(subjects, strings.TrimPrefix(d.Recipient, "uid-"))
	}
	return subjects
}

// TestDeliveries: the commands that look at deliveries, repeat and withdraw
// them, beside a running server.
func TestDeliveries(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, settings map[string]string) {
		inbox := newInbox(t, smtpConfig)
		settings["POSTRIDER_SMTP_URL"] = inbox.URL("pool=1")
		settings["POSTRIDER_EMAIL_RETRY_SCHEDULE"] = "1h"
		site := newSite(t, settings)
		server := site.serve()

		if out := site.command("deliveries", "list"); out != "No deliveries.\n" {
			t.Errorf("an empty list is %q", out)
		}
		await := func(subject string, state outbox.State) {
			t.Helper()
			eventually(t, func() error {
				return different([]string{subject}, subjectsOf(site.deliveries("--state", string(state), "--recipient", "uid-"+subject)))
			})
		}
		server.mustPost(payload(t, "sent"), withID("call-of-sent"))
		await("sent", outbox.Sent)
		inbox.Next(smtpserver.RCPT, smtpserver.Reply(550, "5.1.1 no such user"))
		server.mustPost(payload(t, "failed"))
		await("failed", outbox.Failed)
		server.mustPost(payload(t, "skipped", withoutEmail))
		await("skipped", outbox.Skipped)
		inbox.Next(smtpserver.RCPT, smtpserver.Reply(450, "4.2.1 later"), smtpserver.Reply(450, "4.2.1 later"))
		server.mustPost(payload(t, "cancelled"))
		await("cancelled", outbox.Pending)
		server.mustPost(payload(t, "pending", func(n *notification.Notification) {
			n.Data.SenderDetails, n.Data.GroupDetails = nil, &notification.Group{GUID: "Hiking", Name: "Hiking Group"}
		}))
		await("pending", outbox.Pending)

		for _, c := range []struct {
			filter string
			want   string
		}{
			{"", "pending cancelled skipped failed sent"},
			{"--state pending", "pending cancelled"},
			{"--state sent --state failed", "failed sent"},
			{"--state skipped,sent", "skipped sent"},
			{"--recipient UID-failed", "failed"},
			{"--reason rejected", "failed"},
			{"--reason MISSING_EMAIL --state sent", ""},
			{"--since 1h", "pending cancelled skipped failed sent"},
			{"--since " + time.Now().Add(time.Hour).UTC().Format(time.RFC3339), ""},
			{"--since 2020-01-31", "pending cancelled skipped failed sent"},
			{"--since 1ns", ""},
		} {
			if err := different(strings.Fields(c.want), subjectsOf(site.deliveries(strings.Fields(c.filter)...))); err != nil {
				t.Errorf("list %s %v", c.filter, err)
			}
		}
		var page []outbox.Delivery
		site.ask(&page, "deliveries", "list", "--limit", "2")
		site.ask(&page, "deliveries", "list", "--limit", "2", "--before", page[1].ID)
		if err := different([]string{"skipped", "failed"}, subjectsOf(page)); err != nil {
			t.Errorf("the second page %v", err)
		}
		if table := site.command("deliveries", "list", "--limit", "2"); !strings.Contains(table, "uid-pending") || !strings.Contains(table, "group:hiking") || !strings.Contains(table, "More with --before ") {
			t.Errorf("list:\n%s", table)
		}
		for _, wrong := range []string{"--state asleep", "--since yesterday", "--limit 0"} {
			if r := site.run(append([]string{"deliveries", "list"}, strings.Fields(wrong)...)...); r.code == 0 || !strings.Contains(r.errOut, strings.Fields(wrong)[0]) {
				t.Errorf("list %s: %+v", wrong, r)
			}
		}

		id := func(subject string) string { return site.deliveries("--recipient", "uid-"+subject)[0].ID }
		failed := site.show(id("failed"))
		if len(failed.AttemptLog) != 1 || failed.Reason != "REJECTED" || !strings.Contains(failed.Detail, "5.1.1 no such user") {
			t.Fatalf("show of what failed: %+v", failed)
		}
		if a := failed.AttemptLog[0]; a.Number != 1 || a.Code != 550 || a.Result != outbox.ResultRefused || a.Gateway != "smtp:"+inbox.Addr() ||
			a.Target != "failed@"+domain || a.Duration <= 0 || time.Since(a.At) > time.Hour || !strings.Contains(a.Reply, "RCPT TO: 550 5.1.1 no such user") {
			t.Errorf("the attempt: %+v", a)
		}
		sent := site.show(id("sent"))
		if sent.Origin != "call-of-sent" || string(sent.Payload) == "" || !strings.Contains(string(sent.Payload), text) {
			t.Errorf("show of what was sent: %+v", sent)
		}
		if page := site.command("deliveries", "show", failed.ID); !strings.Contains(page, "550 5.1.1 no such user") || !strings.Contains(page, "failed@"+domain) || !strings.Contains(page, text) {
			t.Errorf("show:\n%s", page)
		}
		if r := site.run("deliveries", "show", "no-such-id"); r.code != 1 || !strings.Contains(r.errOut, "no such delivery") {
			t.Errorf("show of nothing: %+v", r)
		}

		// Cancel: what is pending, and nothing else.
		site.command("deliveries", "cancel", id("cancelled"))
		await("cancelled", outbox.Cancelled)
		if r := site.run("deliveries", "cancel", id("sent"), id("cancelled")); r.code != 1 || !strings.Contains(r.errOut, "2 could not be cancelled") {
			t.Errorf("cancel of what is not pending: %+v", r)
		}
		if r := site.run("deliveries", "cancel"); r.code != 1 || !strings.Contains(r.errOut, "--all") {
			t.Errorf("cancel of nothing: %+v", r)
		}

		// Replay: what failed goes on under its id; what was sent is a new mail.
		var changes []struct{ ID, Result, Now, Error string }
		site.ask(&changes, "deliveries", "replay", id("failed"), id("sent"), id("cancelled"))
		if len(changes) != 3 || changes[0].Now != changes[0].ID || changes[1].Now == changes[1].ID || changes[2].Now != changes[2].ID {
			t.Fatalf("replay: %+v", changes)
		}
		inbox.awaitSubjects(t, 3)
		await("failed", outbox.Sent)
		await("cancelled", outbox.Sent)
		eventually(t, func() error {
			return different(2, len(site.deliveries("--recipient", "uid-sent", "--state", "sent")))
		})
		if again := site.show(changes[1].Now); again.Replays != changes[1].ID || again.Attempts != 1 {
			t.Errorf("the replay of what was sent: %+v", again)
		}
		if again := site.show(failed.ID); again.Attempts != 2 || len(again.AttemptLog) != 2 || again.Reason != "" {
			t.Errorf("the replay of what failed: %+v", again)
		}
		arrived, err := inbox.taken.arrivals()
		if err != nil || len(arrived["failed"]) != 1 || len(arrived["cancelled"]) != 1 || len(arrived["sent"]) != 2 || arrived["sent"][0] == arrived["sent"][1] {
			t.Errorf("arrived: %v %v", arrived, err)
		}
		if r := site.run("deliveries", "replay", id("pending")); r.code != 1 || !strings.Contains(r.errOut+r.out, "pending") {
			t.Errorf("replay of what is pending: %+v", r)
		}

		site.command("deliveries", "cancel", "--all", "--recipient", "uid-pending")
		await("pending", outbox.Cancelled)
		server.stop()
	})
}
