package notification_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/notification"
)

var pairs = []notification.Credentials{{Username: "mailer", Password: "correct-horse"}, {Username: "mailer", Password: "battery-staple"}}

// guarded serves a handler behind an authenticator that lives in the second of
// the published example.
func guarded(t *testing.T, cfg notification.AuthConfig) string {
	t.Helper()
	cfg.Clock = func() time.Time { return time.Unix(exampleSecond, 0) }
	auth, err := notification.NewAuthenticator(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, &notification.Handler{Authenticate: auth.Authenticate, Verify: auth.Verify}).URL
}

// TestMethods: every method, with every state of either proof, over HTTP. A
// pass is written as a dot where it must be refused.
func TestMethods(t *testing.T) {
	t.Parallel()
	body := payload(t, "group.json")
	sign := func(secret string, at int64, body []byte) map[string]string {
		second := time.Unix(at, 0)
		signature, err := notification.Sign(secrets(t, secret), "msg_1", second, body)
		if err != nil {
			t.Fatal(err)
		}
		return map[string]string{"webhook-id": "msg_1", "webhook-timestamp": fmt.Sprint(at), "webhook-signature": signature}
	}
	basics := []struct {
		name           string
		user, password string
		header         string
	}{
		{"no Basic", "", "", ""},
		{"right", "mailer", "correct-horse", ""},
		{"previous", "mailer", "battery-staple", ""},
		{"wrong", "mailer", "guess", ""},
		{"empty", "", "", "Basic "},
		{"no base64", "", "", "basic ???"},
		{"Bearer", "", "", "Bearer bWFpbGVyOmNvcnJlY3QtaG9yc2U="},
	}
	signatures := []struct {
		name   string
		header map[string]string
	}{
		{"unsigned", map[string]string{"webhook-id": "msg_1"}},
		{"signed", sign(exampleSecret, exampleSecond, body)},
		{"wrong secret", sign("whsec_"+strings.Repeat("A", 32), exampleSecond, body)},
		{"old", sign(exampleSecret, exampleSecond-301, body)},
		{"other body", sign(exampleSecret, exampleSecond, append([]byte(" "), body...))},
	}
	for _, test := range []struct {
		name   string
		cfg    notification.AuthConfig
		passes string // a line for each basic, a column for each signature
	}{
		{"any", notification.AuthConfig{Pairs: pairs, Secrets: secrets(t, otherSecret+" "+exampleSecret)}, ".+... ++... ++... ..... ..... ..... .+..."},
		// What is not configured is not looked at.
		{"any, without a secret", notification.AuthConfig{Method: notification.MethodAny, Pairs: pairs}, "..... +++++ +++++ ..... ..... ..... ....."},
		{"any, without a password", notification.AuthConfig{Secrets: secrets(t, exampleSecret)}, ".+... .+... .+... .+... .+... .+... .+..."},
		{"basic", notification.AuthConfig{Method: notification.MethodBasic, Pairs: pairs, Secrets: secrets(t, exampleSecret)}, "..... +++++ +++++ ..... ..... ..... ....."},
		{"signature", notification.AuthConfig{Method: notification.MethodSignature, Pairs: pairs, Secrets: secrets(t, exampleSecret)}, ".+... .+... .+... .+... .+... .+... .+..."},
		{"both", notification.AuthConfig{Method: notification.MethodBoth, Pairs: pairs, Secrets: secrets(t, exampleSecret)}, "..... .+... .+... ..... ..... ..... ....."},
		{"none", notification.AuthConfig{Method: notification.MethodNone}, "+++++ +++++ +++++ +++++ +++++ +++++ +++++"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			url := guarded(t, test.cfg)
			rows := strings.Fields(test.passes)
			for i, basic := range basics {
				for j, signature := range signatures {
					c := call{user: basic.user, password: basic.password, body: body, header: map[string]string{}}
					for name, value := range signature.header {
						c.header[name] = value
					}
					if basic.header != "" {
						c.header["Authorization"] = basic.header
					}
					want := http.StatusUnauthorized
					if rows[i][j] == '+' {
						want = http.StatusOK
					}
					if status, message, _ := do(t, url, c); status != want || status == http.StatusUnauthorized && message != "Unauthorized" {
						t.Errorf("%s, %s: answered %d %q, want %d", basic.name, signature.name, status, message, want)
					}
				}
			}
		})
	}
}

func TestAuthenticatorNeedsWhatItsMethodAsksFor(t *testing.T) {
	t.Parallel()
	secret := secrets(t, exampleSecret)
	for _, test := range []struct {
		cfg  notification.AuthConfig
		says string
	}{
		{notification.AuthConfig{}, "password, or a signature secret"},
		{notification.AuthConfig{Method: notification.MethodBasic, Secrets: secret}, "user name and password"},
		{notification.AuthConfig{Method: notification.MethodSignature, Pairs: pairs}, "signature secret"},
		{notification.AuthConfig{Method: notification.MethodBoth, Pairs: pairs}, "signature secret"},
		{notification.AuthConfig{Method: notification.MethodBoth, Secrets: secret}, "user name and password"},
		{notification.AuthConfig{Method: "digest", Pairs: pairs}, "any"},
	} {
		if _, err := notification.NewAuthenticator(test.cfg); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%q: got %v, want %q", test.cfg.Method, err, test.says)
		}
	}
}

func TestExplainNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	now := time.Unix(exampleSecond, 0).Add(time.Hour)
	auth, err := notification.NewAuthenticator(notification.AuthConfig{
		Pairs: pairs, Secrets: secrets(t, exampleSecret), Clock: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	for says, header := range map[string]http.Header{
		"carries none":       {},
		"missing or wrong":   {"Authorization": {"Basic eDp5"}},
		"more than 5m0s ago": signedHeader(nil),
	} {
		if err := auth.Explain(&http.Request{Header: header}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
}

// A stranger is answered before a byte of the body has come, whatever the
// method.
func TestStrangersAreRefusedBeforeTheBody(t *testing.T) {
	t.Parallel()
	for _, method := range []notification.Method{notification.MethodAny, notification.MethodBasic, notification.MethodSignature, notification.MethodBoth} {
		for name, header := range map[string]string{
			"nothing": "", "wrong password": "Authorization: Basic eDp5\r\n",
			"old signature": "Webhook-Id: msg_1\r\nWebhook-Timestamp: 1\r\nWebhook-Signature: " + exampleSignature + "\r\n",
		} {
			t.Run(string(method)+", "+name, func(t *testing.T) {
				t.Parallel()
				url := guarded(t, notification.AuthConfig{Method: method, Pairs: pairs, Secrets: secrets(t, exampleSecret)})
				conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4194304\r\n%s\r\n", header)
				answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatal(err)
				}
				defer answer.Body.Close()
				if answer.StatusCode != http.StatusUnauthorized {
					t.Errorf("answered %d", answer.StatusCode)
				}
			})
		}
	}
}
