package webhook_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/webhook"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func TestConfigIsWrittenAsInTheAPI(t *testing.T) {
	t.Parallel()
	cfg := webhook.Config{
		IsEnabled: true, WebhookURL: "https://hooks.example.org/chat", UseBasicAuth: true, BasicAuthUsername: "mailer",
		BasicAuthPassword: "correct-horse", SignatureSecret: secret,
	}
	got, err := json.Marshal(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"isEnabled":true,"useStoredEmailID":false,"webhookURL":"https://hooks.example.org/chat","useBasicAuth":true,` +
		`"basicAuthUsername":"mailer","basicAuthPassword":"correct-horse","signatureSecret":"` + secret + `"}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	const ours = "http://localhost:8080/webhook"
	here := func(url string) bool { return strings.HasPrefix(url, ours) }
	good := func(edit func(*webhook.Config)) webhook.Config {
		cfg := webhook.Config{WebhookURL: "https://hooks.example.org/chat"}
		edit(&cfg)
		return cfg
	}
	for _, test := range []struct {
		name   string
		cfg    webhook.Config
		fields []string // that are refused
	}{
		{"plain", good(func(*webhook.Config) {}), nil},
		{"with everything", good(func(c *webhook.Config) {
			c.UseBasicAuth, c.BasicAuthUsername, c.BasicAuthPassword, c.SignatureSecret = true, "mailer", "p:ä s", secret+" "+secret
		}), nil},
		{"credentials that are not used", good(func(c *webhook.Config) { c.BasicAuthUsername = "mailer" }), nil},
		{"as long as can be", good(func(c *webhook.Config) {
			c.BasicAuthUsername, c.BasicAuthPassword = strings.Repeat("ä", 50), strings.Repeat("ä", 100)
		}), nil},
		{"too long", good(func(c *webhook.Config) {
			c.BasicAuthUsername, c.BasicAuthPassword = strings.Repeat("a", 51), strings.Repeat("a", 101)
			c.WebhookURL += strings.Repeat("x", 255)
		}), []string{"basicAuthPassword", "basicAuthUsername", "webhookURL"}},
		{"no URL", good(func(c *webhook.Config) { c.WebhookURL = "" }), []string{"webhookURL"}},
		{"http", good(func(c *webhook.Config) { c.WebhookURL = "http://hooks.example.org/" }), []string{"webhookURL"}},
		{"private", good(func(c *webhook.Config) { c.WebhookURL = "https://10.0.0.1/" }), []string{"webhookURL"}},
		{"our own", good(func(c *webhook.Config) { c.WebhookURL = ours }), nil},
		{"our own, too long", good(func(c *webhook.Config) { c.WebhookURL = ours + "/" + strings.Repeat("x", 255) }), []string{"webhookURL"}},
		{"missing credentials", good(func(c *webhook.Config) { c.UseBasicAuth = true }), []string{"basicAuthPassword", "basicAuthUsername"}},
		{"colon", good(func(c *webhook.Config) { c.UseBasicAuth, c.BasicAuthUsername, c.BasicAuthPassword = true, "a:b", "c" }), []string{"basicAuthUsername"}},
		{"control characters", good(func(c *webhook.Config) { c.BasicAuthUsername, c.BasicAuthPassword = "a\nb", "c\x7f" }), []string{"basicAuthPassword", "basicAuthUsername"}},
		{"secret that is none", good(func(c *webhook.Config) { c.SignatureSecret = "hush" }), []string{"signatureSecret"}},
		{"endless secret", good(func(c *webhook.Config) { c.SignatureSecret = strings.Repeat(" ", 1001) }), []string{"signatureSecret"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := test.cfg.Validate(false, here)
			if err == nil {
				if len(test.fields) > 0 {
					t.Fatalf("passes; want %v refused", test.fields)
				}
				return
			}
			var refusal *chat.Error
			if !errors.As(err, &refusal) || refusal.Code != chat.CodeBadRequest {
				t.Fatalf("got %#v", err)
			}
			if diff := cmp.Diff(test.fields, slices.Sorted(maps.Keys(refusal.Details))); diff != "" {
				t.Errorf("%v\n%s", refusal.Details, diff)
			}
			for field, problems := range refusal.Details {
				for _, problem := range problems {
					if !strings.HasPrefix(problem, "The "+field+" ") || !strings.HasSuffix(problem, ".") || strings.Contains(problem, "hush") {
						t.Errorf("the problem of %s reads %q", field, problem)
					}
				}
			}
		})
	}
}

func TestValidatePrivateTargets(t *testing.T) {
	t.Parallel()
	cfg := webhook.Config{WebhookURL: "http://10.0.0.1:3000/hook"}
	if err := cfg.Validate(true, nil); err != nil {
		t.Errorf("refused where they are allowed: %v", err)
	}
	if cfg.Validate(false, nil) == nil {
		t.Error("allowed where they are not")
	}
}

func TestEndpoint(t *testing.T) {
	t.Parallel()
	cfg := webhook.Config{WebhookURL: "https://Hooks.Example.org:8443/secret?token=secret"}
	if got := cfg.Endpoint(); got != "https://hooks.example.org:8443" {
		t.Errorf("got %q", got)
	}
}
