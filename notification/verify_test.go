package notification_test

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"pgregory.net/rapid"

	"github.com/postrider/postrider/notification"
)

const (
	otherSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
	// wrongSignature is the one that the reference implementations' tests use
	// for what nobody has signed.
	wrongSignature = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="
)

// signedHeader are the headers of Standard Webhooks' own example.
func signedHeader(change func(http.Header)) http.Header {
	header := http.Header{}
	header.Set("webhook-id", exampleID)
	header.Set("webhook-timestamp", strconv.Itoa(exampleSecond))
	header.Set("webhook-signature", exampleSignature)
	if change != nil {
		change(header)
	}
	return header
}

// TestVerify holds the published example, and the cases of the reference
// implementations, against ours.
func TestVerify(t *testing.T) {
	t.Parallel()
	set := func(name, value string) func(http.Header) { return func(h http.Header) { h.Set(name, value) } }
	without := func(name string) func(http.Header) { return func(h http.Header) { h.Del(name) } }
	signature := func(value string) func(http.Header) { return set("webhook-signature", value) }
	for _, test := range []struct {
		name    string
		secrets string
		change  func(http.Header)
		body    string
		late    time.Duration // now, after the timestamp
		problem string
	}{
		{"the published example", exampleSecret, nil, exampleBody, 0, ""},
		{"the old secret while rotating", otherSecret + " " + exampleSecret, nil, exampleBody, 0, ""},
		{"the new secret while rotating", exampleSecret + " " + otherSecret, nil, exampleBody, 0, ""},
		{"one of several signatures", exampleSecret, signature(wrongSignature + " v2," + exampleSignature[3:] + " " + exampleSignature + " " + wrongSignature), exampleBody, 0, ""},
		{"one that is no base64 beside it", exampleSecret, signature("v1,?? " + exampleSignature), exampleBody, 0, ""},
		{"just not too old", exampleSecret, nil, exampleBody, 5 * time.Minute, ""},
		{"just not too far ahead", exampleSecret, nil, exampleBody, -5 * time.Minute, ""},

		{"no secret", "", nil, exampleBody, 0, "no secret"},
		{"another secret", otherSecret, nil, exampleBody, 0, "none of the secrets"},
		{"another body", exampleSecret, nil, exampleBody + " ", 0, "none of the secrets"},
		{"another id", exampleSecret, set("webhook-id", "msg_2"), exampleBody, 0, "none of the secrets"},
		{"another timestamp", exampleSecret, set("webhook-timestamp", strconv.Itoa(exampleSecond+1)), exampleBody, 0, "none of the secrets"},
		{"no id", exampleSecret, without("webhook-id"), exampleBody, 0, "id"},
		{"an id with a dot", exampleSecret, set("webhook-id", "msg.1"), exampleBody, 0, "dot"},
		{"no timestamp", exampleSecret, without("webhook-timestamp"), exampleBody, 0, "number of seconds"},
		{"a timestamp that is a date", exampleSecret, set("webhook-timestamp", "2021-02-25T15:02:10Z"), exampleBody, 0, "number of seconds"},
		{"the first second of all", exampleSecret, set("webhook-timestamp", "-9223372036854775808"), exampleBody, 0, "more than 5m0s ago"},
		{"the last second of all", exampleSecret, set("webhook-timestamp", "9223372036854775807"), exampleBody, 0, "ahead"},
		{"no signature", exampleSecret, without("webhook-signature"), exampleBody, 0, "carries none"},
		{"a wrong signature", exampleSecret, signature(wrongSignature), exampleBody, 0, "none of the secrets"},
		{"an empty signature", exampleSecret, signature("v1,"), exampleBody, 0, "none of the secrets"},
		{"half a signature", exampleSecret, signature(exampleSignature[:len(exampleSignature)-4]), exampleBody, 0, "none of the secrets"},
		{"another version", exampleSecret, signature("v1a," + exampleSignature[3:]), exampleBody, 0, "none of the secrets"},
		{"no version", exampleSecret, signature(exampleSignature[3:]), exampleBody, 0, "none of the secrets"},
		{"too many signatures", exampleSecret, signature(strings.Repeat(wrongSignature+" ", 50) + exampleSignature), exampleBody, 0, "more than 50"},
		{"too old", exampleSecret, nil, exampleBody, 5*time.Minute + time.Second, "more than 5m0s ago"},
		{"too far ahead", exampleSecret, nil, exampleBody, -5*time.Minute - time.Second, "ahead"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			now := time.Unix(exampleSecond, 0).Add(test.late)
			err := notification.Verify(secrets(t, test.secrets), signedHeader(test.change), []byte(test.body), now)
			if (err == nil) != (test.problem == "") || err != nil && !strings.Contains(err.Error(), test.problem) {
				t.Errorf("got %v, want %q", err, test.problem)
			}
			if err != nil && (strings.Contains(err.Error(), "g0hM9") || strings.Contains(err.Error(), "MfKQ9")) {
				t.Errorf("%v tells a signature or a secret", err)
			}
		})
	}
}

