package e2e_test

import (
	"bytes"
	"encoding/base64"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestUnusableSettings: a value that cannot be used stops the start with a
// message that names the variable, and repeats no secret.
func TestUnusableSettings(t *testing.T) {
	t.Parallel()
	const secret = "t0p-s3cret"
	key := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32))
	for _, c := range []struct {
		settings string // of which the first is named in the message
		says     string
	}{
		{"POSTRIDER_LISTEN=abc", "missing port"},
		{"POSTRIDER_LISTEN=http://127.0.0.1:80", "too many colons"},
		{"POSTRIDER_TLS_CERT=cert.pem", "POSTRIDER_TLS_KEY"},
		{"POSTRIDER_TLS_CERT=/dev/null POSTRIDER_TLS_KEY=/dev/null", "load TLS certificate"},
		{"POSTRIDER_METRICS_LISTEN=nowhere", "missing port"},
		{"POSTRIDER_DATABASE_URL=mysql://root:" + secret + "@db/postrider", "postgres://"},
		{"POSTRIDER_DATABASE_URL=sqlite:", "path"},
		{"POSTRIDER_DATABASE_URL=sqlite:/dev/null/postrider.db", "not a directory"},
		{"POSTRIDER_DATABASE_URL=postgres://postrider:" + secret + "@localhost:1/postrider POSTRIDER_SECRET_KEY=" + key, "connection refused"},
		{"POSTRIDER_DATABASE_URL=postgres://postrider:" + secret + "@localhost:port/postrider POSTRIDER_SECRET_KEY=" + key, "invalid port"},
		{"POSTRIDER_DATA_DIR=/dev/null", "not a directory"},
		{"POSTRIDER_SECRET_KEY=short", "base64"},
		{"POSTRIDER_SECRET_KEY=" + base64.StdEncoding.EncodeToString([]byte("sixteen bytes !!")), "32 bytes"},
		{"POSTRIDER_SECRET_KEY= POSTRIDER_DATABASE_URL=postgres://postrider:" + secret + "@localhost:1/postrider", "PostgreSQL"},
		{"POSTRIDER_PUBLIC_URL=mail.example.com", "https://"},
		{"POSTRIDER_WEBHOOK_PREVIOUS_USERNAME=old", "POSTRIDER_WEBHOOK_PREVIOUS_PASSWORD"},
		{"POSTRIDER_WEBHOOK_SECRET=" + secret, "whsec_"},
		{"POSTRIDER_WEBHOOK_AUTH=perhaps", "any, basic, signature, both, none"},
		{"POSTRIDER_WEBHOOK_AUTH=signature", "POSTRIDER_WEBHOOK_SECRET"},
		{"POSTRIDER_WEBHOOK_AUTH=both", "POSTRIDER_WEBHOOK_SECRET"},
		{"POSTRIDER_SMTP_URL=ftp://user:" + secret + "@mail.example.com", "smtps://"},
		{"POSTRIDER_SMTP_URL=smtp://user:" + secret + "%@mail.example.com", "percent-encoded"},
		{"POSTRIDER_SMTP_URL=smtp://mail.example.com?poool=7", "poool"},
		{"POSTRIDER_SMTP_URL=smtp://mail.example.com?pool=0", "pool"},
		{"POSTRIDER_FROM=nobody", "not an address"},
		{"POSTRIDER_FROM=nobody@nowhere", "dot"},
		{"POSTRIDER_BRAND_NAME=" + strings.Repeat("x", 101), "at most 100 characters"},
		{"POSTRIDER_BRAND_LOGO=http://www.example.com/logo.png", "https://"},
		{"POSTRIDER_BRAND_COLOR=red", "#0f6e67"},
		{"POSTRIDER_BRAND_FOOTER=" + strings.Repeat("x", 1001), "at most 1000 characters"},
		{"POSTRIDER_DEEP_LINK=chat.example.com", "https://"},
		{"POSTRIDER_DEEP_LINK=https://chat.example.com/{name}", "{senderUid}"},
		{"POSTRIDER_PREFERENCES_LINK=https://{uid}.example.com", "host"},
		{"POSTRIDER_MAILBOX=perhaps", "true"},
		{"POSTRIDER_MAILBOX=false", "POSTRIDER_SMTP_URL"},
		{"POSTRIDER_MAILBOX_KEEP=100001", "between 1 and 100000"},
		{"POSTRIDER_DIRECTORY_URL=https://api.example.com/users", "{uid}"},
		{"POSTRIDER_DIRECTORY_URL=http://127.0.0.1/{uid}", "https://"},
		{"POSTRIDER_DIRECTORY_HEADER=Authorization: " + secret, "POSTRIDER_DIRECTORY_URL"},
		{"POSTRIDER_DIRECTORY_HEADER=" + secret + " POSTRIDER_DIRECTORY_URL=https://api.example.com/{uid}", "Authorization"},
		{"POSTRIDER_DIRECTORY_PATH=data. POSTRIDER_DIRECTORY_URL=https://api.example.com/{uid}", "data.email"},
		{"POSTRIDER_EMAIL_RETRY_SCHEDULE=soon", "duration"},
		{"POSTRIDER_EMAIL_RETRY_SCHEDULE=1m,-2m", "below 0"},
		{"POSTRIDER_PROVIDER_RETRY_SCHEDULE=soon", "duration"},
		{"POSTRIDER_PROVIDER_RETRY_SCHEDULE=1m,-2m", "below 0"},
		{"POSTRIDER_API_KEY=" + secret, "40 hexadecimal characters"},
		{"POSTRIDER_API_KEY=" + strings.Repeat("0", 39), "40 hexadecimal characters"},
		{"POSTRIDER_ADMIN_USERNAME=a:b", "colon"},
		{"POSTRIDER_ALLOW_PRIVATE_TARGETS=perhaps", "true"},
		{"POSTRIDER_SPEED=fast", "float"},
		{"POSTRIDER_SPEED=0", "between"},
		{"POSTRIDER_SPEED=NaN", "between"},
		{"POSTRIDER_MAX_BODY=lots", "8MiB"},
		{"POSTRIDER_MAX_BODY=0", "above 0"},
		{"POSTRIDER_MAX_AGE=0s", "above 0"},
		{"POSTRIDER_MAX_AGE=3 days", "duration"},
		{"POSTRIDER_RETENTION=-1h", "above 0"},
		{"POSTRIDER_LOG_LEVEL=loud", "debug, info, warn"},
		{"POSTRIDER_LOG_FORMAT=xml", "text, json"},
	} {
		t.Run(c.settings, func(t *testing.T) {
			t.Parallel()
			site := newSite(t, nil)
			for setting := range strings.SplitSeq(c.settings, " POSTRIDER") {
				name, value, _ := strings.Cut("POSTRIDER"+strings.TrimPrefix(setting, "POSTRIDER"), "=")
				site.settings[name] = value
			}
			name, _, _ := strings.Cut(c.settings, "=")
			r := site.run("serve")
			if r.code != 1 || !strings.Contains(r.errOut, name) || !strings.Contains(r.errOut, c.says) {
				t.Errorf("exit code %d, want 1 and a message with %s and %q:\n%s", r.code, name, c.says, r.errOut)
			}
			if strings.Contains(r.out+r.errOut, secret) {
				t.Errorf("the message repeats a secret:\n%s", r.errOut)
			}
			if strings.Contains(r.errOut, `"serving"`) {
				t.Errorf("it serves first:\n%s", r.errOut)
			}
		})
	}

	t.Run("another secret key", func(t *testing.T) {
		t.Parallel()
		engines(t, func(t *testing.T, settings map[string]string) {
			site := newSite(t, settings)
			site.serve().stop()
			right := site.settings["POSTRIDER_SECRET_KEY"]
			site.settings["POSTRIDER_SECRET_KEY"] = key
			for _, command := range []string{"serve", "credentials"} {
				if r := site.run(command); r.code != 1 || !strings.Contains(r.errOut, "POSTRIDER_SECRET_KEY") || !strings.Contains(r.errOut, "another key") {
					t.Errorf("%s: %+v", command, r)
				}
			}
			site.settings["POSTRIDER_SECRET_KEY"] = right
			site.serve().stop()
		})
	})

	t.Run("a damaged key file", func(t *testing.T) {
		t.Parallel()
		site := newSite(t, nil)
		file := filepath.Join(site.settings["POSTRIDER_DATA_DIR"], "secret.key")
		if err := os.WriteFile(file, []byte("half a k"), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := site.run("serve"); r.code != 1 || !strings.Contains(r.errOut, file) || strings.Contains(r.errOut, "half a k") {
			t.Errorf("serve: %+v", r)
		}
	})

	t.Run("an address that is taken", func(t *testing.T) {
		t.Parallel()
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		for _, name := range []string{"POSTRIDER_LISTEN", "POSTRIDER_METRICS_LISTEN"} {
			site := newSite(t, map[string]string{name: listener.Addr().String()})
			if r := site.run("serve"); r.code != 1 || !strings.Contains(r.errOut, name) || !strings.Contains(r.errOut, "address already in use") {
				t.Errorf("%s: %+v", name, r)
			}
		}
	})
}

