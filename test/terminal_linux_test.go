package e2e_test

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestFirstStartOnTerminal: a person at a terminal gets, ready to paste, what
// CometChat's dashboard asks for.
func TestFirstStartOnTerminal(t *testing.T) {
	t.Parallel()
	site := newFreshSite(t)
	screen, terminal := openTerminal(t)
	running := startProcess(t, site.environment(), terminal, binary, "serve")
	seen := new(transcript)
	go func() { // ends when the terminal is closed, at the end of the test
		defer seen.end()
		_, _ = io.Copy(seen, screen)
	}()
	server := attach(running)
	err := seen.await(within(t), "the credentials on the terminal", func(text string) bool {
		return strings.Contains(text, "`postrider credentials` shows this again.")
	})
	if err != nil {
		t.Fatal(err)
	}
	text := seen.String()
	value := func(label string) []string {
		found := regexp.MustCompile(`(?m)^ *`+label+` +(\S+)\r?$`).FindAllStringSubmatch(text, -1)
		var values []string
		for _, f := range found {
			values = append(values, f[1])
		}
		return values
	}
	urls, users, passwords, keys := value("Webhook URL"), value("User name"), value("Password"), value("apikey")
	if len(urls) != 2 || len(users) != 3 || len(passwords) != 3 || len(keys) != 1 {
		t.Fatalf("want two URLs, three pairs of user name and password, and a key:\n%s", text)
	}
	if urls[1] != strings.TrimSuffix(urls[0], "/webhook")+"/events" {
		t.Errorf("the URLs are %s", urls)
	}
	server.url = strings.TrimSuffix(urls[0], "/webhook")
	server.mustPost(payload(t, "pasted"), signedIn(users[0], passwords[0]))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.url+"/mailbox/api/v1/messages", nil)
	if err != nil {
		t.Fatal(err)
	}
	server.mustPostEvents(batch(event{"trigger": "not_known"}), signedIn(users[1], passwords[1]))
	if err := server.callAPI(http.MethodGet, "/apikeys", "", withKey(keys[0])).want(http.StatusOK); err != nil {
		t.Errorf("the API with what is on the terminal: %v", err)
	}
	r.SetBasicAuth(users[2], passwords[2])
	if a, err := server.do(r); err != nil || a.status != http.StatusOK {
		t.Errorf("the mailbox with what is on the terminal: %d %v", a.status, err)
	}
	for _, secret := range append(passwords, keys...) {
		if strings.Contains(server.log.String(), secret) {
			t.Error("the log has a password, or the key")
		}
	}
	server.stop()
}

// openTerminal returns the two ends of a new pseudoterminal.
func openTerminal(t *testing.T) (screen, terminal *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("NOT TESTED: a terminal is needed: %v", err)
	}
	t.Cleanup(func() { screen.Close() })
	fd := int(screen.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		terminal, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close() })
	return screen, terminal
}

// TestImportProgress: at a terminal an import shows how far it is, and leaves
// no trace of that; where nobody looks it shows nothing.
func TestImportProgress(t *testing.T) {
	t.Parallel()
	site := newSite(t, nil)
	file := csvFile(t, "uid,email\n"+strings.Repeat("andrew,andrew@example.com\n", 200_000))
	screen, terminal := openTerminal(t)
	seen := new(transcript)
	go func() { // ends when the terminal is closed, at the end of the test
		defer seen.end()
		_, _ = io.Copy(seen, screen)
	}()
	command := exec.CommandContext(within(t), binary, "contacts", "import", file)
	command.Env, command.Stderr = site.environment(), terminal
	out, err := command.Output()
	if err != nil || string(out) != "200000 imported, 0 refused\n" {
		t.Errorf("import: %v %s", err, out)
	}
	err = seen.await(within(t), "a progress bar", func(text string) bool {
		return strings.Contains(text, "importing") && strings.Contains(text, "%")
	})
	if err != nil {
		t.Errorf("%v: %q", err, seen)
	}
	if r := site.run("contacts", "import", file); r.code != 0 || r.errOut != "" {
		t.Errorf("without a terminal: %+v", r)
	}
}
