package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/outbox"
)

// traced is what `deliveries show --json` prints of both sides of the wire.
type traced struct {
	shown
	MessageIDs []string `json:"messageIds"`
	Call       *shown   `json:"call"`
	Mails      []shown  `json:"mails"`
}

// TestWindowsAndTraces: what happens in a chat leads to a window, then to a
// call, then to a mail, and the commands show all three beside the running
// server.
func TestWindowsAndTraces(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, settings map[string]string) {
		const user, password, key = "events", "events-password-7a1c", "0123456789abcdef0123456789abcdef01234567"
		settings["POSTRIDER_EVENTS_USERNAME"], settings["POSTRIDER_EVENTS_PASSWORD"] = user, password
		settings["POSTRIDER_API_KEY"], settings["POSTRIDER_SPEED"] = key, "60"
		site := newSite(t, settings)
		server := site.serve()
		if out := site.command("windows", "list"); out != "Nobody waits.\n" {
			t.Errorf("an empty list is %q", out)
		}
		if r := site.run("windows", "list", "--limit", "0"); r.code == 0 || !strings.Contains(r.errOut, "--limit") {
			t.Errorf("a limit of 0: %+v", r)
		}
		send := func(method, path, body string, sign func(*http.Request)) {
			t.Helper()
			r, err := http.NewRequestWithContext(within(t), method, server.url+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			sign(r)
			a, err := server.do(r)
			if err == nil {
				err = a.want(http.StatusOK)
			}
			if err != nil {
				t.Fatalf("%s %s: %v", method, path, err)
			}
		}
		say := func(id, from, to string) {
			t.Helper()
			send(http.MethodPost, "/events", fmt.Sprintf(`{"trigger":"message_sent","data":{"message":{"id":%q,"sender":%q,"receiver":%q,
				"receiverType":"user","category":"message","type":"text","sentAt":%d,"data":{"text":"Hello!"}}}}`, id, from, to, time.Now().Unix()),
				func(r *http.Request) { r.SetBasicAuth(user, password) })
		}
		withKey := func(r *http.Request) { r.Header.Set("apikey", key) }

		say("1", "ada", "bob") // waits for two hours at 60 times the speed
		say("2", "ada", "cyd")
		before := time.Now().UTC().Add(-time.Minute)
		var windows []struct {
			Recipient, Conversation, WaitsFor string
			OpenedAt, DueAt                   time.Time
		}
		site.ask(&windows, "windows", "list")
		if len(windows) != 2 || windows[0].Recipient != "bob" || windows[0].Conversation != "user:ada" ||
			windows[0].WaitsFor != "WAITING_FOR_INTERVAL" || windows[0].OpenedAt.Before(before) || windows[0].DueAt.Sub(windows[0].OpenedAt) != 2*time.Minute {
			t.Errorf("windows: %+v", windows)
		}
		site.ask(&windows, "windows", "list", "--recipient", "CYD")
		if len(windows) != 1 || windows[0].Recipient != "cyd" {
			t.Errorf("windows of cyd: %+v", windows)
		}
		if table := site.command("windows", "list", "--limit", "1"); !strings.Contains(table, "bob") || strings.Contains(table, "cyd") || !strings.Contains(table, "--limit") {
			t.Errorf("one window:\n%s", table)
		}

		send(http.MethodPatch, "/v3/notifications/v1/settings", `{"preferences":{"email":{"intervalInSeconds":60}}}`, withKey)
		own := server.awaitLog("serving").text("public_url")
		provider, err := json.Marshal(map[string]any{
			"isEnabled": true, "useStoredEmailID": false, "webhookURL": own + "/webhook",
			"useBasicAuth": true, "basicAuthUsername": hookUser, "basicAuthPassword": hookPassword,
		})
		if err != nil {
			t.Fatal(err)
		}
		send(http.MethodPost, "/v3/notifications/email/v1/providers/custom", string(provider), withKey)
		var mail outbox.Delivery
		tries := 0
		eventually(t, func() error {
			// A window keeps the wait that it opened with, and the engine may
			// know the settings of a second ago: each try is another person's.
			tries++
			say(itoa(1000+tries), "ada", "dora-"+itoa(tries))
			mails := site.deliveries("--lane", "mail", "--state", "skipped")
			if len(mails) == 0 {
				return fmt.Errorf("no mail yet: %+v", site.deliveries())
			}
			mail = mails[len(mails)-1]
			return nil
		})
		if len(site.deliveries("--lane", "call", "--reason", "MISSING_EMAIL")) > 0 || mail.Reason != "MISSING_EMAIL" {
			t.Errorf("the mail is %+v", mail)
		}

		var ofMail, ofCall traced
		site.ask(&ofMail, "deliveries", "show", mail.ID)
		if ofMail.Call == nil || ofMail.Call.ID != mail.Origin || ofMail.Call.Lane != outbox.LaneCall || len(ofMail.Call.AttemptLog) != 1 {
			t.Fatalf("the mail's call: %+v", ofMail.Call)
		}
		site.ask(&ofCall, "deliveries", "show", mail.Origin)
		if len(ofCall.Mails) != 1 || ofCall.Mails[0].ID != mail.ID || len(ofCall.MessageIDs) == 0 || ofCall.Provider != "custom" || ofCall.Call != nil {
			t.Fatalf("the call's mails: %+v", ofCall)
		}
		for _, id := range []string{mail.ID, mail.Origin} {
			page := site.command("deliveries", "show", id)
			at := 0
			for _, step := range []string{"call  window opened", "call  window due", "call  decided", "call  attempt 1  sent", "reply  200", "mail  accepted", "mail  skipped: MISSING_EMAIL"} {
				if !strings.Contains(page, step) {
					t.Errorf("show %s does not say %q:\n%s", id, step, page)
				}
				if i := strings.Index(page, step); step != "reply  200" && i < at {
					t.Errorf("show %s says %q too early:\n%s", id, step, page)
				} else if step != "reply  200" {
					at = i
				}
			}
		}
		if page := site.command("deliveries", "show", mail.Origin); !strings.Contains(page, "Messages") || !strings.Contains(page, ofCall.MessageIDs[0]) {
			t.Errorf("show of the call does not say what it is about:\n%s", page)
		}
		// What nobody of ours called for has no call.
		server.mustPost(payload(t, "stranger"), withID("somebody-else"))
		var stranger traced
		site.ask(&stranger, "deliveries", "show", site.deliveries("--recipient", "uid-stranger")[0].ID)
		if stranger.Call != nil || stranger.Mails != nil || stranger.MessageIDs != nil {
			t.Errorf("a mail without a call: %+v", stranger)
		}
		server.stop()
	})
}
