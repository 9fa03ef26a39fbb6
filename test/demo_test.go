package e2e_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shownDemo is a running `postrider demo` that has printed all.
type shownDemo struct {
	*process
	started  time.Time
	url      string // base, without a slash at the end
	username string // of the mailbox
	password string
	link     string // that signs its reader in, once
	printed  string
}

func startDemo(t *testing.T, site *site) *shownDemo {
	t.Helper()
	d := &shownDemo{started: time.Now(), process: startProcess(t, site.environment(), nil, binary, "demo")}
	err := d.out.await(within(t), "the demo to have printed all", func(out string) bool {
		return strings.Contains(out, "goes away with Ctrl-C")
	})
	if err != nil {
		t.Fatal(err)
	}
	d.printed = d.out.String()
	mailbox := regexp.MustCompile(`The mailbox: +(\S+)/mailbox`).FindStringSubmatch(d.printed)
	signIn := regexp.MustCompile(`Sign in: +(\S+) +/ +(\S+)`).FindStringSubmatch(d.printed)
	d.link = regexp.MustCompile(`http://\S+/dashboard/sign-in/\S+`).FindString(d.printed)
	if mailbox == nil || signIn == nil || d.link == "" {
		t.Fatalf("it does not say where to look and how to sign in:\n%s", d.printed)
	}
	d.url, d.username, d.password = mailbox[1], signIn[1], signIn[2]
	return d
}

// get asks for a page, or for what an API knows.
func (d *shownDemo) get(url, username, password string) answer {
	d.t.Helper()
	r, err := http.NewRequestWithContext(within(d.t), http.MethodGet, url, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	if username != "" {
		r.SetBasicAuth(username, password)
	}
	a, err := (&server{client: &http.Client{}}).do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	return a
}

// followLink opens the link that signs its reader in, and returns the cookie of
// the session. The second time it does nothing any more.
func (d *shownDemo) followLink() *http.Cookie {
	d.t.Helper()
	var cookies []*http.Cookie
	for range 2 {
		r, err := http.NewRequestWithContext(within(d.t), http.MethodGet, d.link, nil)
		if err != nil {
			d.t.Fatal(err)
		}
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			d.t.Fatal(err)
		}
		_ = answer.Body.Close()
		cookies = append(cookies, answer.Cookies()...)
	}
	if len(cookies) != 1 {
		d.t.Fatalf("the link gives %d sessions, want one", len(cookies))
	}
	return cookies[0]
}

// mails returns what the mailbox holds, oldest first, with texts.
func (d *shownDemo) mails() []keptMail {
	d.t.Helper()
	var list struct {
		Messages []keptMail `json:"messages"`
	}
	if err := json.Unmarshal(d.get(d.url+"/mailbox/api/v1/messages?limit=200", d.username, d.password).body, &list); err != nil {
		d.t.Fatal(err)
	}
	mails := make([]keptMail, len(list.Messages))
	for i, m := range list.Messages {
		mails[len(mails)-1-i] = readMail(d.t, d.get(d.url+"/mailbox/api/v1/messages/"+m.ID, d.username, d.password))
	}
	return mails
}

// paste runs a command that was printed, as a shell does.
func (d *shownDemo) paste(site *site, like string) string {
	d.t.Helper()
	command := regexp.MustCompile(`(?s)` + like).FindString(d.printed)
	if command == "" {
		d.t.Fatalf("it prints no command like %s:\n%s", like, d.printed)
	}
	r := runProgram(d.t, site.environment(), "", "sh", "-c", command)
	if r.code != 0 {
		d.t.Fatalf("%s: exit code %d\n%s%s", command, r.code, r.out, r.errOut)
	}
	return r.out
}