// What others sign with any of our secrets we take, and nothing of it may be
// changed.
func TestOthersSignaturesAreVerified(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) string {
			return "whsec_" + base64.StdEncoding.EncodeToString(rapid.SliceOfN(rapid.Byte(), 24, 64).Draw(t, "key"))
		}), 1, 3, rapid.ID).Draw(t, "secrets")
		id := rapid.StringMatching(`[A-Za-z0-9_-]{1,64}`).Draw(t, "id")
		at := time.Unix(rapid.Int64Range(0, 1<<40).Draw(t, "second"), 0)
		now := at.Add(time.Duration(rapid.Int64Range(-300, 300).Draw(t, "late")) * time.Second)
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")

		ours, err := notification.ParseSecrets(strings.Join(texts, " "))
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := standardwebhooks.NewWebhook(rapid.SampledFrom(texts).Draw(t, "theirs"))
		if err != nil {
			t.Fatal(err)
		}
		signature, err := theirs.Sign(id, at, body)
		if err != nil {
			t.Fatal(err)
		}
		header := func(id string, second int64, signature string) http.Header {
			h := http.Header{}
			h.Set("webhook-id", id)
			h.Set("webhook-timestamp", strconv.FormatInt(second, 10))
			h.Set("webhook-signature", signature)
			return h
		}
		if err := notification.Verify(ours, header(id, at.Unix(), signature), body, now); err != nil {
			t.Fatal(err)
		}
		for name, h := range map[string]http.Header{
			"another id": header(id+"x", at.Unix(), signature), "another second": header(id, now.Unix()+1, signature),
			"nothing": {},
		} {
			if h.Get("webhook-timestamp") == strconv.FormatInt(at.Unix(), 10) && h.Get("webhook-id") == id {
				continue // the same after all
			}
			if notification.Verify(ours, h, body, now) == nil {
				t.Errorf("%s passes", name)
			}
		}
		if notification.Verify(ours, header(id, at.Unix(), signature), append(body, 'x'), now) == nil {
			t.Error("another body passes")
		}
	})
}

// FuzzVerify: whatever the headers hold, what passes was signed.
func FuzzVerify(f *testing.F) {
	f.Add(exampleID, "1614265330", exampleSignature, exampleBody)
	f.Add(exampleID, "+1614265330", "v1, v1,?", "")
	f.Fuzz(func(t *testing.T, id, timestamp, signature, body string) {
		key, err := notification.ParseSecrets(exampleSecret)
		if err != nil {
			t.Fatal(err)
		}
		header := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {timestamp}, "Webhook-Signature": {signature}}
		if notification.Verify(key, header, []byte(body), time.Unix(exampleSecond, 0)) != nil {
			return
		}
		judge, err := standardwebhooks.NewWebhook(exampleSecret)
		if err != nil {
			t.Fatal(err)
		}
		if err := judge.VerifyIgnoringTimestamp([]byte(body), header); err != nil {
			t.Errorf("%q %q %q %q passes: %v", id, timestamp, signature, body, err)
		}
	})
}
