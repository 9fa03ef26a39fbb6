package smtp_test

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/provider/gateway/smtp"
)

func TestParse(t *testing.T) {
	t.Parallel()
	tests := map[string]smtp.Config{
		"smtp://mail.example.com":                 {Host: "mail.example.com", Port: 587, Security: smtp.Opportunistic},
		"smtp://mail.example.com:25/":             {Host: "mail.example.com", Port: 25, Security: smtp.Opportunistic},
		"smtps://mail.example.com":                {Host: "mail.example.com", Port: 465, Security: smtp.Implicit},
		"smtp://[::1]:2525?tls=none":              {Host: "::1", Port: 2525, Security: smtp.None},
		"smtp://h?tls=required":                   {Host: "h", Port: 587, Security: smtp.Required},
		"smtp://me:secret@h":                      {Host: "h", Port: 587, Security: smtp.Required, Username: "me", Password: "secret"},
		"smtp://me%40example.com:p%2Fq%3A%40@h":   {Host: "h", Port: 587, Security: smtp.Required, Username: "me@example.com", Password: "p/q:@"},
		"smtp://me:secret@h?tls=opportunistic":    {Host: "h", Port: 587, Security: smtp.Opportunistic, Username: "me", Password: "secret"},
		"smtp://me:secret@h?tls=none&auth=plain":  {Host: "h", Port: 587, Security: smtp.None, Username: "me", Password: "secret", Auth: "plain"},
		"smtps://me:secret@h:2465?auth=login":     {Host: "h", Port: 2465, Security: smtp.Implicit, Username: "me", Password: "secret", Auth: "login"},
		"smtp://h?pool=4&max=10&maxAge=90s":       {Host: "h", Port: 587, Security: smtp.Opportunistic, Pool: 4, MaxMails: 10, MaxAge: 90 * time.Second},
		"smtp://h?pool=1000&max=1&maxAge=1h30m0s": {Host: "h", Port: 587, Security: smtp.Opportunistic, Pool: 1000, MaxMails: 1, MaxAge: 90 * time.Minute},
	}
	for raw, want := range tests {
		got, err := smtp.Parse(raw)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		if diff := cmp.Diff(fmt.Sprintf("%+v", fields(want)), fmt.Sprintf("%+v", fields(got))); diff != "" {
			t.Errorf("%s: %s", raw, diff)
		}
	}
}

// fields has the fields of a Config and not its String.
func fields(c smtp.Config) any {
	type bare smtp.Config
	return bare(c)
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]string{ // URL: what the message has to say
		"":                                  "smtp://",
		"mail.example.com":                  "smtp://",
		"http://mail.example.com":           "smtp://",
		"smtp:mail.example.com:25":          "form",
		"smtp://":                           "host",
		"smtp://:25":                        "host",
		"smtp://h:0":                        `port "0"`,
		"smtp://h:65536":                    `port "65536"`,
		"smtp://h/path":                     "form",
		"smtp://h#x":                        "form",
		"smtp://me@h":                       "together",
		"smtp://me:@h":                      "together",
		"smtp://:secret@h":                  "together",
		"smtp://me:s%00@h":                  "NUL",
		"smtp://h?pools=4":                  `"pools"`,
		"smtp://h?Pool=4":                   `"Pool"`,
		"smtp://h?pool=0":                   "pool=0",
		"smtp://h?pool=1001":                "pool=1001",
		"smtp://h?pool=":                    "pool=",
		"smtp://h?pool=1&pool=2":            "more than once",
		"smtp://h?max=-1":                   "max=-1",
		"smtp://h?maxAge=5":                 "maxAge=5",
		"smtp://h?maxAge=-5m":               "maxAge=-5m",
		"smtp://h?tls=yes":                  "tls=yes",
		"smtps://h?tls=none":                "tls",
		"smtp://h?auth=plain":               "auth",
		"smtp://me:secret@h?auth=PLAIN":     "auth=PLAIN is not one of scram, cram-md5, plain, login, xoauth2",
		"smtp://me:secret@h?auth=ntlm":      "auth=ntlm",
		"smtp://me:secret@h?pool=%zz":       "parameters",
		"smtp://me:secret/x@h":              "percent-encoded",
		"smtp://me:12/secret@h":             "percent-encoded",
		"smtp://me:12#secret@h":             "percent-encoded",
		"smtp://me:12?secret@h":             "percent-encoded",
		"smtp://me:sec%ret@h":               "percent-encoded",
		"smtp://me:secret secret@h":         "percent-encoded",
		"smtp://me:secret\nsecret@h":        "percent-encoded",
		"smtp://me:secret@[h":               "percent-encoded",
		"smtp://me:secret@h:secret":         "percent-encoded",
		"smtp://me:secret@h?secret=1@h":     "percent-encoded",
		"smtp://me:secret@h/secret?pool=1":  "percent-encoded",
		"smtp://me:secret@h?pool=1;secret=": "parameters",
	}
	for raw, want := range tests {
		_, err := smtp.Parse(raw)
		if err == nil {
			t.Errorf("%s is taken", raw)
			continue
		}
		if !strings.HasPrefix(err.Error(), "smtp url: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the message %q does not say %q", raw, err, want)
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the message tells the password: %s", raw, err)
		}
	}
}

func TestConfigKeepsThePasswordToItself(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		user := rapid.StringMatching(`[^\x00]+`).Draw(t, "user")
		password := rapid.StringMatching(`[A-Za-z0-9 %:/@?#]{0,5}S3CR3T[^\x00]{0,5}`).Draw(t, "password")
		u := url.URL{Scheme: "smtp", Host: "h", User: url.UserPassword(user, password)}
		cfg, err := smtp.Parse(u.String())
		if err != nil {
			t.Fatal(err)
		}
		if cfg.Username != user || cfg.Password != password {
			t.Fatalf("user %q and password %q became %q and %q", user, password, cfg.Username, cfg.Password)
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "config", cfg)
		shown := []string{cfg.String(), fmt.Sprintf("%v %+v %#v %s %q", cfg, cfg, cfg, cfg, cfg), log.String(), smtp.New(cfg).Name()}
		for _, s := range shown {
			if strings.Contains(s, "S3CR3T") {
				t.Fatalf("the password shows: %s", s)
			}
		}
	})
}

func TestConfigAsURL(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"smtp://me:xxxxx@h:587?auth=login&max=100&maxAge=5m0s&pool=16&tls=required",
		"smtps://[::1]:465?max=1&maxAge=1s&pool=2",
	} {
		cfg, err := smtp.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := cfg.String(); got != raw {
			t.Errorf("%s became %s", raw, got)
		}
	}
	if got := smtp.New(smtp.Config{Host: "::1", Port: 25}).Name(); got != "smtp:[::1]:25" {
		t.Errorf("name is %q", got)
	}
}