// TestDemo does what a stranger does after the first command: reads what it
// prints, opens the mails, signs in as it says, pastes the commands it
// proposes, and ends it.
func TestDemo(t *testing.T) {
	t.Parallel()
	site := newSite(t, nil)
	temporary := t.TempDir()
	site.settings = map[string]string{"TMPDIR": temporary}
	demo := startDemo(t, site)

	t.Run("the mails it names", func(t *testing.T) {
		named := regexp.MustCompile(`(\S+@example.com) +(.*?) +(http://\S+/mailbox/[0-9a-f-]{36})`).FindAllStringSubmatch(demo.printed, -1)
		if len(named) < 5 {
			t.Fatalf("%d mails are named:\n%s", len(named), demo.printed)
		}
		session := demo.followLink()
		for _, mail := range named {
			if page := demo.get(mail[3], "", ""); strings.Contains(string(page.body), mail[2]) || !strings.Contains(string(page.body), "<h1>Sign in</h1>") {
				t.Errorf("without signing in: %d\n%s", page.status, page.body)
			}
			r, err := http.NewRequestWithContext(within(t), http.MethodGet, mail[3], nil)
			if err != nil {
				t.Fatal(err)
			}
			r.AddCookie(session)
			page, err := (&server{client: &http.Client{}}).do(r)
			if err != nil {
				t.Fatal(err)
			}
			if err := page.want(http.StatusOK); err != nil || !strings.Contains(string(page.body), mail[2]) {
				t.Errorf("%s: %v, or the page does not show the subject %q", mail[3], err, mail[2])
			}
		}
	})
	t.Run("the mailbox", func(t *testing.T) { checkDemoMails(t, demo) })
	t.Run("every link", func(t *testing.T) { checkDemoLinks(t, demo) })
	t.Run("what was not sent", func(t *testing.T) {
		said := demo.paste(site, `POSTRIDER_DATA_DIR=\S+ \S+ deliveries list --lane call --state skipped`)
		for _, line := range []string{
			`READ +0 +ines +group:hiking-group +everything was read in time`,
			`MUTE_PREFERENCE +0 +ravi +group:hiking-group +muted until`,
			`BLOCKED +0 +greta +user:felix +1 of 1 messages`,
			`BLOCKED +0 +greta +group:hiking-group +1 of \d messages`,
			`DND_PREFERENCE +0 +tomas +group:linden-street-12 +do not disturb is on`,
			`MISSING_EMAIL +0 +ottilie +group:book-club +no address is stored`,
			`MESSAGES_PREFERENCE +0 +john +group:book-club +messages only with mentions`,
			`DELETED +0 +susan +user:john +every message was deleted in time`,
			`QUOTA_PREFERENCE +0 +andrew +user:felix +\d+ of 20 mails today, 2 of 2 of this conversation`,
		} {
			if !regexp.MustCompile(`call +skipped +` + line).MatchString(said) {
				t.Errorf("no line like %q:\n%s", line, said)
			}
		}
	})
	t.Run("who waits", func(t *testing.T) {
		said := demo.paste(site, `POSTRIDER_DATA_DIR=\S+ \S+ windows list`)
		for _, line := range []string{`kenji +group:hiking-group .* WAITING_FOR_SCHEDULE\n`, `kenji +group:book-club .* WAITING_FOR_SCHEDULE\n`} {
			if !regexp.MustCompile(line).MatchString(said) || strings.Count(said, "\n") != 3 {
				t.Errorf("no line like %q, or others:\n%s", line, said)
			}
		}
	})
	t.Run("an event of one's own", func(t *testing.T) {
		if _, err := exec.LookPath("curl"); err != nil {
			t.Skip("NOT TESTED: curl is not installed")
		}
		before := len(demo.mails())
		if said := demo.paste(site, `curl -u .*?}'\n`); !strings.Contains(said, "Event received successfully") {
			t.Fatalf("it was answered %s", said)
		}
		eventually(t, func() error {
			mails := demo.mails()
			newest := mails[len(mails)-1]
			if len(mails) != before+1 || newest.To != "susan@example.com" || !strings.Contains(newest.Text, "Hello Susan!") {
				return fmt.Errorf("%d mails after %d, the newest is %+v", len(mails), before, newest)
			}
			return nil
		})
	})

	demo.signal(syscall.SIGINT)
	demo.awaitExit(0)
	left, err := os.ReadDir(temporary)
	if err != nil || len(left) > 0 {
		t.Errorf("left in the temporary directory: %v %v", left, err)
	}
	if log := demo.log.String(); log != "" {
		t.Errorf("it logs what nobody asked for:\n%s", log)
	}
}

