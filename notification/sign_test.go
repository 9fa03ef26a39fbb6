package notification_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"pgregory.net/rapid"

	"github.com/postrider/postrider/notification"
)

// The values of Standard Webhooks' own example.
const (
	exampleSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	exampleID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	exampleSecond    = 1614265330
	exampleBody      = `{"test": 2432232314}`
	exampleSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func secrets(t *testing.T, text string) notification.Secrets {
	t.Helper()
	s, err := notification.ParseSecrets(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSignExample(t *testing.T) {
	t.Parallel()
	got, err := notification.Sign(secrets(t, exampleSecret), exampleID, time.Unix(exampleSecond, 0), []byte(exampleBody))
	if got != exampleSignature || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, exampleSignature)
	}
}

// Whoever holds any one of the secrets can verify a call, with the reference
// implementation.
func TestSignaturesAreVerifiedByOthers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
			return "whsec_" + base64.StdEncoding.EncodeToString(rapid.SliceOfN(rapid.Byte(), 24, 64).Draw(t, "key"))
		}), 1, 3).Draw(t, "secrets")
		id := rapid.StringMatching(`[A-Za-z0-9_-]{1,64}`).Draw(t, "id")
		at := time.Unix(rapid.Int64Range(0, 1<<40).Draw(t, "second"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanosecond"))
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")

		parsed, err := notification.ParseSecrets(strings.Join(texts, " "))
		if err != nil {
			t.Fatal(err)
		}
		signature, err := notification.Sign(parsed, id, at, body)
		if err != nil {
			t.Fatal(err)
		}
		header := http.Header{}
		header.Set(notification.HeaderID, id)
		header.Set(notification.HeaderTimestamp, strconv.FormatInt(at.Unix(), 10))
		header.Set(notification.HeaderSignature, signature)
		for _, text := range texts {
			judge, err := standardwebhooks.NewWebhook(text)
			if err != nil {
				t.Fatal(err)
			}
			if err := judge.VerifyIgnoringTimestamp(body, header); err != nil {
				t.Errorf("%s: %v", text, err)
			}
			if judge.VerifyIgnoringTimestamp(append(body, 'x'), header) == nil {
				t.Errorf("%s: another body passes", text)
			}
		}
	})
}

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, secrets, id string }{
		{"no secret", "", "msg_1"},
		{"no id", exampleSecret, ""},
		{"a dot in the id", exampleSecret, "msg.1"},
		{"a line break in the id", exampleSecret, "msg\n1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got, err := notification.Sign(secrets(t, test.secrets), test.id, time.Unix(0, 0), nil); err == nil {
				t.Errorf("signed: %q", got)
			}
		})
	}
}

func TestParseSecrets(t *testing.T) {
	t.Parallel()
	long := "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 65))
	for _, test := range []struct {
		name, text string
		n          int
		problem    string
	}{
		{"none", "", 0, ""},
		{"only spaces", " \n", 0, ""},
		{"one", exampleSecret, 1, ""},
		{"two", " " + exampleSecret + "  " + exampleSecret + "\n", 2, ""},
		{"no prefix", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 0, "secret 1 of 1: does not begin with whsec_"},
		{"second one bad", exampleSecret + " whsec_?", 0, "secret 2 of 2: what follows whsec_ is not base64"},
		{"URL alphabet", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-_", 0, "base64"},
		{"no padding", "whsec_" + base64.RawStdEncoding.EncodeToString(make([]byte, 25)), 0, "padding"},
		{"empty", "whsec_", 0, "has 0 bytes"},
		{"short", "whsec_c2hvcnQ=", 0, "has 5 bytes instead of 24 to 64"},
		{"long", long, 0, "has 65 bytes"},
		{"too many", strings.Repeat(exampleSecret+" ", 11), 0, "more than 10"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := notification.ParseSecrets(test.text)
			if got.Len() != test.n {
				t.Errorf("%d secrets, want %d", got.Len(), test.n)
			}
			if (err == nil) != (test.problem == "") || err != nil && !strings.Contains(err.Error(), test.problem) {
				t.Errorf("got %v, want %q", err, test.problem)
			}
			if err != nil && strings.Contains(err.Error(), "MfKQ9") {
				t.Errorf("%v tells a secret", err)
			}
		})
	}
}

func TestSecretsDoNotShow(t *testing.T) {
	t.Parallel()
	key := []byte("0123456789abcdefghijklmn")
	s := secrets(t, "whsec_"+base64.StdEncoding.EncodeToString(key))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, s); got != "1 secrets" {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}

func FuzzParseSecrets(f *testing.F) {
	f.Add(exampleSecret)
	f.Add(exampleSecret + " whsec_c2hvcnQ=")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := notification.ParseSecrets(text)
		if err != nil {
			return
		}
		// What we take, others take too.
		for word := range strings.FieldsSeq(text) {
			if _, err := standardwebhooks.NewWebhook(word); err != nil {
				t.Errorf("%q: %v", word, err)
			}
		}
		if s.Len() != len(strings.Fields(text)) {
			t.Errorf("%d secrets of %q", s.Len(), text)
		}
	})
}
