package e2e_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/notification"
)

const (
	oldSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	newSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
)

// signedBy signs a request with one secret, at some time before now.
func signedBy(t testing.TB, secret string, body []byte, ago time.Duration) func(*http.Request) {
	t.Helper()
	secrets, err := notification.ParseSecrets(secret)
	if err != nil {
		t.Fatal(err)
	}
	const id = "msg_1"
	return func(r *http.Request) {
		at := time.Now().Add(-ago)
		signature, err := notification.Sign(secrets, id, at, body)
		if err != nil {
			t.Error(err)
		}
		r.Header.Set("webhook-id", id)
		r.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
		r.Header.Set("webhook-signature", signature)
	}
}

// TestWebhookAuth: POSTRIDER_WEBHOOK_AUTH in all its values, with and without
// a secret, as callers see it. What is refused says in the log why.
func TestWebhookAuth(t *testing.T) {
	t.Parallel()
	body := payload(t, "guarded")
	unsigned := func(*http.Request) {}
	right, wrong := signedIn(hookUser, hookPassword), signedIn(hookUser, "guess")
	none := func(r *http.Request) { r.Header.Del("Authorization") }
	empty := func(r *http.Request) { r.Header.Set("Authorization", "Basic ") }
	callers := []struct {
		name         string
		basic, proof func(*http.Request)
	}{
		{"nothing", none, unsigned},
		{"password", right, unsigned},
		{"wrong password", wrong, unsigned},
		{"Basic with nothing behind it", empty, unsigned},
		{"signature", none, signedBy(t, oldSecret, body, 0)},
		{"signature while rotating", none, signedBy(t, newSecret, body, 0)},
		{"old signature", none, signedBy(t, newSecret, body, 6*time.Minute)},
		{"another's signature", none, signedBy(t, "whsec_"+strings.Repeat("A", 32), body, 0)},
		{"both", right, signedBy(t, newSecret, body, 0)},
		{"password and a wrong signature", right, signedBy(t, newSecret, []byte("x"), 0)},
		{"signature and a wrong password", wrong, signedBy(t, newSecret, body, 0)},
	}
	for _, c := range []struct {
		auth, secret string
		passes       string // a column for each caller
	}{
		{"", oldSecret + " " + newSecret, ".+..++..+.."},
		{"any", oldSecret + " " + newSecret, ".+..++..+.."},
		{"any", "", ".+......++."},
		{"basic", oldSecret + " " + newSecret, ".+......++."},
		{"signature", oldSecret + " " + newSecret, "....++..+.+"},
		{"both", oldSecret + " " + newSecret, "........+.."},
		{"none", "", "+++++++++++"},
	} {
		t.Run(c.auth+" "+strconv.Itoa(len(strings.Fields(c.secret))), func(t *testing.T) {
			t.Parallel()
			server := newSite(t, map[string]string{"POSTRIDER_WEBHOOK_AUTH": c.auth, "POSTRIDER_WEBHOOK_SECRET": c.secret}).serve()
			for i, caller := range callers {
				want := http.StatusUnauthorized
				if c.passes[i] == '+' {
					want = http.StatusOK
				}
				a, err := server.post(body, caller.basic, caller.proof)
				if err == nil {
					err = a.want(want)
				}
				if err != nil {
					t.Errorf("%s: %v", caller.name, err)
				}
				if got := a.header.Get("WWW-Authenticate"); (got != "") != (want == http.StatusUnauthorized) {
					t.Errorf("%s: WWW-Authenticate is %q", caller.name, got)
				}
			}
			switch c.auth {
			case "none":
				server.awaitLog("everybody may call /webhook, and have mails sent: POSTRIDER_WEBHOOK_AUTH is none")
			case "signature":
				if said := server.awaitLog("webhook refused").text("error"); said != "signature: the call carries none" {
					t.Errorf("the log says %q", said)
				}
			}
			server.stop()
		})
	}
}