// checkDemoMails wants the digests that the story leads to, soon, and nobody's
// that it does not.
func checkDemoMails(t *testing.T, demo *shownDemo) {
	mails := demo.mails()
	if first := mails[0].ReceivedAt.Sub(demo.started); first > 30*time.Second {
		t.Errorf("the first mail came after %v", first)
	}
	for _, want := range []struct {
		to, subject string
		has, hasNot []string
	}{
		{"andrew", "New messages in Hiking Group", []string{"Susan Marie", "Falcon Ridge, the long way round?", "eight o'clock at the fountain", "talon-ted"}, nil},
		{"greta", "New messages in Hiking Group", []string{"eight o'clock at the fountain"}, []string{"talon-ted"}},
		{"andrew", "New messages from Greta Lind", []string{"Ottilie has the key", "📷 Has sent an image", "He is not."}, []string{"blue pot"}},
		{"andrew", "New messages from Felix Moor", []string{"meow-ntain"}, nil},
		{"greta", "New messages in 12 Linden Street", []string{"mentioned everyone in 12 Linden Street: @all Biscuit's bowl", "pigeons"}, []string{"sausage"}},
		{"susan", "New messages in Book Club", []string{"Poll: What shall we read in May?", "Something without mountains. Please."}, nil},
		{"john", "New messages from Susan Marie", []string{"the big hamper"}, nil},
		{"tomas", "New messages in 12 Linden Street", []string{"Greta Lind mentioned you in 12 Linden Street: @Tomás Vega, sorry to wake you."}, []string{"Biscuit's bowl"}},
		{"susan", "New messages in Hiking Group", []string{"@Greta Lind, somebody has been asleep in the picnic hamper", "🔈 Has sent an audio", "Cake at mine on Sunday"}, nil},
	} {
		found := false
		for _, m := range mails {
			found = found || m.To == want.to+"@example.com" && m.Subject == want.subject && holds(m.Text, want.has, want.hasNot)
		}
		if !found {
			t.Errorf("%s has no mail %q with %q and without %q", want.to, want.subject, want.has, want.hasNot)
		}
	}
	for _, m := range mails {
		if regexp.MustCompile(`ottilie|kenji|ravi`).MatchString(m.To) || strings.Contains(m.Text, "walking home") {
			t.Errorf("%s has a mail %q that nobody was to get:\n%s", m.To, m.Subject, m.Text)
		}
		if m.To == "tomas@example.com" && !strings.Contains(m.Text, "mentioned you") {
			t.Errorf("Tomás was disturbed by %q", m.Text)
		}
	}
}

// checkDemoLinks follows whatever the demo's mails link to and show, in both
// parts: all of it is there, the button and the link to the settings too.
func checkDemoLinks(t *testing.T, demo *shownDemo) {
	address := regexp.MustCompile(`(?:href|src)="([^"]*)"|(https?://\S+)`)
	followed := make(map[string]bool)
	for _, m := range demo.mails() {
		for _, kind := range []string{"/demo/chat?", "/demo/settings?"} {
			if !strings.Contains(m.Text, demo.url+kind) || !strings.Contains(m.HTML, `href="`+demo.url+kind) {
				t.Errorf("%q to %s leads to no %s", m.Subject, m.To, kind)
			}
		}
		for _, found := range address.FindAllStringSubmatch(m.HTML+"\n"+m.Text, -1) {
			link := html.UnescapeString(found[1] + found[2])
			if followed[link] {
				continue
			}
			followed[link] = true
			if !strings.HasPrefix(link, demo.url+"/") {
				t.Errorf("%q to %s leads to %q, which is not here", m.Subject, m.To, link)
			} else if err := demo.get(link, "", "").want(http.StatusOK); err != nil {
				t.Errorf("%q to %s leads to %s: %v", m.Subject, m.To, link, err)
			}
		}
	}
	if len(followed) < 10 {
		t.Errorf("there are no more links than %v", followed)
	}
}

func holds(text string, has, hasNot []string) bool {
	for _, part := range has {
		if !strings.Contains(text, part) {
			return false
		}
	}
	for _, part := range hasNot {
		if strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// keptMail is a mail in the answers of the mailbox's API.
type keptMail struct {
	ID         string              `json:"id"`
	ReceivedAt time.Time           `json:"receivedAt"`
	From       string              `json:"from"`
	To         string              `json:"to"`
	Subject    string              `json:"subject"`
	Headers    map[string][]string `json:"headers"`
	Text       string              `json:"text"`
	HTML       string              `json:"html"`
}

func readMail(t testing.TB, a answer) keptMail {
	t.Helper()
	var m keptMail
	if err := a.want(http.StatusOK); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(a.body, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// kept returns what is in the mailbox, newest first.
func (s *server) kept() ([]keptMail, error) {
	var list struct {
		Messages []keptMail `json:"messages"`
		Next     string     `json:"next"`
	}
	a := s.get("/mailbox/api/v1/messages?limit=200")
	if err := a.want(http.StatusOK); err != nil {
		return nil, err
	}
	err := json.Unmarshal(a.body, &list)
	if list.Next != "" {
		err = fmt.Errorf("more than 200 mails")
	}
	return list.Messages, err
}

// awaitKept waits until the mailbox holds n mails.
func (s *server) awaitKept(n int) []keptMail {
	s.t.Helper()
	var mails []keptMail
	eventually(s.t, func() (err error) {
		if mails, err = s.kept(); err == nil && len(mails) < n {
			err = fmt.Errorf("%d mails are in the mailbox, want %d", len(mails), n)
		}
		return err
	})
	return mails
}
