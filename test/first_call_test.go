package e2e_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/testkit/webhooksink"
	"github.com/postrider/postrider/notification"
)

// document reads JSON, whatever it is.
func document(t *testing.T, text []byte) (value any) {
	t.Helper()
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return value
}

// signed complains unless a call is signed as Standard Webhooks says.
func signed(r *webhooksink.Request) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(providerSecret, "whsec_"))
	if err != nil {
		return err
	}
	at, err := strconv.ParseInt(r.Header.Get("Webhook-Timestamp"), 10, 64)
	if err != nil {
		return fmt.Errorf("the timestamp: %w", err)
	}
	if off := r.At.Sub(time.Unix(at, 0)); off.Abs() > patience {
		return fmt.Errorf("the timestamp is off by %v", off)
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.%s", r.Header.Get("Webhook-Id"), at, r.Body)
	return different("v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)), r.Header.Get("Webhook-Signature"))
}

// What the seed shows, field for field, without what is said to be optional.
const (
	oneOnOneSeed = `{
		"trigger": "email-notification-payload-generated",
		"data": {
			"to": {"uid": "andrew", "email": "andrew@` + domain + `", "name": "Andrew"},
			"messages": [
				{"sender": {"uid": "susan", "avatar": "https://img.example.org/susan.png", "name": "Susan"}, "message": "` + saying + `, please"},
				{"sender": {"uid": "susan", "avatar": "https://img.example.org/susan.png", "name": "Susan"}, "message": "📷 Has sent an image"}
			],
			"senderDetails": {"uid": "susan", "name": "Susan", "avatar": "https://img.example.org/susan.png"},
			"subject": "New messages from Susan"
		},
		"appId": "app123", "region": "us", "webhook": "custom"
	}`
	groupSeed = `{
		"trigger": "email-notification-payload-generated",
		"data": {
			"to": {"uid": "john", "name": "John"},
			"messages": [
				{"sender": {"uid": "susan", "avatar": "https://img.example.org/susan.png", "name": "Susan"}, "message": "` + saying + ` to the hike"}
			],
			"groupDetails": {"guid": "hikers", "name": "Hikers", "icon": "https://img.example.org/hikers.png"},
			"subject": "New messages in Hikers"
		},
		"appId": "app123", "region": "us", "webhook": "custom"
	}`
)

// TestFirstCall: what is said in a chat waits for its window, and then goes to
// the custom provider in one call for each recipient, in the seed's exact
// shape, with credentials, an id and a signature.
func TestFirstCall(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, settings map[string]string) {
		sink := webhooksink.New(t, webhooksink.Config{})
		site := newSite(t, fast(settings))
		// The window of two hours takes two seconds.
		site.settings["POSTRIDER_SPEED"] = "3600"
		server := site.serve()
		server.setUp(sink.URL("/hook"), providerUser, providerPassword)
		site.command("contacts", "set", "andrew", "andrew@"+domain)

		begun := time.Now()
		server.tell(said("susan", "andrew", "1", ", please"))
		server.tell(said("susan", "andrew", "2", "", func(message map[string]any) {
			message["type"] = "image"
			message["data"].(map[string]any)["url"] = "https://img.example.org/place.png"
		}))
		server.tell(founded("hikers", "susan", "john"), said("susan", "group:hikers", "3", " to the hike"))
		requests, err := sink.Await(within(t), 2)
		if err != nil {
			t.Fatal(err)
		}
		bodies := make(map[string]any)
		ids := make(map[string]bool)
		for _, r := range requests {
			if waited := r.At.Sub(begun); waited < 2*time.Second {
				t.Errorf("a call came after %v, before its window was over", waited)
			}
			if r.Method != http.MethodPost || r.Path != "/hook" || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
				t.Errorf("%s %s as %s", r.Method, r.Path, r.Header.Get("Content-Type"))
			}
			asked := &http.Request{Header: r.Header}
			if username, password, ok := asked.BasicAuth(); !ok || username != providerUser || password != providerPassword {
				t.Errorf("a call with the credentials %q", r.Header.Get("Authorization"))
			}
			id := r.Header.Get("Webhook-Id")
			if err := signed(&r); err != nil || id == "" || ids[id] {
				t.Errorf("a call with the id %q: %v", id, err)
			}
			ids[id] = true
			var n notification.Notification
			if err := json.Unmarshal(r.Body, &n); err != nil {
				t.Fatal(err)
			}
			bodies[n.Data.To.UID] = document(t, r.Body)
		}
		if err := different(map[string]any{"andrew": document(t, []byte(oneOnOneSeed)), "john": document(t, []byte(groupSeed))}, bodies); err != nil {
			t.Errorf("bodies %v", err)
		}
		eventually(t, func() error { return different(2, len(site.deliveries("--state", "sent"))) })
		for _, d := range site.deliveries() {
			if !ids[d.ID] || d.Provider != "custom" {
				t.Errorf("beside the calls: %+v", d)
			}
		}
		if n := sink.Counts().Requests; n != 2 {
			t.Errorf("%d calls, want 2", n)
		}
		server.stop()
	})
}