// TestUnknownSettings are warned about, since orchestrators set some.
func TestUnknownSettings(t *testing.T) {
	t.Parallel()
	site := newSite(t, map[string]string{"POSTRIDER_SERVICE_HOST": "10.0.0.1", "POSTRIDER_SMTPURL": "smtp://localhost"})
	server := site.serve()
	warned := make(map[string]bool)
	for _, r := range records(server.log.String()) {
		if r.text("msg") == "unknown setting ignored" && r.text("level") == "WARN" {
			warned[r.text("variable")] = true
		}
	}
	if err := different(map[string]bool{"POSTRIDER_SERVICE_HOST": true, "POSTRIDER_SMTPURL": true}, warned); err != nil {
		t.Errorf("warned about %v", err)
	}
	server.stop()
}

// TestConfig: the command shows every setting, where it comes from, and no
// secret.
func TestConfig(t *testing.T) {
	t.Parallel()
	const secret = "t0p-s3cret"
	site := newSite(t, map[string]string{
		"POSTRIDER_DATABASE_URL":              "postgres://postrider:" + secret + "@db.example.com/postrider",
		"POSTRIDER_SECRET_KEY":                secret,
		"POSTRIDER_SMTP_URL":                  "smtp://user:" + secret + "@mail.example.com:587?pool=7",
		"POSTRIDER_WEBHOOK_PASSWORD":          secret,
		"POSTRIDER_WEBHOOK_PREVIOUS_PASSWORD": secret,
		"POSTRIDER_WEBHOOK_SECRET":            secret,
		"POSTRIDER_DIRECTORY_HEADER":          "Authorization: " + secret,
		"POSTRIDER_ADMIN_PASSWORD":            secret,
		"POSTRIDER_EVENTS_PASSWORD":           secret,
		"POSTRIDER_API_KEY":                   secret,
		"POSTRIDER_SPEED":                     "60",
		"POSTRIDER_FROM":                      "Chat <chat@example.com>",
		"POSTRIDER_EMAIL_RETRY_SCHEDULE":      "1s,1m30s",
		"POSTRIDER_MAX_BODY":                  "2048KiB",
	})
	delete(site.settings, "POSTRIDER_LISTEN")
	var list []struct{ Variable, Flag, Value, Source, Help string }
	site.ask(&list, "config", "--max-age", "1h", "--app-id=app123")
	type setting struct{ value, source string }
	got := make(map[string]setting)
	for _, s := range list {
		got[s.Variable] = setting{s.Value, s.Source}
		if s.Help == "" || !strings.HasPrefix(s.Flag, "--") {
			t.Errorf("%s: flag %q, help %q", s.Variable, s.Flag, s.Help)
		}
	}
	const mask = "********"
	for name, want := range map[string]setting{
		"POSTRIDER_DATABASE_URL":              {"postgres://postrider:xxxxx@db.example.com/postrider", "environment"},
		"POSTRIDER_SECRET_KEY":                {mask, "environment"},
		"POSTRIDER_SMTP_URL":                  {"smtp://user:xxxxx@mail.example.com:587?pool=7", "environment"},
		"POSTRIDER_WEBHOOK_USERNAME":          {hookUser, "environment"},
		"POSTRIDER_WEBHOOK_PASSWORD":          {mask, "environment"},
		"POSTRIDER_WEBHOOK_PREVIOUS_PASSWORD": {mask, "environment"},
		"POSTRIDER_WEBHOOK_SECRET":            {mask, "environment"},
		"POSTRIDER_WEBHOOK_AUTH":              {"any", "default"},
		"POSTRIDER_DIRECTORY_URL":             {"", "default"},
		"POSTRIDER_DIRECTORY_HEADER":          {mask, "environment"},
		"POSTRIDER_DIRECTORY_PATH":            {"email", "default"},
		"POSTRIDER_ADMIN_USERNAME":            {"admin", "default"},
		"POSTRIDER_ADMIN_PASSWORD":            {mask, "environment"},
		"POSTRIDER_EVENTS_USERNAME":           {chatUser, "environment"},
		"POSTRIDER_EVENTS_PASSWORD":           {mask, "environment"},
		"POSTRIDER_API_KEY":                   {mask, "environment"},
		"POSTRIDER_PROVIDER_RETRY_SCHEDULE":   {"10s,30s,2m0s,10m0s,1h0m0s,6h0m0s", "default"},
		"POSTRIDER_ALLOW_PRIVATE_TARGETS":     {"false", "default"},
		"POSTRIDER_SPEED":                     {"60", "environment"},
		"POSTRIDER_FROM":                      {"Chat <chat@example.com>", "environment"},
		"POSTRIDER_EMAIL_RETRY_SCHEDULE":      {"1s,1m30s", "environment"},
		"POSTRIDER_MAX_BODY":                  {"2MiB", "environment"},
		"POSTRIDER_MAX_AGE":                   {"1h0m0s", "flag"},
		"POSTRIDER_APP_ID":                    {"app123", "flag"},
		"POSTRIDER_RETENTION":                 {"336h0m0s", "default"},
		"POSTRIDER_TLS_CERT":                  {"", "default"},
	} {
		if got[name] != want {
			t.Errorf("%s is %+v, want %+v", name, got[name], want)
		}
	}
	for _, name := range []string{
		"LISTEN", "TLS_KEY", "METRICS_LISTEN", "DATA_DIR", "PUBLIC_URL", "REGION",
		"WEBHOOK_PREVIOUS_USERNAME", "MAILBOX", "LOG_FORMAT", "LOG_LEVEL",
	} {
		if _, ok := got["POSTRIDER_"+name]; !ok {
			t.Errorf("POSTRIDER_%s is not shown", name)
		}
	}
	for _, page := range []string{site.command("config"), site.command("config", "--json")} {
		if strings.Contains(page, secret) || !strings.Contains(page, "POSTRIDER_MAX_AGE") {
			t.Errorf("a secret is shown, or nothing:\n%s", page)
		}
	}
}

