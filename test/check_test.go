package e2e_test

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postrider/postrider/internal/conformance"
	"github.com/postrider/postrider/internal/testkit/webhooksink"
	"github.com/postrider/postrider/notification"
)

// checked runs `postrider check` and returns its report and its exit code.
func checked(t *testing.T, s *site, arguments ...string) (conformance.Report, int) {
	t.Helper()
	r := s.run(append([]string{"check", "--json"}, arguments...)...)
	var report conformance.Report
	if err := json.Unmarshal([]byte(r.out), &report); err != nil {
		t.Fatalf("check: exit code %d, %v\n%s%s", r.code, err, r.out, r.errOut)
	}
	if strings.Contains(r.out+r.errOut, hookPassword) {
		t.Error("the report repeats the password")
	}
	return report, r.code
}

// linesIn lists the ids of a report's lines in a state.
func linesIn(r *conformance.Report, state conformance.State) string {
	var ids []string
	for i := range r.Lines {
		if r.Lines[i].State == state {
			ids = append(ids, r.Lines[i].ID)
		}
	}
	return strings.Join(ids, " ")
}

// TestCheckOfOurs: our own provider holds on every line, over https and in a
// burst; on loopback without https that line is not asked.
func TestCheckOfOurs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	certificate, key := selfSigned(t, 1)
	replaceFile(t, certFile, certificate)
	replaceFile(t, keyFile, key)
	for _, c := range []struct {
		name      string
		settings  map[string]string
		arguments []string
		notAsked  string
	}{
		{"as it comes", nil, []string{"--username", hookUser, "--password", hookPassword, "--burst"}, "https wrong-signature old-signature"},
		{"with everything", map[string]string{
			"POSTRIDER_TLS_CERT": certFile, "POSTRIDER_TLS_KEY": keyFile, "SSL_CERT_FILE": certFile,
			"POSTRIDER_APP_ID": "app123", "POSTRIDER_WEBHOOK_AUTH": "both", "POSTRIDER_WEBHOOK_SECRET": newSecret + " " + oldSecret,
		}, []string{"--username", hookUser, "--password", hookPassword, "--secret", oldSecret, "--burst"}, ""},
		{
			"signed, without a burst",
			map[string]string{"POSTRIDER_WEBHOOK_AUTH": "signature", "POSTRIDER_WEBHOOK_SECRET": newSecret},
			[]string{"--secret", newSecret},
			"https wrong-password empty-basic burst",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			site := newSite(t, c.settings)
			server := site.serve()
			url := server.url
			if site.settings["POSTRIDER_TLS_CERT"] != "" {
				url = server.public // the name that the certificate is for
			}
			report, code := checked(t, site, append(c.arguments, url+"/webhook")...)
			for range 2 {
				// Two seconds are little on a machine that has much else to do.
				if code != 0 {
					t.Logf("again, for it failed: %+v", report.Lines)
					report, code = checked(t, site, append(c.arguments, url+"/webhook")...)
				}
			}
			if fails := linesIn(&report, conformance.Fails); fails != "" || code != 0 || !report.Holds {
				t.Errorf("exit code %d, fails %q: %+v", code, fails, report.Lines)
			}
			if got := linesIn(&report, conformance.NotAsked); got != c.notAsked || len(report.Lines) != 21 {
				t.Errorf("of %d lines %q were not asked, want %q", len(report.Lines), got, c.notAsked)
			}
			for _, d := range site.deliveries() {
				if !strings.HasPrefix(d.Recipient, "postrider-check-") {
					t.Errorf("a mail for %s", d.Recipient)
				}
			}
			server.stop()
		})
	}
}

// installExpress copies the sample of the providers' documentation to a folder
// of its own, with the modules of its lock file.
func installExpress(t *testing.T) (dir string) {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("NOT TESTED: %s is not installed, so that the check was not tried on the Express sample", program)
		}
	}
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/express-receiver")); err != nil {
		t.Fatal(err)
	}
	install := exec.CommandContext(within(t), "npm", "ci", "--prefer-offline", "--ignore-scripts")
	install.Dir = dir
	if output, err := install.CombinedOutput(); err != nil {
		for _, ours := range []string{"EUSAGE", "EINTEGRITY", "EJSONPARSE"} {
			if strings.Contains(string(output), ours) {
				t.Fatalf("npm ci: %v\n%s", err, output)
			}
		}
		t.Skipf("NOT TESTED: npm cannot install Express (%v), so that the check was not tried on the sample\n%s", err, output)
	}
	return dir
}

// startExpress starts the sample, and returns the URL of its webhook.
func startExpress(t *testing.T, dir string) (string, *process) {
	t.Helper()
	environment := append(os.Environ(), "NODE_ENV=production", "PORT=0")
	p := startProcess(t, environment, nil, "node", filepath.Join(dir, "server.js"))
	const listening = "listening on "
	err := p.out.await(within(t), "Express to listen", func(text string) bool { return strings.Contains(text, listening) })
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(p.out.String(), listening)
	port, _, _ = strings.Cut(port, "\n")
	return "http://127.0.0.1:" + port + "/webhook", p
}

// TestCheckOfTheSample: the sample as people deploy it fails where it is weak,
// and nowhere else. It takes any credentials, refuses what is over 100 kB, and
// ends over a notification without data, which it has answered 200.
func TestCheckOfTheSample(t *testing.T) {
	t.Parallel()
	const weak = "long wrong-password empty-basic credentials-first incomplete alive"
	dir, site := installExpress(t), newSite(t, nil)
	file := filepath.Join(t.TempDir(), "junit.xml")
	var report conformance.Report
	for range 3 {
		url, express := startExpress(t, dir)
		express.expected.Store(true) // it will not live through it
		var code int
		report, code = checked(t, site, "--username", hookUser, "--password", hookPassword, "--burst", "--junit", file, url)
		if code != 1 || report.Holds {
			t.Errorf("exit code %d", code)
		}
		express.awaitExit(1)
		// Two seconds are little on a machine that has much else to do.
		if linesIn(&report, conformance.Fails) == weak {
			break
		}
	}
	if got := linesIn(&report, conformance.Fails); got != weak {
		t.Errorf("fails %q, want %q: %+v", got, weak, report.Lines)
	}
	if got, want := linesIn(&report, conformance.NotAsked), "https wrong-signature old-signature"; got != want {
		t.Errorf("did not ask %q, want %q", got, want)
	}

	var suites struct {
		Suite struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Skipped  int `xml:"skipped,attr"`
		} `xml:"testsuite"`
	}
	if document, err := os.ReadFile(file); err != nil || xml.Unmarshal(document, &suites) != nil {
		t.Fatalf("%v\n%s", err, document)
	}
	if s := suites.Suite; s.Tests != 21 || s.Failures != 6 || s.Skipped != 3 {
		t.Errorf("JUnit says %+v", s)
	}
}

// TestCheckForPeople: what is printed, and that nobody answers.
func TestCheckForPeople(t *testing.T) {
	t.Parallel()
	site := newSite(t, nil)
	sink := webhooksink.New(t, webhooksink.Config{})
	r := site.run("check", sink.URL("/hook"))
	for _, part := range []string{
		"-     The URL is https", "ok    A notification of a group", "FAIL  A call without credentials is refused (401 or 403): 200 OK",
		"        Why   Whoever learns the URL", "        Mend  Ask for Basic Auth", "8 hold, 9 do not, 4 were not asked.",
	} {
		if !strings.Contains(r.out, part) {
			t.Errorf("%q is not printed", part)
		}
	}
	if r.code != 1 || t.Failed() {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.errOut)
	}
	sink.Close()
	if r := site.run("check", sink.URL("/hook")); r.code != 1 || !strings.Contains(r.out, "connection refused") || !strings.Contains(r.out, "0 hold, 1 do not, 20 were not asked.") {
		t.Errorf("nobody answers: %+v", r)
	}
	if r := site.run("check", "hooks.example.org"); r.code != 1 || !strings.Contains(r.errOut, "the URL must be an absolute URL") {
		t.Errorf("no URL: %+v", r)
	}
	if r := site.run("check", "--secret", "hush", "https://hooks.example.org"); r.code != 1 || !strings.Contains(r.errOut, "--secret") || strings.Contains(r.errOut, "hush") {
		t.Errorf("no secret: %+v", r)
	}
}