// TestPort: platforms say in PORT where to listen.
func TestPort(t *testing.T) {
	t.Parallel()
	_, port, err := net.SplitHostPort(freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	site := newSite(t, map[string]string{"PORT": port})
	delete(site.settings, "POSTRIDER_LISTEN")
	server := site.serve()
	server.url = "http://localhost:" + port
	if err := server.get("/healthz").want(http.StatusOK); err != nil {
		t.Error(err)
	}
	server.stop()
}

// TestDatabasePath: a file may be called what one likes.
func TestDatabasePath(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new dir", "50% of #1 & what?.db")
	site := newSite(t, map[string]string{"POSTRIDER_DATABASE_URL": "sqlite:" + path})
	server := site.serve()
	server.mustPost(payload(t, "stored"))
	server.awaitKept(1)
	if n := len(site.deliveries()); n != 1 {
		t.Errorf("%d deliveries, want 1", n)
	}
	server.stop()
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		t.Errorf("the database is not where it should be: %v", err)
	}
}

// TestVersion: what was built, for people and for programs.
func TestVersion(t *testing.T) {
	t.Parallel()
	site := newSite(t, nil)
	var facts struct{ Version, Go, Platform string }
	site.ask(&facts, "version")
	if out := site.command("version"); facts.Version == "" || !strings.HasPrefix(out, "postrider "+facts.Version+" (go") {
		t.Errorf("version: %+v\n%s", facts, out)
	}
}