// TestSend: one notification, as it is asked for, and what became of it.
func TestSend(t *testing.T) {
	t.Parallel()
	site := newSite(t, nil)
	sink := webhooksink.New(t, webhooksink.Config{})
	for _, c := range []struct {
		arguments     string
		group, object bool
		address, uid  string
	}{
		{"", false, false, "andrew@postrider-check.invalid", ""},
		{"--one-on-one --message-object", false, true, "andrew@postrider-check.invalid", ""},
		{"--group --no-address", true, false, "", ""},
		{"--group --message-object --to me@example.com --uid me", true, true, "me@example.com", "me"},
	} {
		sink.Next(webhooksink.Body(http.StatusOK, `{"message":"taken"}`))
		before := sink.Counts().Requests
		arguments := append(strings.Fields(c.arguments), "--username", hookUser, "--password", hookPassword, "--secret", oldSecret, sink.URL("/hook"))
		out := site.command(append([]string{"send"}, arguments...)...)
		if !strings.HasPrefix(out, "200 OK in ") || !strings.Contains(out, `{"message":"taken"}`) {
			t.Errorf("%s: printed %q", c.arguments, out)
		}
		r := sink.Requests()[before]
		n, err := notification.Decode(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		if (n.Data.GroupDetails != nil) != c.group || (n.Data.Messages[0].Object != nil) != c.object || n.Data.To.Email != c.address ||
			n.AppID != "postrider-check" || c.uid != "" && n.Data.To.UID != c.uid {
			t.Errorf("%s: sent %s", c.arguments, r.Body)
		}
		asked := &http.Request{Header: r.Header}
		if user, password, _ := asked.BasicAuth(); user != hookUser || password != hookPassword {
			t.Errorf("%s: sent the credentials %q", c.arguments, r.Header.Get("Authorization"))
		}
		secrets, err := notification.ParseSecrets(oldSecret)
		if err == nil {
			err = notification.Verify(secrets, r.Header, r.Body, r.At)
		}
		if err != nil {
			t.Errorf("%s: %v", c.arguments, err)
		}
	}
	sink.Next(webhooksink.Redirect("http://127.0.0.1:1/"))
	if r := site.run("send", sink.URL("/hook")); r.code != 1 || !strings.HasPrefix(r.out, "307 Temporary Redirect in ") {
		t.Errorf("a redirect: %+v", r)
	}
	sink.Next(webhooksink.Status(http.StatusTeapot))
	var sent struct {
		Status  int
		TookMs  *int
		Payload json.RawMessage
	}
	r := site.run("send", "--json", sink.URL("/hook"))
	if err := json.Unmarshal([]byte(r.out), &sent); err != nil || r.code != 1 || sent.Status != http.StatusTeapot || sent.TookMs == nil {
		t.Errorf("--json: %v %+v", err, r)
	}
	if n, err := notification.Decode(sent.Payload); err != nil || n.Data.Subject != "New messages from Susan Marie" {
		t.Errorf("the payload: %v", err)
	}
	for _, wrong := range []string{"--group --one-on-one", "--to me@example.com --no-address"} {
		if r := site.run(append(append([]string{"send"}, strings.Fields(wrong)...), sink.URL("/hook"))...); r.code == 0 {
			t.Errorf("%s is taken", wrong)
		}
	}
	sink.Close()
	if r := site.run("send", sink.URL("/hook")); r.code != 1 || !strings.Contains(r.out, "connection refused") {
		t.Errorf("nobody answers: %+v", r)
	}
}

// TestCredentialsOutOfSight: passwords and secrets need not be in the list of
// processes.
func TestCredentialsOutOfSight(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, content string) string {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	password, secret := write("password", " with blanks \r\n"), write("secret", oldSecret+"\n")
	sink := webhooksink.New(t, webhooksink.Config{})
	for _, c := range []struct {
		name      string
		settings  map[string]string
		input     string
		arguments []string
		password  string // with which it calls
		secret    string
		refused   string
	}{
		{"variables", map[string]string{"POSTRIDER_USERNAME": hookUser, "POSTRIDER_PASSWORD": hookPassword, "POSTRIDER_SECRET": oldSecret}, "", nil, hookPassword, oldSecret, ""},
		{"files", nil, "", []string{"--username", hookUser, "--password-file", password, "--secret-file", secret}, " with blanks ", oldSecret, ""},
		{"standard input", nil, hookPassword + "\n", []string{"--username", hookUser, "--password-file", "-"}, hookPassword, "", ""},
		{"a secret from standard input", nil, oldSecret, []string{"--secret-file=-"}, "", oldSecret, ""},
		{
			"files beside variables",
			map[string]string{"POSTRIDER_USERNAME": hookUser, "POSTRIDER_PASSWORD": "old", "POSTRIDER_SECRET": newSecret},
			"",
			[]string{"--password-file", password, "--secret-file", secret},
			" with blanks ", oldSecret, "",
		},
		{"a flag beside a variable", map[string]string{"POSTRIDER_USERNAME": hookUser, "POSTRIDER_PASSWORD": "old"}, "", []string{"--password", hookPassword}, hookPassword, "", ""},
		{"no such file", nil, "", []string{"--password-file", password + "s"}, "", "", "--password-file: open "},
		{"an empty file", nil, "\n", []string{"--secret-file", "-"}, "", "", "--secret-file: it is empty"},
		{"a large file", nil, strings.Repeat("x", 64<<10+1), []string{"--password-file", "-"}, "", "", "--password-file: it holds more than 65536 bytes"},
		{"one input for both", nil, "x", []string{"--password-file", "-", "--secret-file", "-"}, "", "", "only one of them"},
		{"a file beside a flag", nil, hookPassword, []string{"--username", hookUser, "--password", "old", "--password-file", "-"}, hookPassword, "", ""},
		{"no secret", nil, hookPassword, []string{"--secret-file", "-"}, "", "", "--secret or its file: "},
	} {
		site := newSite(t, c.settings)
		before := sink.Counts().Requests
		r := runProgram(t, site.environment(), c.input, binary, append([]string{"send", sink.URL("/hook")}, c.arguments...)...)
		if c.refused != "" {
			if r.code == 0 || !strings.Contains(r.errOut, c.refused) || strings.Contains(r.out+r.errOut, hookPassword) || sink.Counts().Requests != before {
				t.Errorf("%s: %+v", c.name, r)
			}
			continue
		}
		if r.code != 0 {
			t.Errorf("%s: %+v", c.name, r)
			continue
		}
		call := sink.Requests()[before]
		asked := &http.Request{Header: call.Header}
		if user, password, _ := asked.BasicAuth(); password != c.password || (user == hookUser) != (c.password != "") {
			t.Errorf("%s: called with %q", c.name, call.Header.Get("Authorization"))
		}
		if signed := call.Header.Get(notification.HeaderSignature) != ""; signed != (c.secret != "") {
			t.Errorf("%s: signed is %v", c.name, signed)
		} else if signed {
			secrets, err := notification.ParseSecrets(c.secret)
			if err == nil {
				err = notification.Verify(secrets, call.Header, call.Body, call.At)
			}
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	}
}
